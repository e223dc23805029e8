// The sentences that the server may send, as they stand in the C sources: printf formats and plain texts. The Japanese catalogue
// (src/lang/ja/server-texts.ts) has each of them; tests/console/server-texts.test.mjs holds the two against each other.
//
// Whatever reads like words is taken, unless one of the tables below says that no page of the console can show it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOMS = ["core", "pki", "trustlist", "catalog", "store", "keys", "manage", "node", "serve"];

// Files whose texts are for others than those who look at the console.
const NOT_SHOWN = new Set([
  "core/log.c",
  "core/mem.c",
  "node/join_wire.c", // what two nodes tell each other when one joins
  "node/join_serve.c",
  "node/phone.c", // what phones are told
  "node/phone_dir.c",
  "node/phone_make.c",
  "node/phone_name.c",
  "node/phone_record.c", // the log
  "pki/report_files.c", // what the command line says about files
  "pki/report_match.c",
  "pki/report_text.c",
  "serve/http/api_oauth.c", // what programs that want tokens are told
  "serve/http/api_routes.c", // the description of the API
  "serve/http/phone.c", // what phones are told
  "serve/http/console.c", // the names of files and headers
  "serve/http/route_openapi.c",
  "serve/http/server_conn.c", // HTTP itself, which browsers do right
  "serve/http/server_request.c",
  "serve/http/server_listen.c", // the start of the daemon
  "serve/http/server_pool.c",
  "serve/tftp/packet.c", // what TFTP clients are told
  "serve/tftp/request.c",
  "serve/tftp/socket.c", // the start of the daemon
  "serve/tftp/transfer.c",
  "serve/tftp/worker.c",
  "store/migrate.c",
  "trustlist/list_text.c", // what `show ctl` prints
]);

// Calls whose texts are for the log, for the database, for programs, or are names: an expression for the name of the function or macro.
const NOT_SAID = new RegExp(
  `^(${[
    "uc_log\\w*|die|fputs|record_error",
    "uc_query_\\w+|uc_db_(exec|stmt|open|query)\\w*|uc_step_(run|query|secret_destroy)|uc_pg_(exec|query|number)|sq_\\w+|exec_with",
    "json_pack|json_object_\\w+|uc_json_\\w+|str\\w+|memcmp|uc_starts_with|has|contains|constant|set_pem|uc_pem_write|uc_plan_bind",
    "add_header|uc_http_add_header|check_header",
  ].join("|")})$`,
);

// Names, and what only programs read.
const NOT_WORDS = new Set([
  "text/plain; charset=utf-8",
  ...["common name", "key type", "issued by", "begins with", "ends with", "is exactly"], // of conditions
  ...["Tomcat (HTTPS)", "SIP Proxy", "Presence Engine", "XCP Connection Manager", "XCP Web Connection Manager", "Intelligence Center"], // services
  ...["XCP Authentication Service", "XCP XMPP Federation Connection Manager", "DRS local agent", "DRS master agent"],
  ...["Cisco Manufacturing CA", "Cisco Root CA", "ACT2 SUDI CA"], // authorities
  ...["ucpki node %.16s", "uid %u", "%s ucpki_%08x", "Bearer ", "authz encryption", "authz signing"],
  ...[" on ", " of ", "set cert regen %s --node %s"],
  ...["utils ctl set-cluster mixed-mode|non-secure-mode", "utils itl reset localkey, utils itl update ITLFile"],
]);
const PROGRAM = /%00|<!doctype|^\s*<[?a-z/]|^[\s,]*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|GRANT|REVOKE|ALTER|PRAGMA|BEGIN|WHERE|ORDER BY|FROM|SET|AND|AS)\b|\b(FROM|WHERE|LIKE|ANY|VALUES)\b.*[$(]|default-src|SameSite|^usage, unit|^not_after, id|^, id$|^%s%sSELECT|^(columnsize|k_issuer)/;

// What is too short to read like words, and is a value of a sentence or has one.
const SHORT = new Set([
  ...["none", "unknown", "unreadable", "removed", "self-signed", "CA-signed", "signing", "encryption", "a CA", "a refresh", "any use", "certificate"],
  ...["a 7z archive", "a picture", "a program", "a character", "0 bytes"],
  ...["certificate '%.160s' (%.8s) %s", "condition '%s': %s", "Columns: %s.", "Done: %s", "On %s: %s", "cannot %s the store %s: %s"],
  ...["%s is %s%s%s%s%s", "%s is %s: %s", "%s has %s", "%zu %s", "%s of %s", "%s of %s (%.10s)", "%s of %s (%s%s)", "%s %s (%.10s)"],
]);

// Tables of parts that are put together: which members of a row are texts, and which members, unless they are empty, name the values between them.
const TABLES = [{ file: "manage/undo.c", begins: "} texts[] = {", texts: [1, 3, 5], values: [2, 4] }];

const LITERAL = /"((?:[^"\\\n]|\\.)*)"/;
const TOKEN = new RegExp(`/\\*[\\s\\S]*?\\*/|//[^\\n]*|^\\s*#\\s*include[^\\n]*|${LITERAL.source}|'(?:[^'\\\\]|\\\\.)+'|[A-Za-z_]\\w*|[^\\sA-Za-z_]`, "gm");
const CONTROL = /^(if|while|for|return|switch|sizeof)$/;
const ESCAPES = { n: "\n", t: "\t" };

const unescaped = (text) => text.replace(/\\(.)/g, (whole, c) => ESCAPES[c] ?? c);

// Names of texts: #define NAME "text".
function macrosOf(sources) {
  const found = new Map();
  for (const source of sources.values()) for (const [, name, text] of source.matchAll(/^#\s*define\s+(\w+)\s+"((?:[^"\\\n]|\\.)*)"/gm)) found.set(name, unescaped(text));
  return found;
}

// The literals of a source, adjacent ones and named ones as one, each with the call in whose arguments it stands: [text, call].
function literals(source, macros) {
  const out = [];
  const calls = [];
  let before = "";
  let open = false;
  for (const [token, text] of source.matchAll(TOKEN)) {
    if (/^\s*(\/\/|\/\*|#\s*include)/.test(token)) continue;
    const piece = text !== undefined ? unescaped(text) : macros.get(token);
    if (piece !== undefined) {
      if (open) out.at(-1)[0] += piece;
      else out.push([piece, calls.at(-1) ?? ""]);
      open = true;
      continue;
    }
    open = false;
    if (token === "(") calls.push(/^\w+$/.test(before) && !CONTROL.test(before) ? before : (calls.at(-1) ?? ""));
    if (token === "{") calls.push("");
    if (token === ")" || token === "}") calls.pop();
    before = token;
  }
  return out;
}

// The sentences of the tables in a source, and the source without them.
function takeTables(file, source) {
  const sentences = [];
  for (const one of TABLES.filter((each) => each.file === file)) {
    const from = source.indexOf(one.begins);
    const to = source.indexOf("};", from);
    if (from < 0) throw new Error(`${file} has no table that begins with ${one.begins}`);
    for (const [row] of source.slice(from + one.begins.length, to).matchAll(/\{[^{}]*\}/g)) {
      const members = [...row.matchAll(new RegExp(LITERAL, "g"))].map((m) => unescaped(m[1]));
      sentences.push(one.texts.map((n, i) => members[n] + (members[one.values[i]] ? "%s" : "")).join(""));
    }
    source = source.slice(0, from) + source.slice(to);
  }
  return [sentences, source];
}

// Two words, or a piece of a sentence with a blank at its edge.
function isSaid(text, call) {
  if (SHORT.has(text)) return true;
  if (NOT_WORDS.has(text) || NOT_SAID.test(call) || PROGRAM.test(text) || !/[a-z]{2}/.test(text)) return false;
  return /[A-Za-z]{2,}[^\s]* .*[A-Za-z]{2,}/.test(text) || /^[ ,;]+.*[A-Za-z]{2,}|[A-Za-z]{2,} $/.test(text);
}

function readSources(root) {
  const sources = new Map();
  for (const room of ROOMS) {
    for (const entry of readdirSync(join(root, "src", room), { recursive: true }).map(String).sort()) {
      if (/\.[ch]$/.test(entry)) sources.set(`${room}/${entry}`, readFileSync(join(root, "src", room, entry), "utf8"));
    }
  }
  return sources;
}

// Each sentence, with the file that it stands in.
export function serverTexts(root) {
  const found = new Map();
  const sources = readSources(root);
  const macros = macrosOf(sources);
  for (const [file, whole] of sources) {
    if (!file.endsWith(".c") || NOT_SHOWN.has(file)) continue;
    const [sentences, source] = takeTables(file, whole);
    const texts = literals(source, macros).filter(([text, call]) => isSaid(text, call)).map(([text]) => text);
    for (const text of [...sentences, ...texts]) if (!found.has(text)) found.set(text, file);
  }
  return found;
}
