/* The find row of the certificate list: conditions of column, operator and value, of which all or any must hold. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { COLUMNS, isComplete, isTime, MAX_CONDITIONS, operatorsOf, readCondition, wordsOf, writeCondition, type ColumnName, type Condition, type Operator } from "../base/conditions";
import { slash } from "../base/slash";
import { useWatched } from "../base/store";
import { say, t, tOr } from "../base/text";
import type { NodeRow, ProblemBody } from "../base/types";
import type { Asked } from "./list-place";

/* A condition that the row cannot show is kept as it was written. */
type Draft = Condition | { raw: string };

const BLANK: Condition = { column: "common-name", operator: "contains", value: "" };

function draftsOf(where: string[]): Draft[] {
  return where.length > 0 ? where.map((text) => readCondition(text) ?? { raw: text }) : [BLANK];
}

function written(drafts: Draft[]): string[] {
  const out: string[] = [];
  for (const one of drafts) {
    if ("raw" in one) out.push(one.raw);
    else if (isComplete(one)) out.push(writeCondition(one));
  }
  return out;
}

/* The same value for another column, as far as it makes sense there. */
function moved(c: Condition, column: ColumnName): Condition {
  const operators = operatorsOf(column);
  const words = wordsOf(column);
  const operator = operators.includes(c.operator) ? c.operator : operators.includes("contains") ? "contains" : operators[0]!;
  const keeps = !words && !wordsOf(c.column) && isTime(column) === isTime(c.column);
  return { column, operator, value: words ? words[0]! : keeps ? c.value : "" };
}

interface ValueProps {
  condition: Condition;
  label: string;
  invalid: boolean;
  describedBy: string | undefined;
  onValue: (value: string) => void;
}

function Value({ condition, label, invalid, describedBy, onValue }: ValueProps) {
  const { column, operator, value } = condition;
  const words = wordsOf(column);
  const wired = { class: "find-value", "aria-label": label, "aria-invalid": invalid, "aria-describedby": describedBy };
  if (operator === "empty") return <span class="find-value" />;
  if (words && operator === "is" && (value === "" || words.includes(value)))
    return (
      <select {...wired} value={value} onChange={(e) => onValue(e.currentTarget.value)}>
        {words.map((one) => (
          <option key={one} value={one}>
            {tOr(`${column}.${one}`, one)}
          </option>
        ))}
      </select>
    );
  /* A link may hold a time of the day, which a date field has no room for. */
  const date = isTime(column) && /^(\d{4}-\d\d-\d\d)?$/.test(value);
  const type = (date ? "date" : "text") as "text";
  return <input {...wired} type={type} value={value} autocomplete="off" spellcheck={false} title={isTime(column) ? t("list.find.date") : undefined} onInput={(e) => onValue(e.currentTarget.value)} />;
}

interface RowProps {
  draft: Draft;
  /* Which one, from 1 on. */
  n: number;
  problem: ProblemBody | undefined;
  onDraft: (draft: Draft) => void;
}

function Row({ draft, n, problem, onDraft }: RowProps) {
  const id = useId();
  const described = problem ? `${id}-error` : undefined;
  if ("raw" in draft)
    return (
      <>
        <input class="find-raw find-value" aria-label={t("list.find.raw", { n })} aria-invalid={!!problem} aria-describedby={described} value={draft.raw} onInput={(e) => onDraft({ raw: e.currentTarget.value })} />
        <RowProblem id={described} problem={problem} />
      </>
    );
  const operators = operatorsOf(draft.column);
  const shown = operators.includes(draft.operator) ? operators : [...operators, draft.operator];
  return (
    <>
      <select class="find-column" aria-label={t("list.find.column", { n })} value={draft.column} onChange={(e) => onDraft(moved(draft, e.currentTarget.value as ColumnName))}>
        {COLUMNS.map((one) => (
          <option key={one} value={one}>
            {t(`list.column.${one}`)}
          </option>
        ))}
      </select>
      <select class="find-operator" aria-label={t("list.find.operator", { n })} value={draft.operator} onChange={(e) => onDraft({ ...draft, operator: e.currentTarget.value as Operator })}>
        {shown.map((one) => (
          <option key={one} value={one}>
            {t(`list.operator.${one}`)}
          </option>
        ))}
      </select>
      <Value condition={draft} label={t("list.find.value", { n })} invalid={!!problem} describedBy={described} onValue={(value) => onDraft({ ...draft, value })} />
      <RowProblem id={described} problem={problem} />
    </>
  );
}

function RowProblem({ id, problem }: { id: string | undefined; problem: ProblemBody | undefined }) {
  if (!problem) return null;
  return (
    <p class="field-error" id={id} role="alert">
      {say(problem.detail)} {problem.hint && <span class="field-hint">{say(problem.hint)}</span>}
    </p>
  );
}

/* "/" leads to the value from anywhere on the page where one is not typing. Returns whether it does. */
function useSlash(form: { current: HTMLFormElement | null }): boolean {
  const on = useWatched(slash);
  useEffect(() => {
    if (!on) return undefined;
    const onKey = (e: KeyboardEvent) => {
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || (e.target as Element).closest("input, select, textarea, dialog")) return;
      e.preventDefault();
      form.current?.querySelector<HTMLElement>("input.find-value, select.find-value")?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [form, on]);
  return on;
}

interface Props {
  asked: Asked;
  problem: ProblemBody | undefined;
  nodes: NodeRow[];
  onFind: (asked: Asked) => void;
}

function NodeChoice({ nodes, value, onValue }: { nodes: NodeRow[]; value: string; onValue: (node: string) => void }) {
  return (
    <label class="find-node">
      <span>{t("list.node")}</span>
      <select value={value} onChange={(e) => onValue(e.currentTarget.value)}>
        <option value="">{t("list.node.all")}</option>
        {nodes.map((one) => (
          <option key={one.name} value={one.name}>
            {one.fqdn || one.name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function FindRow({ asked, problem, nodes, onFind }: Props) {
  const [drafts, setDrafts] = useState(() => draftsOf(asked.where));
  const [any, setAny] = useState(asked.any);
  const form = useRef<HTMLFormElement>(null);
  const focus = useRef<number | null>(null);
  const address = JSON.stringify([asked.where, asked.any]);
  const hasKey = useSlash(form);
  /* Back, a quick filter, a shared link: the row says what is shown. */
  useEffect(() => {
    setDrafts(draftsOf(asked.where));
    setAny(asked.any);
  }, [address]);
  useEffect(() => {
    if (focus.current !== null) form.current?.querySelectorAll<HTMLElement>(".find-row")[focus.current]?.querySelector<HTMLElement>("select, input")?.focus();
    focus.current = null;
  }, [drafts.length]);

  const change = (i: number, draft: Draft) => setDrafts(drafts.map((one, k) => (k === i ? draft : one)));
  const add = (i: number) => {
    focus.current = i + 1;
    setDrafts([...drafts.slice(0, i + 1), BLANK, ...drafts.slice(i + 1)]);
  };
  const remove = (i: number) => {
    focus.current = Math.max(0, i - 1);
    setDrafts(drafts.filter((_, k) => k !== i));
  };
  const find = (e: Event) => {
    e.preventDefault();
    const where = written(drafts);
    onFind({ ...asked, where, any: any && where.length > 1, cursor: "" });
  };
  const clear = () => {
    setDrafts([BLANK]);
    onFind({ ...asked, where: [], any: false, usage: "", node: "", cursor: "" });
  };
  /* The API quotes the condition that it does not understand. */
  const fault = problem?.field === "where" ? asked.where.findIndex((one) => problem.detail.includes(`'${one}'`)) : -1;

  return (
    <form class="find panel" role="search" ref={form} onSubmit={find} noValidate>
      <div class="find-head">
        <span class="find-title">{t("list.find.where")}</span>
        {drafts.length > 1 && (
          <select class="find-match" aria-label={t("list.find.match")} value={any ? "any" : "all"} onChange={(e) => setAny(e.currentTarget.value === "any")}>
            <option value="all">{t("list.find.all")}</option>
            <option value="any">{t("list.find.any")}</option>
          </select>
        )}
        {nodes.length > 1 && <NodeChoice nodes={nodes} value={asked.node} onValue={(node) => onFind({ ...asked, node, cursor: "" })} />}
      </div>
      {drafts.map((draft, i) => (
        <div class="find-row" key={i}>
          <Row draft={draft} n={i + 1} problem={i === Math.max(0, fault) && problem?.field === "where" ? problem : undefined} onDraft={(next) => change(i, next)} />
          <div class="find-signs">
            <button type="button" aria-label={t("list.find.remove", { n: i + 1 })} disabled={drafts.length === 1} onClick={() => remove(i)}>
              −
            </button>
            <button type="button" aria-label={t("list.find.add")} disabled={drafts.length >= MAX_CONDITIONS} onClick={() => add(i)}>
              +
            </button>
          </div>
        </div>
      ))}
      <div class="buttons">
        <button type="submit" class="primary">
          {t("list.find")}
        </button>
        <button type="button" onClick={clear}>
          {t("list.find.clear")}
        </button>
        {hasKey && <span class="muted find-key">{t("list.find.key")}</span>}
      </div>
    </form>
  );
}
