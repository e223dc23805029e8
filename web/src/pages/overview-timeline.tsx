/* The time line of expiries: drawn, told on pointing at it, and as a table. */
import { useEffect, useRef, useState } from "preact/hooks";
import { rowHref } from "../base/names";
import { language, t } from "../base/text";
import { compact, dateOnly, monthName, monthSpan } from "../base/time";
import type { Overview, Row, State } from "../base/types";
import { Shape } from "../parts/Mark";
import { Table, type Column as TableColumn } from "../parts/Table";
import { rowName, spanHref } from "./overview-needs";
import { BAR, bucketsOf, LANE, layout, NUMBERS, type Bucket, type Column, type Flag, type Layout } from "./overview-timeline-plan";

const TOP = 20;
const AXIS = 40;
/* In the outer columns a number stands where the line from a mark would end. */
const STUB = 36;
/* A year's figures are so wide. */
const YEAR = 36;

/* ---- in words ---- */

function periodOf({ kind, from, to }: Bucket): string {
  if (kind === "expired") return t("timeline.expired");
  return to === null ? t("timeline.later") : monthSpan(from!, to);
}

function hrefOf({ own, trust, from, to }: Bucket): string {
  return spanHref(own === 0 ? "trust" : trust === 0 ? "own" : undefined, from, to);
}

function counted({ own, trust }: Bucket): string {
  const parts = [own > 0 && t("timeline.own.n", { n: own }), trust > 0 && t("timeline.trust.n", { n: trust })].filter(Boolean);
  return parts.join(", ");
}

function told(bucket: Bucket): string {
  return t("timeline.read", { period: periodOf(bucket), what: counted(bucket) });
}

function flagTold({ rows, count, first, last }: Flag, nodes: number): string {
  const names = rows.map((row) => `${rowName(row, nodes)} ${dateOnly(row.not_after)}`).join(", ");
  const rest = count - rows.length;
  return t("timeline.group", { period: periodOf({ ...first, to: last.to }), names: rest > 0 ? [names, t("timeline.own.n", { n: rest })].filter(Boolean).join(", ") : names });
}

/* ---- the picture ---- */

function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return { box, width };
}

/* The first column in each year has the year below, unless it would run into that of the next. */
function yearsOf(months: Column[]): string[] {
  const year = (i: number) => months[i]?.from?.slice(0, 4) ?? "";
  const begins = (i: number) => i < months.length && (i === 0 || year(i) !== year(i - 1));
  return months.map((one, i) => (begins(i) && !(one.width < YEAR && begins(i + 1)) ? year(i) : ""));
}

function MonthColumn({ column, year, base }: { column: Column; year: string; base: number }) {
  const middle = column.x + column.width / 2;
  return (
    <g>
      <line x1={column.x} x2={column.x} y1={year ? base - BAR - NUMBERS : base} y2={base + 6} class="grid" />
      {column.bar > 0 && <rect x={column.x + 3} y={base - column.bar} width={column.width - 6} height={column.bar} class="bar-trust" />}
      {column.bar > 0 && (
        <text x={middle} y={base - column.bar - 4} text-anchor="middle">
          {compact(column.trust)}
        </text>
      )}
      <text x={middle} y={base + 16} text-anchor="middle" class="axis">
        {monthName(column.from!, column.width)}
      </text>
      {year && (
        <text x={column.x + 4} y={base + 34} class="axis">
          {year}
        </text>
      )}
    </g>
  );
}

function SideColumn({ column, base }: { column: Column; base: number }) {
  const middle = column.x + column.width / 2;
  return (
    <g class={column.own + column.trust > 0 ? column.kind : undefined}>
      <rect x={column.x} y={TOP} width={column.width} height={base - TOP} class="side" />
      {column.trust > 0 && (
        <text x={middle} y={base - 22} text-anchor="middle">
          {compact(column.trust)}
        </text>
      )}
      {column.trust > 0 && (
        <text x={middle} y={base - 7} text-anchor="middle">
          {t("timeline.trust.short")}
        </text>
      )}
      <text x={middle} y={base + 16} text-anchor="middle" class="axis">
        {periodOf(column)}
      </text>
    </g>
  );
}

function Drawing({ plan, base, label }: { plan: Layout; base: number; label: string }) {
  const months = plan.columns.filter((one) => one.kind === "months");
  const years = yearsOf(months);
  return (
    <svg width={plan.width} height={base + AXIS} viewBox={`0 0 ${plan.width} ${base + AXIS}`} role="img" aria-label={label}>
      {plan.columns
        .filter((one) => one.kind !== "months")
        .map((one) => (
          <SideColumn key={one.x} column={one} base={base} />
        ))}
      {months.map((one, i) => (
        <MonthColumn key={one.x} column={one} year={years[i]!} base={base} />
      ))}
      {plan.flags.map((one, i) => (
        <line key={i} x1={one.x} x2={one.x} y1={TOP + one.lane * LANE + LANE / 2} y2={one.first.kind === "months" ? base : base - STUB} class="stem" />
      ))}
      <line x1="0" x2={plan.width} y1={base} y2={base} class="base" />
      <line x1={plan.today} x2={plan.today} y1={TOP - 4} y2={base + 6} class="today" />
      <text x={plan.today} y="12" text-anchor="middle" class="today-text">
        {t("timeline.today")}
      </text>
    </svg>
  );
}

function worst(rows: Row[]): State {
  return rows.some((row) => row.state === "expired") ? "expired" : rows.some((row) => row.state === "expiring") ? "expiring" : "valid";
}

function FlagMark({ state }: { state: State }) {
  if (state === "expired") return <Shape kind="danger" />;
  if (state === "expiring") return <Shape kind="warn" />;
  return (
    <svg class="shape diamond" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d="M8 1.5L14.5 8L8 14.5L1.5 8z" fill="currentColor" />
    </svg>
  );
}

/* One certificate is opened, several are listed. */
function flagHref({ rows, count, first, last }: Flag): string {
  return count === 1 && rows[0] ? rowHref(rows[0]) : spanHref("own", first.from, last.to);
}

function FlagLink({ flag, nodes, onTell }: { flag: Flag; nodes: number; onTell: (text: string) => void }) {
  const text = flagTold(flag, nodes);
  const state = worst(flag.rows);
  const turned = flag.x - flag.left > LANE;
  return (
    <a
      href={flagHref(flag)}
      class={`flag ${state}${turned ? " turned" : ""}`}
      style={{ left: `${flag.left}px`, top: `${TOP + flag.lane * LANE}px`, width: `${flag.width}px` }}
      onMouseEnter={() => onTell(text)}
      onFocus={() => onTell(text)}
    >
      <FlagMark state={state} />
      {flag.text && <span>{flag.text}</span>}
      <span class="sr-only"> {text}</span>
    </a>
  );
}

function Picture({ overview, nodes, width, onTell }: { overview: Overview; nodes: number; width: number; onTell: (text: string) => void }) {
  const plan = layout(overview, width, (row) => rowName(row, nodes));
  const lanes = TOP + plan.lanes * LANE;
  const base = lanes + NUMBERS + BAR;
  const coming = bucketsOf(overview).filter((one) => one.kind === "months");
  const sum = (of: (one: Bucket) => number) => coming.reduce((n, one) => n + of(one), 0);
  return (
    <div class="timeline-picture" style={{ width: `${plan.width}px` }} onMouseLeave={() => onTell("")}>
      <Drawing plan={plan} base={base} label={t("timeline.picture", { own: sum((one) => one.own), trust: sum((one) => one.trust) })} />
      {plan.columns
        .filter((one) => one.own + one.trust > 0)
        .map((one) => (
          <a
            key={one.x}
            href={hrefOf(one)}
            class="span"
            style={{ left: `${one.x}px`, top: `${lanes}px`, width: `${one.width}px`, height: `${base - lanes + 20}px` }}
            aria-label={told(one)}
            onMouseEnter={() => onTell(told(one))}
            onFocus={() => onTell(told(one))}
          />
        ))}
      {plan.flags.map((one, i) => (
        <FlagLink key={i} flag={one} nodes={nodes} onTell={onTell} />
      ))}
    </div>
  );
}

/* ---- the same as a table ---- */

function tableColumns(nodes: number): TableColumn<Bucket>[] {
  const number = (n: number, usage: "own" | "trust", { from, to }: Bucket) => (n > 0 ? <a href={spanHref(usage, from, to)}>{n.toLocaleString(language.get())}</a> : "0");
  return [
    { key: "period", title: t("timeline.period"), cell: (one) => periodOf(one), tight: true },
    { key: "own", title: t("timeline.own"), cell: (one) => number(one.own, "own", one), tight: true },
    { key: "trust", title: t("timeline.trust"), cell: (one) => number(one.trust, "trust", one), tight: true },
    { key: "names", title: t("timeline.names"), cell: (one) => one.rows.map((row) => `${rowName(row, nodes)} ${dateOnly(row.not_after)}`).join(", ") || "—" },
  ];
}

export function Timeline({ overview, nodes }: { overview: Overview; nodes: number }) {
  const { box, width } = useWidth();
  const [text, setText] = useState("");
  const filled = bucketsOf(overview).filter((one) => one.own + one.trust > 0);
  return (
    <figure class="panel timeline">
      <div class="timeline-frame" ref={box}>
        {width > 0 && <Picture overview={overview} nodes={nodes} width={width} onTell={setText} />}
      </div>
      <figcaption>
        <span class="timeline-key">
          <FlagMark state="valid" /> {t("timeline.key.own")}
        </span>
        <span class="timeline-key">
          <span class="bar-key" /> {t("timeline.key.trust")}
        </span>
        <span class="timeline-read">{text || t("timeline.point")}</span>
      </figcaption>
      <details>
        <summary>{t("timeline.table")}</summary>
        <Table caption={t("timeline.title")} columns={tableColumns(nodes)} rows={filled} rowKey={(one) => `${one.from}`} empty={t("timeline.nothing")} />
      </details>
    </figure>
  );
}
