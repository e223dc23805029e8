import type { Texts } from "../server-texts";

/* Sentences of src/node/phone*.c: see server-texts.ts. */
export const phone: Texts = {
  /* node/phone_list.c */
  "There are: ITL, CTL.": "ITL または CTL を指定してください。",
  "there is no trust list '%s'": "信頼リスト「{1}」はありません",
  "show phone list names those that have fetched something from this node.": "show phone list で、このノードからファイルを取得した電話機を確認できます。",
  "no phone '%s' has fetched anything from this node": "電話機「{1}」はこのノードから何も取得していません",

  /* node/phone_record.c */
};
