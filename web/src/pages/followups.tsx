/* What is still to be done by hand after changes, node by node, to be ticked off. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { changeHref } from "../base/names";
import { t, tOr, type Key } from "../base/text";
import { dateTime } from "../base/time";
import type { OpenFollowup, Page as List } from "../base/types";
import { FollowupRow, useTicked, useTicking } from "../parts/Followup";
import { ProblemNotice, Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";

type OnTicked = (ids: string[], change: number) => void;

/* As the API calls what concerns all nodes. */
const CLUSTER = "cluster";
const KINDS = ["reload", "restart", "certificate", "ctl-update", "phones", "rotate", "backup"];

/* Where the console helps with a kind of them. */
const WAYS: Record<string, { href: string; text: Key }> = {
  "ctl-update": { href: "/lists/ctl/update", text: "list-task.ctl-update" },
  phones: { href: "/phones", text: "nav.phones" },
};

function nodeTitle(node: string): string {
  return node === CLUSTER ? t("followups.cluster") : node;
}

function groupsOf(items: OpenFollowup[], by: (one: OpenFollowup) => string): [string, OpenFollowup[]][] {
  const groups = new Map<string, OpenFollowup[]>();
  for (const one of items) groups.set(by(one), [...(groups.get(by(one)) ?? []), one]);
  return [...groups];
}

function Asked({ item }: { item: OpenFollowup }) {
  const text = item.changes > 1 ? t("followups.for-latest", { n: item.changes, number: item.number }) : t("followups.for", { number: item.number });
  return (
    <>
      {t("followups.since", { at: dateTime(item.since) })} <a href={changeHref(item.number)}>{text}</a>
    </>
  );
}

function Kind({ kind, items, ticked, onTicked }: { kind: string; items: OpenFollowup[]; ticked: ReadonlyMap<string, number>; onTicked: OnTicked }) {
  const known = KINDS.includes(kind) ? kind : "other";
  const way = WAYS[kind];
  return (
    <div class="followup-kind">
      <h3>{tOr(`followup.${known}`, kind)}</h3>
      <p class="muted">
        {tOr(`followup.${known}.help`, "")} {way && <a href={way.href}>{t(way.text)}</a>}
      </p>
      <ul class="followup-list">
        {items.map((one) => (
          <li key={one.id}>
            <FollowupRow asked={one} ticked={ticked.get(one.id)} onTicked={(change) => onTicked([one.id], change)}>
              <Asked item={one} />
            </FollowupRow>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Group({ node, items, ticked, onTicked }: { node: string; items: OpenFollowup[]; ticked: ReadonlyMap<string, number>; onTicked: OnTicked }) {
  const open = items.filter((one) => !ticked.has(one.id));
  const panel = useRef<HTMLDivElement>(null);
  const [pressed, setPressed] = useState(false);
  const { busy, problem, tick } = useTicking(open, (change) => {
    const ids = open.map((one) => one.id);
    onTicked(ids, change);
    setPressed(true);
  });
  /* The button goes: who pressed it goes on at the first that it has ticked off. */
  useEffect(() => {
    if (pressed) panel.current?.querySelector<HTMLElement>(".followup-done a")?.focus();
  }, [pressed]);
  const order = (kind: string) => (KINDS.includes(kind) ? KINDS.indexOf(kind) : KINDS.length);
  const kinds = groupsOf(items, (one) => one.kind).sort(([a], [b]) => order(a) - order(b));
  const title = nodeTitle(node);
  const all = open.length > 1 && (
    <button type="button" class="small" disabled={busy} onClick={tick} aria-label={t("followups.all-done-of", { node: title })}>
      {t("followups.all-done")}
    </button>
  );
  return (
    <Section title={title} actions={all}>
      {problem && <ProblemNotice problem={problem} />}
      <div class="panel followup-group" ref={panel}>
        {kinds.map(([kind, ones]) => (
          <Kind key={kind} kind={kind} items={ones} ticked={ticked} onTicked={onTicked} />
        ))}
      </div>
    </Section>
  );
}

/* What was ticked off on this page stays where it was, with the way back, while the page is open. */
function useShown(items: OpenFollowup[]): [OpenFollowup[], ReadonlyMap<string, number>, OnTicked] {
  const open = useMemo(() => new Set(items.map((one) => one.id)), [items]);
  const [ticked, onTicked] = useTicked(open);
  const kept = useRef(new Map<string, OpenFollowup>());
  useEffect(() => {
    for (const one of items) kept.current.set(one.id, one);
  }, [items]);
  const done = [...ticked.keys()].map((id) => kept.current.get(id)).filter((one) => one !== undefined);
  const shown = [...items, ...done.filter((one) => !open.has(one.id))].sort((a, b) => (a.id < b.id ? -1 : 1));
  return [shown, ticked, onTicked];
}

function Followups({ items }: { items: OpenFollowup[] }) {
  const [shown, ticked, onTicked] = useShown(items);
  const groups = groupsOf(shown, (one) => one.node).sort(([a], [b]) => Number(b === CLUSTER) - Number(a === CLUSTER) || (a < b ? -1 : 1));
  if (groups.length === 0) return <div class="empty">{t("followups.none")}</div>;
  return (
    <>
      {groups.map(([node, ones]) => (
        <Group key={node} node={node} items={ones} ticked={ticked} onTicked={onTicked} />
      ))}
    </>
  );
}

export function FollowupsPage() {
  const followups = useLoad<List<OpenFollowup>>("/followups");
  return (
    <Page title={t("followups.title")} lead={t("followups.lead")} command={command("show followup list")}>
      <Show of={followups}>{(list) => <Followups items={list.items} />}</Show>
    </Page>
  );
}
