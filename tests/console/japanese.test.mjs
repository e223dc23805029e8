// A Japanese reader meets no English sentence: the pages of the daily tasks, their plans, findings, errors and records, each looked through for English words in a row.
import assert from "node:assert/strict";
import test from "node:test";
import { CA, carryOut, field, file, follow, FQDN, NAME, Node, open, taskButton, until } from "./harness.mjs";

const node = await Node.start();
const { items: purposes } = await node.ask("GET", "/purposes");
const { items: stores } = await node.ask("GET", "/stores");
const JAPANESE = { locale: "ja-JP", statuses: [400, 401, 404, 409, 422, 502] };

// What is English in Japanese too: names of purposes, stores, products and services, and commands as they are typed.
const UNITS = new RegExp(`\\b(${[...purposes, ...stores].map((one) => one.name).sort((a, b) => b.length - a.length).join("|")})\\b`, "g");
const NAMES = /XCP XMPP Federation Connection Manager|XCP (Web )?Connection Manager|XCP Authentication Service|DRS (local|master) agent|IM and Presence|SIP Proxy|Presence Engine/g;
const COMMANDS = /(?<![A-Za-z])(set|show|utils|file get|ucpkid|ucpki|keytool|ssh-keygen) [ -~]*/g;
const IN_A_ROW = /(?<![\w.@/-])[A-Za-z][A-Za-z'’-]*(?:[,;:.]* [A-Za-z][A-Za-z'’-]*){3,}/;

// The English that a page shows: in text, labels and lists to choose from, but not in code, PEM and what has been typed.
function readTexts() {
  const skipped = "code, pre, textarea, script, style, [lang=en]";
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const out = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(skipped)) out.push(walker.currentNode.data);
  for (const one of document.querySelectorAll("main [aria-label], main [title], main [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"]) out.push(one.getAttribute(name) ?? "");
  out.push(document.title);
  return out;
}

// Of each page: the requests under way, and the English that was met.
const underWay = new Map();
const met = new Map();

async function look(t, options) {
  const { page } = await open(t, node, { ...JAPANESE, ...options });
  const pending = new Set();
  underWay.set(page, pending);
  met.set(page, new Set());
  t.after(() => assert.deepEqual([...met.get(page)], []));
  page.on("request", (request) => pending.add(request));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => pending.delete(request));
  return page;
}

// Waits until nothing is being asked, and nothing is about to be: plans are asked for a little after the last key.
async function settle(page) {
  await page.locator("main h1").first().waitFor();
  for (let calm = 0; calm < 8; calm = underWay.get(page).size === 0 ? calm + 1 : 0) await page.waitForTimeout(100);
}

async function checkPage(page) {
  await settle(page);
  const english = (await page.evaluate(readTexts))
    .map((text) => text.replace(NAMES, "…").replace(UNITS, "…").replace(COMMANDS, "…"))
    .filter((text) => IN_A_ROW.test(text));
  for (const text of english) met.get(page).add(`${new URL(page.url()).pathname}: ${text}`);
}

async function checkAll(page, paths) {
  for (const path of paths) {
    await follow(page, path);
    await checkPage(page);
  }
}

test("each page", async (t) => {
  const page = await look(t);
  const { items: nodes } = await node.ask("GET", "/nodes");
  assert.equal(nodes.length, 1);
  await checkAll(page, ["/", "/certificates", "/certificates?where=name+contains+tomcat", "/csrs", "/upload", "/generate-csr", "/generate-self-signed", "/cluster", "/cluster/oauth"]);
  await checkAll(page, ["/cluster/add", "/cluster/diagnose", "/followups", "/changes", "/changes/1", "/changes/1/undo", "/jobs", "/account", `/cluster/nodes/${NAME}/rename`]);
  await checkAll(page, ["/lists", "/lists/itl", "/lists/ctl", "/lists/mode/mixed-mode", "/lists/itl/reset", "/lists/itl/update", "/lists/ctl/update", "/phones", "/phones?list=ctl&stale=1", "/phones/SEP0"]);
  await checkAll(page, ["/settings", ...["file-signature", "list-encryption", "phone-fill", "list-signer", "nothing"].map((name) => `/settings/${name}`)]);
  await checkAll(page, [`/cluster/nodes/${NAME}/remove`, "/jobs/nothing", "/changes/999999", "/nowhere", "/certificates/own/nothing", "/certificates/trust/tomcat-trust/nothing.pem"]);
});

test("each certificate: what it is for, its chain, its fields", async (t) => {
  const page = await look(t);
  const { items } = await node.ask("GET", "/certificates?limit=200");
  const own = items.filter((one) => one.usage === "own").map((one) => `/certificates/own/${one.unit}`);
  const trust = items.filter((one) => one.usage === "trust").map((one) => `/certificates/trust/${one.unit}/${encodeURIComponent(one.name)}`);
  await checkAll(page, [...new Set([...own, ...own.map((one) => `${one}/regenerate`), ...trust.slice(0, 8), ...trust.map((one) => `${one}/delete`)])]);
});

test("a certificate is regenerated, and that is undone", async (t) => {
  const page = await look(t, { path: "/certificates/own/CallManager/regenerate" });
  await field(page, "key").selectOption("rsa-3072");
  await page.locator(".plan-group.danger").waitFor();
  await checkPage(page);
  await field(page, "key").selectOption("");
  await until("the plan", () => taskButton(page).isEnabled());
  await checkPage(page);
  const number = await carryOut(page);
  await checkPage(page);
  await follow(page, `/changes/${number}/undo`);
  await page.locator(".plan").waitFor();
  await checkPage(page);
  await carryOut(page);
  await checkPage(page);
  await checkAll(page, ["/", "/followups", "/changes", "/certificates/own/CallManager", `/changes/${number}`]);
});

test("follow-ups are done", async (t) => {
  const page = await look(t, { path: "/followups" });
  const { items } = await node.ask("GET", "/followups");
  assert.ok(items.length > 0);
  const done = await node.ask("POST", "/followups/done?yes=1", { json: { ids: items.map((one) => one.id) } });
  await checkAll(page, ["/followups", "/changes", `/changes/${done.number}`, `/changes/${done.number}/undo`]);
});

test("a CSR, with what may be wrong in it", async (t) => {
  const page = await look(t, { path: "/generate-csr" });
  await field(page, "purpose").selectOption("tomcat");
  await page.locator("summary").filter({ hasText: "サブジェクトの項目" }).click();
  for (const [name, wrong, right] of [["country", "Japan", "JP"], ["subject_alt_names", "bad..name", "voice.example.com"], ["common_name", "a".repeat(70), "cucm.example.com"], ["parent_domain", "-.-", ""]]) {
    await field(page, name).fill(wrong);
    await until(`an error of ${name}`, async () => (await page.locator(".field-error").count()) > 0);
    await checkPage(page);
    await field(page, name).fill(right);
    await until("no error", async () => (await page.locator(".field-error").count()) === 0);
  }
  await checkPage(page);
  await taskButton(page).click();
  await page.waitForURL((url) => url.pathname === "/csrs/tomcat");
  await checkPage(page);
  await checkAll(page, ["/csrs", "/csrs/tomcat", "/generate-csr?purpose=tomcat", "/csrs/tomcat/delete", "/certificates/own/tomcat", "/generate-csr?purpose=ITLRecovery", "/generate-csr?purpose=tomcat&distribution=multi-server"]);
  await until("the plan", async () => (await page.locator(".plan li").count()) > 0);
  await checkPage(page);
});

test("files of all kinds are uploaded", async (t) => {
  const root = new CA("Root One");
  const issuing = new CA("Issuing", root);
  const page = await look(t, { path: "/upload" });
  const choose = async (name, content) => {
    await follow(page, "/");
    await follow(page, "/upload");
    await page.locator('input[type="file"]').setInputFiles(file(name, content));
    await page.locator(".drop-name").getByText(name).waitFor();
    await settle(page);
  };
  const { body: csr } = await node.api("GET", "/csrs/tomcat/content?format=pem");
  const files = {
    "invoice.txt": "Dear Sir or Madam",
    "page.html": "<!doctype html><html></html>",
    "empty.pem": "",
    "cut.pem": root.pem.split("\n").slice(0, 4).join("\n"),
    "wrong.pem": root.pem.replace(/[A-Za-z]{4}/, "!!!!"),
    "ssh.pub": "ssh-ed25519 AAAAC3Nz me",
    "zip.zip": Buffer.from("504b0304", "hex"),
    "binary.bin": Buffer.from("0102030405060708ff", "hex"),
    "tomcat.csr": csr,
    "foreign.pem": issuing.leaf(FQDN).pem,
    "wild.pem": issuing.leaf("*.example.com").pem,
    "answer.pem": issuing.sign(String(csr)),
  };
  for (const [name, content] of Object.entries(files)) {
    await choose(name, content);
    await checkPage(page);
  }
  await choose("root.pem", root.pem);
  await until("the plan", () => taskButton(page).isEnabled());
  await checkPage(page);
  await carryOut(page);
  await checkPage(page);
  await choose("bundle.pem", [issuing.sign(String(csr)), issuing.pem, root.pem].join(""));
  await until("the plan", () => taskButton(page).isEnabled());
  await checkPage(page);
  await carryOut(page);
  await checkPage(page);
  await checkAll(page, ["/", "/certificates", "/certificates/own/tomcat", "/certificates/own/tomcat/regenerate", "/certificates/trust/tomcat-trust/Root_One.pem", "/certificates/trust/tomcat-trust/Root_One.pem/delete"]);
});

test("a trust certificate that something depends on is deleted", async (t) => {
  const page = await look(t, { path: "/certificates/trust/tomcat-trust/Root_One.pem/delete" });
  await page.locator(".plan-group.danger").waitFor();
  await checkPage(page);
  await page.locator('.task input[type="checkbox"]').check();
  await until("the agreement counts", () => taskButton(page).isEnabled());
  const number = await carryOut(page);
  await checkPage(page);
  await checkAll(page, ["/", "/certificates/own/tomcat", `/changes/${number}/undo`, "/changes?object=own%2Ftomcat"]);
});

test("a node that is added to a single node, and peers that do not answer", async (t) => {
  const page = await look(t, { path: "/cluster/add" });
  await field(page, "node").fill("cucm-sub1");
  await settle(page);
  await until("an answer", async () => (await page.locator(".notice, .field-error, .plan li").count()) > 0);
  await checkPage(page);
  await follow(page, "/cluster/oauth");
  await field(page, "peers").fill("127.0.0.1:1");
  await field(page, "account").fill("admin");
  await field(page, "password").fill(node.password);
  await page.locator('form button[type="submit"]').click();
  await settle(page);
  await checkPage(page);
  await follow(page, "/cluster/oauth/signing/regenerate");
  await until("the plan", async () => (await page.locator(".plan li").count()) > 0);
  await checkPage(page);
});
