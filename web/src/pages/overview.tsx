/* The overview: is anything wrong, or about to be? */
import { command } from "../base/command";
import { useLoad, type Loaded } from "../base/load";
import { rowHref } from "../base/names";
import { language, shown, t, tOr } from "../base/text";
import { dateTime } from "../base/time";
import type { Cluster, Job, NodeRow, Overview, Page as List, Row, State, Status } from "../base/types";
import { Shape, StateMark, type Kind } from "../parts/Mark";
import { NodeMark } from "../parts/NodeMark";
import { Patience, ProblemNotice } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Table, type Column } from "../parts/Table";
import { When } from "../parts/When";
import { findNeeds, findNotes, stateHref, type Need, type Seen } from "./overview-needs";
import { Timeline } from "./overview-timeline";

/* What is no change of the state (time, the health of nodes) is looked at this often. */
const TIME_SECONDS = 60;
const HEALTH_SECONDS = 10;
const JOBS = 100;

/* ---- what needs someone ---- */

/* The gravest comes first. */
function verdictKind(needs: Need[]): Kind {
  const counted = needs.filter((one) => !one.passing);
  return counted[0]?.kind ?? "ok";
}

function Verdict({ needs, unsure }: { needs: Need[]; unsure: boolean }) {
  const n = needs.filter((one) => !one.passing).length;
  const kind = unsure && n === 0 ? "warn" : verdictKind(needs);
  const text = n > 0 ? t("overview.needs", { n }) : unsure ? t("overview.unsure") : t("overview.calm");
  return (
    <div class={`verdict ${kind}`} role="status">
      <Shape kind={kind} />
      <p>{text}</p>
      {unsure && <p class="muted">{t("overview.unsure.hint")}</p>}
    </div>
  );
}

function NeedLine({ need }: { need: Need }) {
  return (
    <li>
      <Shape kind={need.kind} />
      <div>
        <p>
          <span class="sr-only">{tOr(`weight.${need.kind}`, "")} </span>
          {need.text}
        </p>
        {need.hint && (
          <p class="muted">
            {need.hint} {need.doing && <a href={need.doing.href}>{need.doing.link}</a>}
          </p>
        )}
      </div>
      {need.href && <a href={need.href}>{need.link}</a>}
    </li>
  );
}

function Needs({ needs }: { needs: Need[] }) {
  if (needs.length === 0) return null;
  return (
    <ul class="needs panel" aria-label={t("overview.list")}>
      {needs.map((one, i) => (
        <NeedLine key={i} need={one} />
      ))}
    </ul>
  );
}

function Notes({ overview }: { overview: Overview }) {
  const notes = findNotes(overview);
  if (notes.length === 0) return null;
  return (
    <Section title={t("overview.notes")}>
      <ul class="needs notes">
        {notes.map((one, i) => (
          <NeedLine key={i} need={one} />
        ))}
      </ul>
    </Section>
  );
}

/* ---- how many there are ---- */

const STATES: State[] = ["expired", "expiring", "not-yet-valid", "malformed", "valid"];
const ALWAYS: State[] = ["expired", "expiring", "valid"];

interface Counts {
  key: State | "all";
  own: number;
  trust: number;
}

function countsOf({ certificates: { states, own_states: own, ...all } }: Overview): Counts[] {
  const rows = STATES.map((key) => ({ key, own: own[key] ?? 0, trust: (states[key] ?? 0) - (own[key] ?? 0) }));
  return [...rows.filter((one) => ALWAYS.includes(one.key) || one.own + one.trust > 0), { key: "all", own: all.own, trust: all.trust }];
}

function Count({ n, of, usage, at }: { n: number; of: Counts["key"]; usage: "own" | "trust"; at: string }) {
  const href = of === "all" ? `/certificates?usage=${usage}` : stateHref(of, usage, at);
  const text = n.toLocaleString(language.get());
  if (n === 0 || !href) return <>{text}</>;
  const state = of === "all" ? t("states.all") : t(`state.${of}`);
  return (
    <a href={href} aria-label={t("states.link", { n: text, state, usage: t(`usage.${usage}`) })}>
      {text}
    </a>
  );
}

/* A state that nothing is in is nothing to look at. */
function StateCell({ row }: { row: Counts }) {
  if (row.key === "all") return <>{t("states.all")}</>;
  return row.own + row.trust > 0 ? <StateMark state={row.key} /> : <span class="muted">{t(`state.${row.key}`)}</span>;
}

function States({ overview }: { overview: Overview }) {
  const number = (usage: "own" | "trust"): Column<Counts> => ({
    key: usage,
    title: t(`usage.${usage}`),
    cell: (row) => <Count n={row[usage]} of={row.key} usage={usage} at={overview.at} />,
    tight: true,
  });
  const columns: Column<Counts>[] = [
    { key: "state", title: t("states.state"), cell: (row) => <StateCell row={row} />, tight: true },
    number("own"),
    number("trust"),
  ];
  return (
    <Section title={t("states.title")}>
      <Table caption={t("states.title")} columns={columns} rows={countsOf(overview)} rowKey={(row) => row.key} />
    </Section>
  );
}

/* ---- nodes ---- */

function progressOf(node: NodeRow): string {
  if (node.state === "joining") return node.expires ? t("strip.until", { at: dateTime(node.expires) }) : "";
  if (node.number === null) return t("strip.unknown");
  if (node.behind === null) return t("strip.had", { number: node.number });
  return node.behind ? t("strip.behind", { n: node.behind }) : t("strip.newest", { number: node.number });
}

function Strip({ nodes }: { nodes: NodeRow[] }) {
  return (
    <Section title={t("strip.title")}>
      <ul class="strip">
        {nodes.map((node) => (
          <li key={node.name} class="panel">
            <a href="/cluster">{node.name}</a>
            {node.this && nodes.length > 1 && <span class="muted"> ({t("strip.this")})</span>}
            <p>
              <NodeMark node={node} />
            </p>
            <p class="muted">{progressOf(node)}</p>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/* ---- the next ones ---- */

const SOON = 8;

function soonColumns(several: boolean): Column<Row>[] {
  const node: Column<Row> = { key: "node", title: t("soon.node"), cell: (row) => row.node ?? row.scope, tight: true };
  return [
    { key: "name", title: t("soon.name"), cell: (row) => <a href={rowHref(row)}>{row.unit}</a>, tight: true },
    ...(several ? [node] : []),
    { key: "common-name", title: t("soon.common-name"), cell: (row) => shown(row.common_name ?? "") || "—", wide: true },
    { key: "type", title: t("soon.type"), cell: (row) => tOr(`type.${row.type}`, row.type), wide: true },
    { key: "state", title: t("soon.state"), cell: (row) => <StateMark state={row.state} />, tight: true },
    { key: "expires", title: t("soon.expires"), cell: (row) => <When at={row.not_after} short />, tight: true },
  ];
}

function Soon({ overview, several }: { overview: Overview; several: boolean }) {
  return (
    <Section title={t("soon.title")} actions={<a href="/certificates?usage=own&sort=expires">{t("soon.all")}</a>}>
      <Table
        caption={t("soon.title")}
        columns={soonColumns(several)}
        rows={overview.soon.slice(0, SOON)}
        rowKey={(row) => `${row.unit} ${row.node ?? row.scope}`}
        empty={t("soon.none")}
      />
    </Section>
  );
}

/* ---- the page ---- */

function Body({ overview, nodes }: { overview: Overview; nodes: NodeRow[] }) {
  const members = Math.max(1, nodes.filter((node) => node.state !== "joining").length);
  return (
    <>
      <Section title={t("timeline.title")}>
        <Timeline overview={overview} nodes={members} />
      </Section>
      <div class="overview-two">
        <States overview={overview} />
        {nodes.length > 0 && <Strip nodes={nodes} />}
      </div>
      <Soon overview={overview} several={members > 1} />
      <Notes overview={overview} />
    </>
  );
}

function usePieces() {
  const overview = useLoad<Overview>("/overview", {}, { poll: TIME_SECONDS });
  const status = useLoad<Status>("/status", {}, { poll: HEALTH_SECONDS });
  const nodes = useLoad<List<NodeRow>>("/nodes", {}, { poll: HEALTH_SECONDS });
  const cluster = useLoad<Cluster>("/cluster", {}, { poll: HEALTH_SECONDS });
  const jobs = useLoad<List<Job>>("/jobs", { limit: JOBS }, { poll: TIME_SECONDS });
  const all: Loaded<unknown>[] = [overview, status, nodes, cluster, jobs];
  const failed = all.find((one) => one.problem);
  const seen: Seen | null =
    overview.data && status.data && nodes.data && cluster.data && jobs.data
      ? { overview: overview.data, status: status.data, nodes: nodes.data.items, cluster: cluster.data, jobs: jobs.data.items }
      : null;
  return { overview, nodes, failed, seen, reload: () => all.forEach((one) => one.reload()) };
}

export function OverviewPage() {
  const { overview, nodes, failed, seen, reload } = usePieces();
  const needs = seen ? findNeeds(seen) : [];
  const lead = seen && t("overview.looked", { node: seen.status.fqdn, at: dateTime(seen.overview.at) });
  return (
    <Page title={t("overview.title")} lead={lead} command={command("show status")}>
      {(seen || failed) && <Verdict needs={needs} unsure={!!failed} />}
      {failed?.problem && <ProblemNotice problem={failed.problem} retry={reload} />}
      <Needs needs={needs} />
      {overview.data && <Body overview={overview.data} nodes={nodes.data?.items ?? []} />}
      {!overview.data && !failed && <Patience />}
    </Page>
  );
}
