// Signing in and out, sessions that end in the middle of something, and two administrators at once.
import assert from "node:assert/strict";
import test from "node:test";
import { carryOut, checkAxe, errorOf, field, follow, Node, open, signIn, tabTo, taskButton, until } from "./harness.mjs";

const node = await Node.start();

async function cookie(context) {
  return (await context.cookies()).find((one) => one.name === "__Host-ucpki");
}

// Ends the session on the node, as a time-out does, without the page's knowing.
async function endSession(page) {
  await page.evaluate(async () => {
    const { csrf } = await (await fetch("/api/v1/session", { headers: { "UCPKI-Console": "1" } })).json();
    await fetch("/api/v1/session", { method: "DELETE", headers: { "UCPKI-Console": "1", "UCPKI-CSRF": csrf } });
  });
}

test("signing in by keyboard alone; the session is a cookie that no script can read", async (t) => {
  const { page, context } = await open(t, node, { signedOut: true, path: "/changes" });
  await checkAxe(page);
  await tabTo(page, field(page, "account"));
  await page.keyboard.type("admin");
  await page.keyboard.press("Tab");
  await page.keyboard.type(node.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Changes" }).waitFor();
  const { secure, httpOnly, sameSite, path } = await cookie(context);
  assert.deepEqual({ secure, httpOnly, sameSite, path }, { secure: true, httpOnly: true, sameSite: "Strict", path: "/" });
  assert.equal(await page.evaluate(() => document.cookie), "");
});

test("a wrong password is said to be wrong, and the account stays typed", async (t) => {
  const { page } = await open(t, node, { signedOut: true, statuses: [401] });
  await field(page, "account").fill("admin");
  await field(page, "password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("The name or the password is wrong").waitFor();
  assert.equal(await field(page, "account").inputValue(), "admin");
  assert.equal(await field(page, "password").inputValue(), "");
  await checkAxe(page);
});

test("the session goes on in another tab and after a reload; signing out ends it for all", async (t) => {
  const { page, context } = await open(t, node, { statuses: [401] });
  await page.reload();
  await page.locator("header.bar").waitFor();
  const second = await context.newPage();
  await second.goto(`${node.url}/changes`);
  await second.getByRole("heading", { level: 1, name: "Changes" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.locator(".sign-in-form").waitFor();
  assert.equal(await cookie(context), undefined);
  await second.locator('a[href="/certificates"]').first().click();
  await second.getByRole("dialog").waitFor();
});

test("a session that ends in mid-form: nothing that was typed is lost, and the task is done after signing in again", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/TVS/regenerate", statuses: [401] });
  await field(page, "years").fill("3");
  await page.locator(".plan").getByText("for 3 years").waitFor();
  await field(page, "why").fill("the auditors want three years");
  await endSession(page);
  await taskButton(page).click();
  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await dialog.waitFor();
  await checkAxe(page);
  // Chromium closes a dialog at a second Escape by itself; then nobody could answer it any more.
  for (let i = 0; i < 3; i++) await page.keyboard.press("Escape");
  await dialog.waitFor();
  assert.equal(await field(page, "years").inputValue(), "3");
  await dialog.locator('input[name="password"]').fill("wrong");
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.getByRole("alert").waitFor();
  await dialog.locator('input[name="password"]').fill(node.password);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/changes\/\d+\?done=1$/);
  const change = await node.ask("GET", new URL(page.url()).pathname);
  assert.equal(change.why, "the auditors want three years");
  assert.equal((await node.ask("GET", "/changes")).items.filter((one) => one.summary === change.summary).length, 1);
});

test("signing in anew in another tab: the first goes on with the new session's token", async (t) => {
  const { page, context } = await open(t, node, { path: "/certificates/own/ipsec/regenerate", statuses: [401, 403] });
  await page.locator(".plan").waitFor();
  const second = await context.newPage();
  await second.goto(node.url);
  await second.getByRole("button", { name: "Sign out" }).click();
  await signIn(second, node);
  await carryOut(page);
});

test("signing out where another tab has signed in anew ends that session", async (t) => {
  // 401: what the page was asking for while the session ended.
  const { page, context } = await open(t, node, { statuses: [401, 403] });
  await page.evaluate((password) => fetch("/api/v1/session", { method: "POST", headers: { "UCPKI-Console": "1" }, body: JSON.stringify({ account: "admin", password }) }), node.password);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.locator(".sign-in-form").waitFor();
  assert.equal(await cookie(context), undefined);
});

test("a sign-out that does not reach the node is no sign-out, and that is said", async (t) => {
  const { page, context } = await open(t, node, { statuses: [0, 401] });
  await page.route("**/api/v1/session", (route) => route.abort("connectionreset"), { times: 1 });
  await page.getByRole("button", { name: "Sign out" }).click();
  const alert = page.getByRole("alert").filter({ hasText: "The node does not answer" });
  await alert.waitFor();
  assert.notEqual(await cookie(context), undefined);
  await alert.getByRole("button", { name: "Try again" }).click();
  await page.locator(".sign-in-form").waitFor();
  assert.equal(await cookie(context), undefined);
});

test("a plan that is made anew because others have changed something does not keep the session alive", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/ipsec/regenerate" });
  await page.locator(".plan").waitFor();
  const [again] = await Promise.all([page.waitForRequest(/ipsec\/regenerate\?.*dry_run=1/), node.ask("POST", "/csrs/TVS?yes=1", { json: {} })]);
  assert.equal(again.headers()["ucpki-console"], "background");
});

test("an answer that takes longer than the page waits between two looks is waited for, and not asked for once more", async (t) => {
  const { page } = await open(t, node, { path: "/" });
  let asked = 0;
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/api/v1/nodes", async (route) => {
    asked++;
    await held;
    await route.continue();
  });
  await follow(page, "/cluster");
  // Three looks of the frame, which come as often as those of the page.
  for (let i = 0; i < 3; i++) await page.waitForResponse(/\/api\/v1\/status$/);
  assert.equal(asked, 1);
  release();
  await page.getByRole("table", { name: "Nodes" }).waitFor();
});

test("two administrators change the same thing: the second sees what the first did, and decides", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/ipsec/regenerate", statuses: [409] });
  await page.locator(".plan").waitFor();
  await taskButton(page).and(page.locator(":enabled")).waitFor();
  const before = await node.ask("GET", "/certificates/own/ipsec");
  // The first is quicker, between the second's last look at the plan and the button.
  await page.route(/regenerate\?.*seen=/, async (route) => {
    await node.ask("POST", "/certificates/own/ipsec/regenerate?yes=1", { json: { key: "rsa-4096" } });
    await route.continue();
  }, { times: 1 });
  await taskButton(page).click();
  await page.getByText("The plan has changed while you were looking at it.").waitFor();
  const between = await node.ask("GET", "/certificates/own/ipsec");
  assert.equal(between.key_type, "RSA 4096", "nothing was done but what the first did");
  assert.notEqual(between.fingerprint, before.fingerprint);
  await checkAxe(page);
  await carryOut(page);
  assert.notEqual((await node.ask("GET", "/certificates/own/ipsec")).fingerprint, between.fingerprint);
});

test("an answer that is lost on the way: trying again does nothing twice", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/CAPF/regenerate" , statuses: [0] });
  await page.locator(".plan").waitFor();
  await taskButton(page).and(page.locator(":enabled")).waitFor();
  const head = (await node.ask("GET", "/status")).head;
  await page.route(/regenerate\?.*seen=/, async (route) => {
    await route.fetch({ timeout: 0 });
    await route.abort("connectionreset");
  }, { times: 1 });
  const agree = page.locator(".task-send input[type=checkbox]");
  if (await agree.count()) await agree.check();
  await taskButton(page).click();
  await page.getByText("The node does not answer.", { exact: false }).first().waitFor();
  await page.getByRole("button", { name: "Try again" }).first().click();
  await page.waitForURL(/\/changes\/\d+\?done=1$/);
  assert.equal((await node.ask("GET", "/status")).head, head + 1);
});

test("M1: the page follows changes that others make, without being asked", async (t) => {
  const { page } = await open(t, node, { path: "/changes" });
  await page.getByRole("heading", { level: 1, name: "Changes" }).waitFor();
  const done = await node.ask("POST", "/csrs/TVS?yes=1", { json: {} });
  await page.locator(`a[href="/changes/${done.number}"]`).first().waitFor();
});

test("a new password: the fields say what is wrong; it holds from then on", async (t) => {
  const { page } = await open(t, node, { path: "/account", statuses: [400, 401, 422] });
  await field(page, "password").fill("short");
  await field(page, "repeat").fill("short");
  await page.getByText("Type the present password").waitFor();
  await field(page, "current").fill("not this one");
  assert.match(await errorOf(field(page, "password")), /10/);
  await field(page, "password").fill("a much longer one");
  await page.getByText("The two passwords differ.").waitFor();
  await field(page, "repeat").fill("a much longer one");
  await taskButton(page).and(page.locator(":enabled")).click();
  assert.match(await errorOf(field(page, "current")), /present password is not right/);
  assert.equal((await node.api("GET", "/status")).status, 200, "nothing was changed");
  await checkAxe(page);
  await field(page, "current").fill(node.password);
  await taskButton(page).and(page.locator(":enabled")).click();
  await until("the new password", async () => {
    const answer = await node.api("GET", "/status");
    return answer.status === 401;
  });
  node.password = "a much longer one";
  await page.getByRole("dialog").or(page.getByText("The new password is set.")).first().waitFor();
  const { page: other } = await open(t, node);
  await follow(other, "/account");
});

test("what the node cannot answer is said, and comes back by itself", async (t) => {
  const { page } = await open(t, node, { path: "/no/such/page" });
  await page.getByRole("heading", { level: 1, name: "There is no such page" }).waitFor();
  await checkAxe(page);
});
