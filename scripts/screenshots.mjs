// Makes the pictures of docs/console/ (make screenshots): a node with a CA's certificates, some of them near their end, seen in a real browser.
//
//   node --test-reporter=./tests/console/reporter.mjs scripts/screenshots.mjs
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { CA, field, file, makeKey, Node, open, openssl, ROOT, temporaryFolder, until } from "../tests/console/harness.mjs";

const FOLDER = join(ROOT, "docs/console");
const WIDTH = 1280;
const HEIGHT = 860;

async function request(node, purpose, json = {}) {
  await node.ask("POST", `/csrs/${purpose}?yes=1`, { json });
  return (await node.api("GET", `/csrs/${purpose}/content?format=pem`)).body.toString();
}

async function trust(node, store, pem, description) {
  await node.ask("POST", `/certificates/trust/${store}?yes=1&description=${encodeURIComponent(description)}`, { body: pem });
}

function peer(ca, name, days) {
  const key = makeKey(join(temporaryFolder(), "key"));
  const asked = openssl(["req", "-new", "-key", key, "-subj", `/O=Example/CN=${name}`, "-config", "/dev/null"]).toString();
  return ca.sign(asked, { extensions: [`subjectAltName=DNS:${name}`, "extendedKeyUsage=serverAuth,clientAuth"], days });
}

// What a cluster has after some years: certificates of a CA of its own, one that ends soon, peers with all kinds of ends.
async function furnish(node) {
  const root = new CA("Example Voice Root CA");
  const issuing = new CA("Example Voice Issuing CA", root);
  const upload = async (purpose, days) => {
    const leaf = issuing.sign(await request(node, purpose, { subject_alt_names: ["voice.example.com"] }), { days });
    await node.ask("POST", `/certificates/own/${purpose}?yes=1`, { body: [leaf, ...issuing.chain()].join("") });
  };
  await upload("tomcat", 397);
  await upload("CallManager", 23);
  await upload("TVS", 210);
  const peers = { "sip-trunk.example.net": 75, "unity.example.com": 330, "expressway-c.example.com": 12, "ldap.example.com": 510, "sbc-1.example.net": 152, "sbc-2.example.net": 152, "mcu.example.com": 640 };
  for (const [name, days] of Object.entries(peers)) await trust(node, /sbc|sip/.test(name) ? "CallManager-trust" : "tomcat-trust", peer(root, name, days), `Peer ${name}`);
  await request(node, "ipsec");
  return { root, issuing };
}

async function shoot(page, name) {
  await page.evaluate(() => document.activeElement?.blur());
  await page.waitForTimeout(700); // what the page asks for when it is there has come
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: "disabled" });
}

test("screenshots", async (t) => {
  mkdirSync(FOLDER, { recursive: true });
  const node = await Node.start();
  const { issuing } = await furnish(node);
  const { page } = await open(t, node, { width: WIDTH, height: HEIGHT });
  const visit = async (path, ready) => {
    await page.goto(node.url + path);
    await page.locator(ready).first().waitFor();
  };

  await visit("/", "main svg");
  await shoot(page, "overview");
  await visit("/certificates?sort=expires", "main tbody tr");
  await shoot(page, "list");
  await visit("/certificates/own/tomcat", "main svg");
  await shoot(page, "details");
  const answer = issuing.sign(await request(node, "tomcat"), { days: 397 });
  await visit("/upload", 'input[type="file"]');
  await page.locator('input[type="file"]').setInputFiles(file("answer.pem", [answer, ...issuing.chain()].join("")));
  await page.locator(".plan").waitFor();
  await shoot(page, "plan");

  // Phones that hold lists: some of them have fetched the newest.
  const { "phone-http": http } = JSON.parse(readFileSync(join(node.data, "ports.json"), "utf8"));
  const fetched = (name) => fetch(`http://127.0.0.1:${http}/${name}`).then((answer) => answer.arrayBuffer());
  const phones = Array.from({ length: 12 }, (_, i) => `SEP00112233${(0x4401 + 37 * i).toString(16).toUpperCase()}`);
  await node.ask("POST", "/lists/mode?yes=1", { json: { mode: "mixed-mode" } });
  for (const phone of phones) for (const list of ["CTL", "ITL"]) await fetched(`${list}${phone}.tlv`);
  await node.ask("POST", "/certificates/own/CAPF/regenerate?yes=1", { json: {} });
  for (const phone of phones.slice(0, 8)) await fetched(`ITL${phone}.tlv`);
  await until("the phones are known", async () => (await node.ask("GET", "/phones?stale=1")).items.length === 4);
  await visit("/lists", "main h2");
  await shoot(page, "lists");
  await visit("/phones", "main tbody tr");
  await shoot(page, "phones");

  const { page: dark } = await open(t, node, { width: WIDTH, height: HEIGHT, scheme: "dark" });
  await dark.locator("main svg").first().waitFor();
  await shoot(dark, "overview-dark");
  const { page: japanese } = await open(t, node, { width: WIDTH, height: HEIGHT, locale: "ja-JP", path: "/certificates/own/CallManager/regenerate" });
  await field(japanese, "key").selectOption("rsa-4096");
  await japanese.locator(".plan").getByText("RSA 4096").first().waitFor();
  await shoot(japanese, "plan-ja");
});
