/*
 * Every task ends here: the form (if it has one) on the one side, what exactly will happen on the other, and one button that says what it
 * does. The plan is asked of the node at each change of the form; what is carried out is the plan that was shown: when the state has changed
 * meanwhile, the node refuses, and the new plan is shown to be agreed to again. Afterwards comes the page of the change, with its progress.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, request, type Query } from "../base/api";
import { news } from "../base/load";
import { go } from "../base/route";
import { t } from "../base/text";
import type { Done, Plan, ProblemBody } from "../base/types";
import { CheckField, Form, otherProblem, TextField } from "./Field";
import { Patience, Notice, ProblemNotice } from "./Notice";
import { PlanView } from "./Plan";
import { useBlocked } from "./TaskLink";

export interface TaskRequest {
  method: "POST" | "DELETE";
  where: string;
  query?: Query;
  json?: unknown;
  file?: Blob | null;
  headers?: Record<string, string>;
}

interface Props {
  /* What is to be done; null while the form lacks something that is needed: then incomplete says what. */
  request: TaskRequest | null;
  incomplete?: ComponentChildren;
  /* What the button says: "Replace tomcat on cucm-pub". */
  action: string;
  /* Names of the form's fields, as the API calls them: problems of others are shown above the plan. */
  fields?: string[];
  form?: ComponentChildren;
  /* Told each plan, for a form that shows what it comes to; undefined when there is none. */
  onPlan?: (plan: Plan | undefined) => void;
  /* Called instead of going to the page of the change. */
  onDone?: (done: Done) => void | Promise<void>;
  /* Where Cancel leads. */
  cancel: string;
}

/* Typing should not ask for a plan at each key. */
const SETTLE_MS = 250;

interface Preview {
  plan: Plan | undefined;
  problem: ProblemBody | undefined;
  busy: boolean;
}

function identity(r: TaskRequest | null): string {
  return r ? JSON.stringify([r.method, r.where, r.query, r.json, r.headers]) : "";
}

/* The node, or something on the way to it, could not answer: the same question may be answered at another time. */
function mayPass(problem: ProblemBody): boolean {
  return problem.status === 0 || problem.status >= 500;
}

/* No answer of the node's tells what became of an attempt. */
function isUnknown(problem: ProblemBody): boolean {
  return problem.status === 0 || problem.code === "outcome-unknown" || problem.code === "not-ours";
}

/*
 * The plan of the request of the moment; a setter for one that the node told meanwhile; asking again. While the next is made the present one
 * stays. It is also made anew when the state has changed: onMoved is called when it then is another one.
 */
function usePreview(r: TaskRequest | null, held: { current: boolean }, onMoved: () => void): [Preview, (plan: Plan) => void, () => void] {
  const [state, setState] = useState<Preview>({ plan: undefined, problem: undefined, busy: false });
  const key = identity(r);
  const file = r?.file ?? null;
  const [turn, setTurn] = useState(0);
  const first = useRef(true);
  const latest = useRef({ key, file });
  latest.current = { key, file };
  /* Asked because the state has changed: nobody need be at the keyboard. */
  const quiet = useRef(false);
  /* What the answer on show was made for. */
  const shown = useRef({ key: "", file: null as Blob | null, plan: "" });
  useEffect(
    () =>
      news.watch(() => {
        if (held.current) return;
        quiet.current = true;
        setTurn((n) => n + 1);
      }),
    [],
  );
  useEffect(() => {
    const background = quiet.current;
    quiet.current = false;
    if (!r) {
      shown.current = { key, file, plan: "" };
      setState({ plan: undefined, problem: undefined, busy: false });
      return undefined;
    }
    const abort = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    const ask = async () => {
      try {
        const options = { json: r.json, file: r.file ?? null, headers: r.headers ?? {}, signal: abort.signal, background };
        const plan = await request<Plan>(r.method, r.where, { ...options, query: { ...r.query, dry_run: true } });
        if (abort.signal.aborted) return;
        const before = shown.current;
        if (before.plan && before.key === key && before.file === file && before.plan !== plan.plan) onMoved();
        shown.current = { key, file, plan: plan.plan };
        setState({ plan, problem: undefined, busy: false });
      } catch (e) {
        if (abort.signal.aborted) return;
        if (!(e instanceof ApiError)) throw e;
        shown.current = { key, file, plan: "" };
        setState({ plan: e.problem.plan, problem: e.problem, busy: false });
      }
    };
    const timer = setTimeout(ask, first.current ? 0 : SETTLE_MS);
    first.current = false;
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, file, turn]);
  const show = (plan: Plan) => {
    /* What was typed since has a plan of its own. */
    if (latest.current.key !== key || latest.current.file !== file) return;
    shown.current = { key, file, plan: plan.plan };
    setState({ plan, problem: undefined, busy: false });
  };
  /* Until the effect runs, what is on show is that of the form before. */
  const current = shown.current.key === key && shown.current.file === file;
  return [{ ...state, busy: state.busy || !current }, show, () => setTurn((n) => n + 1)];
}

export function Task({ request: wanted, incomplete, action, fields = [], form, onPlan, onDone, cancel }: Props) {
  const [why, setWhy] = useState("");
  const [agreed, setAgreed] = useState(false);
  const [sending, setSending] = useState(false);
  const [failed, setFailed] = useState<ProblemBody>();
  const [moved, setMoved] = useState(false);
  /* While it is not known what became of an attempt, the plan stays that of the attempt: what it may have changed itself is no news. */
  const held = useRef(false);
  const attempt = useRef<Query>({});
  const [{ plan, problem, busy }, showPlan, askAgain] = usePreview(wanted, held, () => {
    setMoved(true);
    setAgreed(false);
  });
  /* One id for all attempts at the same thing: an answer that got lost does not make it happen twice. */
  const id = useRef(crypto.randomUUID());
  const key = identity(wanted);
  useEffect(() => {
    id.current = crypto.randomUUID();
    held.current = false;
    setAgreed(false);
    setFailed(undefined);
    setMoved(false);
  }, [key, wanted?.file]);

  useEffect(() => onPlan?.(plan), [plan]);

  const danger = plan?.worst === "danger";
  const blocked = useBlocked();
  const ready = !blocked && !!wanted && !!plan && !problem && !busy && !sending && plan.worst !== "refused" && (!danger || agreed);

  const finish = async (done: Done) => {
    await onDone?.(done);
    news.set(news.get() + 1);
    held.current = false;
    if (onDone) return;
    if (done.job) go(`/jobs/${encodeURIComponent(done.job)}`, { replace: true });
    else if (done.number !== null) go(`/changes/${done.number}?done=1`, { replace: true });
  };

  const send = (e: Event) => {
    e.preventDefault();
    if (!ready) return;
    attempt.current = { yes: true, force: danger, seen: plan.plan, request: id.current, why: why.trim() };
    void carryOut(wanted);
  };

  const carryOut = async (r: TaskRequest) => {
    held.current = true;
    setSending(true);
    setFailed(undefined);
    try {
      const done = await request<Done>(r.method, r.where, { query: { ...r.query, ...attempt.current }, json: r.json, file: r.file ?? null, headers: r.headers ?? {} });
      setSending(false);
      if (done.number === null && !onDone) showPlan(done);
      await finish(done);
    } catch (error) {
      setSending(false);
      if (!(error instanceof ApiError)) throw error;
      held.current = mayPass(error.problem);
      const now = error.problem.plan;
      const changed = error.problem.code === "plan-changed" || error.problem.code === "confirmation-needed";
      setMoved(changed && !!now);
      setFailed(changed && now ? undefined : error.problem);
      if (now) showPlan(now);
      if (changed) {
        setAgreed(false);
        id.current = crypto.randomUUID();
      }
    }
  };

  const shownProblem = failed ?? problem;
  const above = otherProblem(shownProblem, fields);
  return (
    <Form.Provider value={shownProblem}>
      <form class={form ? "task two" : "task"} onSubmit={send} noValidate>
        {form && <div class="task-form">{form}</div>}
        <section class="task-plan" aria-label={t("plan.title")} aria-busy={busy}>
          <h2>{t("plan.title")}</h2>
          {moved && (
            <Notice kind="warn" title={t("plan.moved")} live>
              <p>{t("plan.moved.hint")}</p>
            </Notice>
          )}
          {above && <ProblemNotice problem={above} retry={mayPass(above) ? () => (failed ? wanted && carryOut(wanted) : askAgain()) : undefined} />}
          {failed && isUnknown(failed) && <p class="muted">{t("task.not-twice")}</p>}
          {!wanted && <p class="muted">{incomplete ?? t("plan.incomplete")}</p>}
          {shownProblem && !above && !plan && <p class="muted">{t("task.field-fault")}</p>}
          {wanted && !plan && !problem && <Patience />}
          {plan && <PlanView plan={plan} />}
          {plan && plan.worst !== "refused" && plan.steps.length > 0 && (
            <div class="task-send">
              <TextField name="why" label={t("plan.why")} help={t("plan.why.help")} value={why} onValue={setWhy} />
              {danger && <CheckField label={t("plan.agree")} checked={agreed} onChecked={setAgreed} />}
            </div>
          )}
          <div class="buttons">
            {!(plan && plan.steps.length === 0) && (
              <button type="submit" class={danger ? "primary destructive" : "primary"} disabled={!ready} aria-busy={sending} {...blocked}>
                {sending ? t("plan.sending") : action}
              </button>
            )}
            <a class="button" href={cancel}>
              {plan && plan.steps.length === 0 ? t("back") : t("cancel")}
            </a>
          </div>
        </section>
      </form>
    </Form.Provider>
  );
}
