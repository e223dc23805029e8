/* L1, P1, P2: the mode of the cluster and its trust lists: what phones are given, whether it says what it should, and how far they have come. */
import type { ComponentChildren } from "preact";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { pairsOfDiff } from "../base/list-lines";
import { changeHref, listHref } from "../base/names";
import { size } from "../base/size";
import { say, t } from "../base/text";
import type { Lists, ListState, ListVersion, NodeRow, Page as List } from "../base/types";
import { ListDiffView } from "../parts/ListDiff";
import { Findings, Mark, type Kind } from "../parts/Mark";
import { Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { PhoneBar } from "../parts/PhoneBar";
import { Facts, Table, type Column } from "../parts/Table";
import { TaskLink } from "../parts/TaskLink";
import { When } from "../parts/When";
import { shortVersion, signerText } from "./trust-list-place";

/* Which list phones fetch is no change of the state: it is looked at this often. */
const POLL_SECONDS = 10;

/* ---- the parts of a list ---- */

function stateOf(row: ListState): { kind: Kind; text: string } {
  const { published, due } = row;
  if (row.findings.some((one) => one.code === "list-unsigned")) return { kind: "danger", text: t("lists.state.unsigned") };
  if (!published) return row.this ? { kind: "danger", text: t("lists.state.missing") } : { kind: "wait", text: t("lists.state.unknown") };
  if (!due) return { kind: "ok", text: t("lists.state.current") };
  return row.list === "CTL" ? { kind: "warn", text: t("lists.state.due") } : { kind: "wait", text: t("lists.state.following") };
}

function StateOf({ row }: { row: ListState }) {
  const { kind, text } = stateOf(row);
  return <Mark kind={kind}>{text}</Mark>;
}

function Published({ version }: { version: ListVersion }) {
  return (
    <>
      <When at={version.at} /> {version.number !== null && <a href={changeHref(version.number)}>{t("tlist.by-change", { number: version.number })}</a>}
    </>
  );
}

const PATH_KIND: Record<NonNullable<ListState["accepted"]>["path"], Kind> = { first: "ok", list: "ok", tftp: "ok", tvs: "warn", refused: "danger" };

/* What publishing it will change, and whether phones will take it. */
function Due({ row }: { row: ListState }) {
  const { diff, accepted } = row;
  if (!row.due) return null;
  const title = t(row.list === "CTL" ? "lists.due.CTL" : "lists.due.ITL");
  return (
    <section class="plan-group warn" aria-label={title}>
      <h3>{title}</h3>
      {diff && <ListDiffView caption={title} pairs={pairsOfDiff(diff)} signer={diff.signer} header={diff.header} />}
      {diff?.form && <p>{t("lists.due.form")}</p>}
      {accepted && (
        <p class="list-accepted">
          <Mark kind={PATH_KIND[accepted.path] ?? "note"}>{say(accepted.text)}</Mark>
        </p>
      )}
    </section>
  );
}

function Body({ row, published }: { row: ListState; published: ListVersion }) {
  const facts: [string, ComponentChildren][] = [
    [t("lists.state"), <StateOf key="state" row={row} />],
    [
      t("tlist.version"),
      <a key="version" href={listHref(row.list)}>
        <code>{shortVersion(published.version)}</code>
      </a>,
    ],
    [t("tlist.published"), <Published key="published" version={published} />],
    [t("tlist.signed-by"), signerText(published)],
    [t("tlist.content"), t("tlist.content.n", { n: published.records, size: size(published.size) })],
    ...(row.phones ? [[t("nav.phones"), <PhoneBar key="phones" list={row.list} counts={row.phones} />] as [string, ComponentChildren]] : []),
  ];
  return (
    <>
      <Facts items={facts} />
      <Due row={row} />
    </>
  );
}

function ListOf({ row, actions }: { row: ListState; actions: ComponentChildren }) {
  /* How many phones are behind is seen from the bar. */
  const findings = row.findings.filter((one) => one.code !== "list-behind");
  const title = row.list === "CTL" ? t("lists.CTL") : t("tlist.title.ITL", { node: row.node });
  return (
    <Section title={title} actions={actions}>
      <p class="muted">{t(`tlist.lead.${row.list}`)}</p>
      {row.published ? <Body row={row} published={row.published} /> : row.list === "CTL" ? <p>{t("lists.CTL.none")}</p> : <StateOf row={row} />}
      {findings.length > 0 && (
        <div class="panel">
          <Findings items={findings} />
        </div>
      )}
    </Section>
  );
}

/* ---- what can be done ---- */

function CtlActions({ due, published }: { due: boolean; published: ListVersion }) {
  const local = published.signer.purpose === "CallManager";
  return (
    <>
      <TaskLink href="/lists/ctl/update" primary={due}>
        {t(local ? "lists.recovery-signs" : "lists.update")}
      </TaskLink>
      {!local && <TaskLink href="/lists/ctl/reset">{t("lists.local-signs")}</TaskLink>}
    </>
  );
}

/* CallManager signs because it was told to, or because ITLRecovery cannot: then a finding says so. */
function ItlActions({ row }: { row: ListState }) {
  const told = row.signer?.purpose === "CallManager" && !row.findings.some((one) => one.code === "list-signer");
  return told ? <TaskLink href="/lists/itl/update">{t("lists.recovery-signs")}</TaskLink> : <TaskLink href="/lists/itl/reset">{t("lists.local-signs")}</TaskLink>;
}

/* ---- the others' ---- */

function otherColumns(nodes: NodeRow[]): Column<ListState>[] {
  return [
    { key: "node", title: t("cluster.node"), cell: (row) => <NodeName row={row} nodes={nodes} /> },
    {
      key: "state",
      title: t("lists.state"),
      cell: (row) => (
        <>
          <StateOf row={row} />
          {row.findings.length > 0 && <Findings items={row.findings} />}
        </>
      ),
    },
    { key: "version", title: t("tlist.version"), cell: (row) => (row.published ? <code>{shortVersion(row.published.version)}</code> : "—") },
    { key: "published", title: t("tlist.published"), cell: (row) => <When at={row.published?.at} /> },
    { key: "signer", title: t("tlist.signed-by"), cell: (row) => (row.published ? signerText(row.published) : "—") },
    { key: "records", title: t("tlist.records"), cell: (row) => row.published?.records ?? "—", tight: true },
  ];
}

/* Only the node itself has all of its list. */
function NodeName({ row, nodes }: { row: ListState; nodes: NodeRow[] }) {
  const https = nodes.find((one) => one.name === row.node)?.https;
  return https ? <a href={`https://${https}/lists`}>{row.node}</a> : <>{row.node}</>;
}

function Others({ rows }: { rows: ListState[] }) {
  const nodes = useLoad<List<NodeRow>>("/nodes").data?.items ?? [];
  return (
    <Section title={t("lists.others")}>
      <p class="muted">{t("lists.others.lead")}</p>
      <Table caption={t("lists.others")} columns={otherColumns(nodes)} rows={rows} rowKey={(row) => row.node} />
    </Section>
  );
}

/* ---- the page ---- */

function Mode({ mode }: { mode: Lists["mode"] }) {
  const other = mode === "mixed" ? "non-secure-mode" : "mixed-mode";
  return (
    <Section title={t("lists.mode")} actions={<TaskLink href={`/lists/mode/${other}`}>{t(`lists.mode.to.${other}`)}</TaskLink>}>
      <div class="panel list-mode">
        <p class="list-mode-name">{t(`lists.mode.${mode}`)}</p>
        <p class="muted">{t(`lists.mode.${mode}.help`)}</p>
      </div>
    </Section>
  );
}

function All({ lists }: { lists: Lists }) {
  const ctl = lists.lists.find((row) => row.list === "CTL");
  const itl = lists.lists.find((row) => row.list === "ITL" && row.this);
  const others = lists.lists.filter((row) => !row.this);
  return (
    <>
      <Mode mode={lists.mode} />
      {ctl && <ListOf row={ctl} actions={ctl.published && <CtlActions due={ctl.due} published={ctl.published} />} />}
      {itl && <ListOf row={itl} actions={<ItlActions row={itl} />} />}
      {others.length > 0 && <Others rows={others} />}
    </>
  );
}

export function TrustListsPage() {
  const lists = useLoad<Lists>("/lists", {}, { poll: POLL_SECONDS });
  return (
    <Page
      title={t("lists.title")}
      lead={t("lists.lead")}
      command={command("show list status")}
      actions={
        <>
          <a class="button" href="/phones">
            {t("nav.phones")}
          </a>
          <a class="button" href="/settings">
            {t("nav.settings")}
          </a>
        </>
      }
    >
      <Show of={lists}>{(data) => <All lists={data} />}</Show>
    </Page>
  );
}
