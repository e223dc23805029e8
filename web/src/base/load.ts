/*
 * Loading what a page shows. An answer is kept by its address, so that Back shows at once what was there and then looks for news; while the next
 * answer is under way the present one stays.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, query, type Query } from "./api";
import { signInAgain } from "./session";
import { watched } from "./store";
import type { ProblemBody } from "./types";

/* Counts the changes of the state that the console knows of: whatever shows state loads again (pages/heartbeat). */
export const news = watched(0);

/* An answer that is under way is waited for, and not asked for once more meanwhile; after so long it may never come. */
const PATIENCE_MS = 30_000;

const KEPT = 60;
const kept = new Map<string, unknown>();

function keep(url: string, data: unknown): void {
  kept.delete(url);
  kept.set(url, data);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
}

/* After a sign-out nothing of the account's stays. */
export function forgetAll(): void {
  kept.clear();
}

export interface Loaded<T> {
  data: T | undefined;
  problem: ProblemBody | undefined;
  /* Is data that of this address, or still that of the one before? */
  fresh: boolean;
  reload(): void;
}

interface Result<T> {
  url: string;
  data: T | undefined;
  problem: ProblemBody | undefined;
}

/* where: a path of the API, or null when there is nothing to load yet. poll: seconds after which it is looked at again. */
export function useLoad<T>(where: string | null, values: Query = {}, options: { poll?: number | undefined } = {}): Loaded<T> {
  const url = where === null ? "" : where + query(values);
  const [result, setResult] = useState<Result<T>>({ url: "", data: undefined, problem: undefined });
  const [turn, setTurn] = useState(0);
  const quiet = useRef(false);
  /* When the answer that is under way was asked for; 0: none is. */
  const asked = useRef(0);
  /* What does not exist is not looked at again, unless the state changes. */
  const missing = useRef(false);
  const reload = useCallback(() => setTurn((n) => n + 1), []);

  useEffect(() => {
    const background = quiet.current;
    quiet.current = false;
    asked.current = 0;
    missing.current = false;
    if (!url) return undefined;
    const abort = new AbortController();
    asked.current = Date.now();
    get<T>(url, { signal: abort.signal, background }).then(
      (data) => {
        if (abort.signal.aborted) return;
        asked.current = 0;
        keep(url, data);
        setResult({ url, data, problem: undefined });
      },
      (e) => {
        if (abort.signal.aborted) return;
        asked.current = 0;
        if (!(e instanceof ApiError)) throw e;
        missing.current = e.problem.status === 404;
        setResult((before) => ({ url, data: before.url === url ? before.data : undefined, problem: e.problem }));
      },
    );
    return () => abort.abort();
  }, [url, turn]);

  useEffect(() => {
    const again = () => {
      if (document.visibilityState === "hidden" || signInAgain.get()) return;
      quiet.current = true;
      reload();
    };
    const tick = () => {
      if (!missing.current && Date.now() - asked.current > PATIENCE_MS) again();
    };
    const stop = news.watch(again);
    const timer = options.poll ? setInterval(tick, options.poll * 1000) : undefined;
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [reload, options.poll]);

  const current = result.url === url;
  const data = current ? result.data : ((kept.get(url) as T | undefined) ?? result.data);
  return { data: url ? data : undefined, problem: current ? result.problem : undefined, fresh: current || kept.has(url), reload };
}
