// Builds the console: `node build.mjs DIST` writes DIST/index.html and DIST/assets/*, whose names carry a hash of their content.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = process.argv[2];
if (!dist) {
  console.error("usage: node build.mjs DIST");
  process.exit(2);
}

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "assets"), { recursive: true });
// The console carries Preact with it, whose licence asks for its text to go along.
const notice = `/*! This file contains Preact.\n\n${(await readFile(join(here, "node_modules/preact/LICENSE"), "utf8")).trim()}\n*/`;
const result = await build({
  absWorkingDir: here,
  entryPoints: { console: "src/main.tsx", style: "src/style/index.css" },
  outdir: join(dist, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  format: "esm",
  splitting: true,
  minify: true,
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  banner: { js: notice },
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  logLevel: "warning",
});

// index.html names the two entries; what they load later, they load by themselves.
const names = {};
for (const [path, output] of Object.entries(result.metafile.outputs)) {
  if (output.entryPoint === "src/main.tsx") names.script = basename(path);
  if (output.entryPoint === "src/style/index.css") names.style = basename(path);
}
const page = await readFile(join(here, "src/index.html"), "utf8");
await writeFile(join(dist, "index.html"), page.replace("{{script}}", names.script).replace("{{style}}", names.style));
