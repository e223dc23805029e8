// Regenerating a certificate (G1), whose page shows what all tasks have in common: agreement, plans and answers that got lost; and setting a password.
import assert from "node:assert/strict";
import test from "node:test";
import { carryOut, checkAxe, checkWidth, errorOf, field, follow, Node, open, signIn, taskButton, until } from "./harness.mjs";

const node = await Node.start();

async function head() {
  return (await node.ask("GET", "/status")).head;
}

const hex = (certificate) => certificate.fingerprint256.replaceAll(":", "").toLowerCase();

test("G1, U4: tomcat is regenerated, the new certificate is presented at once, and the page goes on working", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat/regenerate" });
  const before = hex(await node.presented("rsa"));
  await field(page, "key").waitFor();
  assert.deepEqual(await field(page, "key").locator("option").allTextContents(), ["As the present key", "RSA 2048", "RSA 3072", "RSA 4096"]);
  await field(page, "years").fill("2");
  await page.getByText("ucpki set cert regen tomcat --years 2").waitFor();
  await page.locator(".plan-group.warn").getByText("Take a backup").waitFor();
  await checkAxe(page);
  await carryOut(page);
  const after = hex(await node.presented("rsa"));
  assert.notEqual(after, before);
  assert.equal((await node.ask("GET", "/certificates/own/tomcat")).fingerprint, after);
  await follow(page, "/certificates");
  await page.getByRole("link", { name: "tomcat.pem", exact: true }).first().waitFor();
  await page.reload();
  await page.getByRole("link", { name: "tomcat.pem", exact: true }).first().waitFor();
});

test("G1: each purpose has its own kinds of keys, and what cannot be is said at its field", async (t) => {
  const { page } = await open(t, node, { path: "/generate-self-signed", statuses: [400, 422] });
  await page.getByText("Choose the purpose").waitFor();
  await field(page, "purpose").selectOption("CallManager-ECDSA");
  assert.deepEqual(await field(page, "key").locator("option").allTextContents(), ["As the present key", "EC P-256", "EC P-384", "EC P-521"]);
  await field(page, "key").selectOption("ec-p521");
  await field(page, "hash").selectOption("sha256");
  assert.match(await errorOf(field(page, "hash")), /sha256 is too weak/);
  await field(page, "hash").selectOption("sha512");
  await field(page, "years").fill("many");
  assert.match(await errorOf(field(page, "years")), /many/);
  await field(page, "years").fill("");
  await page.locator(".plan").getByText("EC P-521").first().waitFor();
  await field(page, "purpose").selectOption("tomcat");
  assert.equal(await field(page, "key").inputValue(), "");
});

test("G1: what is dangerous must be agreed to", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/CallManager/regenerate" });
  await field(page, "key").selectOption("rsa-3072");
  await page.locator(".plan-group.danger").waitFor();
  await checkAxe(page);
  assert.ok(await taskButton(page).isDisabled());
  await page.getByRole("checkbox").check();
  await until("the agreement counts", () => taskButton(page).isEnabled());
  await field(page, "key").selectOption("rsa-4096");
  await page.locator(".plan").getByText("RSA 4096").first().waitFor();
  await field(page, "key").selectOption("rsa-3072");
  await page.locator(".plan").getByText("RSA 3072").first().waitFor();
  assert.ok(!(await page.getByRole("checkbox").isChecked()), "another plan must be agreed to anew");
});

test("G1: an answer that got lost: trying again does not do it twice", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/TVS/regenerate", statuses: [0] });
  await until("the plan", () => taskButton(page).isEnabled());
  const before = await head();
  let lost = 0;
  await page.route(/regenerate\?.*request=/, async (route) => {
    const response = await route.fetch();
    if (lost++ === 0) await route.abort("failed");
    else await route.fulfill({ response });
  });
  await taskButton(page).click();
  await page.getByRole("alert").getByText("The node does not answer.").waitFor();
  await page.getByText("this browser must accept the new one").waitFor();
  assert.equal(await page.getByRole("link", { name: "Open the console in a new tab" }).getAttribute("target"), "_blank");
  await page.getByText("Trying again is safe").waitFor();
  await checkAxe(page);
  assert.equal(await head(), before + 1, "it was done, but the page does not know");
  /* The page hears that the state has changed; that this was its own doing must not count as a new plan. */
  await page.waitForResponse((one) => one.url().endsWith("/api/v1/overview"));
  assert.equal(await page.getByText("The plan has changed").count(), 0);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.waitForURL(new RegExp(`/changes/${before + 1}\\?done=1$`));
  assert.equal(await head(), before + 1);
});

test("G1: a plan that could not be asked for can be asked for again", async (t) => {
  const { page } = await open(t, node, { statuses: [0] });
  let failing = true;
  await page.route(/regenerate\?.*dry_run=/, (route) => (failing ? route.abort("failed") : route.continue()));
  await follow(page, "/certificates/own/ipsec/regenerate");
  await page.getByRole("alert").getByText("The node does not answer.").waitFor();
  assert.equal(await page.getByText("Trying again is safe").count(), 0);
  failing = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await until("the plan", () => taskButton(page).isEnabled());
});

test("G1, U4: a browser that trusts only the certificate which was replaced says what to do", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat/regenerate", statuses: [0], trusting: await node.presented("rsa") });
  await carryOut(page);
  /* As long as a connection lives it goes on; the next one is refused by the browser. */
  await node.restart();
  await follow(page, "/certificates/own/ipsec/regenerate");
  await page.getByRole("alert").getByText("this browser must accept the new one").waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
});

for (const [locale, scheme, width] of [["en-US", "dark", 1280], ["ja-JP", "light", 360]])
  test(`G1: the page has no violations of WCAG in ${locale}, ${scheme}, at a width of ${width}`, async (t) => {
    const { page } = await open(t, node, { path: "/generate-self-signed?purpose=CallManager", locale, scheme, width });
    await page.locator(".plan").waitFor();
    await checkAxe(page);
    await checkWidth(page);
    await follow(page, "/account");
    await field(page, "repeat").waitFor();
    await checkAxe(page);
    await checkWidth(page);
  });

test("a new password ends all other sessions, and whoever set it stays signed in", async (t) => {
  const other = await open(t, node, { statuses: [401] });
  const { page } = await open(t, node, { path: "/account", statuses: [400] });
  await field(page, "current").fill(node.password);
  await field(page, "password").fill("short");
  await field(page, "repeat").fill("shor");
  await page.getByText("The two passwords differ.").waitFor();
  await field(page, "repeat").fill("short");
  assert.match(await errorOf(field(page, "password")), /at least 10/);
  const password = "correct horse <battery>";
  for (const name of ["password", "repeat"]) await field(page, name).fill(password);
  await until("the plan", () => taskButton(page).isEnabled());
  await taskButton(page).click();
  await page.getByText("The new password is set.").waitFor();
  node.password = password;
  for (const name of ["current", "password", "repeat"]) assert.equal(await field(page, name).inputValue(), "");
  await follow(page, "/certificates");
  await page.getByRole("link", { name: "tomcat.pem", exact: true }).first().waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  await other.page.getByRole("dialog").waitFor();
  await other.page.context().clearCookies();
  await other.page.reload();
  await signIn(other.page, node);
});
