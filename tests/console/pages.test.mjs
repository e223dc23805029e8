// Every page of the console, with real data: accessible (WCAG 2.2 AA) in both languages, light and dark; usable on a phone and at 200 % zoom; with one heading, a title, the equivalent command, and
// names of certificates as text. And what all pages have in common: the frame, by keyboard.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { CA, checkAxe, checkWidth, field, file, follow, Node, open, openssl, ROOT, tabTo, taskButton, until } from "./harness.mjs";

const MARKUP = "<img src=x onerror=alert(1)>";
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;
const PHONE = { width: 360, height: 640 };
const DESK = { width: 1280, height: 900 };
/* As a browser sees it that shows 1280 by 900 pixels at 200 %. */
const ZOOMED = { width: 640, height: 450 };

const node = await Node.start();
const root = new CA("Pages Test Root");
const issuing = new CA("Pages Test Issuing CA", root);

async function trust(pem, words = "") {
  return (await node.ask("POST", `/certificates/trust/tomcat-trust?yes=1${words}`, { body: pem })).number;
}

async function request(purpose, json = {}) {
  return (await node.ask("POST", `/csrs/${purpose}?yes=1`, { json })).number;
}

async function odd() {
  const pem = openssl(["req", "-x509", "-utf8", "-key", root.key, "-subj", `/O=Odd \u202Egro.elpmaxe\u202C Ltd\u0007/CN=${MARKUP}\u202Egnp.exe`, "-days", "30", "-config", "/dev/null"]).toString();
  const added = await trust(pem, `&description=${encodeURIComponent(MARKUP)}`);
  const { items } = await node.ask("GET", `/certificates?where=${encodeURIComponent("common-name begins with <img")}`);
  return { pem, added, page: `/certificates/trust/tomcat-trust/${encodeURIComponent(items[0].name)}` };
}

await trust(root.pem + issuing.pem);
await trust(root.leaf("old.example.com", { from: -400, to: -35 }).pem);
const strange = await odd();
await request("tomcat", { subject_alt_names: ["voice.example.com"], organization: MARKUP });
await node.ask("POST", "/certificates/own/tomcat?yes=1", { body: issuing.sign((await node.api("GET", "/csrs/tomcat/content")).body.toString()) });
await request("CallManager", { subject_alt_names: ["sip.example.com"], organization: `${MARKUP}\u202Egnp` });
const undone = await request("TVS");
await node.ask("POST", `/changes/${undone}/undo?yes=1`);

// A phone that fetches its lists, and one that has fetched the former ITL only; the lists before and after mixed mode was turned on.
async function phones() {
  const { "phone-http": port } = JSON.parse(readFileSync(join(node.data, "ports.json"), "utf8"));
  const get = (name) => fetch(`http://127.0.0.1:${port}/${name}`).then((answer) => answer.arrayBuffer());
  for (const device of ["SEP001122334455", "SEP00AABBCCDDEE"]) await get(`ITL${device}.tlv`);
  await node.ask("POST", "/lists/mode?yes=1", { json: { mode: "mixed-mode" } });
  for (const name of ["ITLSEP001122334455.tlv", "CTLSEP001122334455.tlv", "SEP001122334455.cnf.xml.sgn"]) await get(name);
  await node.ask("POST", "/certificates/own/CAPF/regenerate?yes=1", { json: {} });
  const { items } = await node.ask("GET", "/lists/ITL/versions");
  return items.at(-1).version;
}

const firstItl = await phones();

const file_ = (name, content) => async (page) => {
  await page.locator('input[type="file"]').setInputFiles(file(name, content));
  await page.locator(".plan").waitFor();
};
// What is folded is unfolded, from the outside to the inside.
const openAll = async (page) => {
  const folded = page.locator("main details:not([open]):visible > summary");
  while ((await folded.count()) > 0) await folded.first().click();
  await page.locator(".elements table").first().waitFor();
};
const planned = (page) => page.locator(".plan").waitFor();
const PLAN = ".plan";
const FACTS = "dl.facts";

/*
 * address: of routes.ts; path: where it is looked at; ready: what is there when the page has come; fill: what makes it complete; statuses: of answers of the API that it expects; noCommand: where there is nothing to be done by
 * a command.
 */
const PAGES = [
  { address: "/", ready: ".timeline-picture" },
  { address: "/certificates", path: `/certificates?where=${encodeURIComponent("unit is tomcat-trust")}&where=${encodeURIComponent("expires after 2020-01-01")}`, ready: ".cert-list tbody tr" },
  { address: "/certificates/own/:purpose", path: "/certificates/own/tomcat", ready: "svg.chain" },
  { address: "/certificates/own/:purpose/regenerate", path: "/certificates/own/tomcat/regenerate", ready: PLAN },
  { address: "/certificates/trust/:store/:name", path: strange.page, ready: "svg.chain" },
  { address: "/certificates/trust/:store/:name", path: "/certificates/trust/tomcat-trust/old.example.com.pem", ready: "svg.chain" },
  { address: "/certificates/trust/:store/:name/delete", path: `${strange.page}/delete`, ready: PLAN },
  { address: "/certificates/trust/:store/:name/delete", path: "/certificates/trust/tomcat-trust/Pages_Test_Root.pem/delete", ready: ".plan-group.danger" },
  { address: "/generate-self-signed", path: "/generate-self-signed?purpose=CallManager", ready: PLAN },
  { address: "/generate-csr", path: "/generate-csr?purpose=CallManager", ready: ".names li" },
  { address: "/csrs", ready: "tbody tr" },
  { address: "/csrs/:purpose", path: "/csrs/CallManager", ready: FACTS },
  { address: "/csrs/:purpose/delete", path: "/csrs/CallManager/delete", ready: PLAN },
  { address: "/upload", ready: 'input[type="file"]', fill: file_("odd.pem", strange.pem) },
  { address: "/cluster", ready: "tbody tr" },
  { address: "/cluster/add", ready: '[name="node"]', fill: (page) => field(page, "node").fill("cucm-sub1"), statuses: [409, 422] },
  { address: "/cluster/diagnose", ready: ".notice" },
  { address: "/cluster/oauth", ready: FACTS },
  { address: "/cluster/oauth/:key/regenerate", path: "/cluster/oauth/signing/regenerate", ready: PLAN },
  { address: "/cluster/oauth/:key/regenerate", path: "/cluster/oauth/encryption/regenerate", ready: ".command" },
  { address: "/cluster/nodes/:node/remove", path: `/cluster/nodes/${node.name}/remove`, ready: ".task", statuses: [409, 422] },
  { address: "/cluster/nodes/:node/rename", path: `/cluster/nodes/${node.name}/rename`, ready: ".task", fill: (page) => field(page, "name").fill("cucm-new").then(() => planned(page)) },
  { address: "/lists", ready: ".list-sides" },
  { address: "/lists/:list", path: "/lists/ctl", ready: ".list-records" },
  { address: "/lists/:list", path: `/lists/itl?version=${firstItl}`, ready: ".list-records", fill: openAll },
  { address: "/lists/:list", path: `/lists/itl?compare=${firstItl}`, ready: ".list-sides" },
  { address: "/lists/mode/:mode", path: "/lists/mode/non-secure-mode", ready: ".list-sides" },
  { address: "/lists/:list/update", path: "/lists/ctl/update", ready: ".list-sides" },
  { address: "/lists/:list/reset", path: "/lists/itl/reset", ready: PLAN },
  { address: "/phones", path: "/phones?list=itl&stale=1", ready: ".phone-list tbody tr" },
  { address: "/phones/:device", path: "/phones/SEP001122334455", ready: "tbody tr" },
  { address: "/settings", ready: ".setting" },
  { address: "/settings/:name", path: "/settings/file-signature", ready: PLAN },
  { address: "/jobs", ready: ".empty" },
  { address: "/jobs/:id", path: "/jobs/none", ready: "[role=alert]", statuses: [404] },
  { address: "/followups", ready: ".followup" },
  { address: "/changes", ready: "tbody tr" },
  { address: "/changes/:number", path: `/changes/${strange.added}`, ready: PLAN },
  { address: "/changes/:number", path: `/changes/${undone}?done=1`, ready: PLAN },
  { address: "/changes/:number/undo", path: `/changes/${strange.added}/undo`, ready: PLAN },
  { address: "/account", ready: '[name="password"]', fill: async (page) => {
    for (const name of ["current", "password", "repeat"]) await field(page, name).fill("a much longer one");
    await planned(page);
  } },
  { address: "no page", path: `/no/${encodeURIComponent(MARKUP)}`, ready: ".lead", noCommand: true },
];

test("every page of the console is looked at here", () => {
  const addresses = [...readFileSync(join(ROOT, "web/src/pages/routes.ts"), "utf8").matchAll(/pattern: "([^"]+)"/g)].map((one) => one[1]);
  assert.ok(addresses.length > 20);
  assert.deepEqual(addresses.filter((one) => !PAGES.some((page) => page.address === one)), []);
});

// Goes to one of the pages, and waits until all of it has come.
async function see(page, { address, path = address, ready, fill }) {
  await follow(page, path);
  await page.locator(ready).first().waitFor();
  await fill?.(page);
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
}

async function checkText(page) {
  const headings = page.getByRole("heading", { level: 1 });
  assert.equal(await headings.count(), 1);
  assert.equal(await page.title(), `${await headings.innerText()} · ucpki`);
  assert.equal(await page.locator("body img, main script").count(), 0, "a name became markup");
  const text = await page.locator("body").innerText();
  const [unseen] = UNSEEN.exec(text) ?? [];
  assert.equal(unseen, undefined, `${JSON.stringify(unseen)} in ${JSON.stringify(text.slice(Math.max(0, text.search(UNSEEN) - 60), text.search(UNSEEN) + 20))}`);
}

async function checkWidths(page) {
  for (const size of [PHONE, ZOOMED]) {
    await page.setViewportSize(size);
    await checkWidth(page);
  }
}

// What a page gives as the equivalent command is understood; what only looks, and what can be tried without doing it, is done.
async function checkCommand(page, none) {
  const lines = await page.locator("aside.command code").allInnerTexts();
  if (none) return assert.deepEqual(lines, []);
  assert.ok(lines.length > 0, "no command is shown");
  for (const line of lines.flatMap((one) => one.split(" && "))) {
    const asked = node.shell(`${line} --help`);
    assert.equal(asked.status, 0, `${line}\n${asked.err}`);
    const tried = /^ucpki show /.test(line) ? line : /--dry-run/.test(asked.out) && !/FILE|\.pem/.test(line) ? `${line} --dry-run` : null;
    if (!tried) continue;
    const { status, err } = node.shell(`${tried} --json`);
    assert.notEqual(status, 2, `${tried}\n${err}`);
    assert.notEqual(status, 3, `${tried}\n${err}`);
  }
}

const EXPECTED = [...new Set(PAGES.flatMap((one) => one.statuses ?? []))];

for (const [locale, scheme, size] of [["en-US", "light", DESK], ["ja-JP", "dark", PHONE]])
  test(`every page, ${locale}, ${scheme}, at a width of ${size.width}`, async (t) => {
    const { page } = await open(t, node, { locale, scheme, ...size, statuses: EXPECTED });
    assert.equal(await page.evaluate(() => document.documentElement.lang), locale.slice(0, 2));
    for (const one of PAGES)
      await t.test(`${locale}, ${scheme}: ${one.path ?? one.address}`, async () => {
        await page.setViewportSize(size);
        await see(page, one);
        await checkText(page);
        await checkAxe(page);
        await checkWidths(page);
        if (locale === "en-US") await checkCommand(page, one.noCommand);
      });
  });

for (const [locale, scheme] of [["en-US", "dark"], ["ja-JP", "light"]])
  test(`signing in, ${locale}, ${scheme}`, async (t) => {
    const { page } = await open(t, node, { locale, scheme, signedOut: true });
    await field(page, "account").waitFor();
    await checkText(page);
    await checkAxe(page);
    await checkWidths(page);
  });

/* The colours of what is drawn and marked are the same in every language: the other schemes of those pages that have the most of them. */
for (const [locale, scheme] of [["en-US", "dark"], ["ja-JP", "light"]])
  test(`pages with pictures and states, ${locale}, ${scheme}`, async (t) => {
    const { page } = await open(t, node, { locale, scheme });
    for (const path of ["/", "/certificates", "/certificates/own/tomcat", "/certificates/trust/tomcat-trust/old.example.com.pem", "/certificates/trust/tomcat-trust/Pages_Test_Root.pem/delete", `/changes/${undone}`, "/followups"]) {
      const one = PAGES.find((each) => (each.path ?? each.address).split("?")[0] === path);
      await see(page, one);
      await checkAxe(page);
    }
  });

const focused = (page) => page.evaluate(() => document.activeElement.tagName + " " + document.activeElement.textContent);

test("by keyboard: the first Tab offers to skip to the content; a page that was followed begins at its heading", async (t) => {
  const { page } = await open(t, node);
  await page.reload();
  await page.locator(".timeline-picture").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "A Skip to the content");
  const box = await page.locator("a.skip").boundingBox();
  assert.ok(box.x >= 0 && box.y >= 0 && box.height >= 24, JSON.stringify(box));
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "content");
  assert.equal(new URL(page.url()).pathname, "/");
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.querySelector("main").contains(document.activeElement)));
  await tabTo(page, page.locator('.menu a[href="/changes"]'), 120);
  await page.keyboard.press("Enter");
  await until("the heading", async () => (await focused(page)) === "H1 Changes");
  assert.equal(await page.locator('.menu [aria-current="page"]').innerText(), "Changes");
});

test("on a phone the menu opens and closes by its button, and after a choice", async (t) => {
  const { page } = await open(t, node, PHONE);
  const button = page.getByRole("button", { name: "Menu" });
  const link = page.locator('.menu a[href="/cluster"]');
  assert.equal(await button.getAttribute("aria-expanded"), "false");
  assert.ok(!(await link.isVisible()));
  await tabTo(page, button);
  await page.keyboard.press("Enter");
  await until("the menu", () => link.isVisible());
  assert.equal(await button.getAttribute("aria-expanded"), "true");
  await checkAxe(page);
  await checkWidth(page);
  await tabTo(page, link);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Cluster" }).waitFor();
  await until("it is closed", async () => !(await link.isVisible()));
});

test("the language is chosen on any page, at once, without losing the place, and kept", async (t) => {
  const { page } = await open(t, node, { path: "/certificates?usage=own&sort=-expires" });
  const choice = page.locator(".language select");
  await page.getByRole("heading", { level: 1, name: "Certificates" }).waitFor();
  await choice.selectOption("ja");
  await page.getByRole("heading", { level: 1, name: "証明書の一覧" }).waitFor();
  assert.equal(new URL(page.url()).search, "?usage=own&sort=-expires");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "ja");
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "証明書の一覧" }).waitFor();
  await choice.selectOption("en");
  await page.getByRole("heading", { level: 1, name: "Certificates" }).waitFor();
});

test("what has been typed stays when the language changes, and what was chosen", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr?purpose=TVS" });
  await planned(page);
  await page.locator("details summary").last().click();
  await field(page, "organization").fill("Example, Ltd");
  await field(page, "key").selectOption("rsa-3072");
  await field(page, "why").fill("it is time");
  await page.locator(".language select").selectOption("ja");
  await page.getByRole("heading", { level: 1, name: "CSR の作成" }).waitFor();
  assert.deepEqual(await Promise.all(["organization", "key", "why"].map((name) => field(page, name).inputValue())), ["Example, Ltd", "rsa-3072", "it is time"]);
  await page.locator(".plan").getByText("RSA 3072").first().waitFor();
  assert.match(await page.title(), /CSR の作成/);
  assert.match(await taskButton(page).innerText(), /作成/);
  await page.locator(".language select").selectOption("en");
  await page.getByRole("heading", { level: 1, name: "Generate CSR" }).waitFor();
  assert.equal(await field(page, "organization").inputValue(), "Example, Ltd");
});

test("the list is in the other language as well, its rows too", async (t) => {
  const { page } = await open(t, node, { path: "/certificates?usage=own" });
  await page.locator(".cert-list").waitFor();
  const before = await page.locator(".cert-list tbody").innerText();
  await page.locator(".language select").selectOption("ja");
  await page.getByRole("heading", { level: 1, name: "証明書の一覧" }).waitFor();
  assert.notEqual(await page.locator(".cert-list tbody").innerText(), before);
  assert.match(await page.locator(".cert-list thead").innerText(), /[ぁ-ん一-龠]/);
});

test("a job that does not exist is not asked for again and again", async (t) => {
  const { page } = await open(t, node, { path: "/jobs/none", statuses: [404] });
  await page.getByRole("alert").first().waitFor();
  const asked = { job: 0, status: 0 };
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.endsWith("/jobs/none")) asked.job++;
    if (pathname.endsWith("/status")) asked.status++;
  });
  await until("two heartbeats, in which others are looked at ten times", () => asked.status >= 2);
  assert.equal(asked.job, 0);
});

test("a name of a certificate with markup stands on its pages as it is written, and what is not seen by its number", async (t) => {
  const { page } = await open(t, node, { path: strange.page });
  await page.locator("svg.chain").waitFor();
  await page.locator(".summary").getByText(`${MARKUP}<U+202E>gnp.exe`).first().waitFor();
  await page.locator("dl.facts").first().getByText(MARKUP, { exact: true }).waitFor();
  await follow(page, `/certificates?where=${encodeURIComponent(`common-name begins with ${MARKUP}`)}`);
  await page.getByRole("cell", { name: `${MARKUP}<U+202E>gnp.exe` }).first().waitFor();
  await follow(page, `${strange.page}/delete`);
  await until("the plan", () => taskButton(page).isEnabled());
  assert.ok((await page.locator(".plan").innerText()).includes(MARKUP));
});
