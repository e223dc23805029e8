import type { Texts } from "../server-texts";

/* Sentences about settings and versions of lists: src/catalog/setting.c, src/manage/setting.c, src/store/{list,local,step_setting}.c. */
export const settings: Texts = {
  /* catalog/setting.c */
  "Whether phones may register over TLS and encrypt their calls.": "電話機に TLS での登録と通話の暗号化を許可するかどうか。",
  "Phones register without TLS, whatever their security profile says.": "電話機は、セキュリティ プロファイルの設定にかかわらず TLS を使わずに登録します。",
  "Phones register as their security profile says, and trust what the CTL file names.": "電話機は、セキュリティ プロファイルの設定どおりに登録し、CTL ファイルに記載されたものを信頼します。",
  "Whose key signs the ITL files.": "ITL ファイルに署名するキー。",
  "The key that the whole cluster has, and that stays when certificates of nodes are replaced.": "クラスタ全体で共有し、ノードの証明書を置き換えても変わらないキー。",
  "Each node's own key: for phones that do not trust the ITLRecovery certificate that there is now.": "各ノード自身のキー。現在の ITLRecovery 証明書を信頼していない電話機のために使います。",
  "The hash in the signatures of lists and of the files that phones fetch.": "リストと、電話機が取得するファイルの署名に使うハッシュ。",
  "Every phone can verify it.": "すべての電話機が検証できます。",
  "Phones of the 7900, 8900 and 9900 series cannot verify it.": "7900、8900、9900 シリーズの電話機は検証できません。",
  "Whether lists offer phones the newer algorithms.": "リストで電話機に新しいアルゴリズムを知らせるかどうか。",
  "Phones use RSA certificates, and fetch their configuration over HTTP or TFTP.": "電話機は RSA 証明書を使い、設定ファイルを HTTP または TFTP で取得します。",
  "Phones that can also use EC certificates and EC keys, and fetch their configuration over HTTPS.": "対応する電話機は EC 証明書と EC キーも使い、設定ファイルを HTTPS で取得します。",
  "Whether configurations of phones are completed before they are signed.": "電話機の設定ファイルを、署名する前に補完するかどうか。",
  "They are signed as they are.": "そのまま署名します。",
  "The servers of TVS and CAPF, what CAPF has for the phone (capfAuthMode), and the hash of its certificate are filled in.": "TVS と CAPF のサーバ、電話機に対する CAPF の処理 (capfAuthMode)、電話機の証明書のハッシュを補います。",
  "The settings are %s.": "設定は次のとおりです: {1}",
  "there is no setting '%.80s'": "設定「{1}」はありません",
  "Its values are %s.": "値は次のとおりです: {1}",
  "'%.80s' is no value of the setting %s": "「{1}」は設定 {2} の値ではありません",

  /* manage/setting.c */
  "Leave it at sha1 as long as there are such phones.": "該当する電話機がある間は sha1 のままにしてください。",
  "phones of the 7900, 8900 and 9900 series verify only SHA-1 signatures of files: they take no list and no signed file any more":
    "7900、8900、9900 シリーズの電話機は、ファイルの SHA-1 の署名だけを検証できます。今後はリストも署名付きファイルも受け入れなくなります",
  "Phones must reach port 6971 of the TFTP nodes.": "電話機から TFTP ノードのポート 6971 に接続できる必要があります。",
  "lists get records of EC certificates and signer version 1.1, by which phones fetch their configuration over HTTPS (port 6971) first, accept servers with EC certificates, and can make EC keys":
    "リストに EC 証明書のレコードと署名者のバージョン 1.1 が加わります。これにより電話機は、設定ファイルをまず HTTPS (ポート 6971) で取得し、EC 証明書のサーバを受け入れ、EC キーを生成できるようになります",
  "Set %s to %s": "{1} を {2} に設定する",
  "Set %s from %s to %s": "{1} を {2} から {3} に変更する",
  "%s is changed by a command of its own": "{1} は専用のコマンドで変更します",
  "%s is %s already: nothing to do": "{1} はすでに {2} です。何もする必要はありません",

  /* manage/undo.c */
  "Set %s back to %s": "{1} を {2} に戻す",
  "Set %s back to its default": "{1} を既定値に戻す",

  /* store/list.c */
  "Give at least the first 8 digits.": "少なくとも先頭の 8 桁を指定してください。",
  "'%.80s' is no version of a list: %d to %d hexadecimal digits": "「{1}」はリストのバージョンではありません。{2} ～ {3} 桁の 16 進数で指定します",
  "Look at the versions that there are (show list versions).": "バージョンの一覧を確認してください (show list versions)。",
  "there is no version %s of the %s file": "{2} ファイルのバージョン {1} はありません",
  "Give more of its digits.": "もう少し長く指定してください。",
  "several versions of the %s file begin with %s": "{2} で始まる {1} ファイルのバージョンが複数あります",
  "no %s file has been published": "{1} ファイルはまだ公開されていません",

  /* store/local.c */
  "Start the program of the version that wrote it, or move the file away.": "このファイルを書き込んだバージョンのプログラムを起動するか、ファイルを別の場所に移してください。",
  "%s has schema version %lld, from a newer program than this one, which knows %d": "{1} のスキーマのバージョン {2} は、このプログラムより新しいプログラムのものです (このプログラムが扱えるのは {3} まで)",

  /* store/step_setting.c */
  "'%.*s' is no name of a list": "「{1}」はリストの名前ではありません",
  "a list of a step has more than %d bytes": "手順のリストが {1} バイトを超えています",
  "a change publishes the list %s twice": "1 つの変更がリスト {1} を 2 回公開しています",
};
