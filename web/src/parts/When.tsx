/* A time: local, with its zone, and how far off it is. */
import { dateOnly, dateTime, relative } from "../base/time";

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
