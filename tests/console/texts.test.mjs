// The catalogues of the console: every text in both languages, none that nothing uses, the same values in both.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const web = fileURLToPath(new URL("../../web/", import.meta.url));
const { buildSync } = createRequire(web)("esbuild");

async function catalogue(name) {
  const built = buildSync({ entryPoints: [join(web, `src/lang/${name}/index.ts`)], bundle: true, write: false, format: "esm" });
  const module = await import(`data:text/javascript,${encodeURIComponent(built.outputFiles[0].text)}`);
  return module[name];
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "lang" ? [] : sources(path);
    return /\.tsx?$/.test(entry.name) ? [readFileSync(path, "utf8")] : [];
  });
}

const [en, ja] = await Promise.all([catalogue("en"), catalogue("ja")]);
const code = sources(join(web, "src")).join("\n");

test("every text is in both catalogues", () => {
  assert.deepEqual(Object.keys(ja).sort(), Object.keys(en).sort());
  assert.ok(Object.keys(en).length > 100);
});

test("no text is empty", () => {
  for (const [name, texts] of Object.entries({ en, ja })) for (const [key, text] of Object.entries(texts)) assert.ok(text.trim(), `${name}: ${key} is empty`);
});

const values = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((one) => one[1]))].sort();

test("a text has the same values in both languages", () => {
  for (const key of Object.keys(en)) {
    // A form for one thing may leave the number out.
    const wanted = values(en[key]).filter((one) => one !== "n");
    assert.deepEqual(values(ja[key]).filter((one) => one !== "n"), wanted, key);
  }
});

test("only English has a form for one and a form for many", () => {
  for (const [key, text] of Object.entries(ja)) assert.ok(!text.includes("|"), key);
  for (const [key, text] of Object.entries(en)) assert.ok(text.split("|").length <= 2, key);
});

test("every text is used somewhere", () => {
  const plain = new Set([...code.matchAll(/"([a-z][\w.-]*)"/g)].map((one) => one[1]));
  const made = [...code.matchAll(/`([a-z][\w.-]*)\$\{/g)].map((one) => one[1]);
  const unused = Object.keys(en).filter((key) => !plain.has(key) && !made.some((prefix) => key.startsWith(prefix)));
  assert.deepEqual(unused, []);
});

// What is left of a text without its values: words, or signs between them only.
const words = (text) => /[a-z]{4,}/.test(text.replace(/\{\w+\}/g, ""));
test("Japanese texts are Japanese", () => {
  const same = Object.keys(ja).filter((key) => words(en[key]) && ja[key] === en[key] && !/^(product|role\.tftp|role\.im-and-presence)$/.test(key));
  assert.deepEqual(same, []);
});
