/* What the certificate list is asked for: it is all in the address, in the words of the API. */
import { query, type Query } from "../base/api";
import { command } from "../base/command";
import { readCondition, type Condition } from "../base/conditions";

export interface Asked {
  /* Conditions as they are written; see base/conditions. */
  where: string[];
  any: boolean;
  usage: string;
  node: string;
  sort: string;
  limit: string;
  cursor: string;
}

/* What Previous needs and a link need not: the pages before this one, and how many rows are before each. */
export interface Trail {
  before: { cursor: string; rows: number }[];
  rows: number;
}

export const USUAL_SORT = "name";
export const USUAL_LIMIT = "50";

export function askedOf(address: URLSearchParams): Asked {
  const one = (name: string) => address.get(name) ?? "";
  return {
    where: address.getAll("where"),
    any: one("match") === "any",
    usage: one("usage"),
    node: one("node"),
    sort: one("sort") || USUAL_SORT,
    limit: one("limit") || USUAL_LIMIT,
    cursor: one("cursor"),
  };
}

function conditionsQuery(a: Asked): Query {
  return { usage: a.usage, node: a.node, where: a.where, match: a.any ? "any" : "" };
}

/* What differs from the usual. */
function addressQuery(a: Asked): Query {
  return { ...conditionsQuery(a), sort: a.sort === USUAL_SORT ? "" : a.sort, limit: a.limit === USUAL_LIMIT ? "" : a.limit, cursor: a.cursor };
}

export function listHref(a: Asked): string {
  return `/certificates${query(addressQuery(a))}`;
}

export function listQuery(a: Asked): Query {
  return { ...conditionsQuery(a), sort: a.sort, limit: a.limit, cursor: a.cursor };
}

/* The command line lists one usage at a time. */
export function listCommand(a: Asked): string {
  const options = { where: a.where, any: a.any, sort: a.sort === USUAL_SORT ? "" : a.sort, node: a.node, long: true };
  const paged = a.usage ? { limit: a.limit === USUAL_LIMIT ? "" : a.limit, cursor: a.cursor } : {};
  const usages = a.usage ? [a.usage] : ["own", "trust"];
  return usages.map((usage) => command("show cert list", [usage], { ...options, ...paged })).join(" && ");
}

/* ---- trails ---- */

export function trailOf(state: unknown): Trail | null {
  const trail = (state as { trail?: Trail } | null)?.trail;
  return trail && Array.isArray(trail.before) && typeof trail.rows === "number" ? trail : null;
}

/* ---- quick filters ---- */

const DAY_MS = 86_400_000;

export interface Quick {
  name: "all" | "expired" | "expiring" | "own" | "trust" | "self-signed";
  usage?: string;
  where?: string[];
}

function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16)}:00Z`;
}

export function quickFilters(now = Date.now()): Quick[] {
  return [
    { name: "all" },
    { name: "expired", where: [`expires before ${instant(now)}`] },
    { name: "expiring", where: [`expires after ${instant(now)}`, `expires before ${instant(now + 30 * DAY_MS)}`] },
    { name: "own", usage: "own" },
    { name: "trust", usage: "trust" },
    { name: "self-signed", where: ["type is exactly self-signed"] },
  ];
}

export function withQuick(a: Asked, quick: Quick): Asked {
  return { ...a, where: quick.where ?? [], any: false, usage: quick.usage ?? "", cursor: "" };
}

function alike(a: Condition | null, b: Condition | null): boolean {
  if (!a || !b || a.column !== b.column || a.operator !== b.operator) return false;
  /* Instants of today's links are those of this morning's. */
  const apart = Math.abs(Date.parse(a.value) - Date.parse(b.value));
  return a.value === b.value || apart < DAY_MS;
}

/* Is the list what this filter makes of it? */
export function isQuick(a: Asked, quick: Quick): boolean {
  const where = quick.where ?? [];
  return a.usage === (quick.usage ?? "") && a.where.length === where.length && where.every((one, i) => alike(readCondition(one), readCondition(a.where[i]!)));
}

/* ---- the way back to it ---- */

let last = "/certificates";

export function rememberList(href: string): void {
  last = href;
}

/* The list as it was looked at last. */
export function lastList(): string {
  return last;
}
