// C1, C2: certificate signing requests, and the whole way from a request to the new certificate (U2, U3, U4).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { CA, carryOut, checkAxe, checkWidth, errorOf, field, file, fingerprint, follow, FQDN, Node, open, tabTo, taskButton, until } from "./harness.mjs";

const node = await Node.start();
const root = new CA("Console Test Root");
const issuing = new CA("Console Test Issuing CA", root);

// The names that the page says the request will hold, each with where it comes from.
function names(page) {
  return page.locator(".names li").evaluateAll((all) => all.map((one) => [...one.children].map((part) => part.innerText)));
}

async function generate(page, purpose) {
  await taskButton(page).click();
  await page.waitForURL((url) => url.pathname === `/csrs/${purpose}` && url.searchParams.has("done"));
}

test("C1, C2, U2, U3, U4: from a CSR by a CA of openssl to the new certificate before the browser", async (t) => {
  const { page, context } = await open(t, node, { path: "/generate-csr" });
  await field(page, "purpose").selectOption("tomcat");
  await field(page, "subject_alt_names").fill("voice.example.com");
  await page.locator(".names").getByText("DNS:voice.example.com").waitFor();
  await generate(page, "tomcat");

  const waiting = page.waitForEvent("download");
  await page.locator('a[download][href*="format=pem"]').first().click();
  const download = await waiting;
  assert.equal(download.suggestedFilename(), "tomcat.csr");
  const leaf = issuing.sign(readFileSync(await download.path(), "utf8"));

  await page.locator('a[href^="/upload?purpose=tomcat"]').first().click();
  await page.locator('input[type="file"]').setInputFiles(file("answer.pem", [root.pem, leaf, issuing.pem].join("")));
  await page.getByRole("radio", { name: "tomcat on cucm-pub", exact: false, checked: true }).waitFor();
  const plan = page.locator(".plan");
  for (const text of ["Add Console Test Root", "Add Console Test Issuing CA", "with a chain of 2"]) await plan.getByText(text).first().waitFor();
  await checkAxe(page);
  await carryOut(page);

  assert.equal((await node.presented("rsa")).fingerprint256.replaceAll(":", "").toLowerCase(), fingerprint(leaf));
  const { self_check: checks } = await node.ask("GET", "/status");
  assert.ok(checks.some((one) => one.matches && one.fingerprint === fingerprint(leaf)), JSON.stringify(checks));
  await follow(page, "/certificates");
  await page.getByRole("link", { name: "tomcat.pem", exact: true }).waitFor();
  const other = await context.browser().newContext({ ignoreHTTPSErrors: true });
  t.after(() => other.close());
  const security = await (await (await other.newPage()).goto(node.url)).securityDetails();
  assert.equal(security.issuer, "Console Test Issuing CA");
  assert.equal(security.subjectName, FQDN);
});

test("C1: names that the system adds stand apart from one's own, each once and in its final form", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr?purpose=TVS" });
  await page.locator(".names").waitFor();
  assert.deepEqual(await names(page), [[`DNS:${FQDN}`, "automatic"]]);
  await field(page, "subject_alt_names").fill(`sip.example.com, SIP.example.com\n192.0.2.7\n${FQDN}\nbücher.example.com\n`);
  await page.locator(".names").getByText("DNS:xn--bcher-kva.example.com").waitFor();
  assert.deepEqual(await names(page), [
    [`DNS:${FQDN}`, "automatic"],
    ["DNS:sip.example.com", "added by you"],
    ["IP:192.0.2.7", "added by you"],
    ["DNS:xn--bcher-kva.example.com", "added by you"],
  ]);
  await page.getByText(`ucpki set csr gen TVS --san sip.example.com --san SIP.example.com --san 192.0.2.7 --san ${FQDN} --san 'bücher.example.com'`).waitFor();
});

test("C1: what is left as it was proposed is not sent, and follows the purpose", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr?purpose=tomcat" });
  const bodies = [];
  page.on("request", (one) => one.method() === "POST" && one.url().includes("/csrs/") && bodies.push(JSON.parse(one.postData())));
  await field(page, "key").selectOption("rsa-3072");
  await page.locator(".plan").getByText("RSA 3072").first().waitFor();
  await field(page, "key").selectOption("rsa-2048");
  await field(page, "common_name").fill("other.example.com");
  await field(page, "common_name").fill(FQDN);
  await page.locator(".plan").getByText("RSA 2048").first().waitFor();
  await field(page, "purpose").selectOption("tomcat-ECDSA");
  await until("the proposal for the other purpose", async () => (await field(page, "common_name").inputValue()) === "cucm-pub-EC.example.com");
  assert.deepEqual(await field(page, "key").locator("option").allTextContents(), ["EC P-256", "EC P-384 (usual)", "EC P-521"]);
  assert.equal(new URL(page.url()).search, "?purpose=tomcat-ECDSA");
  await generate(page, "tomcat-ECDSA");
  assert.deepEqual(bodies.at(-1), {});
});

test("C1: errors stand at the field at fault, and what was typed stays", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr?purpose=ipsec", statuses: [400] });
  await page.locator(".plan").waitFor();
  await page.getByText("Subject fields").click();
  await field(page, "organization").fill("Example & Söhne <b>");
  await field(page, "country").fill("XYZ");
  assert.match(await errorOf(field(page, "country")), /country.*XYZ/is);
  assert.ok(await taskButton(page).isDisabled());
  await field(page, "country").fill("JP");
  await page.locator(".plan").getByText("O=Example & Söhne \\<b\\>").waitFor();
  await field(page, "subject_alt_names").fill("sip.example.com\nsip..example.com");
  assert.match(await errorOf(field(page, "subject_alt_names")), /sip\.\.example\.com/);
  assert.equal(await page.locator(".names").count(), 0);
  await checkAxe(page);
  assert.equal(await field(page, "organization").inputValue(), "Example & Söhne <b>");
});

test("C1: a fault in the folded subject fields opens them", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr?purpose=ipsec", statuses: [400] });
  const folded = page.locator("details", { has: field(page, "country") });
  await folded.locator("summary").click();
  await field(page, "country").fill("J");
  await folded.locator("summary").click();
  await errorOf(field(page, "country"));
  assert.ok(await field(page, "country").isVisible());
});

test("C1: that a pending CSR is replaced stands in the plan", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr?purpose=CallManager" });
  await generate(page, "CallManager");
  await follow(page, "/generate-csr?purpose=CallManager");
  const warning = page.locator(".plan-group.warn");
  await warning.getByText("The pending CSR of CallManager").waitFor();
  await warning.getByText("no longer fit").waitFor();
  await checkAxe(page);
});

test("C1: a multi-server CSR, with its own proposals, by a link that can be shared", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr?purpose=CallManager" });
  await page.getByRole("radio", { name: "Multi-server (SAN)" }).check();
  await until("the multi-server proposals", async () => (await field(page, "common_name").inputValue()) === "cucm-pub-ms.example.com");
  assert.equal(await field(page, "parent_domain").inputValue(), "example.com");
  await field(page, "parent_domain").fill("");
  await until("the names without the domain", async () => (await names(page)).length === 1);
  await page.getByText("ucpki set csr gen CallManager --distribution multi-server --parent-domain ''").waitFor();
  await page.reload();
  await page.getByRole("radio", { name: "Multi-server (SAN)", checked: true }).waitFor();
  assert.equal(await field(page, "purpose").inputValue(), "CallManager");
});

test("C1: only what a CA can sign is offered", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr" });
  const offered = () => field(page, "purpose").locator("option").evaluateAll((all) => all.map((one) => one.value).filter(Boolean).join());
  await until("what this node has", async () => (await offered()) === "tomcat,tomcat-ECDSA,ipsec,CallManager,CallManager-ECDSA,CAPF,TVS");
  await page.getByText("Choose the purpose").waitFor();
});

test("C1: the keyboard alone is enough", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr" });
  await field(page, "purpose").waitFor();
  await page.locator("h1").focus();
  await tabTo(page, field(page, "purpose"));
  await page.keyboard.type("CAPF");
  await field(page, "subject_alt_names").waitFor();
  await tabTo(page, field(page, "subject_alt_names"));
  await page.keyboard.type("capf.example.com");
  await tabTo(page, page.getByText("Subject fields"));
  await page.keyboard.press("Enter");
  await tabTo(page, field(page, "organization"));
  await page.keyboard.type("Example");
  await page.getByText("ucpki set csr gen CAPF --san capf.example.com --organization Example").waitFor();
  await tabTo(page, field(page, "why"));
  await page.keyboard.type("by hand");
  await until("the plan", () => taskButton(page).isEnabled());
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/csrs/CAPF");
  const { request } = await node.ask("GET", "/csrs/CAPF");
  assert.ok(request.subject_alt_names.includes("DNS:capf.example.com"), request.subject_alt_names.join());
  assert.match(request.subject, /O=Example/);
});

test("C1: a pending CSR is given up, and undo brings it back", async (t) => {
  const { page } = await open(t, node, { path: "/csrs/TVS/delete", statuses: [404] });
  await page.getByRole("alert").getByText("TVS").waitFor();
  await node.ask("POST", "/csrs/TVS?yes=1", { json: {} });
  await page.reload();
  await page.locator(".plan-group.warn").getByText("can no longer be uploaded").waitFor();
  await page.getByText("ucpki set csr delete TVS").waitFor();
  await checkAxe(page);
  const number = await carryOut(page);
  assert.equal((await node.api("GET", "/csrs/TVS")).status, 404);
  await node.ask("POST", `/changes/${number}/undo?yes=1`);
  await node.ask("GET", "/csrs/TVS");
});

for (const [locale, scheme, width] of [["en-US", "light", 1280], ["ja-JP", "dark", 360]])
  test(`C1: the page has no violations of WCAG in ${locale}, ${scheme}, at a width of ${width}`, async (t) => {
    const { page } = await open(t, node, { path: "/generate-csr?purpose=tomcat", locale, scheme, width });
    await page.locator(".names").waitFor();
    await page.locator(".plan").waitFor();
    await page.locator("details summary").last().click();
    await checkAxe(page);
    await checkWidth(page);
  });
