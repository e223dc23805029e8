import type { Texts } from "../server-texts";

/* Sentences about trust lists: src/manage/lists*.c, src/node/publish*.c. */
export const listsManage: Texts = {
  /* manage/lists.c */
  "not made yet: %s of %s": "未作成: {2} の {1}",
  "the private key of %s is not on the node that signs": "{1} の秘密キーが、署名するノードにありません",
  "no signature code for the new key of %s is known": "{1} の新しいキーの署名コードは知られていません",
  "there is no %s certificate": "{1} 証明書がありません",
  "Regenerate ITLRecovery or CallManager with an RSA 2048 key.": "ITLRecovery または CallManager を RSA 2048 のキーで再作成してください。",
  "nobody can sign the %s: %s": "{1} に署名できる証明書がありません: {2}",
  "CTL file": "CTL ファイル",
  "ITL file": "ITL ファイル",

  /* manage/lists_judge.c */
  "Change one thing at a time: the TVS certificates or the signer, and the other when phones have fetched the new list (show phone list); or have the other signer sign first: utils itl reset localkey.": "一度に 1 つずつ変更してください。TVS 証明書か署名者のどちらかを変更し、電話機が新しいリストを取得してから (show phone list) もう一方を変更します。または、先にもう一方の署名者に署名させてください: utils itl reset localkey",
  "Change one thing at a time: the TVS certificates or the signer, and the other when phones have fetched the new list (show phone list); or have the other signer sign first: utils ctl reset localkey.": "一度に 1 つずつ変更してください。TVS 証明書か署名者のどちらかを変更し、電話機が新しいリストを取得してから (show phone list) もう一方を変更します。または、先にもう一方の署名者に署名させてください: utils ctl reset localkey",
  "%s refuse the next %s: they know neither its signer, %s, nor a TVS certificate that still answers": "{1}は次の {2} を拒否します。署名者 {3} も、応答できる TVS 証明書も知らないためです",
  "To spare phones the question, have the other signer sign first (utils itl reset localkey) and wait until phones have fetched that list.": "電話機に問い合わせをさせないためには、先にもう一方の署名者に署名させ (utils itl reset localkey)、電話機がそのリストを取得するまで待ってください。",
  "To spare phones the question, have the other signer sign first (utils ctl reset localkey) and wait until phones have fetched that list.": "電話機に問い合わせをさせないためには、先にもう一方の署名者に署名させ (utils ctl reset localkey)、電話機がそのリストを取得するまで待ってください。",
  "%s accept the next %s only after asking TVS for its signer, %s": "{1}は、署名者 {3} について TVS に問い合わせた後でのみ次の {2} を受け入れます",
  "%lld phones that still hold the ITL of %s and the CTL of %s": "{2} の ITL と {3} の CTL をまだ保持している {1} 台の電話機",
  "%lld phones that still hold the ITL of %s": "{2} の ITL をまだ保持している {1} 台の電話機",
  "%lld phones that still hold the CTL of %s": "{2} の CTL をまだ保持している {1} 台の電話機",
  "%s (fetched from %s)": "{1} ({2} から取得)",
  "%lld phones that hold no %s": "{2} を保持していない {1} 台の電話機",
  "Leave the signing to ITLRecovery until phones have fetched a list that names the CallManager certificate (show phone list).": "CallManager 証明書を含むリストを電話機が取得するまで、ITLRecovery による署名を続けてください (show phone list)。",
  "Wait until they have: show phone list --list ITL --stale.": "取得するまで待ってください: show phone list --list ITL --stale",
  "%lld of %lld phones have not fetched the present ITL yet": "{2} 台中 {1} 台の電話機が現在の ITL をまだ取得していません",
  "a new certificate": "新しい証明書",
  "no certificate": "証明書なし",
  "the %s gains a record %s of %s: %s": "{1} に {3} のレコード {2} が追加されます: {4}",
  "the %s loses a record %s of %s: %s": "{1} から {3} のレコード {2} がなくなります: {4}",
  "Keep one of the two with an RSA 2048 key.": "2 つのうち一方は RSA 2048 のキーのままにしてください。",
  "nobody can sign the %s of %s any more: %s": "{2} の {1} に署名できる証明書がなくなります: {3}",
  "%s signs the %s of %s from now on: %s": "今後は {1} が {3} の {2} に署名します: {4}",
  "the %s of %s cannot be published any more: %s": "{2} の {1} を公開できなくなります: {3}",
  "phones that hold the present ITL of %s": "{1} の現在の ITL を保持している電話機",
  "The ITL file of %s is signed anew by itself; phones fetch it when they restart.": "{1} の ITL ファイルは自動的に署名し直され、電話機は再起動時に取得します。",
  "Update the CTL file: utils ctl update CTLFile.": "CTL ファイルを更新してください: utils ctl update CTLFile",
  "phones that hold the present lists of %s": "{1} の現在の信頼リストを保持している電話機",

  /* manage/lists_source.c */
  "a step has a certificate that is not base64": "ステップの証明書が base64 ではありません",

  /* manage/lists_task.c */
  "Use mixed-mode or non-secure-mode.": "mixed-mode または non-secure-mode を指定してください。",
  "'%s' is not a mode of a cluster": "「{1}」はクラスタのモードではありません",
  "Restart CallManager on all nodes.": "すべてのノードで CallManager を再起動してください。",
  "Restart the phones: they fetch the CTL file then (show phone list --list CTL --stale).": "電話機を再起動してください。その際に CTL ファイルを取得します (show phone list --list CTL --stale)。",
  "Turn mixed mode on: utils ctl set-cluster mixed-mode.": "混合モードを有効にしてください: utils ctl set-cluster mixed-mode",
  "the cluster has no CTL file: it has never been in mixed mode": "クラスタに CTL ファイルがありません。混合モードになったことがないためです",
  "the CTL file that is published says what it should": "公開されている CTL ファイルは最新の内容です",
  "nobody can sign the CTL: %s": "CTL に署名できる証明書がありません: {1}",
  "%s signs the CTL: %s": "{1} が CTL に署名します: {2}",
  "Publish the CTL file: %zu records, signed by %s": "CTL ファイルを公開する: {1} レコード、署名者 {2}",
  "Afterwards every change of CallManager, CAPF or ITLRecovery needs: utils ctl update CTLFile.": "以後、CallManager、CAPF、ITLRecovery を変更するたびに必要です: utils ctl update CTLFile",
  "phones take the CTL file for good: from their next restart they register with TLS where their profile says so, and trust only what a list names": "電話機は CTL ファイルを保持し続けます。次の再起動からは、プロファイルで指定されていれば TLS で登録し、リストに載っているものだけを信頼します",
  "Set their profiles to non-secure first.": "先にそれらのプロファイルを非セキュアに設定してください。",
  "phones whose security profile needs TLS cannot register any more from their next restart": "セキュリティプロファイルで TLS が必要な電話機は、次の再起動から登録できなくなります",
  "Set the cluster to %s mode": { "Set the cluster to mixed mode": "クラスタを混合モードに設定する", "Set the cluster to non-secure mode": "クラスタを非セキュアモードに設定する" },
  "Publish the CTL file anew with utils ctl update CTLFile.": "CTL ファイルを公開し直すには utils ctl update CTLFile を使用してください。",
  "the cluster is in %s mode already": { "the cluster is in mixed mode already": "クラスタはすでに混合モードです", "the cluster is in non-secure mode already": "クラスタはすでに非セキュアモードです" },
  "Update the CTL file": "CTL ファイルを更新する",
  "Have CallManager sign the CTL file": "CallManager に CTL ファイルへ署名させる",
  "When phones have fetched it, have ITLRecovery sign the CTL file again: utils ctl update CTLFile.": "電話機が取得したら、ITLRecovery に CTL ファイルへ再び署名させてください: utils ctl update CTLFile",
  "Have %s sign the ITL files": "{1} に ITL ファイルへ署名させる",
  "%s signs the ITL files already": "ITL ファイルにはすでに {1} が署名しています",
  "Restart the phones: they fetch the ITL file then (show phone list --list ITL --stale).": "電話機を再起動してください。その際に ITL ファイルを取得します (show phone list --list ITL --stale)。",

  /* manage/node_join.c, node_remove.c */
  "Replace it: set key regen authz, or set cert regen ITLRecovery.": "置き換えてください: set key regen authz または set cert regen ITLRecovery",
  "If that machine may come into other hands: set cert regen ITLRecovery, when phones can follow (utils itl reset localkey).": "その機械が他人の手に渡る可能性がある場合は、電話機が追従できる状態にしてから (utils itl reset localkey) set cert regen ITLRecovery を実行してください。",
  "%s has the key of ITLRecovery, which signs trust lists": "{1} は信頼リストに署名する ITLRecovery のキーを持っています",

  /* node/publish.c, publish_read.c */
  "this node has no CallManager certificate": "このノードには CallManager 証明書がありません",
  "the ITL file is signed anew by %s: version %.8s": "ITL ファイルは {1} によって署名し直されました: バージョン {2}",
  "Restart them: show phone list --list ITL --stale names them.": "それらを再起動してください。対象は show phone list --list ITL --stale で確認できます。",
  "the CTL file that phones fetch does not say what it should: certificates or the mode have changed since": "電話機が取得する CTL ファイルが最新の内容ではありません。公開後に証明書またはモードが変更されています",
  "the ITL file of %s cannot be published: %s": "{1} の ITL ファイルを公開できません: {2}",
};
