/* E1: why this node and others do not trust each other's HTTPS, step by step; what can be repaired is, by one button. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, path, request } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { go } from "../base/route";
import { say, t, tOr, type Key } from "../base/text";
import type { Diagnosis, DiagnosisStep, NodeRow, Page as List, ProblemBody } from "../base/types";
import { SelectField } from "../parts/Field";
import { Mark, type Kind } from "../parts/Mark";
import { Notice, Patience, ProblemNotice } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import type { PageProps } from "./routes";

const STEP_KIND: Record<DiagnosisStep["state"], Kind> = { ok: "ok", found: "warn", repaired: "ok", failed: "danger", skipped: "note" };

/* What the command line would have one do, in the words of this page. */
const HINTS: Record<string, Key> = { "Repeat it with --fix.": "diagnose.hint.fix", "Step exchange adds what is missing.": "diagnose.hint.exchange" };

function hintOf(hint: string): string {
  const own = HINTS[hint];
  return own ? t(own) : say(hint);
}

function StepRow({ step }: { step: DiagnosisStep }) {
  return (
    <li>
      <Mark kind={STEP_KIND[step.state] ?? "note"}>{tOr(`diagnose.state.${step.state}`, step.state)}</Mark>
      <div>
        <p>
          <strong>{tOr(`diagnose.step.${step.step}`, step.step)}</strong>
        </p>
        <p>{say(step.detail)}</p>
        {step.hint && <p class="muted">{hintOf(step.hint)}</p>}
      </div>
    </li>
  );
}

function Result({ diagnosis }: { diagnosis: Diagnosis }) {
  return (
    <>
      <Notice kind={diagnosis.ok ? "ok" : "warn"} title={diagnosis.ok ? t("diagnose.well") : t("diagnose.ill")} live />
      {diagnosis.items.map((item) => (
        <Section key={item.node} title={item.node}>
          <ol class="panel diagnosis">
            {item.steps.map((step) => (
              <StepRow key={step.step} step={step} />
            ))}
          </ol>
        </Section>
      ))}
    </>
  );
}

interface State {
  diagnosis: Diagnosis | undefined;
  problem: ProblemBody | undefined;
  busy: boolean;
}

function useDiagnosis(node: string): State & { run: (fix: boolean) => void } {
  const [state, setState] = useState<State>({ diagnosis: undefined, problem: undefined, busy: true });
  /* What comes of a node that is no longer chosen must not stand under another's name. */
  const running = useRef(new AbortController());
  const run = async (fix: boolean) => {
    running.current.abort();
    const { signal } = (running.current = new AbortController());
    setState((before) => ({ ...before, busy: true, problem: undefined }));
    try {
      const diagnosis = await request<Diagnosis>("POST", node ? path("nodes", node, "diagnose") : "/diagnose", { query: { fix }, signal });
      if (!signal.aborted) setState({ diagnosis, problem: undefined, busy: false });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      setState({ diagnosis: undefined, problem: error.problem, busy: false });
    }
  };
  useEffect(() => {
    void run(false);
    return () => running.current.abort();
  }, [node]);
  return { ...state, run };
}

export function DiagnosePage({ query }: PageProps) {
  const node = query.get("node") ?? "";
  const nodes = useLoad<List<NodeRow>>("/nodes");
  const { diagnosis, problem, busy, run } = useDiagnosis(node);
  const others = nodes.data?.items.filter((one) => !one.this) ?? [];
  const alone = nodes.data && others.length === 0;
  return (
    <Page title={t("diagnose.title")} lead={t("diagnose.lead")} crumbs={[{ text: t("nav.cluster"), href: "/cluster" }]} command={command("utils diagnose node", node ? [node] : [], { all: !node })}>
      {alone ? (
        <Notice kind="note" title={t("diagnose.alone")} />
      ) : (
        <div class="form-row diagnose-choice">
          <SelectField
            name="node"
            label={t("cluster.node")}
            value={node}
            onValue={(value) => go(value ? `/cluster/diagnose?node=${encodeURIComponent(value)}` : "/cluster/diagnose", { replace: true })}
            choices={[{ value: "", text: t("diagnose.all") }, ...others.map((one) => ({ value: one.name, text: one.fqdn || one.name }))]}
          />
          <div class="buttons">
            <button type="button" disabled={busy} onClick={() => run(false)}>
              {t("diagnose.again")}
            </button>
            <button type="button" class="primary" disabled={busy || !diagnosis || diagnosis.ok} onClick={() => run(true)}>
              {t("diagnose.fix")}
            </button>
          </div>
        </div>
      )}
      {problem && <ProblemNotice problem={problem} />}
      {busy && !diagnosis && !alone && <Patience />}
      {diagnosis && !alone && (
        <div aria-busy={busy} class="page">
          <Result diagnosis={diagnosis} />
        </div>
      )}
    </Page>
  );
}
