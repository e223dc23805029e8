/*
 * What the server says, in Japanese. It writes English, into the log as well; each of its sentences comes of a printf format that stands in the C
 * sources. server-texts.ts has a Japanese text for each format. A sentence that no format fits (one of a newer node in the cluster, what a library
 * says) stays English.
 */
import { serverTexts } from "./server-texts";
import { system } from "./server/system";

interface Pattern {
  format: string;
  japanese: string;
  /* The longest piece that every sentence of the format holds: looked for before the expression is tried. */
  piece: string;
  literals: number;
  expression?: RegExp;
}

const CONVERSION = /%(?!XX)(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j)?([a-zA-Z]))/g;
const NUMBER = "diuxX";
/* What stands in forms alone. */
const NARROW: Record<string, string> = {
  w: "([^\\s(),;]+)",
  b: "([^()]+)",
  p: "((?:tomcat|ipsec|CallManager|CAPF|TVS|ITLRecovery|authz|cup-xmpp-s2s|cup-xmpp|cup|intelligenceCenter-srvr)(?:-ECDSA)?)",
};
/* "it is so, and more": what begins so is the end of a sentence. */
const ENDING = /^[ ,;:]/;
/* Values may be sentences themselves ("%s: %s"), but not for ever. */
const MAX_DEPTH = 6;

function patternOf([format, japanese]: readonly [string, string]): Pattern {
  const literal = format.split(CONVERSION).filter((_, i) => i % 2 === 0);
  return { format, japanese, piece: literal.reduce((a, b) => (b.length > a.length ? b : a), ""), literals: literal.join("").length };
}

/* The more of a format is fixed, the surer that a sentence is one of its. */
const patterns = Object.entries({ ...system, ...serverTexts })
  .flatMap(([format, text]) => (typeof text === "string" ? [[format, text] as const] : Object.entries(text)))
  .map(patternOf)
  .sort((a, b) => b.literals - a.literals);
const wholes = patterns.filter((one) => !ENDING.test(one.format));
const endings = patterns.filter((one) => ENDING.test(one.format));

function valueOf(conversion: string): string {
  if (conversion in NARROW) return NARROW[conversion]!;
  return NUMBER.includes(conversion) ? "(-?[0-9a-fA-F]+)" : "([\\s\\S]*?)";
}

function expressionOf(format: string): RegExp {
  let out = "";
  let from = 0;
  const quote = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  for (const m of format.matchAll(CONVERSION)) {
    out += quote(format.slice(from, m.index)) + (m[0] === "%%" ? "%" : valueOf(m[1]!));
    from = m.index + m[0].length;
  }
  return new RegExp(`^${ENDING.test(format) ? "([\\s\\S]+?)" : ""}${out}${quote(format.slice(from))}$`);
}

function match(pattern: Pattern, text: string): string[] | null {
  if (!text.includes(pattern.piece)) return null;
  pattern.expression ??= expressionOf(pattern.format);
  return pattern.expression.exec(text)?.slice(1) ?? null;
}

const JAPANESE = /[぀-ヿ一-鿿]/;
const LATIN = /[!-~]/;

/* Between Japanese and Latin words stands a blank, between Japanese ones none. */
function join(before: string, after: string): string {
  const [left, right] = [before.trimEnd().at(-1) ?? "", after.trimStart()[0] ?? ""];
  if (JAPANESE.test(left) && JAPANESE.test(right)) return before.trimEnd() + after.trimStart();
  const apart = (JAPANESE.test(left) && LATIN.test(right)) || (LATIN.test(left) && JAPANESE.test(right));
  const bracket = /[([]/.test(left) || /[)\]:,.;]/.test(right);
  return apart && !bracket && !/\s$/.test(before) && !/^\s/.test(after) ? `${before} ${after}` : before + after;
}

function fill(japanese: string, values: string[], depth: number): string {
  return japanese.split(/(\{\d+-?\})/).reduce((out, part) => {
    const n = /^\{(\d+)(-?)\}$/.exec(part);
    if (!n) return out === "" ? part : join(out, part);
    const value = n[2] ? "" : translate(values[Number(n[1]) - 1] ?? "", depth + 1);
    return value === "" ? out : join(out, value);
  }, "");
}

function whole(text: string, depth: number): string | null {
  for (const one of wholes) {
    const values = match(one, text);
    if (values) return fill(one.japanese, values, depth);
  }
  return null;
}

function withEnding(text: string, depth: number): string | null {
  for (const one of endings) {
    const values = match(one, text);
    if (values) return translate(values[0]!, depth + 1) + fill(one.japanese, values.slice(1), depth);
  }
  return null;
}

/* "who: what" of two that are put together; the first place at which one of the two is known. */
function inTwo(text: string, depth: number): string | null {
  for (let at = text.indexOf(": "); at >= 0; at = text.indexOf(": ", at + 2)) {
    const [head, tail] = [text.slice(0, at), text.slice(at + 2)];
    const both = [translate(head, depth + 1), translate(tail, depth + 1)] as const;
    if (both[0] !== head || both[1] !== tail) return `${both[0]}: ${both[1]}`;
  }
  return null;
}

function listed(text: string, separator: RegExp, between: string, depth: number): string | null {
  const parts = text.split(separator);
  const said = parts.map((one) => translate(one, depth + 1));
  return parts.some((one, i) => one !== said[i]) ? said.join(between) : null;
}

export function translate(text: string, depth = 0): string {
  if (depth > MAX_DEPTH || !/[A-Za-z]{2}/.test(text)) return text;
  return (
    whole(text, depth) ??
    (text.includes("; ") ? listed(text, /; /, "。", depth) : null) ??
    withEnding(text, depth) ??
    (text.includes(": ") ? inTwo(text, depth) : null) ??
    (text.includes(", ") ? listed(text, /, (?![^()]*\))/, "、", depth) : null) ??
    text
  );
}
