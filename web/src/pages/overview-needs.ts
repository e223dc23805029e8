/* What needs someone, gathered from all that the node tells, the gravest first. Pure: what to show of it is overview.tsx's. */
import { query } from "../base/api";
import { jobHref, objectHref, objectName, ownHref, rowHref } from "../base/names";
import { say, t, tOr, type Key } from "../base/text";
import type { Cluster, Finding, Job, NodeRow, Overview, Row, State, Status } from "../base/types";
import type { Kind } from "../parts/Mark";

export interface Need {
  kind: Kind;
  text: string;
  hint?: string | undefined;
  href?: string;
  link?: string;
  /* Where the hint is followed, beside where it is seen. */
  doing?: { href: string; link: string };
  /* It goes by without anybody. */
  passing?: boolean;
}

export interface Seen {
  overview: Overview;
  status: Status;
  nodes: NodeRow[];
  cluster: Cluster;
  jobs: Job[];
}

const GRAVITY: Kind[] = ["danger", "warn", "wait", "note", "ok"];
const NAMES = 3;
const DAY_MS = 86_400_000;
const JOB_PATIENCE_MS = 60_000;
/* How long a job that failed is news. */
const JOB_DAYS = 3;
/* The same as the node's: a certificate that has fewer days left is "expiring". */
const EXPIRING_DAYS = 30;

/* ---- lists of certificates, as addresses ---- */

function list(usage: "own" | "trust" | undefined, where: string[], sort = "expires"): string {
  return "/certificates" + query({ usage, where, sort });
}

/* Times without fractions, as the API reads them. */
function instant(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/* The list of those in a state, as it was at that time. */
export function stateHref(state: State, usage: "own" | "trust" | undefined, at: string): string | null {
  const now = Date.parse(at);
  const soon = instant(now + EXPIRING_DAYS * DAY_MS);
  if (state === "expired") return list(usage, [`expires before ${instant(now)}`]);
  if (state === "expiring") return list(usage, [`expires after ${instant(now)}`, `expires before ${soon}`]);
  if (state === "not-yet-valid") return list(usage, [`starts after ${instant(now)}`], "starts");
  if (state === "valid") return list(usage, [`expires after ${soon}`, `starts before ${instant(now)}`]);
  return null;
}

/* Those that expire from one time on and before another; null: no bound. "after" leaves out the moment itself. */
export function spanHref(usage: "own" | "trust" | undefined, from: string | null, to: string | null): string {
  const where = [];
  if (from) where.push(`expires after ${instant(Date.parse(from) - 1000)}`);
  if (to) where.push(`expires before ${/T/.test(to) ? instant(Date.parse(to)) : to}`);
  return list(usage, where);
}

/* ---- certificates ---- */

export function rowName(row: Row, nodes: number): string {
  return row.node && nodes > 1 ? `${row.unit} (${row.node})` : row.unit;
}

function names(rows: Row[], total: number, nodes: number): string {
  const shown = rows.slice(0, NAMES).map((row) => rowName(row, nodes)).join(", ");
  const rest = total - Math.min(rows.length, NAMES);
  return rest > 0 ? t("needs.and-more", { names: shown, n: rest }) : shown;
}

/* A single one is opened, several are listed. */
function toRows(rows: Row[], n: number, href: string | null): Pick<Need, "href" | "link"> {
  const [only] = rows;
  if (n === 1 && only) return { href: rowHref(only), link: t("needs.certificate", { name: only.unit }) };
  return href ? { href, link: t("needs.list") } : {};
}

const OWN: { state: State; kind: Kind; text: Key; hint?: Key }[] = [
  { state: "expired", kind: "danger", text: "needs.own-expired", hint: "needs.own-expired.hint" },
  { state: "expiring", kind: "warn", text: "needs.own-expiring" },
  { state: "not-yet-valid", kind: "warn", text: "needs.own-early", hint: "needs.own-early.hint" },
];

const TRUST: { state: State; text: Key; hint?: Key }[] = [
  { state: "expired", text: "needs.trust-expired", hint: "needs.trust-expired.hint" },
  { state: "expiring", text: "needs.trust-expiring" },
];

function ofCertificates({ overview, nodes }: Seen): Need[] {
  const { states, own_states: own } = overview.certificates;
  const ofOwn = OWN.map(({ state, kind, text, hint }) => {
    const n = own[state];
    const rows = overview.soon.filter((row) => row.state === state);
    return { n, kind, text: t(text, { n, names: names(rows, n, nodes.length) }), hint: hint && t(hint, { n }), ...toRows(rows, n, stateHref(state, "own", overview.at)) };
  });
  const ofTrust = TRUST.map(({ state, text, hint }) => {
    const n = states[state] - own[state];
    return { n, kind: "warn" as Kind, text: t(text, { n }), hint: hint && t(hint, { n }), ...toRows([], n, stateHref(state, "trust", overview.at)) };
  });
  return [...ofOwn, ...ofTrust].filter(({ n }) => n > 0);
}

/* ---- findings ---- */

const OF_WEIGHT: Record<Finding["weight"], Kind> = { note: "note", warn: "warn", danger: "danger", refused: "danger" };

/* Said here from the figures themselves, with better links. */
const SAID = ["own-expired", "own-expiring", "serves-another", "log-broken"];

/* Where what several certificates or requests have in common is seen. */
const LISTS: Record<string, string> = {
  "chain-incomplete": list("own", ["type is ca-signed"]),
  "self-signed-outside": list("own", ["type is self-signed"]),
  "csr-old": "/csrs",
};

/* Findings about trust lists and the phones that hold them: where they are seen, and what to do, where the node names a command. */
const OF_LISTS: Record<string, { href: string; link: Key; hint?: Key; doing?: { href: string; link: Key } }> = {
  "ctl-due": { href: "/lists", link: "needs.look.lists", hint: "needs.hint.ctl", doing: { href: "/lists/ctl/update", link: "list-task.ctl-update" } },
  "list-unsigned": { href: "/lists", link: "needs.look.lists" },
  "list-behind": { href: "/phones" + query({ list: "itl", stale: true }), link: "needs.look.phones", hint: "needs.hint.phones" },
};

/* Where what a finding says is repaired. */
function repair({ code, count = 1, object }: Finding): Pick<Need, "href" | "link"> {
  const ofLists = OF_LISTS[code];
  if (ofLists) return { href: ofLists.href, link: t(ofLists.link) };
  if (code === "not-in-multi-server") return { href: "/generate-csr" + query({ distribution: "multi-server" }), link: t("needs.look.multi-server") };
  if (count > 1 && LISTS[code]) return { href: LISTS[code], link: t("needs.list") };
  const href = object?.startsWith("node/") ? null : object && objectHref(object);
  if (object && href) return { href, link: t("needs.look.object", { name: objectName(object) }) };
  return { href: "/cluster", link: t("needs.look.cluster") };
}

/* Hints of the node that name a command: here they lead to its page. */
const HINTS: Record<string, Key> = {
  "Other companies do not trust it: request a CA-signed one (set csr gen).": "needs.hint.federation",
  "Where one is reached over a WAN or the Internet: request a CA-signed certificate (set csr gen).": "needs.hint.outside",
};

function hintOf({ code, hint, object, count = 1 }: Finding): Pick<Need, "hint" | "doing"> {
  const ofLists = OF_LISTS[code];
  if (ofLists?.hint) return { hint: t(ofLists.hint), ...(ofLists.doing && { doing: { href: ofLists.doing.href, link: t(ofLists.doing.link) } }) };
  const own = hint ? HINTS[hint] : undefined;
  if (!own) return { hint: hint ? say(hint) : undefined };
  const [kind, node, purpose] = object?.split("/") ?? [];
  const place = kind === "own" && count === 1 ? { purpose, node } : {};
  return { hint: t(own), doing: { href: "/generate-csr" + query(place), link: t("needs.generate-csr") } };
}

function ofFinding(finding: Finding, node?: string): Need {
  const message = say(finding.message);
  return {
    kind: OF_WEIGHT[finding.weight],
    text: node ? t("needs.node-finding", { node, message }) : message,
    ...hintOf(finding),
    ...repair(finding),
  };
}

/* ---- this node, its cluster, the others ---- */

const CUT_OFF: Cluster["state"][] = ["unreachable", "halted", "removed"];

function ofStatus({ status, cluster }: Seen): Need[] {
  const needs: Need[] = [];
  const look = { href: "/cluster", link: t("needs.look.cluster") };
  if (CUT_OFF.includes(cluster.state)) {
    const state = tOr(`cluster-state.${cluster.state}`, cluster.state);
    needs.push({ kind: "danger", text: t("needs.cluster", { state }), hint: cluster.reason ? say(cluster.reason) : undefined, ...look });
  } else if (status.read_only) {
    needs.push({ kind: "danger", text: t("needs.read-only"), hint: status.read_only_reason ? say(status.read_only_reason) : undefined, ...look });
  }
  if (status.change_log && status.change_log !== "whole")
    needs.push({ kind: "danger", text: t("needs.log", { reason: say(status.change_log) }), href: "/changes", link: t("needs.look.changes") });
  for (const one of status.self_check.filter((check) => !check.matches)) {
    const purpose = one.key_type === "EC" ? "tomcat-ECDSA" : "tomcat";
    const hint = [one.detail && say(one.detail), t("needs.self-check.hint")].filter(Boolean).join(" ");
    needs.push({ kind: "danger", text: t("needs.self-check", { key: one.key_type }), hint, href: ownHref(purpose, status.node), link: t("needs.self-check.open", { purpose }) });
  }
  return needs;
}

/* The states of nodes that this one does not hear of, or that it has said already: one fault, one line. */
function isSaid(node: NodeRow, cluster: Cluster): boolean {
  return CUT_OFF.includes(cluster.state) && (node.this || node.state === "unknown");
}

function ofNode(node: NodeRow, { cluster, overview }: Seen): Need[] {
  const told = [cluster.reason, ...overview.findings.map((one) => one.message)];
  const needs = node.findings.filter((one) => one.weight !== "note" && !told.includes(one.message)).map((one) => ofFinding(one, node.name));
  if (isSaid(node, cluster) || node.state === "up" || node.state === "joining") return needs;
  const look = { href: "/cluster", link: t("needs.look.cluster") };
  if (node.state === "behind") {
    needs.push({ kind: "wait", text: t("needs.node-behind", { node: node.name, n: node.behind ?? 1 }), passing: true, ...look });
    return needs;
  }
  const kind = node.state === "unknown" ? "warn" : "danger";
  needs.push({ kind, text: t("needs.node", { node: node.name, state: tOr(`node-state.${node.state}`, node.state) }), hint: node.reason ? say(node.reason) : undefined, ...look });
  return needs;
}

/* ---- work that was begun ---- */

/* One that failed is settled when the same was asked of the node again and done. */
function isSettled(job: Job, jobs: Job[]): boolean {
  return jobs.some((one) => one.node === job.node && one.summary === job.summary && one.created_at > job.created_at && one.state === "done");
}

/* What another node has not got round to. Most take a second or two. */
function waiting({ jobs, overview }: Seen): Need[] {
  return jobs
    .filter((job) => (job.state === "waiting" || job.state === "running") && Date.parse(overview.at) - Date.parse(job.created_at) > JOB_PATIENCE_MS)
    .map((job) => ({ kind: "wait", text: t("needs.job-waiting", { node: job.node, summary: say(job.summary) }), passing: true, href: jobHref(job.id), link: t("needs.look.job") }));
}

function ofJobs({ jobs, overview }: Seen): Need[] {
  const since = Date.parse(overview.at) - JOB_DAYS * DAY_MS;
  return jobs
    .filter((job) => (job.state === "failed" || job.state === "expired") && Date.parse(job.created_at) > since && !isSettled(job, jobs))
    .map((job) => ({
      kind: "warn",
      text: t(job.state === "failed" ? "needs.job-failed" : "needs.job-expired", { summary: say(job.summary) }),
      hint: job.detail ? say(job.detail) : undefined,
      href: jobHref(job.id),
      link: t("needs.look.job"),
    }));
}

function ofWork({ overview }: Seen): Need[] {
  const needs: Need[] = [];
  if (overview.followups > 0) needs.push({ kind: "wait", text: t("needs.followups", { n: overview.followups }), href: "/followups", link: t("needs.look.followups") });
  if (overview.csrs > 0) needs.push({ kind: "wait", text: t("needs.csrs", { n: overview.csrs }), href: "/csrs", link: t("needs.look.csrs") });
  return needs;
}

export function findNeeds(seen: Seen): Need[] {
  const findings = seen.overview.findings.filter((one) => one.weight !== "note" && !SAID.includes(one.code)).map((one) => ofFinding(one));
  const all = [...ofStatus(seen), ...ofCertificates(seen), ...findings, ...seen.nodes.flatMap((node) => ofNode(node, seen)), ...ofJobs(seen), ...waiting(seen), ...ofWork(seen)];
  return all.sort((a, b) => GRAVITY.indexOf(a.kind) - GRAVITY.indexOf(b.kind));
}

/* What is only good to know. */
export function findNotes(overview: Overview): Need[] {
  return overview.findings.filter((one) => one.weight === "note").map((one) => ofFinding(one));
}
