// U1, U2, U3: uploads: whatever a CA hands out, in whatever way it comes to the page, and what the page says of it before anything changes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { CA, carryOut, checkAxe, checkWidth, drop, errorOf, field, file, fingerprint, follow, Node, open, openssl, tabTo, taskButton, toDer, toPkcs12, until } from "./harness.mjs";

const node = await Node.start();
const root = new CA("Upload Test Root");
const issuing = new CA("Upload Test Issuing CA", root);
const NOTHING = "This is an invoice, not a certificate.\n";

const chooser = (page) => page.locator('input[type="file"]');
const radio = (page, name) => page.getByRole("radio", { name });

async function inside(page) {
  const rows = page.getByRole("table").first().locator("tbody tr");
  await rows.first().waitFor();
  return rows.evaluateAll((all) => all.map((row) => [...row.children].slice(0, 2).map((cell) => cell.innerText.trim()).join(": ")));
}

async function has(store, pem) {
  const { items } = await node.ask("GET", `/certificates?usage=trust&where=${encodeURIComponent(`fingerprint is ${fingerprint(pem)}`)}`);
  return items.find((one) => one.unit === store);
}

async function csrOf(purpose) {
  await node.ask("POST", `/csrs/${purpose}?yes=1`, { json: {} });
  return (await node.api("GET", `/csrs/${purpose}/content`)).body.toString();
}

test("U1: a root certificate into a trust store, with a description and for one node only", async (t) => {
  const ca = new CA("A Root For One Node");
  const { page } = await open(t, node, { path: "/upload" });
  await chooser(page).setInputFiles(file("root.cer", toDer(ca.pem)));
  assert.deepEqual(await inside(page), ["A Root For One Node: Root CA"]);
  await page.getByRole("status").getByText("One certificate found").waitFor();
  await radio(page, "CallManager-trust").check();
  await field(page, "description").fill("the lab's <root>");
  await radio(page, "Only on cucm-pub").check();
  await page.getByText(`ucpki set cert import trust CallManager-trust root.cer --description 'the lab'\\''s <root>' --scope node`).waitFor();
  await page.locator(".plan").getByText("Add A Root For One Node").waitFor();
  await carryOut(page);
  const row = await has("CallManager-trust", ca.pem);
  assert.equal(row.description, "the lab's <root>");
  assert.equal(row.scope, "cucm-pub");
});

test("U1: what is there already is said, and changes nothing", async (t) => {
  const ca = new CA("A Root Twice");
  await node.ask("POST", "/certificates/trust/tomcat-trust?yes=1", { body: ca.pem });
  const { page } = await open(t, node, { path: "/upload?store=tomcat-trust" });
  await chooser(page).setInputFiles(file("again.pem", ca.pem));
  await page.getByRole("cell", { name: "tomcat-trust (cluster)" }).waitFor();
  await radio(page, /^tomcat-trust/).check();
  await page.getByText("Nothing: everything is already as it should be.").waitFor();
  assert.equal(await taskButton(page).count(), 0);
});

test("U2, U3: what is missing, where to get it, and taking it into the same upload", async (t) => {
  const at = "http://pki.example.com/issuing.cer";
  const top = new CA("Missing Root");
  const ca = new CA("Missing Issuing CA", top);
  const request = await csrOf("ipsec");
  /* Where the other tests' files go would depend on it. */
  t.after(() => node.ask("DELETE", "/csrs/ipsec?yes=1"));
  const leaf = ca.sign(request, { extensions: [`authorityInfoAccess=caIssuers;URI:${at}`] });
  const { page } = await open(t, node, { path: "/upload" });
  await chooser(page).setInputFiles(file("leaf.pem", leaf));
  const lacking = page.locator(".notice").filter({ hasText: "Where to get the missing certificate" });
  await lacking.getByText(at, { exact: true }).waitFor();
  assert.equal(await lacking.getByRole("link").count(), 0, "an address that anybody may have written is text");
  await checkAxe(page);
  const [dialog] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Add a file" }).click()]);
  await dialog.setFiles([file("issuing.pem", ca.pem), file("root.pem", top.pem)]);
  await page.getByText(/^leaf\.pem, issuing\.pem, root\.pem \(/).waitFor();
  await until("the plan", async () => !(await taskButton(page).isDisabled()));
  assert.equal(await lacking.count(), 0);
  await page.getByText("cat leaf.pem issuing.pem root.pem | ucpki set cert import own ipsec").waitFor();
  /* Whoever chooses anew begins anew. */
  await chooser(page).setInputFiles(file("leaf.pem", leaf));
  await lacking.waitFor();
});

test("U1: PEM text is pasted into its field", async (t) => {
  const ca = new CA("A Pasted Root");
  const { page } = await open(t, node, { path: "/upload" });
  await field(page, "text").fill(`From: the CA\r\n${ca.pem}`);
  assert.deepEqual(await inside(page), ["A Pasted Root: Root CA"]);
  await page.getByText("ucpki set cert import trust tomcat-trust", { exact: true }).waitFor();
  await carryOut(page);
  assert.ok(await has("tomcat-trust", ca.pem));
});

test("U1: text and files that are pasted anywhere on the page are taken", async (t) => {
  const { page } = await open(t, node, { path: "/upload" });
  await chooser(page).waitFor({ state: "attached" });
  const paste = (text, name) =>
    page.evaluate(([content, fileName]) => {
      const data = new DataTransfer();
      if (fileName) data.items.add(new File([content], fileName));
      else data.setData("text/plain", content);
      document.querySelector("h1").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, [text, name]);
  await paste(root.pem);
  assert.deepEqual(await inside(page), ["Upload Test Root: Root CA"]);
  assert.equal(await field(page, "text").inputValue(), root.pem);
  await paste(issuing.pem, "issuing.pem");
  await page.getByText("issuing.pem (").waitFor();
  await until("the other certificate", async () => (await inside(page))[0] === "Upload Test Issuing CA: Intermediate CA");
});

test("U1: a file is dropped anywhere on the page, and another takes its place", async (t) => {
  const { page } = await open(t, node, { path: "/upload" });
  await chooser(page).waitFor({ state: "attached" });
  await drop(page.locator("h1"), [{ name: "root.pem", content: root.pem }]);
  assert.deepEqual(await inside(page), ["Upload Test Root: Root CA"]);
  await drop(page.locator("main"), [{ name: "issuing.pem", content: issuing.pem }]);
  await until("the other certificate", async () => (await inside(page))[0] === "Upload Test Issuing CA: Intermediate CA");
  await page.getByRole("button", { name: "Remove" }).click();
  assert.equal(await taskButton(page).count(), 0);
  assert.ok(await field(page, "text").isVisible());
});

test("U1: the file is chosen by the keyboard alone", async (t) => {
  const ca = new CA("A Root By Keyboard");
  const { page } = await open(t, node, { path: "/upload" });
  const choosing = page.waitForEvent("filechooser");
  await page.locator("h1").focus();
  await tabTo(page, chooser(page));
  await page.keyboard.press("Enter");
  await (await choosing).setFiles(file("root.pem", ca.pem));
  await radio(page, /^tomcat-trust/).waitFor();
  await tabTo(page, radio(page, /^tomcat-trust/));
  await page.keyboard.press("ArrowDown");
  await page.locator(".plan").getByText("to CallManager-trust").waitFor();
  await page.keyboard.press("ArrowUp");
  await page.locator(".plan").getByText("to tomcat-trust").waitFor();
  await until("the plan", () => taskButton(page).isEnabled());
  await tabTo(page, taskButton(page));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/changes\/\d+/);
  assert.ok(await has("tomcat-trust", ca.pem));
});

test("U1: a file that is no certificate: the error stands at the file, which stays", async (t) => {
  const { page } = await open(t, node, { path: "/upload", statuses: [400] });
  await chooser(page).setInputFiles(file("invoice.txt", NOTHING));
  assert.match(await errorOf(chooser(page)), /certificate/i);
  await page.getByText("invoice.txt (").waitFor();
  assert.equal(await taskButton(page).count(), 0);
  await checkAxe(page);
  await chooser(page).setInputFiles(file("root.pem", root.pem));
  assert.deepEqual(await inside(page), ["Upload Test Root: Root CA"]);
  assert.equal(await chooser(page).getAttribute("aria-invalid"), "false");
});

test("U1: text that is no certificate: the error stands at the text", async (t) => {
  const { page } = await open(t, node, { path: "/upload", statuses: [400] });
  const cut = root.pem.split("\n").slice(0, 3).join("\n");
  await field(page, "text").fill(cut);
  assert.match(await errorOf(field(page, "text")), /END/);
  assert.equal(await field(page, "text").inputValue(), cut);
});

test("U1: a file that is far too large is not even sent", async (t) => {
  const { page } = await open(t, node, { path: "/upload" });
  const asked = [];
  page.on("request", (one) => one.url().includes("/inspect") && asked.push(one.url()));
  await chooser(page).setInputFiles(file("root.pem", root.pem));
  await inside(page);
  await chooser(page).setInputFiles(file("backup.tar", Buffer.alloc(5_000_000, 48)));
  assert.match(await errorOf(chooser(page)), /backup\.tar has 5,000 kB, more than 4,194\.3 kB/);
  await page.getByText("root.pem (").waitFor();
  assert.equal(asked.length, 1);
});

test("U1: a private key is refused, and nothing of it is shown", async (t) => {
  const { page } = await open(t, node, { path: "/upload", statuses: [422] });
  const { pem, key } = issuing.leaf("peer.example.com");
  const secret = readFileSync(key, "utf8");
  await chooser(page).setInputFiles(file("both.pem", pem + secret));
  assert.match(await errorOf(chooser(page)), /private key/i);
  assert.ok(!(await page.content()).includes(secret.split("\n")[1]));
});

test("U1: a PKCS#12 file asks for its password, which may hold any character", async (t) => {
  const peer = issuing.leaf("pbx.example.com");
  const { page } = await open(t, node, { path: "/upload", statuses: [400] });
  await chooser(page).setInputFiles(file("pbx.p12", toPkcs12(peer, "pässwörd 秘密")));
  await until("the focus is in the password", () => field(page, "password").evaluate((one) => one === document.activeElement));
  assert.equal(await chooser(page).getAttribute("aria-invalid"), "false");
  await checkAxe(page);
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  assert.match(await errorOf(field(page, "password")), /password/i);
  await field(page, "password").fill("pässwörd 秘密");
  await page.keyboard.press("Enter");
  assert.deepEqual(await inside(page), ["pbx.example.com: Identity"]);
  await page.getByText("ucpki set cert import trust tomcat-trust pbx.p12 --password-file FILE").waitFor();
  await carryOut(page);
  assert.ok(await has("tomcat-trust", peer.pem));
});

test("U1: several PEM files are taken together, others one at a time", async (t) => {
  const { page } = await open(t, node, { path: "/upload" });
  await chooser(page).setInputFiles([file("issuing.pem", issuing.pem), file("root.pem", root.pem)]);
  assert.deepEqual(await inside(page), ["Upload Test Issuing CA: Intermediate CA", "Upload Test Root: Root CA"]);
  await page.getByText("cat issuing.pem root.pem | ucpki set cert import trust tomcat-trust").waitFor();
  await chooser(page).setInputFiles([file("issuing.pem", issuing.pem), file("root.der", toDer(root.pem))]);
  assert.match(await errorOf(chooser(page)), /root\.der is not PEM/);
});

test("U1: something else than what is proposed can be chosen", async (t) => {
  const ca = new CA("A Root For Phones");
  const { page } = await open(t, node, { path: "/upload" });
  await chooser(page).setInputFiles(file("root.pem", ca.pem));
  await radio(page, "Something else").check();
  await page.getByText("Choose where the file goes").waitFor();
  assert.ok(await taskButton(page).isDisabled());
  await field(page, "target").selectOption("trust/Phone-SAST-trust");
  await page.locator(".plan").getByText("to Phone-SAST-trust").waitFor();
  await checkAxe(page);
  await carryOut(page);
  assert.ok(await has("Phone-SAST-trust", ca.pem));
});

test("U2: a request is no certificate, and is not offered to be uploaded", async (t) => {
  const { page } = await open(t, node, { path: "/upload" });
  const foreign = openssl(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=elsewhere.example.com", "-config", "/dev/null"]);
  await chooser(page).setInputFiles(file("request.csr", foreign));
  await page.getByText("There is a signing request in the file: CN=elsewhere.example.com").waitFor();
  assert.equal(await taskButton(page).count(), 0);
});

test("U2, T4: a certificate whose chain is missing is refused, and the page says what is missing and where it goes", async (t) => {
  const csr = await csrOf("tomcat");
  const leaf = issuing.sign(csr);
  const { page } = await open(t, node, { path: "/upload?purpose=tomcat" });
  await chooser(page).setInputFiles(file("answer.pem", leaf));
  const refused = page.locator(".plan-group.danger");
  await refused.getByText("CA certificate is not available in the trust store tomcat-trust").waitFor();
  await refused.getByText("Upload that certificate to tomcat-trust first, root before intermediates, or put it into the same file.").waitFor();
  assert.equal(await taskButton(page).count(), 0);
  await checkAxe(page);
  /* In the order of the field: root, intermediate, then the certificate itself. */
  for (const ca of [root, issuing]) {
    await chooser(page).setInputFiles(file("ca.pem", ca.pem));
    await page.getByRole("radio", { name: /^tomcat-trust/, checked: true }).waitFor();
    await carryOut(page);
    await follow(page, "/upload?purpose=tomcat");
  }
  await chooser(page).setInputFiles(file("answer.pem", leaf));
  await page.getByRole("radio", { name: /^tomcat on cucm-pub/, checked: true }).waitFor();
  await carryOut(page);
  assert.equal((await node.ask("GET", "/certificates/own/tomcat")).fingerprint, fingerprint(leaf));
});

test("U3: a file with a certificate and its chain in any order does all of it in one step", async (t) => {
  const ca = new CA("Any Order Root");
  const middle = new CA("Any Order Issuing CA", ca);
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2]]) {
    const leaf = middle.sign(await csrOf("tomcat"));
    const all = [leaf, middle.pem, ca.pem];
    const { page } = await open(t, node, { path: "/upload" });
    await chooser(page).setInputFiles(file("bundle.pem", order.map((i) => all[i]).join("")));
    assert.deepEqual(await inside(page), ["cucm-pub.example.com: Identity", "Any Order Issuing CA: Intermediate CA", "Any Order Root: Root CA"]);
    await page.getByText("Certificates of one file may stand in any order").waitFor();
    await page.getByRole("radio", { name: /^tomcat on cucm-pub/, checked: true }).waitFor();
    await carryOut(page);
    assert.equal((await node.ask("GET", "/certificates/own/tomcat")).fingerprint, fingerprint(leaf));
    assert.ok(await has("tomcat-trust", ca.pem));
  }
});

test("U1: names with markup are shown as text", async (t) => {
  const ca = new CA("<img src=x onerror=alert(1)>");
  const { page } = await open(t, node, { path: "/upload" });
  page.on("dialog", (dialog) => assert.fail(dialog.message()));
  await chooser(page).setInputFiles(file("<b>.pem", ca.pem));
  assert.deepEqual(await inside(page), ["<img src=x onerror=alert(1)>: Root CA"]);
  await page.getByText("<b>.pem (").waitFor();
  await page.locator(".plan").waitFor();
  assert.equal(await page.locator("main img").count(), 0);
});

test("U1: a session that ends in mid-form loses nothing of what was chosen and typed", async (t) => {
  const ca = new CA("A Root That Waits");
  const { page, context } = await open(t, node, { path: "/upload", statuses: [401] });
  await chooser(page).setInputFiles(file("root.pem", ca.pem));
  const planned = page.waitForResponse((one) => /dry_run=.*typed|typed.*dry_run=/.test(one.url()));
  await field(page, "description").fill("typed before");
  await planned;
  await until("the plan", () => taskButton(page).isEnabled());
  await context.clearCookies();
  await taskButton(page).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await field(dialog, "password").fill(node.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/changes\/\d+/);
  assert.equal((await has("tomcat-trust", ca.pem)).description, "typed before");
});

test("U1: a file that is chosen when the session has ended already is looked into after signing in", async (t) => {
  const { page, context } = await open(t, node, { path: "/upload", statuses: [401] });
  await chooser(page).waitFor({ state: "attached" });
  await context.clearCookies();
  await chooser(page).setInputFiles(file("root.pem", root.pem));
  await page.getByRole("dialog").waitFor();
  await field(page.getByRole("dialog"), "password").fill(node.password);
  await page.keyboard.press("Enter");
  assert.deepEqual(await inside(page), ["Upload Test Root: Root CA"]);
});

for (const [locale, scheme, width] of [["en-US", "dark", 1280], ["ja-JP", "light", 360]])
  test(`U1: the page has no violations of WCAG in ${locale}, ${scheme}, at a width of ${width}`, async (t) => {
    const ca = new CA("A Root To Look At");
    const { page } = await open(t, node, { path: "/upload", locale, scheme, width });
    await chooser(page).waitFor({ state: "attached" });
    await checkAxe(page);
    await checkWidth(page);
    await chooser(page).setInputFiles(file("bundle.pem", issuing.chain().concat(ca.pem).join("")));
    await page.locator(".plan").waitFor();
    await page.locator("details summary").first().click();
    await checkAxe(page);
    await checkWidth(page);
  });
