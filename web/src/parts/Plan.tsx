/*
 * A plan, or the change that came of it: what changes, before and after, side by side; what that breaks (red), what then needs a hand (amber),
 * what is good to know (grey).
 */
import type { ComponentChildren } from "preact";
import { takeListChanges, type ListChange } from "../base/list-lines";
import { say, shown, t, tOr, type Key } from "../base/text";
import { dateTime, relative } from "../base/time";
import type { Finding, Followup, Plan, Step, StepSide, Weight } from "../base/types";
import { ListSides } from "./ListSides";
import { Findings, Mark } from "./Mark";

type Shown = Pick<Plan, "steps" | "findings" | "followups">;

const SIDE_FIELDS: (keyof StepSide)[] = [
  "common_name",
  "subject",
  "subject_alt_names",
  "issuer",
  "type",
  "key_type",
  "hash",
  "key_usage",
  "extended_key_usage",
  "not_before",
  "not_after",
  "distribution",
  "serial",
  "fingerprint",
];

function sideValue(side: StepSide | null | undefined, field: keyof StepSide): string {
  const value = side?.[field];
  if (value === undefined || value === null || value === "") return "";
  if (Array.isArray(value)) return shown(value.join(", "));
  if (field === "not_before" || field === "not_after") return `${dateTime(value)} (${relative(value)})`;
  if (field === "type") return tOr(`type.${value}`, value);
  if (field === "hash") return value.toUpperCase();
  if (field === "distribution") return tOr(`distribution.${value}`, value);
  return shown(value);
}

/* Fields that say the same on both sides are of no interest, except the name that tells what one is looking at. */
function Sides({ step }: { step: Step }) {
  const { before, after } = step;
  if (!before && !after) return null;
  const both = !!before && !!after;
  const rows = SIDE_FIELDS.map((field) => [field, sideValue(before, field), sideValue(after, field)] as const)
    .filter(([, was, is]) => was || is)
    .filter(([field, was, is]) => !both || was !== is || field === "common_name");
  if (rows.length === 0) return null;
  return (
    <table class="sides">
      <thead>
        <tr>
          <th scope="col">
            <span class="sr-only">{t("plan.field")}</span>
          </th>
          {before && <th scope="col">{t("plan.before")}</th>}
          {after && <th scope="col">{t("plan.after")}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map(([field, was, is]) => (
          <tr key={field}>
            <th scope="row">{t(`side.${field}` as Key)}</th>
            {before && <td class={both && was !== is ? "was" : undefined}>{was || "—"}</td>}
            {after && <td class={both && was !== is ? "is" : undefined}>{is || (before && both ? t("plan.not-known-yet") : "—")}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/* A certificate that is put in many places is many steps: beyond these they are folded. */
const OPEN_STEPS = 6;

/* Among several changes those that only add or remove something say so by their text: what is replaced is what one has to look at. */
function StepView({ step, several }: { step: Step; several: boolean }) {
  const folded = several && !(step.before && step.after) && (step.before || step.after);
  return (
    <>
      <p>{say(step.text)}</p>
      {folded ? (
        <details>
          <summary>{t("plan.step-details")}</summary>
          <Sides step={step} />
        </details>
      ) : (
        <Sides step={step} />
      )}
    </>
  );
}

function StepList({ steps }: { steps: Step[] }) {
  const several = steps.filter((one) => one.before || one.after).length > 1;
  const item = (step: Step, i: number) => (
    <li key={i}>
      <StepView step={step} several={several} />
    </li>
  );
  return (
    <>
      <ol class="steps">{steps.slice(0, OPEN_STEPS).map(item)}</ol>
      {steps.length > OPEN_STEPS && (
        <details>
          <summary>{t("plan.more-steps", { n: steps.length - OPEN_STEPS })}</summary>
          <ol class="steps" start={OPEN_STEPS + 1}>
            {steps.slice(OPEN_STEPS).map(item)}
          </ol>
        </details>
      )}
    </>
  );
}

function of(findings: Finding[], ...weights: Weight[]): Finding[] {
  return findings.filter((one) => weights.includes(one.weight));
}

function Group({ title, kind, children }: { title: string; kind: string; children: ComponentChildren }) {
  return (
    <section class={`plan-group ${kind}`} aria-label={title}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/* A list with the certificates of many nodes may have as many records. */
const OPEN_PAIRS = 12;

function ListChangeView({ change: { list, pairs } }: { change: ListChange }) {
  const title = t(`tlist.${list}`);
  const sides = <ListSides caption={title} pairs={pairs} />;
  return (
    <div class="list-change">
      <h4>{title}</h4>
      {pairs.length <= OPEN_PAIRS ? (
        sides
      ) : (
        <details>
          <summary>{t("plan.list-records", { n: pairs.length })}</summary>
          {sides}
        </details>
      )}
    </div>
  );
}

/* Kinds of follow-ups that nobody has to do. */
const BY_ITSELF = ["lists", "note"];

function FollowupList({ items, of: view }: { items: Followup[]; of: (one: Followup) => ComponentChildren }) {
  return (
    <ul class="followups">
      {items.map((one, i) => (
        <li key={i}>{view(one)}</li>
      ))}
    </ul>
  );
}

/* followup: how one of them is shown, where it can be ticked off. past: the plan was carried out. */
export function PlanView({ plan, followup, past }: { plan: Shown; followup?: (one: Followup) => ComponentChildren; past?: boolean }) {
  const refused = of(plan.findings, "refused");
  const breaks = of(plan.findings, "danger");
  const hand = of(plan.findings, "warn");
  const asked = plan.followups.filter((one) => !BY_ITSELF.includes(one.kind));
  const following = plan.followups.filter((one) => BY_ITSELF.includes(one.kind));
  const { changes, rest: notes } = takeListChanges(of(plan.findings, "note"));
  return (
    <div class="plan">
      {refused.length > 0 && (
        <Group title={t("plan.refused")} kind="danger">
          <Findings items={refused} />
        </Group>
      )}
      {breaks.length > 0 && (
        <Group title={t(past ? "past.breaks" : "plan.breaks")} kind="danger">
          <Findings items={breaks} />
        </Group>
      )}
      {hand.length > 0 && (
        <Group title={t(past ? "past.mind" : "plan.mind")} kind="warn">
          <Findings items={hand} />
        </Group>
      )}
      {(plan.steps.length > 0 || refused.length === 0) && (
        <Group title={t(past ? "past.steps" : "plan.steps")} kind="plain">
          {plan.steps.length > 0 ? <StepList steps={plan.steps} /> : <p class="muted">{t("plan.no-steps")}</p>}
        </Group>
      )}
      {changes.length > 0 && (
        <Group title={t(past ? "past.lists" : "plan.lists")} kind="plain">
          {changes.map((one) => (
            <ListChangeView key={one.list} change={one} />
          ))}
        </Group>
      )}
      {asked.length > 0 && (
        <Group title={t("plan.followups")} kind="warn">
          <FollowupList items={asked} of={followup ?? ((one) => <Mark kind="wait">{say(one.text)}</Mark>)} />
        </Group>
      )}
      {following.length > 0 && (
        <Group title={t("plan.by-itself")} kind="plain">
          <FollowupList items={following} of={(one) => <Mark kind="note">{say(one.text)}</Mark>} />
        </Group>
      )}
      {notes.length > 0 && (
        <Group title={t("plan.notes")} kind="plain">
          <Findings items={notes} />
        </Group>
      )}
    </div>
  );
}
