/* What went wrong, or right, said where it happened. */
import type { ComponentChildren } from "preact";
import { say, t } from "../base/text";
import type { ProblemBody } from "../base/types";
import type { Loaded } from "../base/load";
import { restoreScroll } from "../base/route";
import { useEffect, useState } from "preact/hooks";
import { Shape, type Kind } from "./Mark";

export function Notice({ kind, title, children, live }: { kind: Kind; title?: ComponentChildren; children?: ComponentChildren; live?: boolean }) {
  return (
    <div class={`notice ${kind}`} role={live ? (kind === "danger" ? "alert" : "status") : undefined}>
      <Shape kind={kind} />
      <div>
        {title && <p class="notice-title">{title}</p>}
        {children}
      </div>
    </div>
  );
}

/* A problem document: what was wrong, and what to do. */
export function ProblemNotice({ problem, retry }: { problem: ProblemBody; retry?: (() => void) | undefined }) {
  return (
    <Notice kind="danger" title={say(problem.detail)} live>
      {problem.hint && <p>{say(problem.hint)}</p>}
      {problem.code === "unreachable" && (
        <p>
          {t("unreachable.certificate")}{" "}
          <a href="/" target="_blank">
            {t("unreachable.open")}
          </a>
        </p>
      )}
      {retry && (
        <button type="button" class="small" onClick={retry}>
          {t("try-again")}
        </button>
      )}
    </Notice>
  );
}

/* Says that something is being loaded, but not before it has taken so long that one wonders. */
export function Patience() {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return shown ? (
    <p class="muted" role="status">
      {t("loading")}
    </p>
  ) : null;
}

/* What was loaded, or what stood in the way of it. */
export function Show<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  const there = of.fresh && of.data !== undefined;
  /* The page's own effects come first: it takes the focus to its title. */
  useEffect(() => {
    if (there) queueMicrotask(restoreScroll);
  }, [there]);
  return (
    <>
      {of.problem && <ProblemNotice problem={of.problem} retry={of.reload} />}
      {of.data !== undefined ? children(of.data) : !of.problem && <Patience />}
    </>
  );
}
