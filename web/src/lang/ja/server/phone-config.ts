import type { Texts } from "../server-texts";

/* Sentences of src/trustlist/config*.c, about phone configurations: see server-texts.ts. */
export const phoneConfig: Texts = {
  /* trustlist/config_fill.c */
  "%zu %s servers are more than the %d that phones take": "{2} サーバが {1} 台あり、電話機が受け付ける {3} 台を超えています",
  "the elements of the phone configuration cannot be found in it": "電話機設定の要素の位置を特定できません",

  /* trustlist/config_xml.c */
  "the phone configuration is empty": "電話機設定が空です",
  "Correct it where the PBX makes it.": "PBX 側で設定ファイルを修正してください。",
  "the phone configuration is not well-formed XML: line %d: %.*s": "電話機設定が整形式の XML ではありません: {1} 行目: {2}",
  "A phone configuration begins with <device>, one for all phones with <Default>.":
    "電話機設定は <device> で始まります。全電話機共通の設定は <Default> で始まります。",
  "the root element is <%.100s>, so this is no phone configuration": "ルート要素が <{1}> であるため、電話機設定ではありません",
  "the phone configuration has %zu bytes, more than the limit of %zu": "電話機設定が {1} バイトあり、上限の {2} バイトを超えています",
  "Leave it out, and write out the entities that it declares.": "文書型宣言を削除し、宣言している実体は展開して記述してください。",
  "the phone configuration has a document type (line %d), which is not followed": "電話機設定に文書型宣言 ({1} 行目) がありますが、文書型宣言には対応していません",
};
