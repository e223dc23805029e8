/* Pending certificate signing requests: what waits for a CA, and one of them with what to do next. */
import { API, path, query as queryText } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { changeHref, csrHref, shown } from "../base/names";
import { findNode } from "../base/purposes";
import { t, tOr } from "../base/text";
import { dateTime } from "../base/time";
import type { Csr, NodeRow, Page as List, Purpose } from "../base/types";
import { CopyButton, Digits, TextBlock } from "../parts/Copy";
import { AlternativeNames, Extensions, Usages } from "../parts/Decoded";
import { Notice, Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Facts, Table, type Column } from "../parts/Table";
import { TaskLink } from "../parts/TaskLink";
import { When } from "../parts/When";
import type { PageProps } from "./routes";

const NAMES_SHOWN = 3;

function contentHref(purpose: string, node: string, format: string): string {
  return `${API}${path("csrs", purpose, "content")}${queryText({ format, node })}`;
}

const isShared = (one: Csr) => one.distribution === "multi-server";

/* "this node" would be a riddle on a page about another one. */
function distributionText(csr: Csr, node: string): string {
  return csr.distribution === "node" ? node : tOr(`distribution.${csr.distribution}`, csr.distribution);
}

/* ---- all of them ---- */

function Names({ names }: { names: string[] }) {
  const more = names.length - NAMES_SHOWN;
  return (
    <>
      {shown(names.slice(0, NAMES_SHOWN).join(", ")) || "—"}
      {more > 0 && <span class="muted"> {t("csrs.more-names", { n: more })}</span>}
    </>
  );
}

function columnsOf(node: string, name: string): Column<Csr>[] {
  return [
    { key: "purpose", title: t("csrs.purpose"), cell: (one) => <a href={csrHref(one.purpose, node)}>{one.purpose}</a>, tight: true },
    { key: "common-name", title: t("side.common_name"), cell: (one) => shown(one.common_name ?? "") || "—" },
    { key: "key-type", title: t("side.key_type"), cell: (one) => one.key_type, tight: true },
    { key: "distribution", title: t("side.distribution"), cell: (one) => distributionText(one, name) },
    { key: "created", title: t("csrs.created"), cell: (one) => <When at={one.created_at} short /> },
    { key: "names", title: t("side.subject_alt_names"), cell: (one) => <Names names={one.subject_alt_names} /> },
    {
      key: "download",
      title: t("csrs.download"),
      tight: true,
      cell: (one) => (
        <a href={contentHref(one.purpose, node, "pem")} download>
          {one.name}
        </a>
      ),
    },
  ];
}

function CsrTable({ rows, node, name }: { rows: Csr[]; node: string; name: string }) {
  return (
    <div class="csr-list">
      <Table caption={t("csrs.caption", { node: name })} columns={columnsOf(node, name)} rows={rows} rowKey={(one) => one.purpose} />
    </div>
  );
}

/* Those of another node, where it has any. */
function OfNode({ node }: { node: NodeRow }) {
  const { data } = useLoad<List<Csr>>("/csrs", { node: node.name });
  const rows = data?.items.filter((one) => !isShared(one)) ?? [];
  if (rows.length === 0) return null;
  return (
    <Section title={node.fqdn || node.name}>
      <CsrTable rows={rows} node={node.name} name={node.name} />
    </Section>
  );
}

function Here({ items, here, others }: { items: Csr[]; here: NodeRow | undefined; others: NodeRow[] }) {
  const name = here?.name ?? "";
  const own = items.filter((one) => !isShared(one));
  const shared = items.filter(isShared);
  /* Headings only where there is something to tell apart. */
  if (others.length === 0) return items.length > 0 ? <CsrTable rows={items} node="" name={name} /> : <div class="empty">{t("csrs.none")}</div>;
  return (
    <>
      {shared.length > 0 && (
        <Section title={t("csrs.shared")}>
          <CsrTable rows={shared} node="" name={t("csrs.shared")} />
        </Section>
      )}
      <Section title={here?.fqdn || name}>{own.length > 0 ? <CsrTable rows={own} node="" name={name} /> : <p class="muted">{t("csrs.none")}</p>}</Section>
      {others.map((one) => (
        <OfNode key={one.name} node={one} />
      ))}
    </>
  );
}

export function CsrsPage() {
  const csrs = useLoad<List<Csr>>("/csrs");
  const nodes = useLoad<List<NodeRow>>("/nodes").data?.items ?? [];
  const here = nodes.find((one) => one.this);
  const others = nodes.filter((one) => !one.this && one.state !== "joining");
  return (
    <Page
      title={t("csrs.title")}
      lead={t("csrs.lead")}
      actions={
        <TaskLink href="/generate-csr">
          {t("csrs.generate")}
        </TaskLink>
      }
      command={command("show csr list own")}
    >
      <Show of={csrs}>{({ items }) => <Here items={items} here={here} others={others} />}</Show>
    </Page>
  );
}

/* ---- one ---- */

function Next({ csr, node, stores }: { csr: Csr; node: string; stores: string[] }) {
  return (
    <Section title={t("request.next")}>
      <div class="panel">
        <ol class="next">
          <li>
            {t("request.next.send")}
            <div class="buttons">
              <a class="button" href={contentHref(csr.purpose, node, "pem")} download>
                {t("details.download.csr")}
              </a>
              <a class="button" href={contentHref(csr.purpose, node, "der")} download>
                {t("details.download.csr-der")}
              </a>
            </div>
          </li>
          <li>{t("request.next.keep")}</li>
          {csr.purpose === "CAPF" && <li>{t("request.next.capf")}</li>}
          {stores[0] && <li>{t("request.next.root", { store: stores[0] })}</li>}
          <li>
            {t("request.next.upload")}
            <div class="buttons">
              <TaskLink href={`/upload${queryText({ purpose: csr.purpose, node })}`} primary>
                {t("request.upload")}
              </TaskLink>
            </div>
          </li>
        </ol>
      </div>
    </Section>
  );
}

function Asked({ csr, whose }: { csr: Csr; whose: string }) {
  const r = csr.request!;
  return (
    <Section title={t("request.fields")}>
      <Facts
        items={[
          [t("side.subject"), shown(r.subject) || "—"],
          [t("side.subject_alt_names"), <AlternativeNames key="names" names={r.subject_alt_names} />],
          [t("side.distribution"), distributionText(csr, whose)],
          [t("request.key"), r.key_type],
          [t("details.signature"), r.signature_algorithm],
          [t("side.key_usage"), <Usages key="ku" kind="ku" names={r.key_usage} />],
          [t("side.extended_key_usage"), <Usages key="eku" kind="eku" names={r.extended_key_usage} />],
          [t("details.ca"), r.ca ? t("details.yes") : t("details.no")],
          [
            t("details.key-id"),
            <>
              <Digits text={r.key_id} /> <CopyButton text={r.key_id} say={t("details.key-id")} />
            </>,
          ],
        ]}
      />
    </Section>
  );
}

function Made({ number }: { number: string }) {
  return (
    <Notice kind="ok" title={t("request.made")} live>
      <p>
        <a href={changeHref(Number(number))}>{t("request.made.change")}</a>
      </p>
    </Notice>
  );
}

function Actions({ purpose, node, distribution }: { purpose: string; node: string; distribution: string | undefined }) {
  return (
    <>
      <TaskLink href={`/generate-csr${queryText({ purpose, node, distribution: distribution === "multi-server" ? distribution : "" })}`}>
        {t("request.again")}
      </TaskLink>
      <TaskLink href={csrHref(purpose, node, "delete")}>
        {t("request.delete")}
      </TaskLink>
    </>
  );
}

export function CsrPage({ params, query }: PageProps) {
  const purpose = params.purpose!;
  const node = query.get("node") ?? "";
  const done = query.get("done");
  const csr = useLoad<Csr>(path("csrs", purpose), { node });
  const purposes = useLoad<List<Purpose>>("/purposes").data?.items ?? [];
  const nodes = useLoad<List<NodeRow>>("/nodes").data?.items ?? [];
  const stores = purposes.find((one) => one.name === purpose)?.trust_stores ?? [];
  const whose = findNode(nodes, node)?.name ?? node;
  const lead = (one: Csr) => t(isShared(one) ? "request.lead.multi" : "request.lead", { node: whose, when: dateTime(one.created_at) });
  return (
    <Page
      title={t("request.title", { purpose })}
      lead={csr.data && lead(csr.data)}
      crumbs={[{ text: t("csrs.title"), href: "/csrs" }]}
      actions={<Actions purpose={purpose} node={node} distribution={csr.data?.distribution} />}
      command={command("show csr own", [purpose], { text: true, node })}
    >
      {done && /^\d+$/.test(done) && <Made number={done} />}
      <Show of={csr}>
        {(one) => (
          <>
            <div class="details-grid">
              <Asked csr={one} whose={whose} />
              <div class="details-side">
                <Next csr={one} node={node} stores={stores} />
              </div>
            </div>
            <Section title={t("details.extensions")}>
              <Extensions items={one.request!.extensions} />
            </Section>
            <TextBlock text={one.request!.pem} label={t("details.pem")} />
          </>
        )}
      </Show>
    </Page>
  );
}
