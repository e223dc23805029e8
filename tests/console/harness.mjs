// What the browser tests share: a node (ucpkid) of their own, a browser that looks at it, and a certification authority run by the openssl program.
//
// Whatever a test starts ends with it: processes die with their parent, and at the end of each file everything is ended in order, also after a failure.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import tls from "node:tls";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BUILD = process.env.UCPKI_BUILD || join(ROOT, "build");
const require = createRequire(join(ROOT, "web/"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core"), "utf8");

export const NAME = "cucm-pub";
export const DOMAIN = "example.com";
export const FQDN = `${NAME}.${DOMAIN}`;

// Far more than anything takes: a node with sanitizers on a machine that is busy.
const START_MS = 120_000;
const STOP_MS = 60_000;
const WAIT_MS = 60_000;
const LIFE_SECONDS = 1200;

const CHROMIUM = process.env.UCPKI_CHROMIUM || "/usr/bin/chromium";
const CHROMIUM_FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(" ");

// ---- everything that must be ended

const endings = [];

export function atEnd(end) {
  endings.push(end);
}

after(async () => {
  const failures = [];
  for (const end of endings.splice(0).reverse()) {
    try {
      await end();
    } catch (e) {
      failures.push(e);
    }
  }
  if (failures.length > 0) throw failures[0];
});

export function temporaryFolder() {
  // Short: the path of a socket has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), "ucpki-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Asks until the answer is truthy.
export async function until(what, ask, ms = WAIT_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    assert.ok(Date.now() < end, `${what}: not within ${ms / 1000} s`);
    await sleep(20);
  }
}

// ---- a node

const PHONE_LISTENERS = ["tftp", "phone-http", "phone-https"].flatMap((service) => ["--listen", `${service}=127.0.0.1:0`]);
const SANITIZER_WORDS = /ERROR: \w*Sanitizer|runtime error:|LeakSanitizer/;

export class Node {
  // A fresh installation, which serves when this returns.
  static async start({ name = NAME, domain = DOMAIN, options = [] } = {}) {
    const node = new Node(temporaryFolder(), name, domain, options);
    await node.launch();
    return node;
  }

  constructor(folder, name, domain, options) {
    Object.assign(this, { folder, name, domain, options });
    this.data = join(folder, "data");
    atEnd(() => this.stop());
  }

  async launch() {
    const program = join(BUILD, "ucpkid");
    assert.ok(existsSync(program), `${program} is not built (UCPKI_BUILD names the build folder)`);
    const words = [program, "--data", this.data, "--socket", join(this.folder, "s"), "--listen", `https=127.0.0.1:${this.port ?? 0}`, ...PHONE_LISTENERS, "--node-name", this.name, "--domain", this.domain, ...this.options];
    const guard = ["--pdeathsig", "KILL", "timeout", "-k", "5", String(LIFE_SECONDS), "setpriv", "--pdeathsig", "KILL"];
    const files = ["out", "err"].map((one) => openSync(join(this.folder, one), "w"));
    this.process = spawn("setpriv", [...guard, ...words], { stdio: ["ignore", ...files] });
    files.forEach(closeSync);
    this.ended = new Promise((resolve) => this.process.once("exit", (code, signal) => resolve(code ?? signal)));
    await until(`ucpkid is ready`, () => {
      assert.equal(this.process.exitCode, null, `ucpkid ended\n${this.read("out")}${this.read("err")}`);
      return this.read("out").includes("socket: ");
    }, START_MS);
    this.password = /password (\S+)/.exec(this.read("out"))?.[1] ?? this.password;
    this.port = JSON.parse(readFileSync(join(this.data, "ports.json"), "utf8")).https;
    this.url = `https://127.0.0.1:${this.port}`;
  }

  // The process id of ucpkid itself, the child of `timeout`: that one would hand a signal on twice.
  get pid() {
    const { pid } = this.process;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]);
  }

  read(file) {
    return readFileSync(join(this.folder, file), "utf8");
  }

  // Ends it as its administrator would; it must end well.
  async stop() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    process.kill(this.pid, "SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), STOP_MS);
    const status = await this.ended;
    clearTimeout(timer);
    const err = this.read("err");
    assert.ok(!SANITIZER_WORDS.test(err), err);
    assert.equal(status, 0, `ucpkid ended with ${status}\n${err}`);
  }

  // On the same port, so that pages which are open find it again.
  async restart() {
    await this.stop();
    await this.launch();
  }

  // A request to the API as the administrator, beside the browser: {status, headers, body (a Buffer), json}.
  api(method, path, { json, body, headers = {} } = {}) {
    const data = json === undefined ? body : JSON.stringify(json);
    const all = { ...(json === undefined ? {} : { "Content-Type": "application/json" }), ...headers };
    const options = { method, auth: `admin:${this.password}`, headers: all, rejectUnauthorized: false, agent: false };
    return new Promise((resolve, reject) => {
      const request = https.request(`${this.url}/api/v1${path}`, options, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => {
          const whole = Buffer.concat(parts);
          const isJson = /json/.test(response.headers["content-type"] ?? "");
          resolve({ status: response.statusCode, headers: response.headers, body: whole, json: isJson ? JSON.parse(whole) : undefined });
        });
      });
      request.on("error", reject);
      request.end(data);
    });
  }

  // The same; anything but success fails the test. Answers the JSON.
  async ask(method, path, options) {
    const answer = await this.api(method, path, options);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status}\n${answer.body}`);
    return answer.json;
  }

  // Runs a command line with ucpki as it stands on a page: {status, out, err}.
  shell(line) {
    const env = { ...process.env, PATH: `${BUILD}:${process.env.PATH}`, UCPKI_SOCKET: join(this.folder, "s") };
    const { status, stdout, stderr } = spawnSync("sh", ["-c", line], { env, encoding: "utf8", input: "", timeout: WAIT_MS });
    return { status, out: stdout, err: stderr };
  }

  // The certificate that the HTTPS listener presents on a new connection, to a client that can verify that kind of key only ("rsa" or "ec").
  presented(kind = "rsa") {
    const sigalgs = kind === "rsa" ? "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512" : "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512";
    return new Promise((resolve, reject) => {
      const socket = tls.connect({ host: "127.0.0.1", port: this.port, servername: FQDN, rejectUnauthorized: false, sigalgs }, () => {
        const { raw } = socket.getPeerCertificate();
        socket.destroy();
        resolve(new X509Certificate(raw));
      });
      socket.on("error", reject);
    });
  }
}

// ---- a browser

async function launch(...flags) {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is not installed (UCPKI_CHROMIUM names another)`);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS, ...flags] });
  atEnd(() => browser.close());
  return browser;
}

let carefree;

// One that trusts any certificate, for all tests of a file; or a new one that trusts this certificate and no other, as after its user has made an exception for it.
function browserThatTrusts(certificate) {
  if (!certificate) return (carefree ??= launch());
  const key = createHash("sha256").update(certificate.publicKey.export({ type: "spki", format: "der" })).digest("base64");
  return launch(`--ignore-certificate-errors-spki-list=${key}`);
}

// What must never happen while a page is looked at: a fault of a script, anything that the policy forbids, a request to elsewhere. Answers with these statuses of
// the API are what a test expects; the browser reports each of them on its console.
function guard(page, node, faults, statuses) {
  page.on("pageerror", (e) => faults.push(`a fault: ${e.stack ?? e.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== node.url && !["data:", "blob:", "about:"].includes(url.protocol)) faults.push(`a request to ${url.href}`);
  });
  page.on("console", (message) => {
    const text = message.text();
    /* An interface of this computer came or went, as in tests of partitions: the page asks again. */
    if (text.includes("net::ERR_NETWORK_CHANGED")) return;
    const status = Number(/^Failed to load resource: the server responded with a status of (\d+)/.exec(text)?.[1]);
    /* Nobody is signed in yet: the page asks whether somebody is. */
    const asksWho = status === 401 && message.location().url.endsWith("/api/v1/session");
    /* Answers that a test loses on purpose have no status: 0 stands for them. */
    const lost = /net::ERR_/.test(text) && statuses.includes(0);
    if (message.type() === "error" && !asksWho && !lost && !statuses.includes(status)) faults.push(`on the console: ${text} ${message.location().url}`);
  });
}

/*
 * The console of a node in a browser profile of its own, signed in unless signedOut: {page, context}. scheme: "light" or "dark". statuses: of answers of the API that the test expects, 0 for answers that do not
 * come. trusting: the only certificate that the browser trusts. What went wrong in the page without being seen fails the test, which is t.
 */
export async function open(t, node, { locale = "en-US", scheme = "light", width = 1280, height = 900, path = "/", statuses = [], signedOut = false, trusting } = {}) {
  const browser = await browserThatTrusts(trusting);
  const context = await browser.newContext({ ignoreHTTPSErrors: !trusting, locale, colorScheme: scheme, reducedMotion: "reduce", viewport: { width, height }, acceptDownloads: true });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const faults = [];
  guard(page, node, faults, statuses);
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, []);
  });
  await page.goto(node.url + path);
  if (!signedOut) await signIn(page, node);
  return { page, context };
}

export async function signIn(page, node, account = "admin", password = node.password) {
  await page.locator('input[name="account"]').fill(account);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('.sign-in-form button[type="submit"]').click();
  /* A page that has come takes the focus to its title: not before that do keys go where they are meant to. */
  await page.locator("main h1:focus").waitFor();
}

// Follows an address as a link of the console does, without loading the page anew.
export async function follow(page, path) {
  await page.evaluate((to) => {
    const link = document.createElement("a");
    link.href = to;
    document.querySelector("main").append(link);
    link.click();
    link.remove();
  }, path);
  await page.waitForURL((url) => url.pathname + url.search === path);
}

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

// Fails with the list of what violates WCAG 2.2 AA on the page as it is now.
export async function checkAxe(page) {
  /* A plan that is being made anew is faded meanwhile; below a dialog it waits for that. */
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]') || document.querySelector("dialog[open]"));
  /* What is half below the bar at the top would count as too small to be hit. */
  await page.evaluate(() => scrollTo(0, 0));
  await page.evaluate(axe);
  const { violations } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), WCAG);
  const lines = violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${one.help}\n  ${node.html}\n  ${node.failureSummary.replace(/\n/g, "\n  ")}`));
  if (lines.length > 0) assert.fail(`${page.url()}\n${lines.join("\n")}`);
}

// Nothing is wider than the window: a phone need not scroll sideways, and neither need somebody who zooms.
export async function checkWidth(page) {
  const { have, room, widest } = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const beyond = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > width + 1 && !one.closest(".sr-only"));
    return { have: document.documentElement.scrollWidth, room: width, widest: beyond.slice(0, 3).map((one) => one.outerHTML.slice(0, 200)) };
  });
  assert.ok(have <= room + 1, `${page.url()} is ${have} pixels wide, there are ${room}\n${widest.join("\n")}`);
}

// Presses Tab until the element has the focus: what cannot be reached so cannot be used without a mouse.
export async function tabTo(page, locator, limit = 80) {
  for (let i = 0; i < limit; i++) {
    if (await locator.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`not reached with ${limit} times Tab: ${locator}`);
}

// Drops files onto an element as a mouse would: [{name, content}].
export async function drop(locator, files) {
  const list = files.map((one) => ({ name: one.name, bytes: [...Buffer.from(one.content)] }));
  const transfer = await locator.page().evaluateHandle((all) => {
    const data = new DataTransfer();
    for (const one of all) data.items.add(new File([new Uint8Array(one.bytes)], one.name));
    return data;
  }, list);
  for (const type of ["dragenter", "dragover", "drop"]) await locator.dispatchEvent(type, { dataTransfer: transfer });
}

// A file for setInputFiles().
export function file(name, content) {
  return { name, mimeType: "application/octet-stream", buffer: Buffer.from(content) };
}

// ---- certificates and their authority

export function openssl(args, input) {
  return execFileSync("openssl", args, { input: input ?? "", stdio: ["pipe", "pipe", "pipe"] });
}

export function fingerprint(pem) {
  return createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
}

export function makeKey(path, kind = "ec") {
  const options = kind === "ec" ? ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
  openssl(["genpkey", ...options, "-out", path]);
  return path;
}

const CA_EXTENSIONS = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
const IDENTIFIERS = ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"];

// A certification authority: a root, or with issuer an intermediate of that one. pem: its certificate; chain(): its own and those above it.
export class CA {
  constructor(commonName, issuer, { extensions = [] } = {}) {
    this.folder = temporaryFolder();
    this.issuer = issuer;
    this.key = makeKey(join(this.folder, "ca.key"));
    this.path = join(this.folder, "ca.pem");
    const request = openssl(["req", "-new", "-utf8", "-key", this.key, "-subj", `/O=Example/CN=${commonName}`, "-config", "/dev/null"]).toString();
    this.pem = issuer ? issuer.sign(request, { extensions: [...CA_EXTENSIONS, ...extensions], copy: false }) : this.selfSigned(request);
    writeFileSync(this.path, this.pem);
  }

  selfSigned(request) {
    return this.issue(request, ["-signkey", this.key], { extensions: CA_EXTENSIONS, days: 3650 });
  }

  // Signs a request (PEM) as an obedient CA would, with the extensions that it asks for; answers PEM.
  sign(request, { extensions = [], days = 365, copy = true } = {}) {
    return this.issue(request, ["-CA", this.path, "-CAkey", this.key, ...(copy ? ["-copy_extensions", "copyall"] : [])], { extensions, days });
  }

  // The same, valid at times of its own, which may have passed: from and to are days from now.
  signFor(from, to, request, { extensions = [] } = {}) {
    const time = (days) => new Date(Date.now() + days * 86_400_000).toISOString().replace(/^..|[-:T]|\.\d+/g, "");
    const [config, input, index] = ["dated.cnf", "dated.csr", "index"].map((name) => join(this.folder, name));
    const ca = ["[ca]", "default_ca=own", "[own]", `database=${index}`, `new_certs_dir=${this.folder}`, "rand_serial=yes", "unique_subject=no", "default_md=sha256", "policy=any", "copy_extensions=copyall"];
    writeFileSync(config, [...ca, "[any]", "commonName=optional", "[extensions]", ...extensions, ...IDENTIFIERS, ""].join("\n"));
    writeFileSync(input, request);
    writeFileSync(index, "");
    const words = ["-batch", "-notext", "-preserveDN", "-config", config, "-extensions", "extensions", "-cert", this.path, "-keyfile", this.key, "-in", input];
    return openssl(["ca", ...words, "-startdate", time(from), "-enddate", time(to)]).toString();
  }

  issue(request, signer, { extensions, days }) {
    const config = join(this.folder, "extensions");
    writeFileSync(config, [...extensions, ...IDENTIFIERS, ""].join("\n"));
    const serial = `0x${randomBytes(15).toString("hex").replace(/^./, "1")}`;
    return openssl(["x509", "-req", ...signer, "-sha256", "-days", String(days), "-set_serial", serial, "-extfile", config], request).toString();
  }

  // A server's certificate with a key of its own: {pem, key (a path)}; with from and to valid from one day from now to another.
  leaf(commonName, { kind = "ec", from, to } = {}) {
    const key = makeKey(join(this.folder, `${randomBytes(4).toString("hex")}.key`), kind);
    const request = openssl(["req", "-new", "-utf8", "-key", key, "-subj", `/CN=${commonName}`, "-config", "/dev/null"]);
    const extensions = [`subjectAltName=DNS:${commonName}`, "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth,clientAuth"];
    return { pem: to === undefined ? this.sign(request, { extensions }) : this.signFor(from, to, request, { extensions }), key };
  }

  chain() {
    return [this.pem, ...(this.issuer?.chain() ?? [])];
  }
}

export function toDer(pem) {
  return openssl(["x509", "-outform", "DER"], pem);
}

export function toPkcs12({ pem, key }, password, chain = []) {
  return openssl(["pkcs12", "-export", "-inkey", key, "-passout", `pass:${password}`], [pem, ...chain].join(""));
}

// ---- the pages

// The button of a task, which says what it does; enabled when the plan is there and is agreed to.
export function taskButton(page) {
  return page.locator('.task button[type="submit"]');
}

// Carries out the task that the page shows, and waits for the page of the change; answers its number.
export async function carryOut(page) {
  await taskButton(page).click();
  await page.waitForURL(/\/changes\/\d+\?done=1$/);
  return Number(/\d+/.exec(new URL(page.url()).pathname)[0]);
}

// The input, select or textarea of a field, by the name that the API has for it.
export function field(page, name) {
  return page.locator(`:is(input, select, textarea)[name="${name}"]`);
}

// What a field says is wrong with it, as those hear it who cannot see it.
export async function errorOf(input) {
  await until("an error at the field", async () => (await input.getAttribute("aria-invalid")) === "true");
  return input.evaluate((one) =>
    (one.getAttribute("aria-describedby") ?? "")
      .split(" ")
      .map((id) => document.getElementById(id))
      .filter((each) => each?.classList.contains("field-error"))
      .map((each) => each.innerText)
      .join("\n"),
  );
}
