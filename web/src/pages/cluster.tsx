/* The cluster: its nodes and how far each has come, the store in which they meet, and what can be done with them. */
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { say, t, tOr } from "../base/text";
import type { Cluster, NodeRow, Page as List } from "../base/types";
import { Findings, Mark, type Kind } from "../parts/Mark";
import { NodeMark } from "../parts/NodeMark";
import { Notice, Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Facts, Table, type Column } from "../parts/Table";
import { TaskLink } from "../parts/TaskLink";
import { When } from "../parts/When";
import { Progress } from "./cluster-picture";
import { MoveSection, ResyncSection } from "./cluster-store";

function NodeActions({ node }: { node: NodeRow }) {
  const to = (task: string) => `/cluster/nodes/${encodeURIComponent(node.name)}/${task}`;
  return (
    <span class="links">
      {!node.this && node.state !== "joining" && <a href={`/cluster/diagnose?node=${encodeURIComponent(node.name)}`}>{t("cluster.diagnose.one")}</a>}
      {node.state !== "joining" && <a href={to("rename")}>{t("cluster.rename")}</a>}
      {!node.this && <a href={to("remove")}>{t("cluster.remove")}</a>}
    </span>
  );
}

function Contact({ node }: { node: NodeRow }) {
  if (node.state === "joining" && node.expires)
    return (
      <>
        {t("cluster.secret-until")} <When at={node.expires} />
      </>
    );
  return <When at={node.last_contact} />;
}

function nodeColumns(): Column<NodeRow>[] {
  return [
    {
      key: "name",
      title: t("cluster.node"),
      cell: (node) => (
        <>
          <a href={`/certificates?usage=own&node=${encodeURIComponent(node.name)}`}>{node.fqdn || node.name}</a>
          {node.this && <span class="muted"> {t("cluster.this")}</span>}
        </>
      ),
    },
    { key: "roles", title: t("cluster.roles"), cell: (node) => node.roles.map((one) => tOr(`role.${one}`, one)).join(", ") },
    {
      key: "state",
      title: t("cluster.state"),
      cell: (node) => (
        <>
          <NodeMark node={node} />
          {/* This one's is told in full where the store is. */}
          {node.reason && !node.this && <p class="muted">{say(node.reason)}</p>}
        </>
      ),
    },
    {
      key: "number",
      title: t("cluster.number"),
      cell: (node) => (node.number === null ? "—" : node.behind ? t("cluster.number-behind", { number: node.number, n: node.behind }) : String(node.number)),
    },
    { key: "contact", title: t("cluster.contact"), cell: (node) => <Contact node={node} /> },
    { key: "version", title: t("cluster.version"), wide: true, cell: (node) => node.version ?? "—" },
    { key: "actions", title: t("cluster.actions"), cell: (node) => <NodeActions node={node} /> },
  ];
}

/* What the nodes report about themselves, each with the node it concerns. */
function NodeFindings({ nodes }: { nodes: NodeRow[] }) {
  const items = nodes.flatMap((node) => node.findings.map((one) => ({ ...one, message: `${node.name}: ${say(one.message)}` })));
  if (items.length === 0) return null;
  return (
    <Section title={t("cluster.findings")}>
      <div class="panel">
        <Findings items={items} />
      </div>
      <p>
        <a href="/cluster/diagnose">{t("cluster.diagnose")}</a> · <a href="/generate-csr?purpose=tomcat&distribution=multi-server">{t("cluster.new-multi-server")}</a>
      </p>
    </Section>
  );
}

const STORE_KIND: Record<Cluster["state"], Kind> = { single: "ok", following: "ok", "catching-up": "wait", unreachable: "danger", halted: "danger", removed: "danger" };

function StoreState({ cluster }: { cluster: Cluster }) {
  return (
    <>
      {cluster.reason && (
        <Notice kind={STORE_KIND[cluster.state] === "danger" ? "danger" : "warn"} title={say(cluster.reason)} live>
          <p>{tOr(`cluster.hint.${cluster.state}`, "")}</p>
        </Notice>
      )}
      <Facts
        items={[
          [t("cluster.store"), cluster.store === "postgresql" ? `PostgreSQL: ${cluster.where ?? ""}` : t("cluster.store.sqlite")],
          [t("cluster.store.state"), <Mark kind={STORE_KIND[cluster.state] ?? "note"}>{tOr(`cluster-state.${cluster.state}`, cluster.state)}</Mark>],
          [t("cluster.head"), cluster.head === null ? t("cluster.head.unknown") : String(cluster.head)],
          [t("cluster.here"), cluster.behind ? t("cluster.number-behind", { number: cluster.number, n: cluster.behind }) : String(cluster.number)],
        ]}
      />
    </>
  );
}

function shared(cluster: Cluster): boolean {
  return cluster.store === "postgresql";
}

export function ClusterPage() {
  const nodes = useLoad<List<NodeRow>>("/nodes", {}, { poll: 5 });
  const cluster = useLoad<Cluster>("/cluster", {}, { poll: 5 });
  return (
    <Page
      title={t("cluster.title")}
      lead={t("cluster.lead")}
      command={command("show node list")}
      actions={
        <>
          {cluster.data && shared(cluster.data) && (
            <TaskLink href="/cluster/add" primary>
              {t("cluster.add")}
            </TaskLink>
          )}
          <a class="button" href="/cluster/diagnose">
            {t("cluster.diagnose")}
          </a>
          <a class="button" href="/cluster/oauth">
            {t("cluster.oauth")}
          </a>
          <a class="button" href="/jobs">
            {t("cluster.jobs")}
          </a>
        </>
      }
    >
      <Show of={nodes}>
        {(list) => (
          <>
            {list.items.length > 1 && cluster.data && <Progress nodes={list.items} head={cluster.data.head ?? cluster.data.number} />}
            <Section title={t("cluster.nodes")}>
              <Table caption={t("cluster.nodes")} columns={nodeColumns()} rows={list.items} rowKey={(node) => node.name} />
            </Section>
            <NodeFindings nodes={list.items} />
          </>
        )}
      </Show>
      <Section title={t("cluster.store.title")}>
        <Show of={cluster}>{(data) => <StoreState cluster={data} />}</Show>
      </Section>
      {cluster.data && !shared(cluster.data) && <MoveSection />}
      {cluster.data?.state === "halted" && <ResyncSection />}
    </Page>
  );
}
