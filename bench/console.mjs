// Measures the console: how much a browser loads, how soon the first page of 100,000 certificates can be used, and what a page costs it.
//
//   node --test-reporter=./tests/console/reporter.mjs bench/console.mjs [CERTIFICATES [ROUNDS]]
//
// Beside it, in the same rounds: a page that has the same rows in its HTML, served by a server that only writes them: what a browser needs at least.
import { readFileSync } from "node:fs";
import https from "node:https";
import { join } from "node:path";
import test from "node:test";
import zlib from "node:zlib";
import { CA, Node, makeKey, open, openssl, temporaryFolder, toDer } from "../tests/console/harness.mjs";

const COUNT = Number(process.argv[2] ?? 100_000);
const ROUNDS = Number(process.argv[3] ?? 15);
const BUNDLE = 10_000;

// ---- certificates: one by openssl, the others by writing other digits into its name and serial (a trust store does not hold peers for their signatures)

function pem(der) {
  return `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

function* certificates(count) {
  const ca = new CA("Bench CA");
  const folder = temporaryFolder();
  const request = openssl(["req", "-new", "-key", makeKey(join(folder, "key")), "-subj", "/O=Example/CN=Peer-0000000", "-config", "/dev/null"]).toString();
  const der = Buffer.from(toDer(ca.sign(request, { extensions: ["extendedKeyUsage=serverAuth"], days: 1000 })));
  const name = der.indexOf("Peer-0000000");
  /* After the version: an INTEGER of 15 bytes. */
  const serial = der.indexOf(Buffer.from([0x02, 0x01, 0x02, 0x02, 0x0f])) + 10;
  for (let i = 0; i < count; i++) {
    der.write(`Peer-${String(i).padStart(7, "0")}`, name, "latin1");
    der.writeUInt32BE(i, serial);
    yield pem(der);
  }
}

async function fill(node) {
  const stores = ["tomcat-trust", "CallManager-trust", "Phone-trust"];
  let bundle = [];
  let n = 0;
  const send = async () => {
    await node.ask("POST", `/certificates/trust/${stores[n++ % stores.length]}?yes=1`, { body: bundle.join("") });
    bundle = [];
  };
  for (const one of certificates(COUNT)) if (bundle.push(one) === BUNDLE) await send();
  if (bundle.length > 0) await send();
}

// ---- the floor: the same rows, written out

function floor(node, page) {
  const body = zlib.gzipSync(`<!doctype html><title>rows</title><link rel="icon" href="data:,"><main>${page}</main>`, { level: 1 });
  const folder = temporaryFolder();
  const key = join(folder, "key");
  const certificate = join(folder, "pem");
  openssl(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1", "-config", "/dev/null"]);
  const server = https.createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (_, response) => response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-encoding": "gzip" }).end(body));
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

// ---- measuring

const ROW = "main tbody tr";

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function line(what, values, floors) {
  const sorted = [...values].sort((a, b) => a - b);
  const ratio = floors ? `   ${(median(values) / median(floors)).toFixed(1)} times the floor of ${median(floors).toFixed(0)}` : "";
  console.log(`${what.padEnd(58)} ${median(values).toFixed(1).padStart(8)}   (${sorted[0].toFixed(1)} to ${sorted.at(-1).toFixed(1)})${ratio}`);
}

// Milliseconds from the start of loading until the first row is painted.
function rowsThere(page) {
  return page.evaluate(
    (row) =>
      new Promise((resolve) => {
        const look = () => (document.querySelector(row) ? requestAnimationFrame(() => resolve(performance.now())) : setTimeout(look, 1));
        look();
      }),
    ROW,
  );
}

async function metrics(client) {
  const all = Object.fromEntries((await client.send("Performance.getMetrics")).metrics.map((one) => [one.name, one.value * 1000]));
  return { script: all.ScriptDuration, layout: all.LayoutDuration + all.RecalcStyleDuration };
}

// Loads an address in a browser that has nothing of it, signed in as before.
async function firstLoad(browser, state, url) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, storageState: state });
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  await client.send("Network.enable");
  await client.send("Performance.enable");
  let bytes = 0;
  client.on("Network.loadingFinished", (one) => (bytes += one.encodedDataLength));
  await page.goto(url, { waitUntil: "commit" });
  const ms = await rowsThere(page);
  await page.waitForLoadState("networkidle");
  const { script } = await metrics(client);
  const html = await page.locator("main table").first().evaluate((one) => one.outerHTML);
  await context.close();
  return { ms, bytes, script, html };
}

// Milliseconds from a click on a link or button of the list until other rows are there, and what they cost.
async function turnPage(page, client, button) {
  const before = await metrics(client);
  const ms = await page.evaluate(
    ([row, name]) =>
      new Promise((resolve) => {
        const first = document.querySelector(row).innerText;
        const start = performance.now();
        [...document.querySelectorAll("main button, main a")].find((one) => one.innerText === name).click();
        const look = () => (document.querySelector(row)?.innerText !== first ? requestAnimationFrame(() => resolve(performance.now() - start)) : setTimeout(look, 1));
        look();
      }),
    [ROW, button],
  );
  const now = await metrics(client);
  return { ms, script: now.script - before.script, layout: now.layout - before.layout };
}

test("console", async (t) => {
  const node = await Node.start();
  await fill(node);
  const { page, context } = await open(t, node, { path: "/certificates", width: 1280 });
  const state = await context.storageState();
  const browser = context.browser();
  const list = `${node.url}/certificates`;
  const warm = await firstLoad(browser, state, list);
  const server = await floor(node, warm.html);
  t.after(() => server.close());
  const floorUrl = `https://127.0.0.1:${server.address().port}/`;

  const loads = [];
  const floors = [];
  for (let i = 0; i < ROUNDS; i++) {
    loads.push(await firstLoad(browser, state, list));
    floors.push(await firstLoad(browser, state, floorUrl));
  }
  const client = await context.newCDPSession(page);
  await client.send("Performance.enable");
  await page.locator(ROW).first().waitFor();
  const turns = [];
  for (let i = 0; i < ROUNDS; i++) turns.push(await turnPage(page, client, "Next"));
  const asked = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await page.evaluate(async () => (await fetch("/api/v1/certificates?limit=50&sort=name")).text());
    asked.push(performance.now() - start);
  }

  console.log(`\nconsole: ${COUNT} certificates, ${ROUNDS} rounds, medians (smallest to largest)`);
  line("first load: kB over the network, all requests", loads.map((one) => one.bytes / 1000));
  line("first load: ms until the first page of the list is painted", loads.map((one) => one.ms), floors.map((one) => one.ms));
  line("first load: ms of scripting", loads.map((one) => one.script));
  line("next page: ms until its rows are painted", turns.map((one) => one.ms), asked);
  line("next page: ms of scripting", turns.map((one) => one.script));
  line("next page: ms of style and layout", turns.map((one) => one.layout));
  line("the same page asked of the API by the browser, ms", asked);
});
