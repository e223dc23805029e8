// V1, C149, C150: the certificate list: what is looked for is found, and the address says all of it, so that Back and links lead to the same rows.
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { CA, checkAxe, checkWidth, follow, makeKey, Node, open, openssl, tabTo, temporaryFolder, until } from "./harness.mjs";

const MARKUP = "<img src=x onerror=alert(1)>";
const HIDDEN = "pay\u202Elap.example";
const PEERS = 60;
const node = await Node.start();

// Peers with a key of their own each: Peer 01 to Peer 60, two companies by turns.
function peers() {
  const key = makeKey(join(temporaryFolder(), "peers.key"));
  const names = Array.from({ length: PEERS }, (_, i) => `/O=${i % 2 ? "North" : "South"}/CN=Peer ${String(i + 1).padStart(2, "0")}`);
  return [...names, `/O=North/CN=${MARKUP}`, `/O=North/CN=${HIDDEN}`].map((subject, i) =>
    openssl(["req", "-x509", "-utf8", "-key", key, "-subj", subject, "-days", String(i === 57 ? 10 : 400 + 10 * i), "-config", "/dev/null"]).toString(),
  );
}

const authority = new CA("List Test Root");
await node.ask("POST", "/certificates/trust/tomcat-trust?yes=1", { body: peers().join("") });
await node.ask("POST", `/certificates/trust/CallManager-trust?yes=1&description=${encodeURIComponent("the <b>old</b> gateway")}`, { body: authority.leaf("gw.example.com", { from: -400, to: -35 }).pem });

const value = (page, n = 1) => page.getByLabel(`Value of condition ${n}`, { exact: true });
const column = (page, n = 1) => page.getByLabel(`Column of condition ${n}`, { exact: true });
const operator = (page, n = 1) => page.getByLabel(`Operator of condition ${n}`, { exact: true });
const find = (page) => page.getByRole("button", { name: "Find", exact: true });

async function condition(page, n, [of, how, what]) {
  await column(page, n).selectOption(of);
  await operator(page, n).selectOption(how);
  if (what === undefined) return;
  const field = value(page, n);
  if ((await field.evaluate((one) => one.tagName)) === "SELECT") await field.selectOption(what);
  else await field.fill(what);
}

// The rows as they stand: the names of the common name's column, once what was asked for is there.
function rows(page) {
  return page.locator('.cert-list[aria-busy="false"] tbody tr').evaluateAll((all) => all.map((row) => row.children[1].innerText));
}

async function shows(page, expected, what = "the rows") {
  let has;
  await until(what, async () => (has = await rows(page)).join("\n") === expected.join("\n"), 15_000).catch((e) => assert.deepEqual(has, expected, e.message));
}

// The same as the API has them; the list shows by its number what is not seen.
async function api(query) {
  return (await node.ask("GET", `/certificates?${query}`)).items.map((one) => one.common_name.replace("\u202E", "<U+202E>"));
}

const where = (text) => `where=${encodeURIComponent(text)}`;
const numbered = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => `Peer ${String(from + i).padStart(2, "0")}`);

test("V1: every operator finds what it says, by whatever column", async (t) => {
  const { page } = await open(t, node, { path: "/certificates" });
  await page.locator(".cert-list").waitFor();
  const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const { fingerprint } = (await node.ask("GET", `/certificates?${where("common-name is Peer 33")}`)).items[0];
  const cases = [
    [["common-name", "contains", "EER 0"], numbered(1, 9)],
    [["common-name", "begins", "Peer 1"], numbered(10, 19)],
    [["common-name", "ends", " 30"], ["Peer 30"]],
    [["common-name", "is", "peer 33"], ["Peer 33"]],
    [["name", "begins", "Peer_6"], ["Peer 60"]],
    [["unit", "is", "CallManager-trust"], null],
    [["issuer", "contains", "list test"], ["gw.example.com"]],
    [["description", "contains", "<B>OLD"], ["gw.example.com"]],
    [["fingerprint", "is", fingerprint], ["Peer 33"]],
    [["expires", "before", day(-30)], ["gw.example.com"]],
    [["expires", "after", day(400 + 10 * 59 - 1)], null],
    [["usage", "is", "own"], null],
    [["type", "is", "ca-signed"], ["gw.example.com"]],
    [["key-type", "contains", "RSA"], null],
    [["description", "empty"], null],
  ];
  for (const [asked, names] of cases) {
    await condition(page, 1, asked);
    const before = page.url();
    await find(page).click();
    await page.waitForURL((url) => url.href !== before);
    const sentence = new URL(page.url()).searchParams.get("where");
    const expected = names ?? (await api(`sort=name&limit=50&${where(sentence)}`));
    assert.ok(expected.length > 0, `${sentence} is a case of nothing`);
    await shows(page, expected, sentence);
    assert.equal(new URL(page.url()).searchParams.getAll("where").length, 1);
  }
});

test("V1: several conditions, of which all or any must hold, each with its own way out", async (t) => {
  const { page } = await open(t, node, { path: "/certificates" });
  await condition(page, 1, ["common-name", "begins", "Peer 1"]);
  await page.getByRole("button", { name: "Add a condition" }).click();
  assert.equal(await column(page, 2).evaluate((one) => one === document.activeElement), true);
  await condition(page, 2, ["subject", "contains", "O=North"]);
  await value(page, 2).press("Enter");
  await shows(page, [10, 12, 14, 16, 18].map((n) => numbered(n, n)[0]));
  await page.getByLabel("How the conditions are combined").selectOption("any");
  await find(page).click();
  await page.waitForURL((url) => url.searchParams.get("match") === "any");
  const { searchParams: any } = new URL(page.url());
  await shows(page, await api(`sort=name&limit=50&${any}`));
  assert.equal((await rows(page)).length, 5 + 30 + 2, "ten of Peer 1x, of which five are among the thirty of North, and two more of North");
  await page.getByRole("button", { name: "Remove condition 1" }).click();
  assert.equal(await value(page).inputValue(), "O=North");
  await find(page).click();
  await until("one condition", () => new URL(page.url()).searchParams.getAll("where").join() === "subject contains O=North");
  assert.equal(new URL(page.url()).searchParams.get("match"), null);
  assert.ok(await page.getByRole("button", { name: "Remove condition 1" }).isDisabled(), "the last one is emptied by Clear");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await page.waitForURL(`${node.url}/certificates`);
  await shows(page, await api("sort=name&limit=50"));
});

test("V1: each column sorts, one way and the other; the address and those who cannot see are told", async (t) => {
  const { page } = await open(t, node, { path: "/certificates?usage=trust" });
  const titles = { name: "Certificate", "common-name": "Common name", "key-type": "Key type", issuer: "Issued by", expires: "Expiration", description: "Description" };
  for (const [name, title] of Object.entries(titles)) {
    const heading = page.getByRole("columnheader", { name: title });
    for (const [sort, said] of name === "name" ? [["-name", "descending"]] : [[name, "ascending"], [`-${name}`, "descending"]]) {
      await heading.getByRole("button").click();
      await page.waitForURL((url) => (url.searchParams.get("sort") ?? "name") === sort);
      await until(`${sort} is ${said}`, async () => (await heading.getAttribute("aria-sort")) === said);
      await shows(page, await api(`usage=trust&sort=${sort}&limit=50`), sort);
    }
  }
  assert.equal(await page.locator('[aria-sort]:not([aria-sort="none"])').count(), 1);
});

test("V1: page by page, forth and back, by pages of any size", async (t) => {
  const { page } = await open(t, node, { path: `/certificates?${where("common-name begins Peer")}` });
  await shows(page, numbered(1, 50));
  const top = page.getByRole("navigation", { name: "Pages", exact: true });
  const status = page.locator(".list-bar [role=status]");
  const leads = (name) => top.getByRole("link", { name }).evaluate((one) => one.getAttribute("aria-disabled") !== "true");
  await page.getByLabel("Rows on a page").selectOption("25");
  await shows(page, numbered(1, 25));
  assert.deepEqual([await leads("Previous"), await leads("Next")], [false, true]);
  assert.equal(await status.innerText(), "Rows 1 to 25");
  await top.getByRole("link", { name: "Next" }).click();
  await shows(page, numbered(26, 50));
  assert.equal(await status.innerText(), "Rows 26 to 50");
  const second = page.url();
  await top.getByRole("link", { name: "Next" }).click();
  await shows(page, numbered(51, 60));
  assert.equal(await status.innerText(), "Rows 51 to 60 of 60");
  assert.deepEqual([await leads("Previous"), await leads("Next")], [true, false]);
  await top.getByRole("link", { name: "Previous" }).click();
  await shows(page, numbered(26, 50));
  assert.equal(page.url(), second);
  await page.reload();
  await shows(page, numbered(26, 50));
  await top.getByRole("link", { name: "Previous" }).click();
  await shows(page, numbered(1, 25));

  const { page: colleague } = await open(t, node, { path: new URL(second).pathname + new URL(second).search });
  await shows(colleague, numbered(26, 50));
  await colleague.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: "First" }).click();
  await shows(colleague, numbered(1, 25));
});

test("V1, C150: Back returns to the list exactly as it was: the address, the rows, the place, the link that was followed", async (t) => {
  const { page } = await open(t, node, { path: `/certificates?${where("common-name begins Peer")}&sort=-expires&limit=25`, height: 500 });
  await page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: "Next" }).click();
  await page.waitForURL(/cursor=/);
  await until("the second page", async () => (await page.locator(".list-bar [role=status]").first().innerText()) === "Rows 26 to 50");
  const [address, before] = [page.url(), await rows(page)];
  const link = page.locator("tbody tr").nth(18).getByRole("link");
  await link.scrollIntoViewIfNeeded();
  const name = await link.innerText();
  const y = await page.evaluate(() => scrollY);
  assert.ok(y > 200, `it is scrolled: ${y}`);
  await link.click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.locator("dl.facts").first().waitFor();
  await page.goBack();
  await page.waitForURL(address);
  await shows(page, before);
  await until("the place", async () => (await page.evaluate(() => scrollY)) === y);
  assert.equal(await page.evaluate(() => document.activeElement.innerText), name);
  assert.equal(await value(page).inputValue(), "Peer");
  /* The way back that the page itself offers leads there, too. */
  await page.goForward();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByRole("navigation", { name: "Where this page belongs" }).getByRole("link", { name: "Certificates" }).click();
  await page.waitForURL(address);
  await shows(page, before);
});

test("V1, C149: a link that was shared opens the same view, and the command line lists the same", async (t) => {
  const path = `/certificates?usage=trust&${where("common-name begins with Peer")}&${where("expires after 2026-01-01")}&sort=-common-name`;
  const { page } = await open(t, node, { path });
  await shows(page, numbered(11, 60).reverse());
  assert.deepEqual([await column(page).inputValue(), await operator(page).inputValue(), await value(page).inputValue()], ["common-name", "begins", "Peer"]);
  assert.deepEqual([await column(page, 2).inputValue(), await operator(page, 2).inputValue(), await value(page, 2).inputValue()], ["expires", "after", "2026-01-01"]);
  assert.equal(await page.getByRole("columnheader", { name: "Common name" }).getAttribute("aria-sort"), "descending");
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, path);
  const line = await page.locator("aside.command code").innerText();
  const { status, out, err } = node.shell(`${line} --json`);
  assert.equal(status, 0, `${line}\n${err}`);
  assert.deepEqual(JSON.parse(out).items.map((one) => one.common_name).slice(0, 50), await rows(page));
});

test("V1: by keyboard: / leads to the value, Enter finds, arrows go from row to row", async (t) => {
  const { page } = await open(t, node, { path: "/certificates" });
  await page.locator(".cert-list").waitFor();
  await page.keyboard.press("/");
  assert.equal(await value(page).evaluate((one) => one === document.activeElement), true);
  await page.keyboard.type("Peer 2/");
  assert.equal(await value(page).inputValue(), "Peer 2/", "in a field it is a character");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Enter");
  await shows(page, numbered(20, 29));
  await tabTo(page, page.getByRole("link", { name: "Peer_20.pem" }));
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Peer_22.pem" }).waitFor();
});

test("WCAG 2.1.4: the key / can be switched off in this browser", async (t) => {
  const { page } = await open(t, node, { path: "/account" });
  const choice = page.getByRole("checkbox", { name: /^The key \/ leads to the search/ });
  assert.equal(await choice.isChecked(), true);
  await choice.uncheck();
  const isThere = () => value(page).evaluate((one) => one === document.activeElement);
  for (const again of [false, true]) {
    await follow(page, "/certificates");
    if (again) await page.reload();
    await page.locator(".cert-list").waitFor();
    assert.equal(await page.getByText("Press / to get here").count(), 0);
    await page.keyboard.press("/");
    assert.equal(await isThere(), false);
  }
  await follow(page, "/account");
  await choice.check();
  await follow(page, "/certificates");
  await page.getByText("Press / to get here").waitFor();
  await page.keyboard.press("/");
  assert.equal(await isThere(), true);
});

test("V1: what is wrong with a condition is said at the condition", async (t) => {
  const { page } = await open(t, node, { path: `/certificates?${where("common-name begins with Peer")}&${where("expires before 2026-13-45")}`, statuses: [400] });
  await until("the fault", async () => (await value(page, 2).getAttribute("aria-invalid")) === "true");
  assert.notEqual(await value(page, 1).getAttribute("aria-invalid"), "true");
  const told = await value(page, 2).getAttribute("aria-describedby");
  assert.match(await page.locator(`[id="${told}"]`).innerText(), /2026-13-45/);
  assert.equal(await page.locator(".cert-list").count(), 0);
  await checkAxe(page);
  await value(page, 2).fill("2026-12-31");
  await value(page, 2).press("Enter");
  await until("no fault", async () => (await value(page, 2).getAttribute("aria-invalid")) !== "true");
  await shows(page, await api(`sort=name&limit=50&${where("common-name begins with Peer")}&${where("expires before 2026-12-31")}`));
  await follow(page, `/certificates?${where("color is red")}`);
  await page.getByLabel("Condition 1, as it was written").waitFor();
  await page.getByRole("alert").getByText(/color/).waitFor();
});

test("V1: nothing found: what was looked for, and the way out", async (t) => {
  const { page } = await open(t, node, { path: "/certificates?usage=trust" });
  await page.locator(".cert-list").waitFor();
  await condition(page, 1, ["common-name", "is", "Nobody & Co"]);
  await find(page).click();
  const empty = page.locator(".empty");
  await empty.getByText("Common name is exactly “Nobody & Co”").waitFor();
  await empty.getByText("Usage is Trust").waitFor();
  assert.equal(await page.locator(".list-bar [role=status]").innerText(), "No rows");
  await checkAxe(page);
  await empty.getByRole("button", { name: "Clear" }).click();
  await page.waitForURL(`${node.url}/certificates`);
  await shows(page, await api("sort=name&limit=50"));
  assert.equal(await value(page).inputValue(), "");
});

test("V1: quick filters, each of them said to be the one that is on", async (t) => {
  const { page } = await open(t, node, { path: "/certificates" });
  const quick = page.getByRole("navigation", { name: "Quick filters" });
  const on = () => quick.locator('[aria-current="true"]').allInnerTexts();
  await page.locator(".cert-list").waitFor();
  assert.deepEqual(await on(), ["All"]);
  const cases = { Expired: ["gw.example.com"], "Expiring within 30 days": ["Peer 58"], Identity: await api("usage=own&sort=name"), Trust: await api("usage=trust&sort=name&limit=50") };
  for (const [name, names] of Object.entries(cases)) {
    await quick.getByRole("link", { name, exact: true }).click();
    await shows(page, names, name);
    assert.deepEqual(await on(), [name]);
  }
  const [soon, gone] = ["Expiring within 30 days", "Expired"];
  for (const [name, mark, far] of [[soon, "expires soon", /in (9|10) days/], [gone, "expired", /ago/]]) {
    await quick.getByRole("link", { name, exact: true }).click();
    await shows(page, cases[name], name);
    const cell = page.locator("tbody tr").first().locator("td time");
    assert.equal(await cell.locator(".mark").innerText(), mark);
    assert.match(await cell.innerText(), far);
  }
  await quick.getByRole("link", { name: "Trust", exact: true }).click();
  await shows(page, cases.Trust);
  await quick.getByRole("link", { name: "Self-signed" }).click();
  await shows(page, await api(`sort=name&limit=50&${where("type is self-signed")}`));
  await page.goBack();
  await shows(page, cases.Trust);
  assert.deepEqual(await on(), ["Trust"]);
});

test("V1: names with markup and with characters that are not seen are shown as text", async (t) => {
  const { page } = await open(t, node, { path: `/certificates?${where(`common-name is ${MARKUP}`)}` });
  await shows(page, [MARKUP]);
  assert.equal(await value(page).inputValue(), MARKUP);
  assert.equal(await page.locator("main img").count(), 0);
  await page.getByText("ucpki show cert list own --where 'common-name is <img src=x onerror=alert(1)>'").waitFor();
  await follow(page, `/certificates?${where("common-name begins with pay")}`);
  await shows(page, ["pay<U+202E>lap.example"]);
  await follow(page, `/certificates?${where("description contains gateway")}`);
  await page.getByText("the <b>old</b> gateway").waitFor();
});

for (const [locale, scheme, width] of [["en-US", "light", 1280], ["ja-JP", "dark", 360]])
  test(`V1: the page has no violations of WCAG in ${locale}, ${scheme}, at a width of ${width}`, async (t) => {
    const { page } = await open(t, node, { path: `/certificates?limit=25&${where("common-name begins with Peer")}&${where("expires after 2026-01-01")}`, locale, scheme, width });
    await page.locator(".cert-list").waitFor();
    await checkAxe(page);
    await checkWidth(page);
  });
