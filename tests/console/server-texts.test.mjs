// What the server says has a Japanese text, and the values of one are those of the other.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { serverTexts } from "../../web/server-texts.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { buildSync } = createRequire(join(root, "web/"))("esbuild");

async function load(path) {
  const built = buildSync({ entryPoints: [join(root, "web/src", path)], bundle: true, write: false, format: "esm" });
  return import(`data:text/javascript,${encodeURIComponent(built.outputFiles[0].text)}`);
}

const said = serverTexts(root);
const { serverTexts: japanese } = await load("lang/ja/server-texts.ts");
const { translate } = await load("lang/ja/server.ts");

const CONVERSION = /%(?!XX)(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j)?([a-zA-Z]))/g;
const NARROW = { p: "tomcat", w: "cucm-pub", b: "CN=Root, O=Example" };
const ENDING = /^[ ,;:]/;

const forms = Object.entries(japanese).flatMap(([format, text]) => (typeof text === "string" ? [] : Object.keys(text).map((form) => [format, form])));
const sentences = Object.entries(japanese).flatMap(([format, text]) => (typeof text === "string" ? [[format, text]] : Object.entries(text)));

const conversions = (format) => [...format.matchAll(CONVERSION)].filter((one) => one[0] !== "%%").length;

// A sentence as the server would write it: with values.
function example(format) {
  let n = 0;
  return format.replace(CONVERSION, (whole, c) => (whole === "%%" ? "%" : c in NARROW ? NARROW[c] : "diuxX".includes(c) ? String(40 + ++n) : `「${++n}」`));
}

function instanceOf(format) {
  const parts = format.replace(CONVERSION, "\0").split("\0").map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`${ENDING.test(format) ? "" : "^"}${parts.join("[\\s\\S]*?")}$`);
}

test("every sentence of the C sources has a Japanese text", () => {
  // A piece of a sentence that is a value of it stands in one of the forms.
  const missing = [...said].filter(([text]) => !(text in japanese) && !forms.some(([, form]) => form.includes(text)));
  assert.ok(said.size > 1000, "the sources were read");
  assert.deepEqual(missing.map(([text, file]) => `${file}: ${text}`), []);
});

test("no Japanese text is left of a sentence that is gone", () => {
  assert.deepEqual(Object.keys(japanese).filter((format) => !said.has(format)), []);
});

test("a form is one that its sentence can take", () => {
  assert.deepEqual(forms.filter(([format, form]) => !instanceOf(format).test(example(form))), []);
});

test("a Japanese text uses every value of its sentence, and no other", () => {
  for (const [format, text] of sentences) {
    const used = [...new Set([...text.matchAll(/\{(\d+)-?\}/g)].map((one) => Number(one[1])))].sort((a, b) => a - b);
    assert.deepEqual(used, Array.from({ length: conversions(format) }, (_, i) => i + 1), `${format} -> ${text}`);
  }
});

test("a sentence with its values is found again", () => {
  for (const [format] of sentences) {
    const sentence = example(ENDING.test(format) ? `tomcat${format}` : format);
    const found = translate(sentence);
    assert.notEqual(found, sentence, format);
    assert.ok(!/\{\d/.test(found), found);
  }
});

test("values that are sentences are translated too", () => {
  const examples = {
    "certificate 'Root' (1a2b3c4d) has expired (RFC 5280 section 6.1.3 (a)(2)): it is valid from 2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z, and the time of validation is 2026-01-01T00:00:00Z":
      "証明書「Root」(1a2b3c4d): 有効期限が切れています (RFC 5280 6.1.3 節 (a)(2))。有効期間は 2020-01-01T00:00:00Z ～ 2021-01-01T00:00:00Z、検証の時刻は 2026-01-01T00:00:00Z です",
    "2 identity certificates have expired: tomcat of cucm-pub (2026-01-01), TVS of cucm-sub1 (2026-02-01)":
      "期限切れの ID 証明書が 2 件あります: cucm-pub の tomcat (2026-01-01)、cucm-sub1 の TVS (2026-02-01)",
    "an identity certificate has expired: tomcat of cucm-pub (2026-01-01)": "期限切れの ID 証明書があります: cucm-pub の tomcat (2026-01-01)",
    "2 identity certificates have a chain that is not complete or not valid: tomcat of a (CN=Root, O=X is missing), TVS of b (CN=Root, O=X is missing) and 3 more":
      "チェーンが完全でない、または有効でない ID 証明書が 2 件あります: a の tomcat (CN=Root, O=X がありません)、b の TVS (CN=Root, O=X がありません)、ほか 3 件",
    "Delete the pending multi-server CSR of tomcat": "tomcat の保留中のマルチサーバ CSR を削除する",
    "Delete the pending CSR of tomcat on cucm-pub": "cucm-pub の tomcat の保留中の CSR を削除する",
    "Upload Root CA.pem to tomcat-trust": "tomcat-trust に Root CA.pem をアップロードする",
    "Upload Root CA.pem to ipsec-trust of cucm-pub": "cucm-pub の ipsec-trust に Root CA.pem をアップロードする",
    "Upload 3 certificates to tomcat-trust": "tomcat-trust に証明書を 3 件アップロードする",
    "Upload 3 certificates to ipsec-trust of cucm-pub": "cucm-pub の ipsec-trust に証明書を 3 件アップロードする",
    "Reload or restart TFTP.": "TFTP をリロードまたは再起動してください。",
    "Reload or restart Tomcat (HTTPS) on cucm-sub1.": "cucm-sub1 の Tomcat (HTTPS) をリロードまたは再起動してください。",
    "connections from peers that only Root.pem vouches for will be denied, on every node": "すべてのノードで、Root.pem だけで検証できる接続先からの接続が拒否されます",
    "connections from peers that only Root.pem vouches for will be denied, on cucm-pub": "cucm-pub で、Root.pem だけで検証できる接続先からの接続が拒否されます",
  };
  for (const [english, expected] of Object.entries(examples)) assert.equal(translate(english), expected);
});

test("names that read like words stay as they are", () => {
  for (const name of ["University of Tokyo", "Example Root CA", "cucm-pub.example.com", "O=Example, CN=Voice and Video"]) assert.equal(translate(name), name);
});

test("a sentence of a newer version stays as it is", () => {
  const unknown = "the flux capacitor of cucm-pub is not charged";
  assert.equal(translate(unknown), unknown);
});
