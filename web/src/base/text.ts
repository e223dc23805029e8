/*
 * Texts in the user's language. Each is in the catalogue of its area (lang/en, lang/ja) under a key that is a type here: one that is missing
 * in English does not compile, and neither does one that is missing in Japanese.
 *
 * In a text {name} stands for a value. English texts that depend on a number have two forms, "one|many", chosen by the value n.
 */
import { en, type Key } from "../lang/en";
import { language, type Language } from "./language";
import { dateTime } from "./time";

export { language, type Key, type Language };
export type Values = Record<string, string | number>;
export type Catalogue = Record<Key, string>;

const CHOICE = "ucpki-language";

let catalogue: Catalogue = en;
let translateServer: (text: string) => string = sentence;

/* The server's messages begin in lower case, as those of programs do; here they are sentences. What may be a name stays as it is. */
function sentence(text: string): string {
  return /^(the|a|an|this|that|these|only|no|there|it|its|all|some|one|every|each|connections|phones|other|cannot|nothing) /.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text;
}

export function t(key: Key, values: Values = {}): string {
  let text: string = catalogue[key];
  const forms = text.split("|");
  if (forms.length === 2) text = (values.n === 1 ? forms[0] : forms[1])!;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/* A key made of a value that the server chose ("state." + state): the value itself when there is no text for it. */
export function tOr(key: string, fallback: string): string {
  return key in catalogue ? t(key as Key) : fallback;
}

/* Control and format characters: not seen, or they turn the reading order of others around. (\p{Cf} takes milliseconds to compile.) */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/* A name of a certificate, in which such characters stand by their numbers: what looks like another name is none. */
export function shown(name: string): string {
  return name.replace(UNSEEN, (one) => `<U+${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);
}

/* The server writes times as RFC 3339 has them, in UTC. */
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;

/* A sentence of the server's (a plan, a finding, an error), which writes English, in the language of the page. */
export function say(text: string): string {
  return shown(translateServer(text).replace(TIME, (one) => dateTime(one)));
}

function preferred(): Language {
  const chosen = localStorage.getItem(CHOICE);
  if (chosen === "en" || chosen === "ja") return chosen;
  for (const one of navigator.languages) {
    if (one.toLowerCase().startsWith("ja")) return "ja";
    if (one.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

async function use(next: Language): Promise<void> {
  if (next === "ja") {
    const [words, server] = await Promise.all([import("../lang/ja"), import("../lang/ja/server")]);
    catalogue = words.ja;
    translateServer = server.translate;
  } else {
    catalogue = en;
    translateServer = sentence;
  }
  document.documentElement.lang = next;
  language.set(next);
}

/* The language of the browser, or the one that was chosen here before. */
export function startLanguage(): Promise<void> {
  return use(preferred());
}

export function chooseLanguage(next: Language): Promise<void> {
  localStorage.setItem(CHOICE, next);
  return use(next);
}
