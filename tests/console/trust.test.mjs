// X1 and undo: what a deletion or a regeneration breaks is said before it is done, agreed to, and can be taken back.
import assert from "node:assert/strict";
import test from "node:test";
import { CA, carryOut, checkAxe, checkWidth, file, fingerprint, follow, Node, open, tabTo, taskButton, until } from "./harness.mjs";

const MARKUP = "<img src=x onerror=alert(1)>";
const node = await Node.start();
const root = new CA("Trust Test Root");
const issuing = new CA("Trust Test Issuing CA", root);

const ROOT_PAGE = "/certificates/trust/tomcat-trust/Trust_Test_Root.pem";

async function trusted(store, pem) {
  const { items } = await node.ask("GET", `/certificates?usage=trust&where=${encodeURIComponent(`fingerprint is ${fingerprint(pem)}`)}&where=${encodeURIComponent(`unit is ${store}`)}`);
  return items[0];
}

async function head() {
  return (await node.ask("GET", "/status")).head;
}

// What a group of the plan says: the messages of its findings, or its lines.
function said(page, kind) {
  return page.locator(`.plan-group.${kind} :is(.findings p:first-child, .steps li > p, .followups li)`).allInnerTexts();
}

async function taken(page) {
  await page.getByRole("link", { name: "Undo", exact: true }).first().click();
  await page.waitForURL(/\/changes\/\d+\/undo$/);
  await page.locator(".plan").waitFor();
}

test("U1, U2: the chain of a CA and a certificate that it signed for tomcat are uploaded", async (t) => {
  await node.ask("POST", "/csrs/tomcat?yes=1", { json: {} });
  const leaf = issuing.sign((await node.api("GET", "/csrs/tomcat/content")).body.toString());
  const { page } = await open(t, node, { path: "/upload?store=tomcat-trust" });
  await page.locator('input[type="file"]').setInputFiles(file("chain.pem", issuing.pem + root.pem));
  await page.getByRole("radio", { name: "tomcat-trust", exact: false, checked: true }).waitFor();
  for (const name of ["Trust Test Root", "Trust Test Issuing CA"]) await page.locator(".plan").getByText(`Add ${name}`).waitFor();
  await carryOut(page);
  for (const pem of [root.pem, issuing.pem]) assert.ok(await trusted("tomcat-trust", pem));
  await node.ask("POST", "/certificates/own/tomcat?yes=1", { body: leaf });
  await follow(page, ROOT_PAGE);
  await page.getByRole("region", { name: "What depends on it" }).locator(".findings .danger").first().waitFor();
});

test("X1: a CA on which tomcat depends: what breaks is said, and must be agreed to; undo brings it back", async (t) => {
  const { page } = await open(t, node, { path: ROOT_PAGE });
  await page.getByRole("link", { name: "Delete", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Delete Trust_Test_Root.pem from tomcat-trust" }).waitFor();
  const danger = page.getByRole("region", { name: "This breaks something" });
  await danger.waitFor();
  assert.ok((await said(page, "danger")).some((one) => /tomcat/.test(one) && /chain|trust/i.test(one)), (await said(page, "danger")).join());
  assert.ok((await said(page, "warn")).some((one) => /peers that only Trust Test Root .* vouches for will be denied/.test(one)), (await said(page, "warn")).join());
  await page.getByText("ucpki set cert delete tomcat-trust Trust_Test_Root.pem").waitFor();
  assert.equal(await taskButton(page).innerText(), "Delete Trust_Test_Root.pem from tomcat-trust");
  assert.ok(await taskButton(page).isDisabled());
  await checkAxe(page);
  /* By keyboard: the box, the reason, the button. */
  const before = await head();
  await page.locator("h1").focus();
  await tabTo(page, page.locator('[name="why"]'));
  await page.keyboard.type("the CA was given up");
  await tabTo(page, page.getByRole("checkbox", { name: "I have read what this breaks" }));
  await page.keyboard.press("Space");
  await tabTo(page, taskButton(page));
  assert.equal(await head(), before);
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`/changes/${before + 1}\\?done=1$`));
  assert.equal(await trusted("tomcat-trust", root.pem), undefined);
  assert.equal((await node.ask("GET", "/certificates/own/tomcat")).chain_complete, false);
  assert.equal((await node.ask("GET", `/changes/${before + 1}`)).why, "the CA was given up");
  await page.getByRole("region", { name: "It was said that this breaks something" }).waitFor();
  await checkAxe(page);

  await taken(page);
  await page.getByText(`ucpki utils undo ${before + 1}`).waitFor();
  await page.locator(".plan .steps").getByText("Trust Test Root").first().waitFor();
  await checkAxe(page);
  const undo = await carryOut(page);
  const back = await trusted("tomcat-trust", root.pem);
  assert.equal(back.name, "Trust_Test_Root.pem");
  assert.equal((await node.ask("GET", "/certificates/own/tomcat")).chain_complete, true);
  await page.getByText(`It undoes change ${before + 1}.`).waitFor();
  await page.getByRole("link", { name: `Look at change ${before + 1}` }).click();
  await page.getByText(`This change was undone by change ${undo}.`).waitFor();
  assert.equal(await page.getByRole("link", { name: "Undo", exact: true }).count(), 0, "what is undone is not undone again");
  await follow(page, ROOT_PAGE);
  await page.getByRole("heading", { level: 1, name: "Trust_Test_Root.pem" }).waitFor();
});

test("X1: what nothing depends on is deleted without an agreement, and Cancel leads back without doing anything", async (t) => {
  const ca = new CA("Nobody Needs It");
  await node.ask("POST", "/certificates/trust/tomcat-trust?yes=1", { body: ca.pem });
  const { page } = await open(t, node, { path: "/certificates/trust/tomcat-trust/Nobody_Needs_It.pem/delete" });
  await until("the plan", () => taskButton(page).isEnabled());
  assert.equal(await page.locator(".plan-group.danger").count(), 0);
  assert.equal(await page.getByRole("checkbox").count(), 0);
  const before = await head();
  await page.getByRole("link", { name: "Cancel" }).click();
  await page.getByRole("heading", { level: 1, name: "Nobody_Needs_It.pem" }).waitFor();
  assert.equal(await head(), before);
  await page.getByRole("link", { name: "Delete", exact: true }).click();
  await until("the plan", () => taskButton(page).isEnabled());
  await carryOut(page);
  assert.equal(await trusted("tomcat-trust", ca.pem), undefined);
});

test("X1: which phones lose trust is said", async (t) => {
  const ca = new CA("A Signer For Phones");
  await node.ask("POST", "/certificates/trust/Phone-SAST-trust?yes=1", { body: ca.pem });
  const { page } = await open(t, node, { path: "/certificates/trust/Phone-SAST-trust/A_Signer_For_Phones.pem/delete" });
  await page.locator(".plan").getByText(/phone/i).first().waitFor();
  const words = [...(await said(page, "warn")), ...(await said(page, "danger"))];
  assert.ok(words.some((one) => /phone/i.test(one)), words.join());
});

test("X1: a name with markup and invisible characters is text on every page of its deletion and undo", async (t) => {
  const ca = new CA(`${MARKUP}\u202Egnp.exe\u200B\u0007`);
  await node.ask("POST", "/certificates/trust/tomcat-trust?yes=1", { body: ca.pem });
  const { name } = await trusted("tomcat-trust", ca.pem);
  const details = `/certificates/trust/tomcat-trust/${encodeURIComponent(name)}`;
  const { page } = await open(t, node, { path: details });
  const isText = async () => {
    assert.equal(await page.locator("main img").count(), 0);
    const text = await page.locator("main").innerText();
    assert.ok(text.includes(MARKUP), text);
    const unseen = /[\u0000-\u0008\u000b-\u001f\u200b-\u200f\u202a-\u202e]/.exec(text);
    assert.equal(unseen, null, `${page.url()}: ${unseen && JSON.stringify(text.slice(unseen.index - 40, unseen.index + 10))}`);
  };
  await page.locator("dl.facts").first().waitFor();
  await page.getByText(`${MARKUP}<U+202E>gnp.exe<U+200B><U+0007>`).first().waitFor();
  await isText();
  await checkAxe(page);
  await follow(page, `${details}/delete`);
  await until("the plan", () => taskButton(page).isEnabled());
  await isText();
  await carryOut(page);
  await page.locator(".plan").waitFor();
  await isText();
  await taken(page);
  await until("the plan", () => taskButton(page).isEnabled());
  await isText();
  await carryOut(page);
  await page.locator(".plan").waitFor();
  await isText();
});

test("X1: a certificate that somebody else has deleted meanwhile", async (t) => {
  const ca = new CA("Soon Gone");
  await node.ask("POST", "/certificates/trust/tomcat-trust?yes=1", { body: ca.pem });
  const { page } = await open(t, node, { path: "/certificates/trust/tomcat-trust/Soon_Gone.pem/delete", statuses: [404] });
  await until("the plan", () => taskButton(page).isEnabled());
  await node.ask("DELETE", "/certificates/trust/tomcat-trust/Soon_Gone.pem?yes=1");
  const before = await head();
  await taskButton(page).click().catch(() => {});
  await page.getByRole("alert").getByText(/Soon_Gone/).first().waitFor();
  assert.equal(await head(), before);
  await checkAxe(page);
});

test("X1: identity certificates have no page to delete them", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat/delete" });
  await page.getByRole("heading", { level: 1, name: "There is no such page" }).waitFor();
});

test("G1: a regeneration is undone: the certificate of before is back with its key", async (t) => {
  const before = await node.ask("GET", "/certificates/own/CallManager");
  const { page } = await open(t, node, { path: "/certificates/own/CallManager" });
  await page.getByRole("link", { name: "Regenerate", exact: true }).click();
  await until("the plan", () => taskButton(page).isEnabled());
  const number = await carryOut(page);
  assert.notEqual((await node.ask("GET", "/certificates/own/CallManager")).fingerprint, before.fingerprint);
  await taken(page);
  await until("the plan", () => taskButton(page).isEnabled());
  assert.ok((await page.locator("table.sides td.is").allTextContents()).includes(before.fingerprint), await page.locator(".plan").innerText());
  await carryOut(page);
  const after = await node.ask("GET", "/certificates/own/CallManager");
  assert.equal(after.fingerprint, before.fingerprint);
  assert.equal(after.key.present, true);
  /* What cannot be undone says why. */
  await follow(page, `/changes/${number}/undo`);
  await page.getByRole("region", { name: "This cannot be done" }).getByText(/undone|taken back/).first().waitFor();
  assert.equal(await taskButton(page).count(), 0);
  await checkAxe(page);
});

for (const [locale, scheme, width] of [["en-US", "dark", 1280], ["ja-JP", "light", 360]])
  test(`X1: the page has no violations of WCAG in ${locale}, ${scheme}, at a width of ${width}`, async (t) => {
    const { page } = await open(t, node, { path: `${ROOT_PAGE}/delete`, locale, scheme, width });
    await page.locator(".plan-group.danger").waitFor();
    await checkAxe(page);
    await checkWidth(page);
  });
