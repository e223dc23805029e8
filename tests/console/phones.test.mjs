// The phones that a node has served, through the console: how they come to be there, which lists they have fetched, what they asked for in vain, page by page. Phones are made by asking over TFTP and HTTP, as real
// ones do.
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { checkAxe, checkWidth, field, follow, Node, open, tabTo, until } from "./harness.mjs";

const MARKUP = "<img src=x onerror=alert(1)>";
const [FIRST, SECOND] = ["SEP001122334455", "SEP00AABBCCDDEE"];

const node = await Node.start();
const ports = JSON.parse(readFileSync(join(node.data, "ports.json"), "utf8"));

async function overHttp(name) {
  const answer = await fetch(`http://127.0.0.1:${ports["phone-http"]}/${encodeURIComponent(name)}`);
  await answer.arrayBuffer();
  return answer.status;
}

// A transfer as RFC 1350 has it, in blocks of 512 bytes; answers the file. An answer that gets lost is asked for again by the server.
function overTftp(name) {
  const socket = dgram.createSocket("udp4");
  const blocks = [];
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (packet, from) => {
      if (packet.readUInt16BE(0) !== 3) return reject(new Error(`TFTP: ${packet.subarray(4)}`));
      const number = packet.readUInt16BE(2);
      blocks[number - 1] = packet.subarray(4);
      socket.send(Buffer.from([0, 4, number >> 8, number & 255]), from.port, from.address, () => packet.length < 516 && resolve(Buffer.concat(blocks)));
    });
    socket.send(Buffer.concat([Buffer.from([0, 1]), Buffer.from(`${name}\0octet\0`)]), ports.tftp, "127.0.0.1");
  }).finally(() => socket.close());
}

async function regenerate(purpose) {
  await node.ask("POST", `/certificates/own/${purpose}/regenerate?yes=1`, { json: {} });
}

const line = (page, device) => page.locator(".phone-list tbody tr").filter({ has: page.getByRole("link", { name: device, exact: true }) });
const devices = (page) => page.locator(".phone-list tbody th").allInnerTexts();
const shows = (page, wanted) => until(`the phones ${wanted}`, async () => JSON.stringify(await devices(page)) === JSON.stringify(wanted));
const cell = (row, title) => row.locator(`td[data-title="${title}"]`);

test("before there are any, the page says how phones come to be there", async (t) => {
  const { page } = await open(t, node, { path: "/phones" });
  await page.getByText("No phone has fetched anything from this node yet.").waitFor();
  await page.getByText(/DHCP option 150/).waitFor();
  const addresses = page.locator(".phones-how li");
  await until("the addresses", async () => (await addresses.count()) === 3);
  assert.deepEqual(await addresses.allInnerTexts(), [`tftp://${node.name}.${node.domain}:${ports.tftp}/`, `http://${node.name}.${node.domain}:${ports["phone-http"]}/`, `https://${node.name}.${node.domain}:${ports["phone-https"]}/`]);
  assert.equal(await field(page, "stale").count(), 0, "there is nothing to choose from");
  await checkAxe(page);
});

test("phones that fetch their lists and configuration come to be on the page by themselves, with what they asked for in vain", async (t) => {
  const { page } = await open(t, node, { path: "/phones" });
  await page.getByText("No phone has fetched anything from this node yet.").waitFor();
  const list = await overTftp(`ITL${FIRST}.tlv`);
  assert.deepEqual(list, (await node.api("GET", "/lists/ITL/content")).body);
  await assert.rejects(overTftp(`CTL${FIRST}.tlv`), /TFTP/);
  writeFileSync(join(node.data, "tftp", `${SECOND}.cnf.xml`), "<device><devicePool/></device>\n");
  assert.equal(await overHttp(`ITL${SECOND}.tlv`), 200);
  assert.equal(await overHttp(`${SECOND}.cnf.xml.sgn`), 200);
  await shows(page, [FIRST, SECOND]);
  assert.match(await cell(line(page, FIRST), "Last seen").innerText(), /TFTP$/);
  assert.match(await cell(line(page, FIRST), "ITL").innerText(), /^the present one/);
  assert.equal(await cell(line(page, FIRST), "CTL").innerText(), "there is no such list");
  assert.equal(await cell(line(page, FIRST), "Configuration").innerText(), "—");
  assert.match(await cell(line(page, FIRST), "Not found last").innerText(), new RegExp(`^CTL${FIRST}\\.tlv`));
  assert.equal(await cell(line(page, SECOND), "Address").innerText(), "127.0.0.1");
  assert.match(await cell(line(page, SECOND), "Configuration").innerText(), new RegExp(`^${SECOND}\\.cnf\\.xml`));
  await page.getByRole("region", { name: "How far they have come" }).getByText("2 have this version").waitFor();
  await checkAxe(page);
});

test("those that have not fetched the present ITL are found; which is in the address", async (t) => {
  await regenerate("TVS");
  assert.equal(await overHttp(`ITL${SECOND}.tlv`), 200);
  const { page } = await open(t, node, { path: "/lists" });
  const itl = page.getByRole("region", { name: `ITL file of ${node.name}`, exact: true });
  await itl.getByText("one has this version").waitFor();
  await itl.getByText("one has an older one").waitFor();
  await itl.getByRole("link", { name: "Which have not fetched it?" }).click();
  await shows(page, [FIRST]);
  assert.equal(await field(page, "stale").inputValue(), "itl");
  assert.match(await cell(line(page, FIRST), "ITL").innerText(), /^an older one/);
  await page.getByText("ucpki show phone list --list itl --stale").waitFor();
  await checkAxe(page);
  await tabTo(page, field(page, "stale"));
  await field(page, "stale").selectOption("");
  await shows(page, [FIRST, SECOND]);
  assert.equal(new URL(page.url()).search, "");
  await page.goto(`${node.url}/phones?list=itl&stale=1`);
  await shows(page, [FIRST]);
  await page.setViewportSize({ width: 360, height: 640 });
  await checkWidth(page);
  await overTftp(`ITL${FIRST}.tlv`);
  await page.getByText("Every phone that is known has fetched the present ITL.").waitFor();
  await checkAxe(page);
});

test("in mixed mode the CTL counts as well: one that has none yet", async (t) => {
  await node.ask("POST", "/lists/mode?yes=1", { json: { mode: "mixed-mode" } });
  assert.equal(await overHttp(`CTL${SECOND}.tlv`), 200);
  const { page } = await open(t, node, { path: "/phones?list=ctl&stale=1" });
  await shows(page, [FIRST]);
  assert.equal(await cell(line(page, FIRST), "CTL").innerText(), "none yet");
  await page.getByText("ucpki show phone list --list ctl --stale").waitFor();
  const counts = page.getByRole("region", { name: "How far they have come" });
  await counts.getByText("one has none yet").waitFor();
  /* The parts of the bar are as wide as they should be. */
  const widths = await counts.locator(".phone-bar > svg").first().locator("rect[height='11']").evaluateAll((all) => all.filter((one) => !one.closest("defs")).map((one) => [one.getAttribute("class"), one.width.baseVal.value]));
  assert.deepEqual(widths, [["current", 119], ["never", 119]]);
});

test("a phone: every version that it has fetched, each the way to the list", async (t) => {
  const { page } = await open(t, node, { path: "/phones", statuses: [404] });
  await page.getByRole("link", { name: SECOND }).click();
  await page.getByRole("heading", { level: 1, name: SECOND }).waitFor();
  await page.getByText(`ucpki show phone own ${SECOND}`).waitFor();
  const rows = page.getByRole("region", { name: "Lists that it has fetched" }).locator("tbody tr");
  const { lists } = await node.ask("GET", `/phones/${SECOND}`);
  assert.equal(lists.length, 3, "two ITLs, one CTL");
  await until("its lists", async () => (await rows.count()) === 3);
  assert.deepEqual(await rows.locator("th").allInnerTexts(), lists.map((one) => one.version.slice(0, 16)));
  /* The ITL says since mixed mode what it did not say before. */
  assert.deepEqual(await rows.filter({ hasText: "the present one" }).locator("th").allInnerTexts(), [lists.find((one) => one.list === "CTL").version.slice(0, 16)]);
  await checkAxe(page);
  const { version } = lists.findLast((one) => one.list === "ITL");
  await rows.getByRole("link", { name: version.slice(0, 16) }).click();
  await page.getByText("This is an earlier version.").waitFor();
  assert.equal(await page.locator(".digits").getByText(version.slice(0, 4)).count() > 0, true);
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: SECOND }).waitFor();
  await follow(page, "/phones/SEP999999999999");
  await page.getByRole("alert").getByText(/No phone 'SEP999999999999' has fetched anything/i).waitFor();
});

test("a name of a device with markup is a name", async (t) => {
  assert.equal(await overHttp(`ITL${MARKUP}.tlv`), 200);
  const { page } = await open(t, node, { path: "/phones" });
  await page.getByRole("link", { name: MARKUP, exact: true }).click();
  await page.getByRole("heading", { level: 1, name: MARKUP }).waitFor();
  await page.getByRole("region", { name: "Lists that it has fetched" }).getByRole("link").waitFor();
  assert.equal(await page.locator("main img").count(), 0);
});

test("many phones come page by page, and Back finds the page that was left", async (t) => {
  const many = Array.from({ length: 60 }, (_, i) => `SEP1000000000${String(i).padStart(2, "0")}`);
  for (const device of many) assert.equal(await overHttp(`ITL${device}.tlv`), 200);
  await until("all are known", async () => (await node.ask("GET", "/phones?limit=1000")).items.length === many.length + 3);
  const { page } = await open(t, node, { path: "/phones", locale: "ja-JP", scheme: "dark" });
  await until("a page", async () => (await devices(page)).length === 50);
  const first = await devices(page);
  await page.getByRole("link", { name: "次のページ" }).click();
  await until("the rest", async () => (await devices(page)).length === 13);
  const rest = await devices(page);
  assert.deepEqual(new Set([...first, ...rest]).size, 63);
  assert.match(new URL(page.url()).search, /cursor=/);
  await checkAxe(page);
  await page.goBack();
  await shows(page, first);
  await page.goForward();
  await shows(page, rest);
  await page.reload();
  await shows(page, rest);
  await page.getByRole("link", { name: "最初のページに戻る" }).click();
  await shows(page, first);
  await page.setViewportSize({ width: 360, height: 640 });
  await checkWidth(page);
});
