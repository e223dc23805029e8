/* A follow-up with its button Done: what somebody has done by hand is ticked off where it is shown, and can be taken back there. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, request } from "../base/api";
import { news } from "../base/load";
import { changeHref } from "../base/names";
import { say, t } from "../base/text";
import type { Done, OpenFollowup, Page as List, Plan, ProblemBody } from "../base/types";
import { Mark } from "./Mark";
import { ProblemNotice } from "./Notice";
import { useBlocked } from "./TaskLink";

/* What is shown of it: with the latest change that asks for it, as the page knows it. */
export type Asked = Pick<OpenFollowup, "id" | "number" | "text">;

function renewed(number: number): ApiError {
  return new ApiError({ type: "about:blank", title: "", status: 409, code: "followup-renewed", detail: t("followups.renewed", { number }), hint: t("followups.renewed.hint") });
}

function gone(): ApiError {
  return new ApiError({ type: "about:blank", title: "", status: 409, code: "followup-gone", detail: t("followups.gone") });
}

/*
 * What is ticked off is what was shown: another change may have asked for it anew meanwhile. So the plan is made first, then it is looked whether
 * it is still about the same, and the node carries out that plan only.
 */
async function tickOff(asked: Asked[]): Promise<number> {
  const where = "/followups/done";
  const json = { ids: asked.map((one) => one.id) };
  const plan = await request<Plan>("POST", where, { query: { dry_run: true }, json });
  const now = await get<List<OpenFollowup>>("/followups");
  for (const one of asked) {
    const open = now.items.find((other) => other.id === one.id);
    if (!open) throw gone();
    if (open.number !== one.number) throw renewed(open.number);
  }
  const done = await request<Done>("POST", where, { query: { yes: true, seen: plan.plan, request: crypto.randomUUID() }, json });
  return done.number!;
}

export interface Ticking {
  busy: boolean;
  problem: ProblemBody | undefined;
  tick: () => Promise<void>;
}

export function useTicking(asked: Asked[], onTicked: (change: number) => void): Ticking {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemBody>();
  const tick = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      onTicked(await tickOff(asked));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.problem);
    }
    setBusy(false);
    news.set(news.get() + 1);
  };
  return { busy, problem, tick };
}

/*
 * The changes by which follow-ups were ticked off on this page, by their ids; open: those that the node has as open. One that was gone and is there
 * again is open again.
 */
export function useTicked(open: ReadonlySet<string>): [ReadonlyMap<string, number>, (ids: string[], change: number) => void] {
  const [ticked, setTicked] = useState<ReadonlyMap<string, number>>(new Map());
  const gone = useRef(new Set<string>());
  useEffect(() => {
    for (const id of ticked.keys()) if (!open.has(id)) gone.current.add(id);
  }, [ticked, open]);
  const onTicked = (ids: string[], change: number) => {
    for (const id of ids) gone.current.delete(id);
    setTicked((before) => new Map([...before, ...ids.map((id) => [id, change] as const)]));
  };
  return [new Map([...ticked].filter(([id]) => !(open.has(id) && gone.current.has(id)))), onTicked];
}

interface Props {
  asked: Asked;
  /* The change that ticked it off, once it is. */
  ticked: number | undefined;
  onTicked: (change: number) => void;
  /* Below its text: since when, for what. */
  children?: ComponentChildren;
}

export function FollowupRow({ asked, ticked, onTicked, children }: Props) {
  const { busy, problem, tick } = useTicking([asked], onTicked);
  const blocked = useBlocked();
  const undo = useRef<HTMLAnchorElement>(null);
  const pressed = useRef(false);
  const text = say(asked.text);
  /* The button goes: who pressed it goes on at what stands in its place. */
  useEffect(() => {
    if (ticked !== undefined && pressed.current) undo.current?.focus();
  }, [ticked]);
  const press = () => {
    pressed.current = true;
    return tick();
  };
  return (
    <div class="followup">
      <div class="followup-text">
        <Mark kind={ticked === undefined ? "wait" : "ok"}>{text}</Mark>
        {children && <p class="muted">{children}</p>}
      </div>
      <div class="followup-done" role="status">
        {ticked === undefined ? (
          <button type="button" class="small" disabled={busy || !!blocked} {...blocked} onClick={press} aria-label={t("followups.done-of", { text })}>
            {t("followups.done")}
          </button>
        ) : (
          <>
            {t("followups.ticked")}{" "}
            <a ref={undo} href={`${changeHref(ticked)}/undo`} aria-label={t("followups.undo-of", { text })}>
              {t("followups.undo")}
            </a>
          </>
        )}
      </div>
      {problem && ticked === undefined && <ProblemNotice problem={problem} />}
    </div>
  );
}
