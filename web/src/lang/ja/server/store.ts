import type { Texts } from "../server-texts";

/* Sentences of src/store and src/keys: see server-texts.ts. */
export const store: Texts = {
  /* store/cluster.c */
  "Check its name.": "名前を確認してください。",
  "there is no node '%s'": "ノード「{1}」はありません",
  "no node may join with the id '%s'": "ID「{1}」で参加できるノードはありません",
  "no nodes share the key '%s'": "キー「{1}」を共有するノードはありません",
  "the report of the node %s cannot be written as JSON": "ノード {1} の報告を JSON にできません",

  /* store/db.c */
  "Write sqlite:PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE.": "sqlite:PATH または postgresql://USER:PASSWORD@HOST:PORT/DATABASE の形式で入力してください。",
  "what begins with '%.*s' does not name a store": "「{1}」で始まる文字列はストアを示していません",
  "a transaction was begun inside another": "トランザクションの中で別のトランザクションが開始されました",
  "there is no transaction to commit": "コミットするトランザクションがありません",
  "notifications do not come inside a transaction": "トランザクションの中では通知を受け取れません",
  "cannot wait": "待機できません",
  "Move this node to PostgreSQL first (utils cluster move-to-postgres).": "先にこのノードのストアを PostgreSQL に移してください (utils cluster move-to-postgres)。",
  "the store of this node is SQLite, which other nodes cannot reach": "このノードのストアは SQLite で、他のノードから到達できません",
  "an account was to be made outside a transaction": "トランザクションの外でアカウントを作成しようとしました",
  "an account was to be dropped outside a transaction": "トランザクションの外でアカウントを削除しようとしました",

  /* store/db_pg.c */
  "Look at the network and at the database server.": "ネットワークとデータベース サーバを確認してください。",
  "Check the user, the password and the rights of the store's connection, and the server's pg_hba.conf.": "ストアの接続に使うユーザ、パスワード、権限と、サーバの pg_hba.conf を確認してください。",
  "Create the database (CREATE DATABASE ... ENCODING 'UTF8'), or correct its name or its search_path.": "データベースを作成する (CREATE DATABASE ... ENCODING 'UTF8') か、データベース名または search_path を修正してください。",
  "Another node holds the store; try again later.": "他のノードがストアを使用しています。しばらくしてからもう一度実行してください。",
  "Look in the server's log, and restore its last backup or use its standby.": "サーバのログを確認し、最新のバックアップを復元するか、スタンバイを使用してください。",
  "Name the server that can be written too: this one is a standby.": "書き込みもできるサーバを指定してください。このサーバはスタンバイです。",
  "Raise max_connections of the server.": "サーバの max_connections を増やしてください。",
  "Free space on the database server and try again; nothing was changed.": "データベース サーバの空き容量を増やして、もう一度実行してください。何も変更されていません。",
  "Split the task into smaller ones.": "操作を小さく分けてください。",
  "cannot %s the store %s: %s": {
    "cannot read the store %s: %s": "ストア {1} を読み取れません: {2}",
    "cannot change the store %s: %s": "ストア {1} を変更できません: {2}",
    "cannot open the store %s: %s": "ストア {1} を開けません: {2}",
    "cannot use the store %s: %s": "ストア {1} を使用できません: {2}",
    "cannot write the store %s: %s": "ストア {1} に書き込めません: {2}",
    "cannot ask the store %s: %s": "ストア {1} に問い合わせできません: {2}",
    "cannot %s the store %s: %s": "ストア {2} の操作 ({1}) に失敗しました: {3}",
  },
  "cannot %s the store %s: %s (SQLSTATE %s)": {
    "cannot read the store %s: %s (SQLSTATE %s)": "ストア {1} を読み取れません: {2} (SQLSTATE {3})",
    "cannot change the store %s: %s (SQLSTATE %s)": "ストア {1} を変更できません: {2} (SQLSTATE {3})",
    "cannot open the store %s: %s (SQLSTATE %s)": "ストア {1} を開けません: {2} (SQLSTATE {3})",
    "cannot use the store %s: %s (SQLSTATE %s)": "ストア {1} を使用できません: {2} (SQLSTATE {3})",
    "cannot write the store %s: %s (SQLSTATE %s)": "ストア {1} に書き込めません: {2} (SQLSTATE {3})",
    "cannot ask the store %s: %s (SQLSTATE %s)": "ストア {1} に問い合わせできません: {2} (SQLSTATE {3})",
    "cannot %s the store %s: %s (SQLSTATE %s)": "ストア {2} の操作 ({1}) に失敗しました: {3} (SQLSTATE {4})",
  },
  "cannot %s the store %s: this is only for reading": {
    "cannot %s the store %s: this is only for reading": "ストア {2} を変更できません ({1})。読み取り用の接続です",
  },
  "the server has not answered for 15 seconds": "サーバが 15 秒間応答していません",
  "commit to": "コミット",
  "cannot commit to the store %s: a statement of the transaction had failed": "ストア {1} にコミットできません。トランザクションの文が失敗していました",

  /* store/db_pg_access.c */
  "name an account of": "アカウント名の作成",
  "Drop or rename that role of the database server, or give the node another name.": "データベース サーバのそのロールを削除または改名するか、ノードに別の名前を付けてください。",
  "the database server has an account %s already, which is not one of this store's nodes": "データベース サーバにアカウント {1} がすでにありますが、このストアのノードのものではありません",
  "make a password for": "パスワードの作成",

  /* store/db_pg_fit.c */
  "The store needs a database of its own: CREATE DATABASE name OWNER %s ENCODING 'UTF8' TEMPLATE template0;": "ストアには専用のデータベースが必要です: CREATE DATABASE name OWNER {1} ENCODING 'UTF8' TEMPLATE template0;",
  "the database %s holds something else already: %s": "データベース {1} に別のデータがすでにあります: {2}",
  "Install it there: it is in the package postgresql-contrib, or comes with the server's.": "サーバに拡張をインストールしてください。postgresql-contrib パッケージに含まれるか、サーバに付属しています。",
  "the server of the store %s does not have the extension pg_trgm": "ストア {1} のサーバに拡張 pg_trgm がありません",
  "make accounts (CREATEROLE), as it must for each node that joins": "参加するノードごとに必要なアカウントの作成 (CREATEROLE)",
  "make tables in the schema %s": "スキーマ {1} のテーブルの作成",
  "make the extension pg_trgm": "拡張 pg_trgm の作成",
  ", nor ": "、",
  "As a superuser of the database server: %s": "データベース サーバのスーパーユーザで実行してください: {1}",
  "the account %s of the store %s may not %s": "ストア {2} のアカウント {1} には次の権限がありません: {3}",
  "the store %s does not know its own account": "ストア {1} が自身のアカウントを返しません",

  /* store/db_pg_open.c */
  "Make another one: CREATE DATABASE name OWNER account ENCODING 'UTF8' TEMPLATE template0;": "別のデータベースを作成してください: CREATE DATABASE name OWNER account ENCODING 'UTF8' TEMPLATE template0;",
  "the database %s has the encoding %s, which cannot hold every name": "データベース {1} の文字コードが {2} なので、表せない名前があります",

  /* store/db_pg_stmt.c */
  "a statement was given a parameter that it does not have": "文に、存在しないパラメータが渡されました",
  "a value for the store %s has more than %zu bytes": "ストア {1} に渡す値が {2} バイトを超えています",

  /* store/db_pg_url.c */
  "Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, every special character of the user and the password as %XX.": "postgresql://USER:PASSWORD@HOST:PORT/DATABASE の形式で、ユーザとパスワードの特殊文字はすべて %XX で入力してください。",
  "the store's connection string cannot be used: %s": "ストアの接続文字列を使用できません: {1}",
  "the store's connection string cannot be used: %.*s\"...%s": "ストアの接続文字列を使用できません: {1}\"...{2}",
  "out of memory": "メモリ不足",
  "the %s of the store's connection string is no number": "ストアの接続文字列の {1} が数値ではありません",
  "the store's connection string cannot be used: an '@' or a '/' of its user or password is not written as %%40 or %%2F": "ストアの接続文字列を使用できません。ユーザまたはパスワードの「@」または「/」が %40 または %2F になっていません",

  /* store/db_pg_wait.c */
  "listen to": "通知の待ち受け",

  /* store/db_sqlite.c */
  "Make the file system and the file writable for this user and try again; nothing was changed.": "ファイル システムとファイルをこのユーザが書き込めるようにして、もう一度実行してください。何も変更されていません。",
  "Stop the node and restore the last backup; keep the damaged file.": "ノードを停止し、最新のバックアップを復元してください。壊れたファイルは残しておいてください。",
  "Another program holds the store; end it, or try again later.": "別のプログラムがストアを使用しています。そのプログラムを終了するか、しばらくしてからもう一度実行してください。",
  "Check the owner and the mode of the file and its directory.": "ファイルとそのディレクトリの所有者とモードを確認してください。",
  "Check that the directory exists, and the owner and mode of the file and its directory.": "ディレクトリがあることと、ファイルとディレクトリの所有者とモードを確認してください。",
  "Look in the system's log for errors of that disk.": "システムのログで、そのディスクのエラーを確認してください。",
  "Check the data directory, or start ucpkid once, so that it sets the store up.": "データ ディレクトリを確認するか、ucpkid を一度起動してストアを準備してください。",
  "there is no store %s": "ストア {1} がありません",
  "give a value to": "値の設定",

  /* store/entry.c */
  "self-signed": "自己署名",
  "Ask its issuer for a certificate with times as RFC 5280 has them.": "RFC 5280 に従った日時の証明書を発行者に依頼してください。",
  "%s of the certificate '%s' is no valid time: %s %s": "証明書「{2}」の {1} が正しい日時ではありません: {3} {4}",
  "Nothing has to be done; delete it first to give it another name.": "対応は不要です。別の名前を付けるには、先に削除してください。",
  "the certificate with fingerprint %s is in %s already, as %s": "フィンガープリント {1} の証明書は、{3} として {2} にすでにあります",
  "Delete that entry first, or give the new one another name.": "先にその証明書を削除するか、新しい証明書に別の名前を付けてください。",
  "%s has an entry '%s' already": "{1} に「{2}」がすでにあります",

  /* store/find.c */
  "certificate": "証明書",
  "condition '%s': %s": "条件「{1}」: {2}",
  "it has no value": "値がありません",
  "Write for example: issuer contains Example": "入力例: issuer contains Example",
  "the value is longer than 1000 bytes": "値が 1000 バイトを超えています",
  "the value is not UTF-8": "値が UTF-8 ではありません",
  "there is no such date": "その日付は存在しません",
  "there are more than ten conditions": "条件が 10 個を超えています",
  "Columns: %s.": "列: {1}",
  "there is no column '%s'": "列「{1}」はありません",
  "'%s' is not followed by what it should be compared with": "「{1}」の後に比較の条件がありません",
  "Write: before DATE, after DATE.": "before DATE または after DATE の形式で入力してください。",
  "Write: contains, begins with, is, ends with and a value, or is empty.": "contains、begins with、is、ends with と値、または is empty の形式で入力してください。",
  "Columns, descending with a '-' before: %s.": "列は次のとおりです。降順にするには「-」を前に付けます: {1}",
  "there is no column '%s' to sort by": "並べ替えに使える列「{1}」はありません",

  /* store/find_cursor.c */
  "Leave it out to begin with the first page.": "最初のページから始めるには、指定を省いてください。",
  "'%s' is no cursor of this program": "「{1}」はこのプログラムのカーソルではありません",
  "the cursor is for another sort than '%s%s'": "カーソルは「{1}{2}」とは別の並べ替えのものです",

  /* store/find_json.c */
  "The search was stopped after 0.3 seconds and may have found only some of the certificates; the next page goes on with it. Longer or more conditions are found sooner.": "検索は 0.3 秒で中断しました。見つかっていない証明書があるかもしれません。次のページで続きを検索します。条件を長くするか増やすと、早く見つかります。",

  /* store/find_run.c */
  "Ask for the next page instead.": "代わりに次のページを表示してください。",
  "a page has at most %d certificates, not %zu": "1 ページに表示できる証明書は {1} 件までです (指定: {2})",

  /* store/follow.c */
  "no certificate is known that its signature could be held against": "署名を検証するための証明書が分かりません",
  "its signature is not that of the node that began the log": "変更履歴を始めたノードの署名ではありません",
  "its signature is by no certificate of its node": "署名が、そのノードのどの証明書によるものでもありません",
  "it is signed by a node that had left": "すでに外れたノードの署名です",
  "it names no node": "ノードが書かれていません",
  "it cannot be judged": "判定できません",
  "It comes from a newer version of this program: update this node.": "新しいバージョンのプログラムで作成されたものです。このノードを更新してください。",
  "change %lld is of version %lld, which this program does not know": "変更 {1} のバージョンは {2} です。このプログラムは対応していません",
  "it does not follow change %lld, the last one of the mirror": "ミラーの最後の変更 {1} に続いていません",
  "its steps do not lead on from here: %s": "手順がこの状態から続いていません: {1}",

  /* store/identity.c */
  "the node '%s' has no certificate for %s": "ノード「{1}」に {2} の証明書がありません",
  "Generate one first.": "先に CSR を作成してください。",
  "there is no pending CSR for %s on the node '%s'": "ノード「{2}」に {1} の保留中の CSR はありません",
  "pending CSR": "保留中の CSR",
  "a replaced %s of %s (change %lld)": {
    "a replaced certificate of %s (change %lld)": "置き換えられた {1} 証明書 (変更 {2})",
    "a replaced CSR of %s (change %lld)": "置き換えられた {1} の CSR (変更 {2})",
  },
  "the %s of %s": {
    "the certificate of %p": "{1} 証明書",
    "the pending CSR of %p": "{1} の保留中の CSR",
  },

  /* store/job.c */
  "`show job list` lists them.": "`show job list` で一覧を表示できます。",
  "there is no job '%s'": "ジョブ「{1}」はありません",

  /* store/log.c */
  "Restore the last backup.": "最新のバックアップを復元してください。",
  "the head of the change log is missing": "変更履歴の先頭がありません",
  "the member '%s' of a change is missing or of another type": "変更のメンバー「{1}」がないか、型が異なります",
  "there is no change %lld to undo": "元に戻す変更 {1} がありません",
  "To bring it back, undo that one.": "復活させるには、その変更を元に戻してください。",
  "change %lld was undone by change %lld already": "変更 {1} は変更 {2} ですでに元に戻されています",
  "Nothing has to be done.": "対応は不要です。",
  "the request %s is change %lld already": "要求 {1} はすでに変更 {2} になっています",
  "Let it join again.": "もう一度参加させてください。",
  "the node '%s' is not in the cluster any more": "ノード「{1}」はすでにクラスタにありません",
  "a change cannot be written as JSON": "変更を JSON にできません",
  "the change would have %zu bytes, the limit is %zu": "変更のサイズが {1} バイトになり、上限の {2} バイトを超えます",
  "The log was changed by hand or a disk is damaged: keep the store as it is, and restore the last backup.": "履歴が手で書き換えられたか、ディスクが壊れています。ストアをそのまま残し、最新のバックアップを復元してください。",
  "the change log is not whole at change %lld: %s": "変更履歴が変更 {1} で壊れています: {2}",
  "a column differs from its body": "列の値が本体と異なります",
  "its body is no change": "本体が変更ではありません",
  "its body has another number": "本体の番号が異なります",
  "it does not name the change before it": "直前の変更を示していません",
  "its body has another hash": "本体のハッシュが異なります",
  "it is missing": "変更がありません",
  "its signature is wrong": "署名が正しくありません",

  /* store/log_read.c */
  "`show change list` lists them.": "`show change list` で一覧を表示できます。",
  "there is no change %lld": "変更 {1} はありません",
  "change %lld cannot be read": "変更 {1} を読み取れません",

  /* store/step.c */
  "Look at the state as it is now and do it again.": "現在の状態を確認して、もう一度実行してください。",
  "%s has changed since this was planned": "実行計画を作成した後に、{1} が変更されました",
  "change %lld has a step of type '%s', version %lld, which this program does not know": "変更 {1} に種類「{2}」、バージョン {3} の手順があります。このプログラムは対応していません",

  /* store/step_followup.c */
  "a step of type '%s' has no number '%s'": "種類「{1}」の手順に数値「{2}」がありません",

  /* store/step_identity.c */
  "an identity step has no chain": "ID 証明書の手順にチェーンがありません",
  "Use the certificate that was issued for the request made with this key.": "このキーで作成した CSR に対して発行された証明書を使用してください。",
  "the certificate for %s is for the key %s, not for %s": "{1} の証明書のキーは {2} で、{3} ではありません",
  "Self-signed certificate generated by system": "システムが生成した自己署名証明書",
  "Certificate Signed by %s": "{1} が署名した証明書",
  "a request step has no parameters": "CSR の手順にパラメータがありません",

  /* store/step_job.c */
  "a job step has no arguments": "ジョブの手順に引数がありません",
  "there is a job %s already": "ジョブ {1} はすでにあります",
  "the node %s has no job %s": "ノード {1} にジョブ {2} はありません",
  "the job %s was answered by change %lld already": "ジョブ {1} には変更 {2} ですでに回答されています",
  "'%s' is no answer to a job": "「{1}」はジョブへの回答ではありません",

  /* store/step_key.c */
  "the nodes that the key %s is sealed to are not sorted, or there are none": "キー {1} の暗号化のあて先のノードが並べ替えられていないか、ありません",
  "'%s' is no kind of a sealed key": "「{1}」は暗号化して配布するキーの種類ではありません",
  "Regenerate that certificate or request first.": "先にその証明書を再作成するか、CSR を作成し直してください。",
  "the key %s is in use for %s": "キー {1} は {2} で使用中です",

  /* store/step_node.c */
  "'%s' is no name for a node": "「{1}」はノードの名前にできません",
  "Choose another name.": "別の名前を指定してください。",
  "a node cannot be called '%s', which stands for all of them": "ノードの名前を「{1}」にはできません。すべてのノードを表す名前です",
  "Give this node another role, or remove that one first.": "このノードに別の役割を指定するか、先に既存のパブリッシャを削除してください。",
  "the cluster has a publisher already: %s": "クラスタにはパブリッシャ {1} がすでにあります",
  "Choose another name, or remove what is left of that node first.": "別の名前を指定するか、そのノードに残っているものを先に削除してください。",
  "there is a node '%s' already, or something of it is left": "ノード「{1}」がすでにあるか、一部が残っています",
  "the node %s has changed since this was planned": "実行計画を作成した後に、ノード {1} が変更されました",

  /* store/step_other.c */
  "%s has no entry '%s' (%s) with that certificate, description and origin any more": "{1} の「{2}」({3}) は、証明書、説明、由来のいずれかが変わっているか、すでにありません",

  /* store/step_util.c */
  "a step of type '%s' has no text '%s'": "種類「{1}」の手順にテキスト「{2}」がありません",
  "the %s of a step is not base64": "手順の {1} が base64 ではありません",
  "'%s' of a step of type '%s' is no list of texts without commas": "種類「{2}」の手順の「{1}」が、コンマを含まないテキストのリストではありません",
  "Store the secret first.": "先にシークレットを保存してください。",
  "there is no secret %s for a step of type '%s'": "種類「{2}」の手順のシークレット {1} がありません",
  "Generate a new key.": "新しいキーを作成してください。",
  "the key %s was purged by change %lld and cannot be used again": "キー {1} は変更 {2} で破棄されたため、もう使用できません",

  /* store/store.c */
  "a connection for reading was asked to write": "読み取り用の接続で書き込もうとしました",
  "something was to be written outside a change": "変更の外で書き込もうとしました",
  "a certificate in the store cannot be read": "ストアにある証明書を読み取れません",
  "there is no account '%s'": "アカウント「{1}」はありません",

  /* keys/keys.c */
  "Restore it from a backup, or generate a new certificate for its purpose.": "バックアップから復元するか、その用途の新しい証明書を作成してください。",
  "this node has no private key %.16s...": "このノードに秘密キー {1}... がありません",
  "OpenSSL failed while encrypting a private key": "秘密キーの暗号化中に OpenSSL でエラーが発生しました",
  "Restore the key directory and master.key together from one backup.": "キーのディレクトリと master.key を、同じバックアップから一緒に復元してください。",
  "the private key in %s cannot be decrypted with this node's master key": "{1} の秘密キーを、このノードのマスターキーで復号できません",
  "Run chmod 700 on it, and replace the keys if somebody may have read them.": "chmod 700 を実行し、誰かが読み取った可能性がある場合はキーを置き換えてください。",
  "others than its owner may enter the key directory %s (mode %03o)": "キーのディレクトリ {1} (モード {2}) に所有者以外もアクセスできます",
  "cannot list %s": "{1} の一覧を取得できません",
  "Restore it from a backup.": "バックアップから復元してください。",
  "the master key %s has %zu bytes, not %d": "マスターキー {1} は {2} バイトです。{3} バイトでなければなりません",
  "Restore master.key from a backup; without it the keys cannot be read.": "master.key をバックアップから復元してください。master.key がないとキーを読み取れません。",
  "%s holds %zu private keys, but the master key %s is missing": "{1} には秘密キーが {2} 個ありますが、マスターキー {3} がありません",
  "Restore the key directory from a backup.": "キーのディレクトリをバックアップから復元してください。",
  "the key file %.16s... holds another key, %.16s...": "キーファイル {1}... に別のキー {2}... が入っています",
  "cannot touch %s": "{1} の日時を更新できません",

  /* keys/keys_node.c */
  "Restore it from a backup: another one could not have signed the change log.": "バックアップから復元してください。別のキーでは変更履歴に署名できません。",
  "%s holds %zu private keys, but the node's own key %s is missing": "{1} には秘密キーが {2} 個ありますが、ノード自身のキー {3} がありません",
  "Restore it from a backup: a cluster knows this node by this certificate alone.": "バックアップから復元してください。クラスタはこの証明書だけでこのノードを識別します。",
  "the node's own certificate %s %s": "ノード自身の証明書 {1} に問題があります: {2}",
  "cannot be read": "読み取れません",
  "is for another key than this node's": "このノードのキーの証明書ではありません",
  "is not signed with this node's key": "このノードのキーで署名されていません",
  "OpenSSL failed while signing with the node's key": "ノードのキーでの署名中に OpenSSL でエラーが発生しました",

  /* keys/keys_shared.c */
  "OpenSSL failed while writing a private key": "秘密キーの書き込み中に OpenSSL でエラーが発生しました",
  "Have it sealed again by a node that has the key.": "キーを持つノードで、もう一度暗号化してください。",
  "what was sealed to this node is not the private key %.16s...": "このノードあてに暗号化されていたものは、秘密キー {1}... ではありません",

  /* keys/token.c */
  "See 'show key authz signing' and 'show key authz encryption'.": "'show key authz signing' と 'show key authz encryption' で確認してください。",
  "this node does not have the keys for tokens (yet)": "このノードにはトークン用のキーが (まだ) ありません",
  "the claims of a token cannot be written": "トークンのクレームを書き込めません",
  "it is of another cluster": "別のクラスタのトークンです",
  "it is for another use": "別の用途のトークンです",
  "a claim is missing": "クレームがありません",
  "a time is missing": "時刻がありません",
  "it was issued in the future: is a clock wrong?": "発行時刻が未来です。時計が合っているか確認してください",
  "Use the refresh token to get another one.": "更新トークンを使って新しいアクセストークンを取得してください。",
  "Sign in again.": "もう一度サインインしてください。",
  "the token expired at %s": "トークンの有効期限が {1} に切れました",
  "its claims are not JSON": "クレームが JSON ではありません",
  "it is too long": "長すぎます",

  /* keys/token_jose.c */
  "the token is not good here: %s": "このトークンはここでは使えません: {1}",
  "Sign in again: a new token is made under the present keys.": "もう一度サインインしてください。現在のキーで新しいトークンが作成されます。",
  "the token was made under an %s key that is no longer in force": "トークンは、現在は使われていない {1} キーで作成されたものです",
  "cjose failed while %s: %s": "cjose でエラーが発生しました ({1}): {2}",
  "its header is not base64url": "ヘッダが base64url ではありません",
  "its header has not the members of ours": "ヘッダのメンバーが異なります",
  "its algorithm is not ours": "アルゴリズムが異なります",
  "it is of another type": "種類が異なります",
  "it does not name its key as we do": "キーの示し方が異なります",
  "signing a token": "トークンへの署名",
  "it is not a signed token": "署名されたトークンではありません",
  "reading the signing key": "署名キーの読み取り",
  "it is empty": "空です",
  "encrypting a token": "トークンの暗号化",
  "it is not an encrypted token": "暗号化されたトークンではありません",
  "reading the encryption key": "暗号キーの読み取り",
  "it cannot be decrypted": "復号できません",
};
