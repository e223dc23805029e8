/*
 * Conditions of the certificate list as the API has them, "COLUMN OPERATOR VALUE", and as the find row has them. Written out they read as a
 * sentence and are understood by the command line as they are.
 */

export const COLUMNS = [
  "name",
  "common-name",
  "usage",
  "unit",
  "type",
  "key-type",
  "distribution",
  "issuer",
  "expires",
  "description",
  "subject",
  "serial",
  "fingerprint",
  "starts",
] as const;
export type ColumnName = (typeof COLUMNS)[number];

export const OPERATORS = ["begins", "contains", "is", "ends", "empty", "before", "after"] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Condition {
  column: ColumnName;
  operator: Operator;
  value: string;
}

/* The long forms: after them nothing of a value can be taken for an operator ("is empty" is not "is exactly empty"). */
const WRITTEN: Record<Operator, string> = {
  begins: "begins with",
  contains: "contains",
  is: "is exactly",
  ends: "ends with",
  empty: "is empty",
  before: "before",
  after: "after",
};

/* Others by which the API knows a column. */
const ALIASES: Record<string, ColumnName> = {
  store: "unit",
  purpose: "unit",
  common_name: "common-name",
  "common name": "common-name",
  key_type: "key-type",
  "key type": "key-type",
  certificate: "name",
  "issued by": "issuer",
  expiration: "expires",
  not_after: "expires",
  not_before: "starts",
};

export const MAX_CONDITIONS = 10;

/* Columns that hold one of a few words, and those that hold times. */
const WORDS: Partial<Record<ColumnName, readonly string[]>> = { usage: ["own", "trust"], type: ["self-signed", "ca-signed"] };
const TIMES: readonly ColumnName[] = ["expires", "starts"];
const OF_TEXT: readonly Operator[] = ["begins", "contains", "is", "ends", "empty"];
const OF_WORDS: readonly Operator[] = ["is"];
const OF_TIMES: readonly Operator[] = ["before", "after"];

export function wordsOf(column: ColumnName): readonly string[] | undefined {
  return WORDS[column];
}

export function isTime(column: ColumnName): boolean {
  return TIMES.includes(column);
}

export function operatorsOf(column: ColumnName): readonly Operator[] {
  if (isTime(column)) return OF_TIMES;
  return WORDS[column] ? OF_WORDS : OF_TEXT;
}

/* Blanks at its ends and quotation marks around it are part of a value only within quotation marks. */
function quoted(value: string): string {
  return value !== value.trim() || /^".*"$/.test(value) ? `"${value}"` : value;
}

export function writeCondition(c: Condition): string {
  if (c.operator === "empty") return `${c.column} ${WRITTEN.empty}`;
  return `${c.column} ${WRITTEN[c.operator]} ${quoted(c.value)}`;
}

/* Is it one that the list can be asked with? A row without a value is still being filled in. */
export function isComplete(c: Condition): boolean {
  return c.operator === "empty" || c.value.trim() !== "";
}

const NAMES = [...Object.keys(ALIASES), ...COLUMNS].map((one) => one.replace(" ", "\\s+")).join("|");
const FORMS: [RegExp, Operator][] = [
  [/^contains\s+(.+)$/i, "contains"],
  [/^begins(?:\s+with)?\s+(.+)$/i, "begins"],
  [/^ends(?:\s+with)?\s+(.+)$/i, "ends"],
  [/^is\s+empty()$/i, "empty"],
  [/^is(?:\s+exactly)?\s+(.+)$/i, "is"],
  [/^before\s+(.+)$/i, "before"],
  [/^after\s+(.+)$/i, "after"],
];
const SENTENCE = new RegExp(`^\\s*(${NAMES})\\s+(.*?)\\s*$`, "is");

/* null for a sentence that the find row cannot show; the API says what is wrong with it, if anything is. */
export function readCondition(text: string): Condition | null {
  const [, name, rest] = SENTENCE.exec(text) ?? [];
  if (name === undefined || rest === undefined) return null;
  const plain = name.toLowerCase().replace(/\s+/, " ");
  const column = ALIASES[plain] ?? (plain as ColumnName);
  for (const [form, operator] of FORMS) {
    const found = form.exec(rest);
    if (!found) continue;
    const value = found[1]!.replace(/^"(.*)"$/s, "$1");
    const known = column === "usage" && "identity".startsWith(value.toLowerCase()) ? "own" : value;
    return isTime(column) === OF_TIMES.includes(operator) ? { column, operator, value: known } : null;
  }
  return null;
}
