// Writes the built console into a C source: `node embed.mjs DIST OUTPUT.c`. The table is declared in src/serve/http/console.h.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
// NAME-HASH.ext, as esbuild names its outputs: other content has another name, so that it may be kept for ever.
const HASHED = /^assets\/.+-[0-9A-Z]{8}\.\w+$/;
const SERVED = /^(index\.html|assets\/[\w.-]+)$/;
const LINE = 120;

function fail(message) {
  console.error(`embed.mjs: ${message}`);
  process.exit(1);
}

// Every file below a folder, with '/' between the parts of its path, in an order that depends on the names only.
function files(folder, prefix = "") {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name), `${prefix}${entry.name}/`) : [prefix + entry.name]))
    .sort();
}

// A byte as it may stand in a C string. Three octal digits end an escape whatever follows; '?' could begin a trigraph.
const CHARACTERS = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return byte >= 0x20 && byte < 0x7f && !'"\\?'.includes(character) ? character : `\\${byte.toString(8).padStart(3, "0")}`;
});

function literal(bytes) {
  const lines = [];
  let line = "";
  for (const byte of bytes) {
    line += CHARACTERS[byte];
    if (line.length >= LINE) {
      lines.push(line);
      line = "";
    }
  }
  lines.push(line);
  return lines.map((text) => `    "${text}"`).join("\n");
}

function embed(dist, path, number) {
  const type = TYPES[extname(path)];
  if (!SERVED.test(path)) fail(`${path} is served under no path: there are index.html and assets/NAME`);
  if (!type) fail(`${path}: the media type of ${extname(path) || "a name without an ending"} is not known; add it to TYPES`);
  const plain = readFileSync(join(dist, path));
  const gzip = gzipSync(plain, { level: 9 });
  const packed = gzip.length < plain.length;
  const hash = createHash("sha256").update(plain).digest("hex").slice(0, 32);
  const arrays = [`static const uint8_t plain_${number}[] =\n${literal(plain)};`];
  if (packed) arrays.push(`static const uint8_t gzip_${number}[] =\n${literal(gzip)};`);
  const slice = (name) => `{${name}_${number}, sizeof ${name}_${number} - 1}`;
  const row = `    {"${path}", "${type}", "${hash}", ${slice("plain")}, ${packed ? slice("gzip") : "{0}"}, ${HASHED.test(path)}},`;
  return { arrays, row };
}

const [dist, output] = process.argv.slice(2);
if (!output) fail("usage: node embed.mjs DIST OUTPUT.c");
const paths = files(dist);
if (!paths.includes("index.html")) fail(`there is no index.html in ${dist}`);
for (const [, name] of readFileSync(join(dist, "index.html"), "utf8").matchAll(/"\/(assets\/[^"]*)"/g))
  if (!paths.includes(name)) fail(`index.html loads ${name}, which is not in ${dist}`);
const assets = paths.map((path, number) => embed(dist, path, number));
writeFileSync(
  output,
  [
    "/* Written by web/embed.mjs. */",
    '#include "serve/http/console.h"',
    "",
    ...assets.flatMap((asset) => asset.arrays),
    "",
    "const struct uc_console_asset uc_console_assets[] = {",
    ...assets.map((asset) => asset.row),
    "};",
    "",
    "const size_t uc_console_asset_count = sizeof uc_console_assets / sizeof *uc_console_assets;",
    "",
  ].join("\n"),
);
