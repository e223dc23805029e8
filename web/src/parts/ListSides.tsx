/*
 * Trust lists before and after, side by side: each record a box, and between them what happens to it, by sign and word and colour. It is a table,
 * so that who cannot see it is read the same.
 */
import { shown, t } from "../base/text";
import { dateOnly } from "../base/time";
import type { Line, Pair, PairKind } from "../base/list-lines";
import { StateMark } from "./Mark";

const SIGNS: Record<PairKind, string> = {
  same: "M3 6h10M3 10h10",
  added: "M8 2.5v11M2.5 8h11",
  removed: "M2.5 8h11",
  role: "M2 8h11M9 4l4 4-4 4",
  certificate: "M2 8h11M9 4l4 4-4 4",
  place: "M2 8h11M9 4l4 4-4 4",
};

export function Sign({ kind }: { kind: PairKind }) {
  return (
    <span class={`sides-sign ${kind}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={SIGNS[kind]} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" />
      </svg>
      {t(`sides.${kind}`)}
    </span>
  );
}

function nameText({ name }: Line): string {
  if (name === null) return t("tlist.record.empty");
  return name === "a new certificate" ? t("tlist.record.new") : shown(name);
}

/* In which roles, of which node, which certificate. */
function Box({ line, other, kind }: { line: Line; other: Line | null; kind: PairKind }) {
  const is = (what: PairKind) => kind === what && !!other;
  return (
    <div class={`record ${kind}`}>
      <p>
        <strong class={is("role") ? "differs" : undefined}>{line.role}</strong> <span class={is("certificate") ? "differs" : undefined}>{nameText(line)}</span>
      </p>
      <p class="muted">
        {line.node && <span class={is("place") ? "differs" : undefined}>{shown(line.node)}</span>}
        {line.keyType && <span>{line.keyType}</span>}
        {line.notAfter && <span>{t("tlist.until", { date: dateOnly(line.notAfter) })}</span>}
        {line.id && kind === "certificate" && <code>{line.id.slice(0, 8)}</code>}
        {line.state && line.state !== "valid" && <StateMark state={line.state} />}
        {line.signer && <span>{t("tlist.record.signs")}</span>}
      </p>
    </div>
  );
}

function Cell({ line, pair }: { line: Line | null; pair: Pair }) {
  if (!line) return <span class="sides-none">—</span>;
  return <Box line={line} other={line === pair.before ? pair.after : pair.before} kind={pair.kind} />;
}

export function ListSides({ caption, before, after, pairs }: { caption: string; before?: string; after?: string; pairs: Pair[] }) {
  return (
    <table class="list-sides">
      <caption class="sr-only">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{before ?? t("plan.before")}</th>
          <th scope="col">
            <span class="sr-only">{t("sides.what")}</span>
          </th>
          <th scope="col">{after ?? t("plan.after")}</th>
        </tr>
      </thead>
      <tbody>
        {pairs.map((pair, i) => (
          <tr key={i} class={pair.kind}>
            <td class={pair.before ? undefined : "none"}>
              <Cell line={pair.before} pair={pair} />
            </td>
            <td>
              <Sign kind={pair.kind} />
            </td>
            <td class={pair.after ? undefined : "none"}>
              <Cell line={pair.after} pair={pair} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
