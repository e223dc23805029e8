/* States: by colour and word and shape, so that each alone is enough. */
import type { ComponentChildren } from "preact";
import { usePlace } from "../base/route";
import { say, t, tOr, type Key } from "../base/text";
import type { Finding, State, Weight } from "../base/types";

export type Kind = "ok" | "note" | "wait" | "warn" | "danger";

const SHAPES: Record<Kind, string> = {
  ok: "M2.5 8.5l3.5 3.5 7.5-8",
  note: "M8 3.2v.1M8 7v6",
  wait: "M8 3.5V8l3 2.5",
  warn: "M8 2L15 14H1z",
  danger: "M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5z",
};

export function Shape({ kind }: { kind: Kind }) {
  const filled = kind === "warn" || kind === "danger";
  return (
    <svg class={`shape ${kind}`} viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      {kind === "wait" && <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.8" />}
      <path d={SHAPES[kind]} fill={filled ? "currentColor" : "none"} stroke="currentColor" stroke-width={filled ? 1 : 2} stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

export function Mark({ kind, children }: { kind: Kind; children: ComponentChildren }) {
  return (
    <span class={`mark ${kind}`}>
      <Shape kind={kind} />
      {children}
    </span>
  );
}

const OF_STATE: Record<State, Kind> = { valid: "ok", expiring: "warn", expired: "danger", "not-yet-valid": "wait", malformed: "danger" };

export function stateKind(state: State): Kind {
  return OF_STATE[state] ?? "note";
}

export function StateMark({ state }: { state: State }) {
  return <Mark kind={stateKind(state)}>{tOr(`state.${state}`, state)}</Mark>;
}

const OF_WEIGHT: Record<Weight, Kind> = { note: "note", warn: "warn", danger: "danger", refused: "danger" };

export function weightKind(weight: Weight): Kind {
  return OF_WEIGHT[weight];
}

/* Where what a finding advises is done, or what it counts is seen. */
const WAYS: Record<string, { href: string; text: Key }> = {
  "ctl-none": { href: "/lists/mode/mixed-mode", text: "lists.mode.to.mixed-mode" },
  "list-behind": { href: "/phones?list=itl&stale=1", text: "phones.bar.which" },
  "list-by-tvs": { href: "/lists/itl/reset", text: "list-task.itl-reset" },
  "list-stranded": { href: "/lists/itl/reset", text: "list-task.itl-reset" },
};

function Way({ code }: { code: string }) {
  const way = WAYS[code];
  const { path } = usePlace();
  return way && way.href.split("?")[0] !== path ? <a href={way.href}>{t(way.text)}</a> : null;
}

/* What a person must know, the gravest first: what it is and what to do. */
export function Findings({ items }: { items: Finding[] }) {
  const order: Weight[] = ["refused", "danger", "warn", "note"];
  const sorted = [...items].sort((a, b) => order.indexOf(a.weight) - order.indexOf(b.weight));
  return (
    <ul class="findings">
      {sorted.map((one, i) => (
        <li key={i} class={OF_WEIGHT[one.weight]}>
          <Mark kind={OF_WEIGHT[one.weight]}>{t(`weight.${one.weight}`)}</Mark>
          <div>
            <p>{say(one.message)}</p>
            {one.hint && (
              <p class="muted">
                {say(one.hint)} <Way code={one.code} />
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
