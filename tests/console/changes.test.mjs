// The log, single changes, follow-ups and the overview: what was done, what is still to be done, and whether anything is wrong or about to be.
import assert from "node:assert/strict";
import test from "node:test";
import { CA, carryOut, checkAxe, checkWidth, errorOf, field, follow, Node, open, tabTo, taskButton, until } from "./harness.mjs";

const node = await Node.start();
const root = new CA("Changes Test Root");

async function regenerate(purpose, why = "") {
  return (await node.ask("POST", `/certificates/own/${purpose}/regenerate?yes=1&why=${encodeURIComponent(why)}`, { json: {} })).number;
}

async function trust(pem) {
  return (await node.ask("POST", "/certificates/trust/tomcat-trust?yes=1", { body: pem })).number;
}

async function openFollowups() {
  return (await node.ask("GET", "/followups")).items;
}

async function allDone() {
  const ids = (await openFollowups()).map((one) => one.id);
  if (ids.length > 0) await node.ask("POST", "/followups/done?yes=1", { json: { ids } });
}

const main = (page) => page.locator("main");

test("the overview: a node that is well says so; a change that leaves something to do is told, with the way there, until it is done", async (t) => {
  await allDone();
  const { page } = await open(t, node);
  const verdict = page.locator(".verdict");
  await verdict.getByText("Nothing needs you now").waitFor();
  assert.equal(await verdict.locator("svg.ok").count(), 1);
  const inMenu = page.locator('.menu a[href="/followups"] .count');
  assert.equal(await inMenu.count(), 0);
  await checkAxe(page);

  await follow(page, "/certificates/own/CAPF/regenerate");
  await until("the plan", () => taskButton(page).isEnabled());
  const asked = await page.locator(".plan-group .followups li").allInnerTexts();
  const number = await carryOut(page);
  const open_ = await openFollowups();
  assert.ok(open_.length > 2 && open_.every((one) => one.number === number), JSON.stringify(open_));
  await page.getByRole("status").getByText(`${open_.length} things are still to be done by hand`).waitFor();
  for (const one of open_) assert.ok(asked.includes(one.text), `the plan said: ${one.text}`);
  await until("the number in the menu", async () => (await inMenu.innerText()) === String(open_.length));

  await follow(page, "/");
  await verdict.getByText("One thing needs you").waitFor();
  await page.getByText(`${open_.length} follow-ups are not done yet`).waitFor();
  await page.getByRole("link", { name: "Show the follow-ups" }).click();
  await page.getByRole("heading", { level: 1, name: "Follow-ups" }).waitFor();
  await checkAxe(page);
  const done = (text) => main(page).getByRole("button", { name: `Done: ${text}`, exact: true });
  const [first] = open_;
  await done(first.text).click();
  await page.getByText("Ticked off.").waitFor();
  assert.deepEqual((await openFollowups()).map((one) => one.id), open_.slice(1).map((one) => one.id));
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), `Undo: ${first.text}`, "the focus is not lost");
  await checkAxe(page);

  await page.getByRole("link", { name: `Undo: ${first.text}` }).click();
  await until("the plan", () => taskButton(page).isEnabled());
  await carryOut(page);
  assert.deepEqual((await openFollowups()).map((one) => one.id).sort(), open_.map((one) => one.id).sort());
  await follow(page, "/followups");
  await done(first.text).waitFor();
  for (;;) {
    const all = page.getByRole("button", { name: /^All done: / });
    if ((await all.count()) === 0) break;
    const before = (await openFollowups()).length;
    await all.first().click();
    await until("they are ticked off", async () => (await openFollowups()).length < before);
    await until("the page knows", async () => (await main(page).getByRole("button", { name: /^Done: / }).count()) === (await openFollowups()).length);
  }
  for (const one of await main(page).getByRole("button", { name: /^Done: / }).all()) await one.click();
  await until("nothing is left", async () => (await openFollowups()).length === 0);
  await until("nor in the menu", async () => (await inMenu.count()) === 0);
  await follow(page, "/");
  await verdict.getByText("Nothing needs you now").waitFor();
});

test("the overview's table and numbers are those of the API, and lead to the lists of the same", async (t) => {
  await trust(root.pem);
  await trust(root.leaf("old.example.com", { from: -400, to: -35 }).pem);
  await trust(root.leaf("soon.example.com", { from: -100, to: 20 }).pem);
  await trust(root.leaf("next-year.example.com", { from: -1, to: 300 }).pem);
  await node.ask("POST", "/csrs/TVS?yes=1", { json: {} });
  const overview = await node.ask("GET", "/overview");
  const { page } = await open(t, node);
  await page.getByText("The same as a table").click();
  const table = page.getByRole("table", { name: "When certificates expire" });
  const rows = await table.locator("tbody tr").evaluateAll((all) => all.map((row) => [...row.children].slice(1, 3).map((cell) => Number(cell.innerText.replaceAll(",", "")))));
  const filled = overview.timeline.filter((one) => one.own + one.trust > 0);
  assert.deepEqual(rows, filled.map((one) => [one.own, one.trust]));
  assert.ok(rows.length >= 4, "expired, soon, next year, later");
  const states = page.getByRole("table", { name: "Certificates", exact: true }).locator("tbody tr");
  const { certificates } = overview;
  const counted = await states.evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.innerText.trim())));
  const expected = (state, text) => [text, String(certificates.own_states[state]), String(certificates.states[state] - certificates.own_states[state])];
  assert.deepEqual(counted, [expected("expired", "expired"), expected("expiring", "expires soon"), expected("valid", "valid"), ["All", String(certificates.own), String(certificates.trust)]]);
  await checkAxe(page);

  /* Each number is the way to what it counts. */
  const count = page.locator(".list-bar [role=status]");
  const common = () => page.locator('.cert-list[aria-busy="false"] tbody tr').evaluateAll((all) => all.map((row) => row.children[1].innerText));
  const leads = async (link, names) => {
    await link.click();
    await page.waitForURL(/\/certificates\?/);
    await count.first().waitFor();
    await until("the list", async () => (await common()).join() === names.join());
    await page.goBack();
    await page.locator(".verdict").waitFor();
  };
  await leads(states.nth(0).getByRole("link"), ["old.example.com"]);
  await leads(states.nth(1).getByRole("link"), ["soon.example.com"]);
  await leads(main(page).getByRole("link", { name: /^Expired: one trust$/ }), ["old.example.com"]);
  await page.getByText("A trust certificate has expired").waitFor();
  const need = (text) => page.locator(".needs li").filter({ hasText: text });
  await leads(need("A trust certificate has expired").getByRole("link"), ["old.example.com"]);
  await leads(need("A trust certificate expires within 30 days").getByRole("link"), ["soon.example.com"]);
  await need("A CSR waits for its certificate").getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: "Pending CSRs" }).waitFor();
  await node.ask("DELETE", "/csrs/TVS?yes=1");
});

test("a note of the overview leads to what it advises, instead of naming a command", async (t) => {
  const { page } = await open(t, node);
  const note = page.locator(".needs.notes li").filter({ hasText: "self-signed" });
  await note.getByText("have it signed by a CA").waitFor();
  assert.doesNotMatch(await note.innerText(), /set csr gen/);
  await note.getByRole("link", { name: "Generate a CSR" }).click();
  await page.getByRole("heading", { level: 1, name: "Generate CSR" }).waitFor();
});

test("the overview follows what happens, and the verdict is the gravest of it", async (t) => {
  const { page } = await open(t, node);
  await page.locator(".verdict.warn").waitFor();
  await node.ask("DELETE", "/certificates/trust/tomcat-trust/old.example.com.pem?yes=1&force=1");
  await node.ask("DELETE", "/certificates/trust/tomcat-trust/soon.example.com.pem?yes=1&force=1");
  await allDone();
  await page.locator(".verdict.ok").waitFor();
});

test("the time line by keyboard and at a phone's width: what it tells is told to those who cannot see it", async (t) => {
  const { page } = await open(t, node, { width: 360, height: 640 });
  await page.locator(".timeline-picture").waitFor();
  await checkWidth(page);
  const later = page.locator(".timeline-picture").getByRole("link", { name: /^Later: / }).first();
  await tabTo(page, later, 40);
  await until("what it is", async () => /^Later: /.test(await page.locator(".timeline-read").innerText()));
  await checkAxe(page);
});

test("the log: searched and filtered, all of it in the address", async (t) => {
  const number = await regenerate("ipsec", "the auditors want it");
  await regenerate("TVS");
  const { page } = await open(t, node, { path: "/changes", statuses: [400, 404] });
  const listed = () => page.locator('.log[aria-busy="false"] tbody tr').evaluateAll((all) => all.map((row) => Number(row.children[1].innerText)));
  const numbers = async (query) => (await node.ask("GET", `/changes?limit=50&${query}`)).items.map((one) => one.number);
  const shows = async (expected, what) => {
    let has;
    await until(what, async () => (has = await listed()).join() === expected.join(), 15_000).catch((e) => assert.deepEqual(has, expected, e.message));
  };
  await shows(await numbers(""), "all");
  await field(page, "search").fill("AUDITORS");
  await page.waitForURL((url) => url.search === "?search=AUDITORS");
  await shows([number], "the reason");
  await page.getByText("ucpki show change list --search AUDITORS").waitFor();
  await checkAxe(page);
  await field(page, "search").fill("");
  await field(page, "task").selectOption("cert-regen");
  await page.waitForURL((url) => url.search === "?task=cert-regen");
  const regenerated = await numbers("task=cert-regen");
  assert.ok(regenerated.length >= 2 && regenerated.includes(number));
  await shows(regenerated, "the task");
  await field(page, "who").fill("admin");
  const today = new Date().toISOString().slice(0, 10);
  await field(page, "from").fill(today);
  await page.waitForURL((url) => url.searchParams.get("from") === today && url.searchParams.get("who") === "admin");
  await shows(await numbers(`task=cert-regen&who=admin&from=${today}`), "by whom, since when");

  /* Back from a change finds the same list; so does a colleague with the link. */
  const address = page.url();
  await page.getByRole("link", { name: "Regenerate the self-signed ipsec certificate" }).first().click();
  await page.getByRole("heading", { level: 1, name: `Change ${number}` }).waitFor();
  await page.goBack();
  await page.waitForURL(address);
  await shows(await numbers(`task=cert-regen&who=admin&from=${today}`), "Back");
  assert.equal(await field(page, "who").inputValue(), "admin");
  await field(page, "who").fill("nobody");
  await page.getByText("No change fits.").waitFor();
  await page.getByRole("link", { name: "Clear all" }).click();
  await page.waitForURL(`${node.url}/changes`);
  await shows(await numbers(""), "all again");
  assert.equal(await field(page, "who").inputValue(), "");
  await follow(page, "/changes?from=yesterday");
  assert.match(await errorOf(field(page, "from")), /yesterday/);
  await checkAxe(page);
});

test("the log goes on, page by page, to the first change", async (t) => {
  const { head } = await node.ask("GET", "/status");
  for (let n = head; n < 56; n++) await node.ask("POST", "/csrs/tomcat-ECDSA?yes=1", { json: {} });
  const { page } = await open(t, node, { path: "/changes" });
  const last = page.locator("tbody tr").last();
  await page.getByRole("link", { name: "Older" }).click();
  await last.getByText("Install the node").waitFor();
  await page.getByRole("link", { name: "Back to the newest" }).click();
  await page.waitForURL(`${node.url}/changes`);
  await page.getByRole("link", { name: "Older" }).waitFor();
  await node.ask("DELETE", "/csrs/tomcat-ECDSA?yes=1");
});

test("U4: a change's page: what was done, before and after; the nodes have it, and HTTPS presents the new certificate", async (t) => {
  const before = await node.ask("GET", "/certificates/own/tomcat");
  const number = await regenerate("tomcat", "it is <b>due</b>");
  const after = await node.ask("GET", "/certificates/own/tomcat");
  const change = await node.ask("GET", `/changes/${number}`);
  const { page } = await open(t, node, { path: `/changes/${number}` });
  const progress = page.getByRole("region", { name: "On the nodes" });
  await progress.getByText("has this change").waitFor();
  await progress.getByText("HTTPS, RSA certificate: done").waitFor();
  await main(page).locator(".lead").getByText(change.summary).waitFor();
  await page.locator("dd").getByText("it is <b>due</b>").waitFor();
  const sides = page.locator("table.sides").first();
  const values = (of) => sides.locator(`td.${of}`).allTextContents();
  assert.ok((await values("was")).includes(before.fingerprint) && (await values("is")).includes(after.fingerprint), await sides.innerText());
  assert.equal(await page.getByRole("region", { name: "In the log" }).locator(".digits").first().textContent(), change.hash);
  assert.equal(await page.getByRole("region", { name: "In the log" }).locator(".digits").nth(1).textContent(), (await node.ask("GET", `/changes/${number - 1}`)).hash);
  await checkAxe(page);
  await page.getByRole("link", { name: `tomcat (${node.name})` }).first().click();
  await page.getByRole("heading", { level: 1, name: "tomcat.pem" }).waitFor();
  await page.goBack();
  await page.getByRole("region", { name: "In the log" }).getByRole("link", { name: `Change ${number - 1}` }).click();
  await page.getByRole("heading", { level: 1, name: `Change ${number - 1}`, exact: true }).waitFor();
});

test("what a change asks for is ticked off on its page, by keyboard, and the change that did so can be undone", async (t) => {
  await allDone();
  const number = await regenerate("CallManager");
  const { page } = await open(t, node, { path: `/changes/${number}` });
  const item = page.locator(".followups li").filter({ hasText: "Take a backup" });
  await tabTo(page, item.getByRole("button"));
  await page.keyboard.press("Enter");
  await item.getByText("Ticked off.").waitFor();
  assert.ok(!(await openFollowups()).some((one) => one.kind === "backup"));
  await checkAxe(page);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/undo$/);
  await until("the plan", () => taskButton(page).isEnabled());
  await page.getByText("follow-up", { exact: false }).first().waitFor();
  await carryOut(page);
  assert.ok((await openFollowups()).some((one) => one.kind === "backup" && one.number === number));
  await follow(page, `/changes/${number}`);
  await item.getByRole("button").waitFor();
});

test("two administrators: what another change asks for anew meanwhile is not ticked off; what is done already is said", async (t) => {
  await allDone();
  await regenerate("CallManager");
  const { page } = await open(t, node, { path: "/followups" });
  const item = page.locator(".followup").filter({ hasText: "Take a backup" });
  await item.waitFor();
  let number;
  /* Between the look at the plan and the list. */
  await page.route(/\/followups\/done\?.*dry_run/, async (route) => {
    number = await regenerate("CallManager");
    await route.continue();
  }, { times: 1 });
  await item.getByRole("button").click();
  await item.getByRole("alert").getByText("has asked for it again meanwhile").waitFor();
  assert.match(await item.getByRole("alert").innerText(), new RegExp(`Change ${number} has`));
  assert.ok((await openFollowups()).some((one) => one.kind === "backup"), "it is not ticked off");
  await checkAxe(page);
});

test("what cannot be undone says why, and has no Undo", async (t) => {
  const first = await regenerate("ipsec");
  await regenerate("ipsec");
  const { page } = await open(t, node, { path: "/changes/1" });
  await page.getByText("It cannot be undone").waitFor();
  await page.getByText(/would be left without its certificates/).waitFor();
  const undo = page.locator(".page-head").getByRole("link", { name: "Undo" });
  assert.equal(await undo.count(), 0);
  await follow(page, `/changes/${first}`);
  await page.getByText(/touched the same things later/).waitFor();
  assert.equal(await undo.count(), 0);
  await checkAxe(page);
  await follow(page, "/changes");
  await page.getByRole("link", { name: "Install the node" }).or(page.getByRole("link", { name: "Older" })).first().waitFor();
  assert.equal(await page.getByRole("link", { name: `Undo change ${first}`, exact: true }).count(), 0);
  await page.getByRole("link", { name: `Undo change ${first + 1}`, exact: true }).click();
  await until("the plan", () => taskButton(page).isEnabled());
  assert.equal(await taskButton(page).innerText(), `Undo change ${first + 1}`);
});

test("a change that is not there", async (t) => {
  const { page } = await open(t, node, { path: "/changes/99999", statuses: [404] });
  await page.getByRole("alert").getByText(/99999/).waitFor();
  await checkAxe(page);
});
