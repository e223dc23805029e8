// V2, D1: one certificate: what openssl says of it, its chain, who depends on it, what can be done with it, and downloads.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { CA, carryOut, checkAxe, checkWidth, file, fingerprint, follow, FQDN, Node, open, openssl, tabTo, toDer, until } from "./harness.mjs";

const AT = "http://pki.example.com/root.cer";
const node = await Node.start();
const root = new CA("Details Root");
const issuing = new CA("Details Issuing CA", root, { extensions: [`authorityInfoAccess=caIssuers;URI:${AT}`] });
const { pem: expired } = root.leaf("old.example.com", { from: -400, to: -35 });

async function trust(store, pem) {
  return node.ask("POST", `/certificates/trust/${store}?yes=1`, { body: pem });
}

await trust("tomcat-trust", root.pem + issuing.pem);
await trust("CallManager-trust", root.pem);
await trust("tomcat-trust", expired);
await node.ask("POST", "/csrs/tomcat?yes=1", { json: { subject_alt_names: ["voice.example.com", "192.0.2.7"], organization: "Bücher, Äpfel + Co" } });
const request = (await node.api("GET", "/csrs/tomcat/content")).body.toString();
const leaf = issuing.sign(request, { extensions: ["authorityInfoAccess=OCSP;URI:http://ocsp.example.com/", "certificatePolicies=1.3.6.1.4.1.99999.1"] });
await node.ask("POST", "/certificates/own/tomcat?yes=1", { body: leaf });

// The fields of the page: {name: text}. What is shown in groups, or beside a button, is what would be copied.
async function fields(page) {
  await page.locator("dl.facts").first().waitFor();
  return page.locator("dl.facts").first().evaluate((list) =>
    Object.fromEntries(
      [...list.children].map((row) => {
        const [name, value] = row.children;
        const digits = value.querySelector(".digits");
        return [name.innerText, digits?.textContent ?? value.querySelector("time")?.dateTime ?? value.innerText];
      }),
    ),
  );
}

// What openssl says: {name: text}, and the value of an extension, which stands on the line below its name.
function decoded(pem) {
  const names = ["-subject", "-issuer", "-serial", "-startdate", "-enddate"];
  const text = openssl(["x509", "-noout", ...names, "-nameopt", "RFC2253,-dn_rev,-esc_msb,utf8", "-dateopt", "iso_8601"], pem).toString();
  return Object.fromEntries(text.trim().split("\n").map((line) => /^(\w+)=(.*)$/.exec(line).slice(1)));
}

function extension(pem, name) {
  return openssl(["x509", "-noout", "-ext", name], pem).toString().split("\n")[1].trim();
}

const plain = (hex) => hex.replaceAll(":", "").toLowerCase();
const print = (pem, hash) => plain(openssl(["x509", "-noout", "-fingerprint", hash], pem).toString().trim().split("=")[1]);
const instant = (text) => text.replace(" ", "T");

test("V2: every field is what openssl says", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat" });
  const has = await fields(page);
  const says = decoded(leaf);
  assert.equal(has.Subject, says.subject);
  assert.match(has.Subject, /Bücher\\, Äpfel \\\+ Co/);
  assert.equal(has.Issuer, says.issuer);
  assert.equal(has["Serial number"], says.serial.toLowerCase());
  assert.equal(has["Valid from"], instant(says.notBefore));
  assert.equal(has.Expiration, instant(says.notAfter));
  assert.deepEqual(has["Subject alternative names"].split("\n"), extension(leaf, "subjectAltName").replace("IP Address:", "IP:").split(", "));
  assert.equal(has["Key type"], "RSA 2048");
  assert.equal(has["Signature algorithm"], /Signature Algorithm: (\S+)/.exec(openssl(["x509", "-noout", "-text"], leaf).toString())[1]);
  assert.equal(extension(leaf, "keyUsage"), "Digital Signature, Key Encipherment, Data Encipherment");
  assert.deepEqual(has["Key usage"].split("\n"), ["Digital signature digitalSignature", "Key encipherment keyEncipherment", "Data encipherment dataEncipherment"]);
  assert.equal(extension(leaf, "extendedKeyUsage"), "TLS Web Server Authentication, TLS Web Client Authentication");
  assert.deepEqual(has["Extended key usage"].split("\n"), ["Server authentication serverAuth", "Client authentication clientAuth"]);
  assert.equal(has["CA certificate"], "no");
  assert.equal(has["Fingerprint (SHA-256)"], print(leaf, "-sha256"));
  assert.equal(has["Fingerprint (SHA-1)"], print(leaf, "-sha1"));
  assert.equal(has["Subject key identifier"], plain(extension(leaf, "subjectKeyIdentifier")));
  assert.equal(has["Authority key identifier"], plain(extension(leaf, "authorityKeyIdentifier")));
  assert.equal(has["Private key"], "on this node");
  assert.equal(has.Type, "CA-signed");
  assert.equal(await page.locator("pre").textContent(), leaf);
  const extensions = await page.getByRole("table", { name: "Extensions" }).locator("tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.innerText.replace(/\s+/g, " ").trim())));
  const inside = openssl(["x509", "-noout", "-text"], leaf).toString();
  assert.equal(extensions.length, [...inside.matchAll(/^ {12}(X509v3|Authority Information Access)/gm)].length);
  assert.deepEqual(extensions.find(([name]) => name.startsWith("Basic constraints")), ["Basic constraints 2.5.29.19", "yes", "CA:FALSE"]);
  const access = extensions.find(([name]) => name.startsWith("Authority information access"));
  assert.ok(access[2].includes("OCSP - URI:http://ocsp.example.com/"), access[2]);
  await page.getByRole("region", { name: "What depends on it" }).getByText("Tomcat (HTTPS)").waitFor();
  await checkAxe(page);
});

test("V2: the fingerprint, the PEM text and the command are copied as they are", async (t) => {
  const { page, context } = await open(t, node, { path: "/certificates/own/tomcat" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = async (what) => {
    const button = page.getByRole("button", { name: `Copy: ${what}`, exact: true });
    await button.click();
    await button.getByText("Copied").waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  assert.equal(await copied("Fingerprint (SHA-256)"), fingerprint(leaf));
  assert.equal((await copied("PEM")).trim(), leaf.trim());
  assert.equal(await copied("The same on the command line"), "ucpki show cert own tomcat");
});

// The boxes of the picture, from the left: [title, state, ...].
async function boxes(page) {
  await page.locator("svg.chain .chain-box").first().waitFor();
  return page.locator("svg.chain .chain-box").evaluateAll((all) => all.map((box) => [...box.querySelectorAll("text")].map((one) => one.textContent)));
}

test("V2: the chain is drawn from the leaf to the root, each with its state and a way to it; the table says the same", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat" });
  const drawn = await boxes(page);
  assert.deepEqual(drawn.map(([title, state]) => [title, state]), [[FQDN, "valid"], ["Details Issuing CA", "valid"], ["Details Root", "valid"]]);
  assert.deepEqual(drawn.map((one) => one.includes("in tomcat-trust")), [false, true, true]);
  const places = await page.locator("svg.chain .chain-box").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().x));
  assert.ok(places[0] < places[1] && places[1] < places[2], places.join());
  const picture = page.getByRole("group", { name: "The chain from the certificate to its root" });
  await tabTo(page, picture.getByRole("link", { name: "Details of Details Issuing CA" }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Details_Issuing_CA.pem" }).or(page.getByRole("heading", { level: 1, name: fingerprint(issuing.pem) })).waitFor();
  await until("the issuer's page", async () => (await fields(page))["Fingerprint (SHA-256)"] === fingerprint(issuing.pem));
  await page.goBack();
  await page.getByText("The chain as a table").click();
  const rows = await page.getByRole("table", { name: "The chain from" }).locator("tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.innerText.trim())));
  assert.deepEqual(rows.map((one) => [one[0], one[3], one[5]]), [["1", "in order", "in no trust store"], ["2", "in order", "tomcat-trust"], ["3", "in order", "tomcat-trust"]]);
  await checkAxe(page);
});

test("V2: at a phone's width the chain stands from top to bottom, in Japanese, in the dark", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat", locale: "ja-JP", scheme: "dark", width: 360, height: 640 });
  assert.deepEqual((await boxes(page)).map(([title]) => title), [FQDN, "Details Issuing CA", "Details Root"]);
  const places = await page.locator("svg.chain .chain-box").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().y));
  assert.ok(places[0] < places[1] && places[1] < places[2], places.join());
  await checkAxe(page);
  await checkWidth(page);
});

async function download(page, name) {
  const waiting = page.waitForEvent("download");
  await page.getByRole("link", { name, exact: true }).click();
  const one = await waiting;
  return { name: one.suggestedFilename(), bytes: readFileSync(await one.path()) };
}

test("D1: what is downloaded is, byte by byte, what openssl makes of it", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat" });
  const pem = await download(page, "Certificate (.pem)");
  assert.deepEqual([pem.name, pem.bytes.toString()], ["tomcat.pem", leaf]);
  const der = await download(page, "Certificate (.der)");
  assert.deepEqual([der.name, der.bytes.compare(toDer(leaf))], ["tomcat.der", 0]);
  const whole = leaf + issuing.pem + root.pem;
  const chain = await download(page, "Chain (.pem)");
  assert.equal(chain.bytes.toString(), whole);
  const p7b = await download(page, "Chain (.p7b)");
  assert.match(p7b.name, /\.p7b$/);
  const inside = openssl(["pkcs7", "-print_certs", ...(p7b.bytes[0] === 0x30 ? ["-inform", "DER"] : [])], p7b.bytes).toString();
  const certificates = (text) => text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g).sort();
  assert.deepEqual(certificates(inside), certificates(whole));
  await follow(page, "/certificates/trust/tomcat-trust/Details_Root.pem");
  await page.getByRole("heading", { level: 1, name: "Details_Root.pem" }).waitFor();
  await until("the root's page", async () => (await fields(page))["Fingerprint (SHA-256)"] === fingerprint(root.pem));
  const other = await download(page, "Certificate (.pem)");
  assert.deepEqual([other.name, other.bytes.toString()], ["Details_Root.pem", root.pem]);
});

test("V2: a CA: where else it is, what it issued, and what would break without it", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/trust/tomcat-trust/Details_Root.pem" });
  const depends = page.getByRole("region", { name: "What depends on it" });
  await depends.getByText("Tomcat (HTTPS)").first().waitFor();
  await depends.locator(".findings .danger").getByText(/tomcat/).first().waitFor();
  assert.ok((await node.ask("GET", `/certificates/trust/tomcat-trust/${fingerprint(root.pem)}`)).name, "asked for, never done");
  assert.match((await fields(page))["CA certificate"], /^yes/);
  await checkAxe(page);
  await depends.getByRole("link", { name: "CallManager-trust/Details_Root.pem (cluster)" }).click();
  await page.getByText("Trust certificate in CallManager-trust, for the whole cluster").waitFor();
  await depends.getByRole("link", { name: "tomcat-trust/Details_Root.pem (cluster)" }).waitFor();
  await depends.getByRole("link", { name: "List them" }).click();
  await page.getByRole("link", { name: "Details_Issuing_CA.pem" }).waitFor();
  await page.getByRole("link", { name: "old.example.com.pem" }).waitFor();
});

test("V2: an identity certificate and its copy in a trust store lead to each other", async (t) => {
  const pem = (await node.api("GET", "/certificates/own/ipsec/content")).body.toString();
  await trust("ipsec-trust", pem);
  const { page } = await open(t, node, { path: "/certificates/own/ipsec" });
  const depends = page.getByRole("region", { name: "What depends on it" });
  await depends.getByRole("link", { name: /^ipsec-trust\// }).click();
  await page.waitForURL(/\/certificates\/trust\/ipsec-trust\//);
  await depends.getByRole("link", { name: `ipsec on ${node.name}` }).click();
  await page.waitForURL(/\/certificates\/own\/ipsec/);
  await page.getByText("itself (self-signed)").waitFor();
});

test("V2: its changes, the newest first, lead to them", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat" });
  const history = page.getByRole("region", { name: "Changes" });
  await history.getByRole("listitem").first().waitFor();
  const lines = await history.getByRole("link").allTextContents();
  assert.deepEqual(lines, ["All changes of it", `Upload the CA-signed tomcat certificate of ${node.name}`, `Install the node ${node.name}`]);
  await history.getByRole("link", { name: "All changes of it" }).click();
  await page.waitForURL(/\/changes\?object=/);
  await page.getByText(`Only what touched tomcat (${node.name}).`).waitFor();
  await page.getByRole("link", { name: "Upload the CA-signed tomcat" }).click();
  await page.getByRole("heading", { level: 1, name: /^Change \d+$/ }).waitFor();
});

test("V2, X1: each kind has the actions that it allows: what is the node's own cannot be deleted", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat", statuses: [404] });
  const actions = async (path, count) => {
    await follow(page, path);
    const links = page.locator(".page-head .actions a");
    await until(`the actions of ${path}`, async () => (await links.count()) === count && (await page.locator("dl.facts").count()) > 0);
    return links.evaluateAll((all) => all.map((one) => `${one.innerText}: ${one.getAttribute("href")}`));
  };
  const never = page.getByText("An identity certificate cannot be deleted, only replaced");
  assert.deepEqual(await actions("/certificates/own/CallManager", 3), [
    "Upload: /upload?purpose=CallManager",
    "Generate CSR: /generate-csr?purpose=CallManager",
    "Regenerate: /certificates/own/CallManager/regenerate",
  ]);
  await never.waitFor();
  assert.deepEqual(await actions("/certificates/own/ITLRecovery", 1), ["Regenerate: /certificates/own/ITLRecovery/regenerate"]);
  assert.deepEqual(await actions("/certificates/own/authz", 1), ["Regenerate (OAuth keys): /cluster/oauth"]);
  assert.deepEqual(await actions("/certificates/trust/tomcat-trust/Details_Root.pem", 2), [
    "Upload a successor: /upload?store=tomcat-trust",
    "Delete: /certificates/trust/tomcat-trust/Details_Root.pem/delete",
  ]);
  assert.equal(await never.count(), 0);
});

test("V2: a pending CSR is told, with the way to it", async (t) => {
  await node.ask("POST", "/csrs/TVS?yes=1", { json: {} });
  const { page } = await open(t, node, { path: "/certificates/own/TVS" });
  await page.getByText("A CSR for TVS is pending.").waitFor();
  await page.getByRole("link", { name: "Look at the request" }).click();
  await page.getByRole("heading", { level: 1, name: "CSR of TVS" }).waitFor();
});

test("V2: one that has expired says so in word and shape", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/trust/tomcat-trust/old.example.com.pem" });
  const mark = page.locator(".summary .mark");
  await mark.waitFor();
  assert.equal(await mark.innerText(), "expired");
  assert.equal(await mark.locator("svg.danger").count(), 1);
  const [[, state]] = await boxes(page);
  assert.equal(state, "expired");
  await checkAxe(page);
});

test("V2, T1: a peer whose issuer is in no store is trusted itself: nothing is missing", async (t) => {
  await trust("CallManager-trust", issuing.leaf("trunk.example.com").pem);
  const { page } = await open(t, node, { path: "/certificates/trust/CallManager-trust/trunk.example.com.pem" });
  await page.getByText("CallManager-trust trusts this certificate itself").waitFor();
  await page.getByText("The certificate of its issuer, Details Issuing CA, is not in CallManager-trust, and need not be.").waitFor();
  assert.deepEqual((await boxes(page)).map(([title, state]) => [title, state]), [["trunk.example.com", "valid"]]);
  assert.equal(await page.locator(".notice.danger").count(), 0);
  await checkAxe(page);
});

test("V2: what is not there, under a name that is nearly one, is said with the right one", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/trust/tomcat-trust/Details_Rot.pem", statuses: [404] });
  await page.getByRole("alert").getByText(/Details_Root/).waitFor();
  await checkAxe(page);
});

test("V2: a broken chain: which certificate is missing, in which store, where to get it; uploading it mends the chain", async (t) => {
  const { page } = await open(t, node, { path: "/certificates/own/tomcat" });
  await boxes(page);
  await node.ask("DELETE", "/certificates/trust/tomcat-trust/Details_Root.pem?yes=1&force=1");
  const missing = page.locator(".notice.danger");
  await missing.getByText("Missing: the certificate of O=Example,CN=Details Root").waitFor();
  assert.equal(await missing.locator(".digits").textContent(), plain(extension(issuing.pem, "authorityKeyIdentifier")));
  await missing.getByText("It belongs in tomcat-trust.").waitFor();
  await missing.getByText(AT, { exact: true }).waitFor();
  assert.equal(await missing.getByRole("link").count(), 1, "an address that anybody may have written is text");
  const drawn = await boxes(page);
  assert.deepEqual(drawn.map(([title, state]) => [title, state]), [[FQDN, "valid"], ["Details Issuing CA", "valid"], ["Details Root", "missing"]]);
  assert.equal(await page.locator(".chain-arrow.broken").count(), 1);
  await page.getByRole("group", { name: "It is broken" }).waitFor();
  await checkAxe(page);

  await missing.getByRole("link", { name: "Upload it to tomcat-trust" }).click();
  await page.locator('input[type="file"]').setInputFiles(file("root.cer", toDer(root.pem)));
  await page.getByRole("radio", { name: "tomcat-trust", exact: false, checked: true }).waitFor();
  await carryOut(page);
  await follow(page, "/certificates/own/tomcat");
  await until("the whole chain", async () => (await boxes(page)).map(([title, state]) => `${title} ${state}`).join() === `${FQDN} valid,Details Issuing CA valid,Details Root valid`);
  assert.equal(await missing.count(), 0);
});
