/*
 * Where one is: the path and the query of the address. All state that a colleague could be sent, or that Back should return to, is there.
 */
import { useEffect, useState } from "preact/hooks";
import { watched } from "./store";

export interface Place {
  path: string;
  query: URLSearchParams;
  /* What Back needs besides, which no link holds: history.state */
  state: unknown;
}

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search), state: history.state };
}

const place = watched<Place>(here());

export function go(to: string, options: { replace?: boolean; state?: unknown; keepScroll?: boolean } = {}): void {
  returning = null;
  rememberScroll();
  if (options.replace) history.replaceState(options.state ?? null, "", to);
  else history.pushState(options.state ?? null, "", to);
  place.set(here());
  if (!options.keepScroll) scrollTo(0, 0);
}

export function usePlace(): Place {
  const [value, setValue] = useState(place.get());
  useEffect(() => place.watch(setValue), []);
  return value;
}

/* ---- the scroll position of each entry of the history ---- */

const positions = new Map<string, number>();
/* The link that was followed from there: who moves by keyboard goes on at it. */
const followed = new Map<string, string>();
/* What Back (or Forward) should find, until the page has it. */
let returning: { y: number; link: string | undefined } | null = null;

function rememberScroll(): void {
  positions.set(location.href, scrollY);
}

/* A page calls this when what it shows is there, so that Back finds it as it was left. After following a link it begins at the top. */
export function restoreScroll(): void {
  if (!returning) return;
  const { y, link } = returning;
  returning = null;
  if (link) document.querySelector<HTMLElement>(`main a[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
  scrollTo(0, y);
}

function onPop(): void {
  returning = { y: positions.get(location.href) ?? 0, link: followed.get(location.href) };
  place.set(here());
}

/* A plain click on a link of ours stays in the page; any other (middle, with a key, to elsewhere, a download) is the browser's. */
function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin || link.pathname.startsWith("/api/")) return;
  event.preventDefault();
  /* A link within the page only moves the focus: an entry of the history for it would lose what the present one holds. */
  if (link.hash && link.pathname === location.pathname && link.search === location.search) {
    document.getElementById(link.hash.slice(1))?.focus();
    return;
  }
  followed.set(location.href, link.getAttribute("href")!);
  go(link.pathname + link.search);
}

export function startRouting(): void {
  history.scrollRestoration = "manual";
  document.addEventListener("click", onClick);
  addEventListener("popstate", onPop);
  addEventListener("scroll", () => positions.set(location.href, scrollY), { passive: true });
}

/* ---- patterns ---- */

/* The values of "/certificates/own/:purpose" in a path, or null when it does not fit. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split("/");
  const have = path.split("/");
  if (want.length !== have.length) return null;
  const values: Record<string, string> = {};
  for (let i = 0; i < want.length; i++) {
    const one = want[i]!;
    if (!one.startsWith(":")) {
      if (one !== have[i]) return null;
      continue;
    }
    try {
      values[one.slice(1)] = decodeURIComponent(have[i]!);
    } catch {
      return null;
    }
  }
  return values;
}
