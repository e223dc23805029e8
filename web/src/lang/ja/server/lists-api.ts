import type { Texts } from "../server-texts";

/* Sentences of src/node/lists*.c: questions about trust lists. */
export const listsApi: Texts = {
  /* node/lists.c */
  "There are CTL and ITL.": "リストは CTL と ITL です。",
  "there is no list '%s'": "「{1}」というリストはありません",
  "utils ctl set-cluster mixed-mode makes it.": "utils ctl set-cluster mixed-mode を実行すると作成されます。",
  "there is no CTL file: the cluster has never been in mixed mode": "CTL ファイルがありません。このクラスタはまだ混合モードになったことがありません",
  "Nodes with the role tftp have one; show list status tells why it is missing.":
    "tftp ロールを持つノードにあります。ない場合の理由は show list status で確認できます。",
  "this node has published no ITL file": "このノードは ITL ファイルを公開していません",
  "Ask that node: its console has it, and show itl there.": "そのノードのコンソール、またはそのノードでの show itl で確認してください。",
  "the ITL of %s is on that node only": "{1} の ITL はそのノードにだけあります",
  "Take it from the answer before.": "直前の応答の値を使用してください。",
  "the cursor is none of this list": "カーソルがこのリストのものではありません",

  /* node/lists_state.c */
  "Have the other signer sign first (utils itl reset localkey, utils ctl reset localkey) and publish the rest when phones have fetched that list: show phone list.":
    "先にもう一方の署名者で署名し (utils itl reset localkey、utils ctl reset localkey)、電話機がそのリストを取得してから (show phone list) 残りを公開してください。",
  "phones that hold what is published refuse the next %s: they know neither its signer, %s, nor a TVS certificate that still answers":
    "公開中のリストを持つ電話機は次の {1} を拒否します。署名者 {2} も、応答できる TVS 証明書も知らないためです",
  "Keep the TVS certificates until phones have fetched it.": "電話機が取得するまで TVS 証明書を変更しないでください。",
  "phones that hold what is published accept the next %s only after asking TVS for its signer, %s":
    "公開中のリストを持つ電話機は、署名者 {2} を TVS に問い合わせた後でのみ次の {1} を受け入れます",
  "nobody can sign the %s of %s: %s": "{2} の {1} に署名できるものがありません: {3}",
  "%s signs the %s of %s: %s": "{3} の {2} には {1} が署名します: {4}",
};
