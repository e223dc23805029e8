import type { Texts } from "../server-texts";

/* Sentences of src/trustlist but config*.c, about trust lists and signed files: see server-texts.ts. */
export const lists: Texts = {
  /* trustlist/build.c */
  "Sign with an RSA key of 2048 bits (1024 and 4096 are possible too).": "2048 ビットの RSA キーで署名してください (1024 と 4096 も使用できます)。",
  "the certificate '%s' cannot sign files for phones: its key is %s, for which the format has no code":
    "証明書「{1}」では電話機用ファイルに署名できません。キーが {2} で、形式に対応するコードがありません",
  "Use SHA-1, or SHA-512 when every phone knows it.": "SHA-1 を使用してください。すべての電話機が対応していれば SHA-512 も使用できます。",
  "files for phones are not signed with %s: no phone is known to take it": "電話機用ファイルには {1} で署名しません。受け付ける電話機が知られていないためです",
  "Set the clock of this machine.": "このマシンの時計を合わせてください。",
  "the time %lld does not fit into a file for phones (1970 to 2106)": "日時 {1} は電話機用ファイルに書き込めません (1970 年～2106 年)",
  "Shorten the names.": "名前を短くしてください。",
  "the header would be too large: the names of the signer and of the file have %zu bytes":
    "ヘッダーが大きくなりすぎます。署名者とファイルの名前が合わせて {1} バイトあります",
  "Give the key that belongs to the signer's certificate.": "署名者の証明書に対応するキーを指定してください。",
  "the key is not the one of the signer's certificate '%s'": "キーが署名者の証明書「{1}」のものではありません",
  "the signature has %zu bytes, but the signer's key makes %zu": "署名は {1} バイトですが、署名者のキーによる署名は {2} バイトです",

  /* trustlist/element.c */
  "It is damaged, or no trust list and no signed file: get it again from the TFTP server.":
    "破損しているか、信頼リストでも署名付きファイルでもありません。TFTP サーバからもう一度取得してください。",
  "with tag %u": "(タグ {1})",
  "the element %s at offset %zu of %s has a value of %zu bytes instead of %zu":
    "{3}のオフセット {2} にある要素 {1} の値が {5} バイトではなく {4} バイトです",
  "the element %s at offset %zu of %s is a text that does not end in a zero byte":
    "{3}のオフセット {2} にある要素 {1} のテキストがゼロ バイトで終わっていません",
  "Only what stands before it is shown.": "ゼロ バイトより前の部分だけを表示します。",
  "the element %s at offset %zu of %s has a zero byte within its text": "{3}のオフセット {2} にある要素 {1} のテキストの途中にゼロ バイトがあります",
  "%s has the element %s more than once, again at offset %zu": "{1}に要素 {2} が 2 つ以上あります (2 つ目はオフセット {3})",
  "The first one is taken here; phones may take another.": "ここでは最初のものを使用します。電話機は別のものを使用する可能性があります。",
  "padding does not stand at the end of %s but before offset %zu": "パディングが{1}の末尾ではなく、オフセット {2} の前にあります",
  "the element %s at offset %zu goes beyond the end of %s at offset %zu":
    "オフセット {2} の要素 {1} が、オフセット {4} で終わる {3} の終わりを越えています",
  "the element %s at offset %zu lies within too many others": "オフセット {2} の要素 {1} の入れ子が深すぎます",
  "%s does not lie within its file": "{1}がファイルの範囲を越えています",
  "Phones pass over what they do not know.": "電話機は未知の要素を読み飛ばします。",
  "%s has unknown elements: %zu; the first has tag %u and %zu bytes, at offset %zu":
    "{1}に未知の要素が {2} 個あります。最初のものはオフセット {5} にあり、タグ {3}、{4} バイトです",

  /* trustlist/header.c */
  "the header": "ヘッダー",
  "the file ends at offset %zu, within the first two elements of its header": "ファイルがオフセット {1} で終わっています。ヘッダーの最初の 2 要素の途中です",
  "the file does not begin as a trust list or a signed file: byte 0x%02x instead of 0x%02x at offset %zu":
    "ファイルの先頭が信頼リストや署名付きファイルの形式ではありません。オフセット {3} のバイトが 0x{2} ではなく 0x{1} です",
  "the header length at offset 8 is %zu, less than the %zu bytes of the first two elements":
    "オフセット 8 のヘッダー長 {1} が、最初の 2 要素の {2} バイトより小さい値です",
  "the file ends at offset %zu, within its header of %zu bytes": "ファイルがオフセット {1} で終わっています。{2} バイトのヘッダーの途中です",
  "It is read as version 1.2.": "バージョン 1.2 として読み取ります。",
  "the header has the unknown version %u.%u": "ヘッダーのバージョン {1}.{2} は未知のものです",
  "the header has %zu bytes, which is no multiple of 4": "ヘッダーが {1} バイトで、4 の倍数ではありません",
  "Phones that hold a trust list refuse it.": "信頼リストを保持している電話機は受け付けません。",
  "the file has no signature": "ファイルに署名がありません",
  "the signature is of an unknown kind: digest %u, algorithm %u": "署名の種類が未知のものです: ダイジェスト {1}、アルゴリズム {2}",
  "the signature has %zu bytes, but the code for the signer's key is %u (%u bits)": "署名は {1} バイトですが、署名者のキーのコードは {2} ({3} ビット) です",
  "Phone files are signed by RSA keys with SHA-1 or SHA-512.": "電話機用ファイルは RSA キーと SHA-1 または SHA-512 で署名します。",
  "the file is signed with an unknown digest (code %u)": "ファイルが未知のダイジェスト (コード {1}) で署名されています",
  "the file has an unsupported signature algorithm (code %u)": "ファイルの署名アルゴリズム (コード {1}) には対応していません",
  "the signer's certificate has a key of kind %s, which signs no phone files": "署名者の証明書のキーは {1} で、電話機用ファイルの署名には使用できません",
  "the signature does not lie within its file": "署名がファイルの範囲を越えています",
  "It was changed after it was signed, or signed by another key than its header says.":
    "署名後に変更されたか、ヘッダーに書かれたものとは別のキーで署名されています。",
  "the key of the signer's certificate '%s' cannot be decoded": "署名者の証明書「{1}」のキーをデコードできません",
  "the signature has %zu bytes, but the key of '%s' makes %d": "署名は {1} バイトですが、「{2}」のキーによる署名は {3} バイトです",
  "the signature is not one of '%s' over this file": "署名は、このファイルに対する「{1}」の署名ではありません",

  /* trustlist/list.c */
  "record %zu (%s '%s')": "レコード {1} ({2}「{3}」)",

  /* trustlist/list_accept.c */
  'phones refuse it: they show "Trust List Update Failed" and keep the list that they have':
    "電話機は拒否します。「Trust List Update Failed」と表示し、現在のリストを使い続けます",
  "phones without a list believe the first one that they get": "リストを持たない電話機は、最初に取得したリストを信頼します",
  "phones accept it: the list that they hold knows the signer": "電話機は受け入れます。保持しているリストに署名者が登録されています",
  "phones accept it: the list that they hold knows the signer as their TFTP server":
    "電話機は受け入れます。保持しているリストに署名者が TFTP サーバとして登録されています",
  "phones accept it only if they reach a trust verification service (TVS) that their list knows, which vouches for the signer":
    "電話機は、保持しているリストにある信頼検証サービス (TVS) に接続でき、その TVS が署名者を保証した場合にだけ受け入れます",

  /* trustlist/list_look.c */
  "%s says nothing of its role": "{1} に役割がありません",
  "%s has a role that is not known: %u": "{1} の役割 {2} は未知のものです",
  "Phones compare names byte by byte, so it does no harm.": "電話機は名前をバイト単位で比較するため、問題はありません。",
  "%s has a malformed name: %s": "{1} の名前の形式が正しくありません: {2}",
  "%s has an address of %zu bytes instead of 4": "{1} のアドレスが 4 バイトではなく {2} バイトです",
  "Phones may still take it; publish a list with its successor.": "電話機は受け付ける場合がありますが、後継の証明書を含むリストを公開してください。",
  "%s has a certificate that expired on %s": "{1} の証明書は {2} に期限が切れています",
  "%s has a certificate that is valid from %s on": "{1} の証明書は {2} から有効になります",
  "%s has another serial number than its certificate": "{1} のシリアル番号が証明書と異なります",
  "%s has another public key than its certificate": "{1} の公開キーが証明書と異なります",
  "Try it with each model of phone: 2048 bits is the most that all know.": "電話機の機種ごとに確認してください。すべての機種が対応しているのは 2048 ビットまでです。",
  "%s has a key of %u bits": "{1} のキーは {2} ビットです",
  "%s has no certificate, which tells phones to go there without TLS": "{1} に証明書がないため、電話機は TLS を使わずに接続します",
  "Phones look at two of them only.": "電話機が参照するのはそのうち 2 つだけです。",
  "the list has %zu records with the role SAST, more than %d": "リストに SAST の役割のレコードが {1} 個あり、{2} 個を超えています",
  "Phones cannot verify it by itself.": "電話機はこのリストだけでは検証できません。",
  "the list has no certificate of its signer '%s' in the role SAST": "署名者「{1}」の証明書が SAST の役割でリストに含まれていません",

  /* trustlist/list_read.c */
  "It is damaged, or no trust list: get it again from the TFTP server.": "破損しているか、信頼リストではありません。TFTP サーバからもう一度取得してください。",
  "record %zu": "レコード {1}",
  "record %zu does not lie within its file": "レコード {1} がファイルの範囲を越えています",
  "the file ends at offset %zu, within the head of record %zu": "ファイルがオフセット {1} で終わっています。レコード {2} の先頭部分の途中です",
  "the %zu bytes at offset %zu are no record: byte 0x%02x instead of 0x%02x at offset %zu":
    "オフセット {2} からの {1} バイトはレコードではありません。オフセット {5} のバイトが 0x{4} ではなく 0x{3} です",
  "record %zu at offset %zu says that it has %u bytes, less than its own head":
    "オフセット {2} のレコード {1} の長さ {3} バイトが、先頭部分より小さい値です",
  "the file ends at offset %zu, within record %zu at offset %zu, which has %u bytes":
    "ファイルがオフセット {1} で終わっています。オフセット {3} から {4} バイトあるレコード {2} の途中です",
  "%s has a certificate that cannot be read: %s": "{1} の証明書を読み取れません: {2}",
  "Phones do not load it either: make the list anew with fewer records.": "電話機も読み込めません。レコードを減らしてリストを作り直してください。",
  "the trust list has %zu bytes, and phones load none of %u or more": "信頼リストは {1} バイトありますが、電話機は {2} バイト以上のリストを読み込みません",
  "Give the signer's certificate, if you have it from elsewhere.": "署名者の証明書がほかにあれば指定してください。",
  "the list has no certificate of its signer '%s' (serial %s) in the role SAST":
    "署名者「{1}」(シリアル番号 {2}) の証明書が SAST の役割でリストに含まれていません",

  /* trustlist/list_write.c */
  "Keys that phones can use: RSA up to 4096 bits, EC P-256, P-384, P-521.": "電話機が使用できるキーは、4096 ビットまでの RSA と EC P-256、P-384、P-521 です。",
  "%s has a key that phones cannot use: %s": "{1} のキーは電話機で使用できません: {2}",
  "Leave out those that no phone needs any more.": "どの電話機にも必要なくなったものを外してください。",
  "the list would have %zu records with the role SAST, and phones look at %d only":
    "リストの SAST の役割のレコードが {1} 個になりますが、電話機が参照するのは {2} 個だけです",
  "Add it with the role SAST.": "SAST の役割で追加してください。",
  "the certificate '%s' cannot sign a list in which it has not the role SAST": "証明書「{1}」が SAST の役割で含まれていないリストには、この証明書で署名できません",
  "Take certificates out of the trust stores that no phone needs, or use smaller keys.":
    "電話機に必要のない証明書を信頼ストアから削除するか、より小さいキーを使用してください。",
  "the list would have %zu bytes, and phones load none of %u or more; its largest records that could go, in bytes: %s":
    "リストが {1} バイトになりますが、電話機は {2} バイト以上のリストを読み込みません。外すことのできる最大のレコードとバイト数: {3}",

  /* trustlist/sign.c */
  "unknown digest": "未知のダイジェスト",
  "Allow it in the cryptographic policy of the system (SHA-1 is what older phones know), or let files be signed with the other digest.":
    "システムの暗号化ポリシーで許可する (古い電話機は SHA-1 だけに対応しています) か、もう一方のダイジェストで署名するように設定してください。",
  "OpenSSL on this machine does not allow RSA signatures with %s": "このマシンの OpenSSL では {1} による RSA 署名が許可されていません",
  "signing a file for phones": "電話機用ファイルの署名中",
  "verifying a file for phones": "電話機用ファイルの検証中",

  /* trustlist/signed.c */
  "'%s' has %zu bytes, more than the %zu that are signed for phones": "「{1}」は {2} バイトあり、電話機用に署名できる {3} バイトを超えています",
  "the file has %zu bytes, more than a file that is signed for phones": "ファイルは {1} バイトあり、電話機用の署名付きファイルの上限を超えています",
  "the header does not lie within its file": "ヘッダーがファイルの範囲を越えています",

  /* trustlist/signed_enc.c */
  "Give the phone an RSA certificate (LSC or MIC), or leave its configuration in the clear.":
    "電話機に RSA の証明書 (LSC または MIC) を用意するか、設定ファイルを暗号化しないでください。",
  "nothing can be encrypted to the phone's certificate '%s': its key is %s, and configurations are encrypted to RSA keys only":
    "電話機の証明書「{1}」では暗号化できません。キーが {2} ですが、設定ファイルは RSA キーでだけ暗号化できます",
  "encrypting to a phone's key": "電話機のキーによる暗号化中",
  "encrypting a configuration": "設定ファイルの暗号化中",
  "Have it encrypted again.": "もう一度暗号化してください。",
  "the encrypted file is malformed: %s": "暗号化されたファイルの形式が正しくありません: {1}",
  "the file is signed but not encrypted": "ファイルは署名されていますが、暗号化されていません",
  "its IV has not 16 bytes": "IV が 16 バイトではありません",
  "its padding is not of 1 to 16 bytes": "パディングが 1～16 バイトではありません",
  "it has no key": "キーがありません",
  "its content is not of whole blocks of 16 bytes": "内容が 16 バイトのブロック単位ではありません",
  "the kind of its content's digest is unknown": "内容のダイジェストの種類が未知のものです",
  "Give the private key of the phone's certificate for which it was encrypted.": "暗号化に使用した電話機の証明書の秘密キーを指定してください。",
  "the file was encrypted for another key than this one": "ファイルはこのキー用に暗号化されたものではありません",
  "decrypting a configuration": "設定ファイルの復号中",
  "It was changed, or encrypted for another key.": "変更されたか、別のキー用に暗号化されています。",
  "what was decrypted is not what was encrypted: its %s digest is another one than the header says":
    "復号した内容が元の内容と異なります。{1} ダイジェストがヘッダーの値と一致しません",
};
