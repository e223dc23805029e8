/* One change: right after a task its progress, later its record; with the way back. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { path } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { changeHref, objectHref, objectName } from "../base/names";
import { say, t, tOr } from "../base/text";
import type { Change, Followup, NodeRow, OpenFollowup, Page as List, Step } from "../base/types";
import { Digits } from "../parts/Copy";
import { Effects, isPending } from "../parts/Effects";
import { FollowupRow, useTicked } from "../parts/Followup";
import { Mark } from "../parts/Mark";
import { Notice, Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { PlanView } from "../parts/Plan";
import { Facts } from "../parts/Table";
import { TaskLink } from "../parts/TaskLink";
import { When } from "../parts/When";
import type { PageProps } from "./routes";

/* For how long something may still come of a change, and for how long that is looked for even where nothing is pending. */
const WATCHED_MS = 5 * 60_000;
const FIRST_MS = 10_000;

/* ---- what it touched ---- */

/* The members that name a step's object, by the first part of its type. */
const OBJECTS: Record<string, [string, ...string[]]> = {
  identity: ["own", "node", "purpose"],
  trust: ["trust", "store", "name"],
  csr: ["csr", "node", "purpose"],
  node: ["node", "node"],
  job: ["job", "id"],
  list: ["list", "list"],
  setting: ["setting", "name"],
};

function objectOf(step: Step): { object: string; there: boolean } | null {
  const [kind, verb] = step.type.split(".");
  const parts = OBJECTS[kind!];
  if (!parts) return null;
  const [first, ...members] = parts;
  const values = members.map((name) => (step as unknown as Record<string, unknown>)[name]);
  if (!values.every((one) => typeof one === "string" && one)) return null;
  return { object: [first, ...values].join("/"), there: verb !== "remove" };
}

function touchedName(object: string): string {
  if (object.startsWith("job/")) return t("change.touched.job");
  return object.startsWith("csr/") ? t("change.touched.csr", { name: objectName(object) }) : objectName(object);
}

/* What its last step removed has no page any more. */
function Touched({ steps }: { steps: Step[] }) {
  const objects = new Map<string, boolean>();
  for (const one of steps.map(objectOf)) if (one) objects.set(one.object, one.there);
  if (objects.size === 0) return <>—</>;
  return (
    <ul class="touched">
      {[...objects].map(([object, there]) => {
        const href = there ? objectHref(object) : null;
        return <li key={object}>{href ? <a href={href}>{touchedName(object)}</a> : touchedName(object)}</li>;
      })}
    </ul>
  );
}

/* ---- follow-ups ---- */

function isOpen(one: Followup): one is Followup & { id: string } {
  return one.open === true && !!one.id;
}

function nameOf(one: Followup): string {
  return `${one.node ?? ""}/${one.kind}/${one.target}`;
}

/* The API gives the id of one only while it is open: those that were ticked off here are known on. */
function useIds(followups: Followup[]): (one: Followup) => string | undefined {
  const ids = useRef(new Map<string, string>());
  for (const one of followups) if (one.id) ids.current.set(nameOf(one), one.id);
  return (one) => one.id ?? ids.current.get(nameOf(one));
}

/* Those of them that are open can be ticked off here. */
function useFollowups({ number, followups }: Change): (one: Followup) => ComponentChildren {
  const anyOpen = followups.some(isOpen);
  const open = useLoad<List<OpenFollowup>>(anyOpen ? "/followups" : null).data?.items ?? [];
  const [ticked, onTicked] = useTicked(useMemo(() => new Set(followups.filter(isOpen).map((one) => one.id)), [followups]));
  const idOf = useIds(followups);
  const latest = (id: string) => open.find((one) => one.id === id)?.number ?? number;
  return (one) => {
    const id = idOf(one);
    if (!id || (one.open !== true && !ticked.has(id))) return <Mark kind={one.open === false ? "ok" : "note"}>{say(one.text)}</Mark>;
    const by = latest(id);
    return (
      <FollowupRow asked={{ id, number: by, text: say(one.text) }} ticked={ticked.get(id)} onTicked={(change) => onTicked([id], change)}>
        {by > number && <a href={changeHref(by)}>{t("followups.later", { number: by })}</a>}
      </FollowupRow>
    );
  };
}

/* ---- the page ---- */

function DoneNotice({ change, pending }: { change: Change; pending: boolean }) {
  const open = change.followups.filter(isOpen).length;
  return (
    <Notice kind="ok" title={t("change.done")} live>
      {pending && <p>{t("change.done.pending")}</p>}
      <p>{open > 0 ? t("change.done.followups", { n: open }) : t("change.done.nothing")}</p>
    </Notice>
  );
}

function Undone({ change }: { change: Change }) {
  return (
    <>
      {change.undone_by !== null && (
        <Notice kind="note" title={t("change.undone", { number: change.undone_by })}>
          <a href={changeHref(change.undone_by)}>{t("change.look", { number: change.undone_by })}</a>
        </Notice>
      )}
      {change.undoes !== null && (
        <Notice kind="note" title={t("change.undoes", { number: change.undoes })}>
          <a href={changeHref(change.undoes)}>{t("change.look", { number: change.undoes })}</a>
        </Notice>
      )}
      {change.undo_refused && change.undone_by === null && <p class="muted">{t("change.no-undo", { why: say(change.undo_refused) })}</p>}
    </>
  );
}

function Record({ change }: { change: Change }) {
  const before = change.number - 1;
  return (
    <Section title={t("change.log")}>
      <Facts
        items={[
          [t("change.hash"), <Digits text={change.hash} />],
          [
            t("change.previous-hash"),
            <>
              <Digits text={change.previous_hash} /> {before > 0 && <a href={changeHref(before)}>{t("change.before", { number: before })}</a>}
            </>,
          ],
        ]}
      />
    </Section>
  );
}

function Body({ change, nodes, done }: { change: Change; nodes: NodeRow[]; done: boolean }) {
  const followup = useFollowups(change);
  return (
    <>
      {done && <DoneNotice change={change} pending={isPending(change.number, nodes, change.effects)} />}
      <Undone change={change} />
      <Facts
        items={[
          [t("change.when"), <When at={change.at} />],
          [t("change.who"), change.who],
          [t("change.why"), change.why || "—"],
          [t("change.node"), change.node],
          [t("change.task"), tOr(`task.${change.task}`, change.task)],
          [t("change.touched"), <Touched steps={change.steps} />],
        ]}
      />
      <Section title={t("change.progress")}>
        <Effects number={change.number} nodes={nodes} effects={change.effects} />
      </Section>
      <Section title={t("change.what")}>
        <PlanView plan={change} followup={followup} past />
      </Section>
      <Record change={change} />
    </>
  );
}

/* How often to look for more, in seconds. */
function pollOf(change: Change | undefined, nodes: NodeRow[], opened: number): number | undefined {
  if (!change) return undefined;
  const age = Date.now() - Date.parse(change.at);
  /* The clocks of node and browser may differ: what was made about when it was opened here is new. */
  if (Math.abs(age) > WATCHED_MS) return undefined;
  return Date.now() - opened < FIRST_MS || isPending(change.number, nodes, change.effects) ? 1 : undefined;
}

function Ways({ change }: { change: Change }) {
  return (
    change.undoable && (
      <TaskLink href={`${changeHref(change.number)}/undo`}>
        {t("change.undo")}
      </TaskLink>
    )
  );
}

export function ChangePage({ params, query }: PageProps) {
  const number = params.number!;
  const opened = useRef(Date.now());
  const [poll, setPoll] = useState<number>();
  const change = useLoad<Change>(path("changes", number), {}, { poll });
  const nodes = useLoad<List<NodeRow>>("/nodes", {}, { poll });
  const list = nodes.data?.items ?? [];
  useEffect(() => setPoll(pollOf(change.data, list, opened.current)));
  return (
    <Page
      title={t("change.title", { number })}
      lead={change.data && say(change.data.summary)}
      crumbs={[{ text: t("nav.changes"), href: "/changes" }]}
      actions={change.data && <Ways change={change.data} />}
      command={command("show change", [number])}
    >
      <Show of={change}>{(data) => <Body change={data} nodes={list} done={query.has("done")} />}</Show>
    </Page>
  );
}
