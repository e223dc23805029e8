// L1, P1, P2: trust lists through the console: the mode, the lists and what they will say next, their records and versions, who signs them, and what a plan says of phones that would be stranded. The tests
// are one story: each goes on where the one before it ended.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { carryOut, checkAxe, checkWidth, follow, Node, open, tabTo, taskButton, until } from "./harness.mjs";

const node = await Node.start();
const { "phone-http": httpPort } = JSON.parse(readFileSync(join(node.data, "ports.json"), "utf8"));

// What a phone that asks for that name gets.
async function fetched(name) {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/${name}`);
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
}

async function state(list) {
  return (await node.ask("GET", "/lists")).lists.find((one) => one.list === list);
}

async function regenerate(purpose) {
  return (await node.ask("POST", `/certificates/own/${purpose}/regenerate?yes=1&force=1`, { json: {} })).number;
}

const section = (page, name) => page.getByRole("region", { name, exact: true });
const ctlOf = (page) => section(page, "CTL file of the cluster");
const itlOf = (page) => section(page, `ITL file of ${node.name}`);
const fact = (within, name) => within.locator("dl.facts > div").filter({ has: within.page().locator("dt", { hasText: new RegExp(`^${name}$`) }) }).locator("dd").first();

// The rows of a picture of two sides, as they are read: "TFTP a | another role | CCM+TFTP a".
async function sides(within) {
  const rows = await within.locator(".list-sides tbody tr").evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => (cell.querySelector(".record p") ?? cell).innerText.replace(/\s+/g, " ").trim())));
  return rows.map((cells) => cells.join(" | "));
}

test("P2: a new node has an ITL file and no CTL file, and what each is for is said", async (t) => {
  const { page } = await open(t, node, { path: "/lists" });
  await section(page, "Mode of the cluster").getByText("Non-secure mode").waitFor();
  await ctlOf(page).getByText("There is none: the cluster has never been in mixed mode.").waitFor();
  await ctlOf(page).getByText(/^For mixed mode: the certificates that phones trust/).waitFor();
  await itlOf(page).getByText(/^In every mode: whose signature on files phones believe/).waitFor();
  const { published } = await state("ITL");
  assert.equal(await fact(itlOf(page), "State").innerText(), "says what it should");
  assert.equal(await fact(itlOf(page), "Version").innerText(), published.version.slice(0, 16));
  assert.equal(await fact(itlOf(page), "Signed by").innerText(), "ITLRecovery");
  assert.match(await fact(itlOf(page), "Content").innerText(), /^5 records, 8 kB$/);
  await itlOf(page).getByText("No phone has fetched anything from this node yet.").waitFor();
  assert.equal(await ctlOf(page).locator(".actions").count(), 0, "there is nothing to update yet");
  assert.equal(await page.locator('.menu [aria-current="page"]').innerText(), "Trust lists");
});

test("a CTL that there is not: its page and its update say what to do", async (t) => {
  const { page } = await open(t, node, { path: "/lists/ctl", statuses: [404] });
  await page.getByRole("alert").getByText("There is no CTL file: the cluster has never been in mixed mode").waitFor();
  await follow(page, "/lists/ctl/update");
  await page.locator(".plan-group.danger").getByRole("link", { name: "Turn mixed mode on" }).waitFor();
  assert.equal(await taskButton(page).count(), 0, "there is nothing that could be done");
  await checkAxe(page);
  await follow(page, "/lists/none");
  await page.getByRole("alert").getByText("There is no list 'NONE'").waitFor();
});

test("L1: mixed mode is turned on by keyboard: the plan shows what lists gain and lose, side by side", async (t) => {
  const before = await node.ask("GET", "/lists/ITL");
  const { page } = await open(t, node, { path: "/lists" });
  const way = page.getByRole("link", { name: "Turn mixed mode on" });
  await way.waitFor();
  await tabTo(page, way);
  await page.keyboard.press("Enter");
  await page.getByText("ucpki utils ctl set-cluster mixed-mode").waitFor();
  await page.locator(".plan-group.warn").getByText(/^Phones take the CTL file for good/).waitFor();
  const group = section(page, "What phones' lists gain and lose");
  const [itl, ctl] = [group.locator(".list-change").filter({ hasText: "ITL file" }), group.locator(".list-change").filter({ hasText: "CTL file" })];
  const own = (await node.ask("GET", "/certificates/own/CallManager")).common_name;
  const capf = (await node.ask("GET", "/certificates/own/CAPF")).common_name;
  assert.deepEqual(await sides(itl), [`TFTP ${own} | another role | CCM+TFTP ${own}`]);
  assert.deepEqual(await sides(ctl), ["SAST ITLRECOVERY_cucm-pub", `SAST ${own}`, `CCM+TFTP ${own}`, `CAPF ${capf}`].map((one) => `— | added | ${one}`));
  assert.doesNotMatch(await page.locator(".plan").innerText(), /gains a record|loses a record/);
  await section(page, "What follows by itself").getByText(`The ITL file of ${node.name} is signed anew by itself`).waitFor();
  await checkAxe(page);
  assert.equal((await state("CTL")).published, null, "a look changes nothing");
  const number = await carryOut(page);
  await page.locator("dd").getByRole("link", { name: "CTL", exact: true }).waitFor();
  await section(page, "What phones' lists gained and lost").waitFor();
  await page.getByText("ITL file published: done").waitFor();

  const now = await state("CTL");
  assert.equal(now.published.number, number);
  const { body } = await fetched("CTLSEP001122334455.tlv");
  assert.deepEqual(body, (await node.api("GET", "/lists/CTL/content")).body);
  assert.notEqual((await node.ask("GET", "/lists/ITL")).version.version, before.version.version);
  await follow(page, "/lists");
  await section(page, "Mode of the cluster").getByText("Mixed mode", { exact: true }).waitFor();
  assert.equal(await fact(ctlOf(page), "Version").innerText(), now.published.version.slice(0, 16));
});

test("a list: who signed it, its checksums, its records with the ways to their certificates, its bytes", async (t) => {
  const { page } = await open(t, node, { path: "/lists" });
  await ctlOf(page).getByRole("link", { name: (await state("CTL")).published.version.slice(0, 16) }).click();
  await page.getByRole("heading", { level: 1, name: "CTL file of the cluster" }).waitFor();
  const list = await node.ask("GET", "/lists/CTL");
  await page.locator(".summary").getByText("The signature is right").waitFor();
  const header = section(page, "Header");
  assert.equal(await header.locator(".digits").nth(0).textContent(), list.sha256);
  assert.deepEqual([await header.locator(".digits").nth(1).textContent(), await header.locator(".digits").nth(2).textContent()], [list.sha1, list.md5]);
  assert.equal(await fact(header, "File name").innerText(), "CTLFile.tlv");
  assert.equal(await fact(header, "Hash of the signature").innerText(), "SHA-1");
  assert.equal(await fact(header, "Signer").innerText(), "CN=ITLRECOVERY_cucm-pub");
  const rows = page.locator(".list-records tbody tr");
  assert.equal(await rows.count(), list.records.length);
  for (const [i, record] of list.records.entries()) {
    const text = await rows.nth(i).innerText();
    for (const part of [record.role.name, record.dns, record.certificate.subject, record.certificate.key_type, "valid"]) assert.ok(text.includes(part), `${part} in ${text}`);
    assert.equal(await rows.nth(i).locator(".digits").textContent(), record.certificate.fingerprint.slice(0, 16));
    assert.equal(await rows.nth(i).getByText("signs this list").count(), record.signer ? 1 : 0);
  }
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
  assert.equal(download.suggestedFilename(), "CTLFile.tlv");
  assert.deepEqual(readFileSync(await download.path()), (await fetched("CTLFile.tlv")).body);
  await page.getByText("Every record, element by element").click();
  const first = page.locator(".elements").filter({ hasText: "1: SAST, ITLRECOVERY_cucm-pub" });
  await first.locator("summary").click();
  await first.getByRole("cell", { name: "CN=ITLRECOVERY_cucm-pub" }).first().waitFor();
  assert.equal(await first.locator("tbody tr").count(), list.records[0].elements.length);
  await checkAxe(page);
  await rows.filter({ hasText: "CAPF" }).getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: "CAPF.pem" }).waitFor();
});

test("a change that the CTL does not tell yet: seen on the overview, what the update changes, and the update, which ticks it off", async (t) => {
  const number = await regenerate("CallManager");
  const { page } = await open(t, node, { path: "/" });
  const need = page.locator(".needs li").filter({ hasText: "The CTL file that phones fetch does not say what it should" });
  await need.getByText("Phones refuse servers whose new certificates it does not name.").waitFor();
  await need.getByRole("link", { name: "Look at the trust lists" }).click();
  assert.equal(await fact(ctlOf(page), "State").innerText(), "to be updated");
  const due = section(page, "What the update will change");
  const own = (await node.ask("GET", "/certificates/own/CallManager")).common_name;
  assert.deepEqual(await sides(due), [`SAST ${own} | another certificate | SAST ${own}`, `CCM+TFTP ${own} | another certificate | CCM+TFTP ${own}`]);
  await due.getByText("Phones accept it: the list that they hold knows the signer").waitFor();
  await checkAxe(page);
  /* The ITL is told by itself. */
  assert.equal(await fact(itlOf(page), "State").innerText(), "says what it should");
  assert.equal((await state("ITL")).published.number, number);
  await ctlOf(page).getByRole("link", { name: "Update the CTL file" }).click();
  await page.getByText("ucpki utils ctl update CTLFile").waitFor();
  await page.locator(".list-change .list-sides").waitFor();
  assert.deepEqual(await sides(page.locator(".list-change")), [`SAST ${own} | another certificate | SAST ${own}`, `CCM+TFTP ${own} | another certificate | CCM+TFTP ${own}`]);
  const kinds = async () => (await node.ask("GET", "/followups")).items.map((one) => one.kind);
  assert.ok((await kinds()).includes("ctl-update"));
  await carryOut(page);
  assert.ok(!(await kinds()).includes("ctl-update"));
  await follow(page, "/lists");
  await until("it is told", async () => (await fact(ctlOf(page), "State").innerText()) === "says what it should");
  assert.equal(await page.locator(".list-sides").count(), 0);
});

test("the follow-ups lead to the update and to the phones", async (t) => {
  await regenerate("CAPF");
  const { page } = await open(t, node, { path: "/followups" });
  await page.locator(".followup-kind").filter({ hasText: "Restart phones" }).getByRole("link", { name: "Phones", exact: true }).waitFor();
  await page.locator(".followup-kind").filter({ hasText: "Update the CTL file" }).getByRole("link", { name: "Update the CTL file" }).click();
  await carryOut(page);
});

test("every version is kept: an earlier one says that it is, and two stand side by side, the earlier first, whichever is asked for", async (t) => {
  const { items } = await node.ask("GET", "/lists/ITL/versions");
  const [last, first] = [items[0], items.at(-1)];
  assert.ok(items.length >= 4);
  const { page } = await open(t, node, { path: "/lists/itl" });
  const history = section(page, "Every version").locator("li");
  await until("the versions", async () => (await history.count()) === items.length);
  assert.match(await history.first().innerText(), /Present[\s\S]*shown here/);
  await history.last().getByRole("link").first().click();
  await page.getByText("This is an earlier version.").waitFor();
  assert.equal(await section(page, "Header").locator(".digits").first().textContent(), first.version);
  await page.getByText(`ucpki show itl ${first.version}`).waitFor();
  await checkAxe(page);
  const shown = async () => sides(section(page, "Compared with another version"));
  await history.first().getByRole("link", { name: /^Compare with the version of/ }).click();
  await page.locator(".list-sides").waitFor();
  const { common_name: own } = await node.ask("GET", "/certificates/own/CallManager");
  const [before, after] = await Promise.all([first, last].map(async ({ version }) => (await node.ask("GET", `/lists/ITL?version=${version}`)).records.find((one) => one.role.name === "CAPF").certificate.common_name));
  assert.deepEqual(await shown(), [
    "SAST ITLRECOVERY_cucm-pub | stays | SAST ITLRECOVERY_cucm-pub",
    `SAST ${own} | another certificate | SAST ${own}`,
    `TFTP ${own} | removed | —`,
    `— | added | CCM+TFTP ${own}`,
    `CAPF ${before} | another certificate | CAPF ${after}`,
    `TVS ${own} | stays | TVS ${own}`,
  ]);
  await page.getByText("Records: 4 differ, 2 are the same.").waitFor();
  await page.getByText(`ucpki file get tftp itl ${first.version} --out OLD.tlv && ucpki file get tftp itl ${last.version} --out NEW.tlv && ucpki utils tlv diff OLD.tlv NEW.tlv`).waitFor();
  const earlierAsked = await shown();
  await page.goto(`${node.url}/lists/itl?compare=${first.version}`);
  await page.locator(".list-sides").waitFor();
  assert.deepEqual(await shown(), earlierAsked);
  await page.setViewportSize({ width: 360, height: 640 });
  await checkWidth(page);
  await checkAxe(page);
  await page.getByRole("link", { name: "Close the comparison" }).click();
  await page.locator(".list-sides").waitFor({ state: "detached" });
  await page.goBack();
  await page.locator(".list-sides").waitFor();
});

test("a version that there is not is said to be none; a longer history is shown on demand", async (t) => {
  const { page } = await open(t, node, { path: `/lists/itl?version=${"0".repeat(64)}`, statuses: [404] });
  await page.getByRole("alert").getByText(/There is no version 0000/i).waitFor();
  await follow(page, "/lists/itl?history=2");
  const history = section(page, "Every version").locator("li");
  await until("two of them", async () => (await history.count()) === 2);
  await page.getByRole("link", { name: "Show earlier ones" }).click();
  const { items } = await node.ask("GET", "/lists/ITL/versions");
  await until("all of them", async () => (await history.count()) === Math.min(items.length, 10));
});

// Every phone fetches both lists again, as all of them do at a restart: none holds an older one afterwards.
async function phonesRestart() {
  const { items } = await node.ask("GET", "/phones");
  for (const { device } of items) for (const list of ["CTL", "ITL"]) await fetched(device.startsWith("@") ? `${list}File.tlv` : `${list}${device}.tlv`);
  for (const list of ["CTL", "ITL"]) await until(`no phone holds an older ${list}`, async () => (await node.ask("GET", `/phones?stale=1&list=${list}`)).items.length === 0);
}

test("CallManager signs the lists, and ITLRecovery signs them again", async (t) => {
  await phonesRestart();
  const { page } = await open(t, node, { path: "/lists" });
  await itlOf(page).getByRole("link", { name: "Have CallManager sign" }).click();
  await page.getByText("ucpki utils itl reset localkey").waitFor();
  await carryOut(page);
  assert.equal((await state("ITL")).published.signer.purpose, "CallManager");
  await follow(page, "/lists");
  await until("it has signed", async () => (await fact(itlOf(page), "Signed by").innerText()) === "CallManager");
  await ctlOf(page).getByRole("link", { name: "Have CallManager sign" }).click();
  await page.getByText("ucpki utils ctl reset localkey").waitFor();
  await carryOut(page);
  await follow(page, "/lists");
  await until("it has signed", async () => (await fact(ctlOf(page), "Signed by").innerText()) === "CallManager");
  /* That is for the time being. */
  const due = section(page, "What the update will change");
  const change = due.getByRole("row", { name: /^Signer/ });
  assert.match(await change.innerText(), /CN=cucm-pub\.example\.com[\s\S]*CN=ITLRECOVERY_cucm-pub/);
  await checkAxe(page);
  for (const [of, list] of [[ctlOf(page), "CTL"], [itlOf(page), "ITL"]]) {
    await follow(page, "/lists");
    await of.getByRole("link", { name: "Have ITLRecovery sign again" }).click();
    await carryOut(page);
    assert.equal((await state(list)).published.signer.purpose, "ITLRecovery");
  }
});

test("phones that would be stranded: a danger that must be agreed to, with what to do instead", async (t) => {
  await fetched("ITLSEP001122334455.tlv");
  await until("the phone is known", async () => (await node.ask("GET", "/phones")).items.length === 1);
  await node.ask("POST", "/lists/mode?yes=1", { json: { mode: "non-secure-mode" } });
  await regenerate("TVS");
  await regenerate("CallManager");
  const { page } = await open(t, node, { path: "/certificates/own/ITLRecovery/regenerate" });
  const danger = page.locator(".plan-group.danger").getByRole("listitem").filter({ hasText: /phones? that still holds? the ITL of .* refuses? the next ITL/ });
  await danger.getByText(/Change one thing at a time/).waitFor();
  assert.equal(await danger.getByRole("link", { name: "Have CallManager sign the ITL files" }).getAttribute("href"), "/lists/itl/reset");
  assert.ok(await taskButton(page).isDisabled());
  await checkAxe(page);
  await page.getByRole("checkbox", { name: /I have read what this breaks/ }).check();
  await taskButton(page).and(page.locator(":enabled")).waitFor();
});

test("in non-secure mode the records of the CTL are empty, and are said to be", async (t) => {
  const { page } = await open(t, node, { path: "/lists/ctl" });
  const empty = page.locator(".list-records tbody tr").filter({ hasText: "CCM+TFTP" });
  await empty.getByText("no certificate: without TLS").waitFor();
  assert.equal(await empty.getByRole("link").count(), 0);
  await section(page, "What was found in it").getByText(/has no certificate, which tells phones to go there without TLS/).waitFor();
  await checkAxe(page);
});

test("settings: what each means and is; one is changed by its task, those with a command of their own lead there", async (t) => {
  const { page } = await open(t, node, { path: "/settings" });
  const hash = section(page, "Hash of signatures");
  await hash.getByText("The hash in the signatures of lists and of the files that phones fetch.").waitFor();
  const { items } = await node.ask("GET", "/settings");
  assert.deepEqual(await page.locator(".setting > p > code.muted").allInnerTexts(), items.map((one) => one.name));
  assert.deepEqual((await page.locator(".setting-values .chosen dt code").allInnerTexts()), items.map((one) => one.value));
  await hash.getByRole("link", { name: "Change Hash of signatures" }).click();
  await page.getByText("ucpki set setting file-signature sha512").waitFor();
  await page.locator(".plan-group.warn").getByText(/verify only SHA-1 signatures/).waitFor();
  await checkAxe(page);
  await page.getByRole("radio", { name: /^sha1 \(now\)/ }).check();
  await page.getByText("Nothing: everything is already as it should be.").waitFor();
  await page.getByRole("radio", { name: /^sha512/ }).check();
  await carryOut(page);
  assert.equal((await node.ask("GET", "/settings")).items.find((one) => one.name === "file-signature").value, "sha512");
  assert.equal((await node.ask("GET", "/lists/ITL")).header.digest, "SHA-512");
  await follow(page, "/settings");
  await section(page, "Mode of the cluster").getByText("ucpki utils ctl set-cluster mixed-mode").waitFor();
  await section(page, "Who signs the ITL files").getByRole("link", { name: /^Change/ }).click();
  await page.getByRole("heading", { level: 1, name: "Have CallManager sign the ITL files" }).waitFor();
  await follow(page, "/settings/nothing");
  await page.getByText("There is no setting nothing.").waitFor();
});

test("the page of the lists follows what others do, without being asked", async (t) => {
  const { page } = await open(t, node, { path: "/lists", locale: "ja-JP", scheme: "dark", width: 360 });
  await page.getByText("非セキュアモード", { exact: true }).waitFor();
  await node.ask("POST", "/lists/mode?yes=1", { json: { mode: "mixed-mode" } });
  await page.getByText("混合モード", { exact: true }).waitFor();
  await checkAxe(page);
  await checkWidth(page);
});
