/* How far the phones of a node have come with a list: a bar, and the same in words. */
import { useId } from "preact/hooks";
import { query } from "../base/api";
import { t } from "../base/text";
import type { ListName, PhoneCounts } from "../base/types";

const WIDTH = 240;
const HEIGHT = 12;
/* A single phone of thousands is seen too. */
const LEAST = 3;

type Part = "current" | "older" | "never";
const PARTS: Part[] = ["current", "older", "never"];

/* Where each part begins and ends. Those that have anything are at least so wide; the widest gives. */
function spansOf(counts: PhoneCounts): { part: Part; x: number; width: number }[] {
  const widths = PARTS.map((part) => (counts[part] === 0 ? 0 : Math.max(LEAST, Math.round((WIDTH * counts[part]) / counts.known))));
  const widest = widths.indexOf(Math.max(...widths));
  widths[widest]! += WIDTH - widths.reduce((sum, one) => sum + one, 0);
  let x = 0;
  return PARTS.map((part, i) => ({ part, x: (x += widths[i]!) - widths[i]!, width: widths[i]! })).filter(({ width }) => width > 0);
}

/* Told apart by their pattern too. */
function Hatch({ id }: { id: string }) {
  return (
    <pattern id={id} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect class="hatch-ground" width="6" height="6" />
      <rect class="hatch-line" width="3" height="6" />
    </pattern>
  );
}

function Swatch({ part, hatch }: { part: Part; hatch: string }) {
  return (
    <svg class="phone-swatch" width="12" height="12" aria-hidden="true">
      <rect class={part} x="0.5" y="0.5" width="11" height="11" fill={part === "older" ? `url(#${hatch})` : undefined} />
    </svg>
  );
}

/* Where the phones are that have not fetched it. */
export function staleHref(list: ListName): string {
  return "/phones" + query({ list: list.toLowerCase(), stale: true });
}

export function PhoneBar({ list, counts }: { list: ListName; counts: PhoneCounts }) {
  const hatch = useId();
  if (counts.known === 0)
    return (
      <>
        {t("phones.bar.none")} <a href="/phones">{t("phones.bar.how")}</a>
      </>
    );
  return (
    <div class="phone-bar">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
        <defs>
          <Hatch id={hatch} />
        </defs>
        {spansOf(counts).map(({ part, x, width }) => (
          <rect key={part} class={part} x={x + 0.5} y="0.5" width={width - 1} height={HEIGHT - 1} fill={part === "older" ? `url(#${hatch})` : undefined} />
        ))}
      </svg>
      <ul>
        {PARTS.map((part) => (
          <li key={part}>
            <Swatch part={part} hatch={hatch} /> {t(`phones.bar.${part}`, { n: counts[part] })}
          </li>
        ))}
      </ul>
      {counts.known > counts.current && <a href={staleHref(list)}>{t("phones.bar.which")}</a>}
    </div>
  );
}
