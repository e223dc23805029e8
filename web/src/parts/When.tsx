/* A time: local, with its zone, and how far off it is. */
import { dateOnly, dateTime, relative } from "../base/time";

/* Only how far off it is, where a table has many of them: the time itself is told to who points at it. */
export function Ago({ at }: { at: string }) {
  return (
    <time dateTime={at} title={dateTime(at)}>
      {relative(at) || at}
    </time>
  );
}

export function When({ at, short, bare }: { at: string | null | undefined; short?: boolean; bare?: boolean }) {
  if (!at) return <span class="muted">—</span>;
  const far = bare ? "" : relative(at);
  return (
    <time dateTime={at} title={dateTime(at)} class="when">
      <span class="when-date">{short ? dateOnly(at) : dateTime(at)}</span>
      {far && <span class="muted"> {far}</span>}
    </time>
  );
}
