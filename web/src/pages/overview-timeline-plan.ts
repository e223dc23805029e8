/*
 * The time line of expiries, worked out: where its columns, marks and names go. Pure, in pixels.
 *
 * Months stand side by side between "expired" and "later". Identity certificates are marks at their day in lanes above the axis, each with its
 * name where there is room; trust certificates are a bar for each month. Marks that would touch are one mark.
 */
import type { Overview, Row } from "../base/types";

export interface Bucket {
  kind: "expired" | "months" | "later";
  from: string | null;
  to: string | null;
  own: number;
  trust: number;
  /* The identity certificates of it that are known by name. */
  rows: Row[];
}

export interface Column extends Bucket {
  x: number;
  width: number;
  bar: number;
}

export interface Flag {
  x: number;
  lane: number;
  left: number;
  width: number;
  text: string;
  rows: Row[];
  /* With those that are not known by name. */
  count: number;
  /* From which column on, and to which. */
  first: Column;
  last: Column;
}

export interface Layout {
  width: number;
  columns: Column[];
  flags: Flag[];
  lanes: number;
  today: number;
}

export const LANE = 24;
export const BAR = 56;
/* Above a bar, for its number. */
export const NUMBERS = 18;

const SIDE = 72;
const NARROW_SIDE = 50;
/* A column can be pointed at with a finger; where months would be narrower, three of them are one. */
const LEAST_COLUMN = 26;
const QUARTER = 3;
const MOST_LANES = 6;
const MARK = 24;
const LETTER = 7.2;

/* ---- buckets ---- */

function inside(row: Row, from: string | null, to: string | null): boolean {
  const at = Date.parse(row.not_after);
  return (!from || at >= Date.parse(from)) && (!to || at < Date.parse(to));
}

/* The first border is now, though the API gives it as a day. */
export function bucketsOf({ at, timeline, soon }: Overview): Bucket[] {
  return timeline.map((one, i) => {
    const from = i === 1 ? at : one.from;
    const to = i === 0 ? at : one.to;
    const kind = from === null ? "expired" : to === null ? "later" : "months";
    return { kind, from, to, own: one.own, trust: one.trust, rows: soon.filter((row) => inside(row, from, to)) };
  });
}

function together(parts: Bucket[]): Bucket {
  const sum = (of: (one: Bucket) => number) => parts.reduce((n, one) => n + of(one), 0);
  return { kind: "months", from: parts[0]!.from, to: parts[parts.length - 1]!.to, own: sum((one) => one.own), trust: sum((one) => one.trust), rows: parts.flatMap((one) => one.rows) };
}

function grouped(buckets: Bucket[], by: number): Bucket[] {
  if (by === 1) return buckets;
  const months = buckets.filter((one) => one.kind === "months");
  const groups: Bucket[] = [];
  for (let i = 0; i < months.length; i += by) groups.push(together(months.slice(i, i + by)));
  return [...buckets.filter((one) => one.kind === "expired"), ...groups, ...buckets.filter((one) => one.kind === "later")];
}

/* ---- columns ---- */

function columnsOf(buckets: Bucket[], width: number): Column[] {
  const side = width < 600 ? NARROW_SIDE : SIDE;
  const all = buckets.filter((one) => one.kind === "months").length;
  const sides = (buckets.length - all) * side;
  const by = (width - sides) / Math.max(1, all) < LEAST_COLUMN ? QUARTER : 1;
  const shown = grouped(buckets, by);
  const months = shown.filter((one) => one.kind === "months");
  const each = Math.max(LEAST_COLUMN, (width - sides) / Math.max(1, months.length));
  const most = Math.max(1, ...months.map((one) => one.trust));
  let x = 0;
  return shown.map((one) => {
    const column = { ...one, x, width: one.kind === "months" ? each : side, bar: one.kind === "months" && one.trust > 0 ? Math.max(3, (one.trust / most) * BAR) : 0 };
    x += column.width;
    return column;
  });
}

/* Where a time is: in the outer columns, in the middle. */
function place(column: Column, at: number): number {
  if (column.from === null || column.to === null) return column.x + column.width / 2;
  const from = Date.parse(column.from);
  const part = (at - from) / (Date.parse(column.to) - from);
  return column.x + Math.min(1, Math.max(0, part)) * column.width;
}

/* ---- marks and names ---- */

type Point = Pick<Flag, "x" | "rows" | "count" | "first" | "last">;

/* The marks of a column; those that are not known by name are where it is known least: with the last that is, or in the middle. */
function pointsIn(column: Column): Point[] {
  const at = (x: number, rows: Row[], count: number): Point => ({ x, rows, count, first: column, last: column });
  const points = column.rows.map((row) => at(place(column, Date.parse(row.not_after)), [row], 1));
  const unnamed = column.own - column.rows.length;
  const last = points[points.length - 1];
  if (unnamed > 0 && last) last.count += unnamed;
  else if (unnamed > 0) points.push(at(column.x + column.width / 2, [], unnamed));
  return points;
}

/* Marks that would touch are one, so that each has a lane below all names where it can stand. */
function pointsOf(columns: Column[]): Point[] {
  const points: Point[] = [];
  for (const one of columns.flatMap(pointsIn)) {
    const before = points[points.length - 1];
    if (!before || one.x - before.x >= MARK || before.last.kind !== one.first.kind) {
      points.push(one);
      continue;
    }
    before.rows = [...before.rows, ...one.rows];
    before.count += one.count;
    before.last = one.last;
  }
  return points;
}

/* From the longest text that says all to the shortest. */
function textsOf({ rows, count }: Point, name: (row: Row) => string): string[] {
  const [first, second] = rows;
  if (!first) return [String(count), ""];
  const more = (shown: number) => (count > shown ? ` +${count - shown}` : "");
  const texts = [name(first) + more(1), count > 1 ? String(count) : "", ""];
  return second ? [`${name(first)}, ${name(second)}${more(2)}`, ...texts] : texts;
}

interface Span {
  left: number;
  width: number;
}

/* To the right of its mark, or to the left of it where the picture ends. */
function spansOf(x: number, text: string, width: number): Span[] {
  const wide = MARK + (text ? text.length * LETTER + 8 : 0);
  return [x - MARK / 2, x + MARK / 2 - wide].filter((left) => left >= 0 && left + wide <= width).map((left) => ({ left, width: wide }));
}

function isFree(taken: Span[], one: Span): boolean {
  return taken.every((other) => one.left >= other.left + other.width || other.left >= one.left + one.width);
}

/* Has the lane room for the name, and have those below room for the line from the mark to the axis? The lowest is for marks without a name. */
function fits(lanes: Span[][], lane: number, span: Span, stem: Span): boolean {
  if (lane === lanes.length - 1 && span.width > MARK) return false;
  return isFree(lanes[lane]!, span) && lanes.slice(lane + 1).every((below) => isFree(below, stem));
}

function setFlag(point: Point, lanes: Span[][], width: number, name: (row: Row) => string): Flag {
  const stem = { left: point.x - 1, width: 2 };
  for (const text of textsOf(point, name)) {
    for (const span of spansOf(point.x, text, width)) {
      const lane = lanes.findIndex((_, i) => fits(lanes, i, span, stem));
      if (lane < 0) continue;
      lanes[lane]!.push(span);
      for (const below of lanes.slice(lane + 1)) below.push(stem);
      return { ...point, lane, text, ...span };
    }
  }
  /* Nowhere, not even for the mark alone: over another. */
  return { ...point, lane: MOST_LANES - 1, text: "", left: Math.max(0, point.x - MARK / 2), width: MARK };
}

function flagsOf(points: Point[], width: number, name: (row: Row) => string): Flag[] {
  const lanes: Span[][] = Array.from({ length: MOST_LANES }, () => []);
  return points.map((point) => setFlag(point, lanes, width, name));
}

export function layout(overview: Overview, width: number, name: (row: Row) => string): Layout {
  const columns = columnsOf(bucketsOf(overview), width);
  const last = columns[columns.length - 1];
  const full = last ? last.x + last.width : width;
  const flags = flagsOf(pointsOf(columns), full, name);
  const now = columns.find((one) => one.kind === "months");
  return { width: full, columns, flags, lanes: Math.max(1, ...flags.map((one) => one.lane + 1)), today: now ? place(now, Date.parse(overview.at)) : 0 };
}
