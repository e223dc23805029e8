// The cluster through the console: from a single node to two that meet in a PostgreSQL, jobs for the other node, multi-server requests, OAuth keys (O1), diagnosis (E1), and what is
// seen when the database is gone. The tests are one story: each goes on where the one before it ended.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { carryOut, checkAxe, checkWidth, errorOf, field, follow, Node, open, ROOT, tabTo, taskButton, temporaryFolder, until, atEnd } from "./harness.mjs";

const OTHER = "cucm-sub1";
const ADDRESS = /^127\.0\.0\.1:\d+$/;

// Ends the server when this process ends, however it ends: then the guard's standard input closes.
const GUARD = 'cat >/dev/null; "$1" stop "$2" immediate >/dev/null 2>&1; rm -rf "$2"';

class Postgres {
  constructor() {
    /* The account of the server must be able to get there. */
    this.folder = mkdtempSync(join(tmpdir(), "ucpki-pg-"));
    this.script = join(ROOT, "scripts/postgres");
    this.guard = spawn("sh", ["-c", GUARD, "guard", this.script, this.folder], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    atEnd(() => this.end());
  }

  // Answers the url of a database of its own, empty.
  start() {
    this.url = execFileSync(this.script, ["start", this.folder]).toString().trim();
    return this.url;
  }

  stop() {
    execFileSync(this.script, ["stop", this.folder]);
  }

  async end() {
    const ended = new Promise((resolve) => this.guard.once("exit", resolve));
    this.guard.stdin.end();
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const postgres = new Postgres();
const url = postgres.start();
const node = await Node.start();
let other;

async function row(name, from = node) {
  return (await from.ask("GET", "/nodes")).items.find((one) => one.name === name);
}

async function settled(from, number) {
  await until(`${from.name} has change ${number}`, async () => (await from.ask("GET", "/cluster")).number >= number);
}

// The line of a node in the table of the cluster's page.
function line(page, name) {
  return page.getByRole("table").getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: false }) });
}

test("a single node: what is there, what a move to PostgreSQL needs, and the move itself", async (t) => {
  const { page } = await open(t, node, { path: "/cluster", statuses: [400, 422, 503] });
  await page.getByText("SQLite, in this node's data directory").waitFor();
  await line(page, node.name).getByText("(this one)").waitFor();
  assert.equal(await page.getByRole("link", { name: "Add a node" }).count(), 0);
  const [check, move] = [page.getByRole("button", { name: "Check" }), page.getByRole("button", { name: "Move the store to PostgreSQL" })];
  assert.ok((await check.isDisabled()) && (await move.isDisabled()));
  /* It holds a password: it is seen when one asks for it. */
  const show = page.getByRole("button", { name: "Show" });
  await field(page, "url").fill("mysql://elsewhere/ucpki");
  assert.equal(await field(page, "url").getAttribute("type"), "password");
  await show.click();
  assert.deepEqual([await field(page, "url").getAttribute("type"), await show.getAttribute("aria-pressed")], ["text", "true"]);
  await show.click();
  assert.equal(await field(page, "url").getAttribute("type"), "password");
  await check.click();
  assert.match(await errorOf(field(page, "url")), /postgresql:\/\//);
  assert.ok(await move.isDisabled());
  await checkAxe(page);

  const { head } = await node.ask("GET", "/cluster");
  await field(page, "url").fill(url);
  await check.click();
  await page.getByRole("status").getByText(new RegExp(`^It can be done: (one change|${head} changes) will be moved`)).waitFor();
  assert.equal((await node.ask("GET", "/cluster")).store, "sqlite", "a look changes nothing");
  await checkAxe(page);
  await field(page, "url").fill(`${url}?sslmode=disable`);
  assert.ok(await move.isDisabled(), "only what was looked at is moved");
  await field(page, "url").fill(url);
  await move.and(page.locator(":enabled")).click();
  await page.getByText(/^PostgreSQL: 127\.0\.0\.1:\d+\/postgres$/).waitFor();
  await page.getByRole("link", { name: "Add a node" }).waitFor();
  assert.equal(await page.getByText("Make it a cluster").count(), 0);
  assert.ok(!(await page.content()).includes("postgres:postgres"), "the password is not shown");
  assert.equal((await node.ask("GET", "/cluster")).store, "postgresql");
});

test("a node is added: its secret is shown once, it joins with it, and both are seen side by side", async (t) => {
  const { page } = await open(t, node, { path: "/cluster/add", statuses: [400] });
  await page.getByText("Type the node's name").waitFor();
  await field(page, "node").fill("not a name");
  assert.match(await errorOf(field(page, "node")), /not a name/);
  await field(page, "node").fill(OTHER);
  await field(page, "hours").fill("soon");
  assert.match(await errorOf(field(page, "hours")), /hours/);
  await field(page, "hours").fill("2");
  await page.getByRole("checkbox", { name: /^TFTP/ }).check();
  await page.getByText(`ucpki set node add ${OTHER} --roles subscriber,tftp --hours 2`).waitFor();
  await page.locator(".plan").getByText(OTHER).first().waitFor();
  await checkAxe(page);
  await taskButton(page).and(page.locator(":enabled")).click();
  const told = page.getByRole("status").filter({ hasText: `The join secret of ${OTHER}` });
  await told.locator(".secret code").nth(1).waitFor();
  const [secret, command] = await told.locator(".secret code").allTextContents();
  assert.ok(secret.length >= 20, secret);
  const [, publisher] = /^ucpkid --join (\S+) --join-secret-file FILE --node-name cucm-sub1$/.exec(command) ?? [];
  assert.match(publisher ?? command, ADDRESS);
  await checkAxe(page);
  await page.reload();
  await field(page, "node").waitFor();
  assert.ok(!(await page.content()).includes(secret), "it is shown only once");

  await follow(page, "/cluster");
  await line(page, OTHER).getByText("may join", { exact: true }).waitFor();
  const file = join(temporaryFolder(), "secret");
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  other = new Node(temporaryFolder(), OTHER, node.domain, ["--join", publisher, "--join-secret-file", file]);
  await other.launch();
  other.password = node.password;

  for (const name of [node.name, OTHER]) await line(page, name).getByText("up", { exact: true }).waitFor();
  const picture = page.getByRole("img", { name: /How far each node has come/ });
  await until("both nodes in the picture", async () => (await picture.locator(".track-name").allTextContents()).join() === `${node.name},${OTHER}`);
  const { head } = await node.ask("GET", "/cluster");
  await until("the newest change in the picture", async () => (await picture.locator(".has").count()) === 2 * Math.min(head, 24));
  await checkAxe(page);
});

test("the cluster's page from the other node: it is the one that one is looking at", async (t) => {
  const { page } = await open(t, other, { path: "/cluster", locale: "ja-JP", scheme: "dark", width: 360 });
  await page.locator(".bar-node").getByText(OTHER).waitFor({ state: "attached" });
  await until("the rows", async () => (await page.locator("tbody tr").count()) === 2);
  assert.match(await page.locator("tbody tr", { hasText: "このノード" }).innerText(), new RegExp(OTHER));
  await checkAxe(page);
  await checkWidth(page);
});

test("G1: a task for the other node is a job, whose page goes on by itself to what the node has done", async (t) => {
  const before = await other.ask("GET", "/certificates/own/ipsec");
  const { page } = await open(t, node, { path: "/generate-self-signed?purpose=ipsec" });
  await field(page, "node").selectOption({ label: `${OTHER}.${node.domain}` });
  await page.getByText(`ucpki set cert regen ipsec --node ${OTHER}`).waitFor();
  await field(page, "years").fill("3");
  await page.locator(".plan").getByText("3 years").first().waitFor();
  await page.locator(".plan").getByText(OTHER).first().waitFor();
  /* It stands still, so that there is time to look at the job. */
  process.kill(other.pid, "SIGSTOP");
  try {
    await taskButton(page).and(page.locator(":enabled")).click();
    await page.waitForURL(/\/jobs\/[^/?]+$/);
    await page.getByRole("status").getByText(`${OTHER} is asked to do it`).waitFor();
    await checkAxe(page);
    const { page: list } = await open(t, node, { path: "/jobs" });
    const job = list.getByRole("row").filter({ hasText: "ipsec" });
    await job.getByText("waiting").waitFor();
    await checkAxe(list);
  } finally {
    process.kill(other.pid, "SIGCONT");
  }
  await page.waitForURL(/\/changes\/\d+\?done=1$/);
  await page.locator("dd").getByText(OTHER, { exact: true }).first().waitFor();
  const number = Number(/\d+/.exec(new URL(page.url()).pathname)[0]);
  await settled(other, number);
  const after = await other.ask("GET", "/certificates/own/ipsec");
  assert.notEqual(after.fingerprint, before.fingerprint);
  assert.equal((await node.ask("GET", `/certificates/own/ipsec?node=${OTHER}`)).fingerprint, after.fingerprint);
  assert.notEqual((await node.ask("GET", "/certificates/own/ipsec")).fingerprint, after.fingerprint);
  await follow(page, `/certificates?usage=own&node=${OTHER}`);
  await page.getByText(`What ${OTHER}.${node.domain} has and sees.`).waitFor();
});

test("C1: a multi-server CSR names both nodes", async (t) => {
  const { page } = await open(t, node, { path: "/generate-csr?purpose=tomcat&distribution=multi-server" });
  await page.locator(".names").getByText(`DNS:${OTHER}.${node.domain}`).waitFor();
  await page.locator(".names").getByText(`DNS:${node.name}.${node.domain}`).waitFor();
  await taskButton(page).and(page.locator(":enabled")).click();
  await page.waitForURL(/\/csrs\/tomcat\?/);
  await page.getByText("A multi-server request for all nodes").waitFor();
  await settled(other, (await node.ask("GET", "/cluster")).number);
  const { request, distribution } = await other.ask("GET", "/csrs/tomcat");
  assert.equal(distribution, "multi-server");
  for (const one of [node.name, OTHER]) assert.ok(request.subject_alt_names.includes(`DNS:${one}.${node.domain}`), request.subject_alt_names.join());
  await follow(page, "/csrs");
  await page.getByRole("region", { name: "Shared by all nodes" }).getByRole("link", { name: "tomcat", exact: true }).waitFor();
  await checkAxe(page);
});

test("P2: each node that serves phones has an ITL of its own: the other node's in a table, which leads to its console; what is the publisher's becomes its job", async (t) => {
  const { page } = await open(t, node, { path: "/lists", statuses: [404] });
  const table = page.getByRole("region", { name: "ITL files of the other nodes" });
  const list = async () => (await node.ask("GET", "/lists")).lists.find((one) => one.node === OTHER);
  await until("what it says of itself", async () => (await list()).published);
  const own = (await other.ask("GET", "/lists")).lists.find((one) => one.list === "ITL" && one.this).published;
  await until("the same in the table", async () => (await table.getByRole("row").nth(1).innerText()).includes(own.version.slice(0, 16)));
  assert.match(await table.getByRole("row").nth(1).innerText(), /says what it should/);
  assert.equal(await table.getByRole("link", { name: OTHER }).getAttribute("href"), `https://${(await row(OTHER)).https}/lists`);
  await checkAxe(page);
  await page.setViewportSize({ width: 360, height: 640 });
  await checkWidth(page);
  await follow(page, `/lists/itl?node=${OTHER}`);
  await page.getByRole("alert").getByText(`The ITL of ${OTHER} is on that node only`).waitFor();
  assert.match(await page.getByRole("link", { name: `Open it in the console of ${OTHER}` }).getAttribute("href"), /^https:.*\/lists\/itl$/);

  const { page: there } = await open(t, other, { path: "/lists/mode/mixed-mode" });
  await taskButton(there).and(there.locator(":enabled")).click();
  await there.waitForURL(/\/(jobs|changes)\/[^/]+$/);
  await until("mixed mode on both", async () => (await Promise.all([node, other].map((one) => one.ask("GET", "/lists")))).every((one) => one.mode === "mixed"));
  await follow(there, "/lists");
  await there.getByRole("region", { name: "CTL file of the cluster" }).getByText(/^\d+ records/).waitFor();
  await checkAxe(there);
});

test("O1: the OAuth keys are shown by their checksums; a new signing key reaches every node", async (t) => {
  const before = await node.ask("GET", "/authz");
  assert.deepEqual(await other.ask("GET", "/authz"), before);
  const { page } = await open(t, node, { path: "/cluster/oauth" });
  const digits = (title) => page.getByRole("region", { name: title }).locator(".digits").first().textContent();
  const shown = async () => [await digits("Signing key"), await digits("Encryption key")];
  await page.locator(".digits").first().waitFor();
  assert.deepEqual(await shown(), [before.signing.checksum, before.encryption.checksum]);
  await page.getByText("ucpki set key regen authz encryption").waitFor();
  await checkAxe(page);
  await page.getByRole("link", { name: "Regenerate" }).click();
  await page.locator(".plan").getByText(/token/).first().waitFor();
  await checkAxe(page);
  const number = await carryOut(page);
  await settled(other, number);
  const after = await other.ask("GET", "/authz");
  assert.notEqual(after.signing.checksum, before.signing.checksum);
  assert.equal(after.encryption.checksum, before.encryption.checksum);
  await follow(page, "/cluster/oauth");
  await until("the new checksum", async () => (await shown()).join() === [after.signing.checksum, after.encryption.checksum].join());
});

test("E1: nodes that trust each other are well; a lost certificate is found, and repaired by the button", async (t) => {
  const { page } = await open(t, node, { path: `/cluster/diagnose?node=${OTHER}` });
  const step = (title) => page.getByRole("listitem").filter({ hasText: title });
  const repair = page.getByRole("button", { name: "Repair what can be repaired" });
  await page.getByRole("status").getByText("All is well.").waitFor();
  assert.ok(await repair.isDisabled(), "there is nothing to be repaired");
  await checkAxe(page);
  const { fingerprint } = await other.ask("GET", "/certificates/own/tomcat");
  const copies = () => node.ask("GET", `/certificates?usage=trust&where=${encodeURIComponent(`fingerprint is ${fingerprint}`)}&where=${encodeURIComponent("unit is tomcat-trust")}`);
  const [{ name }] = (await copies()).items;
  const done = await node.ask("DELETE", `/certificates/trust/tomcat-trust/${encodeURIComponent(name)}?yes=1&force=1`);
  await settled(other, done.number);

  await page.getByRole("button", { name: "Look again" }).click();
  await page.getByRole("status").getByText("Something is wrong.").waitFor();
  await step("Is its certificate in tomcat-trust?").getByText("found", { exact: true }).waitFor();
  assert.equal((await copies()).items.length, 0, "a look changes nothing");
  await checkAxe(page);
  await repair.click();
  await page.getByRole("status").getByText("All is well.").waitFor();
  await step("Exchange of tomcat certificates").getByText("repaired", { exact: true }).waitFor();
  assert.equal((await copies()).items.length, 1);
  await page.reload();
  await page.getByRole("status").getByText("All is well.").waitFor();
  await until("what was chosen", async () => (await field(page, "node").inputValue()) === OTHER);
});

test("M1: while the database is gone every page says that nothing can be changed, and why; all else works; then it goes away", async (t) => {
  const { page } = await open(t, node, { path: "/cluster", statuses: [503] });
  await line(page, OTHER).getByText("up", { exact: true }).waitFor();
  const banner = page.getByRole("status").filter({ hasText: "This node is read-only now" });
  assert.equal(await banner.count(), 0);
  postgres.stop();
  try {
    await banner.waitFor();
    await page.getByRole("alert").getByText(/cannot be reached|does not answer|refused/).first().waitFor();
    await page.getByText("the database does not answer").first().waitFor();
    await checkAxe(page);
    await follow(page, "/certificates");
    await page.getByRole("link", { name: "tomcat.pem", exact: true }).first().waitFor();
    await banner.waitFor();
    await follow(page, "/");
    await page.getByText("The store of the cluster: the database does not answer").waitFor();
    const regenerate = "/certificates/own/TVS/regenerate";
    await follow(page, "/certificates/own/TVS");
    /* What leads to a task leads nowhere now, and says why to those who see it and to those who hear it. */
    const way = page.locator(".actions").getByRole("link", { name: "Regenerate" });
    await until("it is switched off", async () => (await way.getAttribute("aria-disabled")) === "true");
    assert.equal(await way.getAttribute("href"), null);
    assert.match(await way.getAttribute("title"), /read-only now: nothing can be changed here\. \S/);
    assert.match(await page.locator(`#${await way.getAttribute("aria-describedby")}`).innerText(), /read-only/);
    await tabTo(page, way);
    await checkAxe(page);
    await follow(page, regenerate);
    await page.locator(".plan").waitFor();
    assert.ok(await taskButton(page).isDisabled());
    assert.match(await taskButton(page).getAttribute("title"), /read-only/);
    await checkAxe(page);
  } finally {
    postgres.start();
  }
  await banner.waitFor({ state: "detached" });
  await taskButton(page).and(page.locator(":enabled")).click();
  await page.waitForURL(/\/changes\/\d+\?done=1$/);
});

test("a node is removed: that is a danger, to be agreed to; afterwards it is gone from the cluster, and says so itself", async (t) => {
  const { page } = await open(t, node, { path: "/cluster" });
  await line(page, OTHER).getByRole("link", { name: "Rename" }).click();
  await field(page, "name").fill("cucm-sub9");
  await page.locator(".plan").getByText("cucm-sub9").first().waitFor();
  await page.getByText(`ucpki set node rename ${OTHER} --new-name cucm-sub9`).waitFor();
  await page.getByRole("link", { name: "Cancel" }).click();
  await line(page, OTHER).getByRole("link", { name: "Remove" }).click();
  await page.locator(".plan-group.danger").waitFor();
  assert.ok(await taskButton(page).isDisabled());
  assert.equal(await taskButton(page).innerText(), `Remove ${OTHER} from the cluster`);
  await checkAxe(page);
  await page.locator(".task-send").getByRole("checkbox").check();
  await carryOut(page);
  await follow(page, "/cluster");
  await until("one node", async () => (await page.locator("tbody tr").count()) === 1);
  assert.equal(await row(OTHER), undefined);
  const { page: there } = await open(t, other, { path: "/cluster", statuses: [503] });
  await there.getByRole("alert").filter({ hasText: /removed|not accept/ }).first().waitFor();
  await checkAxe(there);
});
