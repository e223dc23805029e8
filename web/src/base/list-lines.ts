/*
 * Trust lists before and after: which record of the one is which of the other. A line is what a person sees of a record. Pure: how it is shown is
 * parts/ListSides.tsx's.
 */
import type { Finding, ListDiff, ListName, ListRecord, State } from "./types";

export interface Line {
  /* "SAST", "CCM+TFTP"; of a certificate in several roles all of them. */
  role: string;
  node: string;
  /* What the certificate is called; null: an empty record. */
  name: string | null;
  /* Of the certificate; undefined: it is not known here. */
  id?: string | undefined;
  keyType?: string;
  notAfter?: string;
  state?: State;
  signer?: boolean;
}

/* same: nothing changes; role, certificate, place (DNS name or address): that does. */
export type PairKind = "same" | "added" | "removed" | "role" | "certificate" | "place";

export interface Pair {
  kind: PairKind;
  before: Line | null;
  after: Line | null;
}

export function roleOf(record: Pick<ListRecord, "role">): string {
  if (!record.role) return "?";
  return record.role.name ?? String(record.role.code);
}

export function lineOf(record: ListRecord): Line {
  const c = record.certificate;
  const line = { role: roleOf(record), node: record.dns ?? "", signer: record.signer };
  if (!c) return { ...line, name: null, id: "" };
  return { ...line, name: c.common_name || c.subject, id: c.fingerprint, keyType: c.key_type, notAfter: c.not_after, state: c.state };
}

/* ---- pairing ---- */

type Fits = (before: Line, after: Line) => boolean;

const known = (one: Line) => one.id !== undefined;

/* The rules by which a line finds its like, the strictest first. */
const RULES: [PairKind, Fits][] = [
  ["same", (b, a) => known(b) && known(a) && b.id === a.id && b.role === a.role && b.node === a.node],
  ["place", (b, a) => !!b.id && b.id === a.id && b.role === a.role],
  ["role", (b, a) => !!b.id && b.id === a.id],
  ["certificate", (b, a) => b.role === a.role && b.node === a.node],
  ["role", (b, a) => !known(b) && !known(a) && b.node === a.node && b.name === a.name],
];

/* What was taken away stands where it stood. */
export function pairLines(before: Line[], after: Line[]): Pair[] {
  const partner = new Map<Line, { kind: PairKind; line: Line }>();
  const waiting = new Set(before);
  for (const [kind, fits] of RULES)
    for (const line of after) {
      if (partner.has(line)) continue;
      const found = [...waiting].find((one) => fits(one, line));
      if (!found) continue;
      waiting.delete(found);
      partner.set(line, { kind, line: found });
    }
  const pairs = after.map((line, at): [number, Pair] => {
    const found = partner.get(line);
    return [at, found ? { kind: found.kind, before: found.line, after: line } : { kind: "added", before: null, after: line }];
  });
  const gone = before.flatMap((line, at): [number, Pair][] => (waiting.has(line) ? [[at - 0.5, { kind: "removed", before: line, after: null }]] : []));
  return [...pairs, ...gone].sort(([a], [b]) => a - b).map(([, pair]) => pair);
}

/* ---- what the node says of a list that is due ---- */

export function pairsOfDiff(diff: ListDiff): Pair[] {
  const roles = diff.roles.map(({ certificate: c, old, new: fresh }): Pair => {
    const line = (names: string[]): Line => ({ role: names.join(", "), node: "", name: c.common_name || c.subject, id: c.fingerprint, keyType: c.key_type, notAfter: c.not_after, state: c.state });
    return { kind: "role", before: line(old), after: line(fresh) };
  });
  const moved = diff.moved.map((one): Pair => ({ kind: "place", before: lineOf(one.old), after: lineOf(one.new) }));
  return [...pairLines(diff.removed.map(lineOf), diff.added.map(lineOf)), ...roles, ...moved];
}

/* ---- what a plan says in sentences ---- */

const SENTENCE = /^the (CTL|ITL) (?:gains|loses) a record (\S+) of (.*?): (.*)$/s;

export interface ListChange {
  list: ListName;
  pairs: Pair[];
}

/* The records that lists gain and lose by a plan; and the other findings. */
export function takeListChanges(findings: Finding[]): { changes: ListChange[]; rest: Finding[] } {
  const lists = new Map<ListName, { gains: Line[]; loses: Line[] }>();
  const rest = findings.filter(({ code, message }) => {
    const [, list, role, node, name] = (code === "list-gains" || code === "list-loses" ? SENTENCE.exec(message) : null) ?? [];
    if (!list) return true;
    const of = lists.get(list as ListName) ?? { gains: [], loses: [] };
    lists.set(list as ListName, of);
    of[code === "list-gains" ? "gains" : "loses"].push({ role: role!, node: node!, name: name === "no certificate" ? null : name! });
    return false;
  });
  return { changes: [...lists].map(([list, { gains, loses }]) => ({ list, pairs: pairLines(loses, gains) })), rest };
}
