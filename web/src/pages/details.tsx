/* V2: one certificate: what it is, who vouches for it, who depends on it, and what can be done with it. */
import type { ComponentChildren } from "preact";
import { API, path, query as queryText } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { changeHref, csrHref, nameOf, ownHref, shown, trustHref } from "../base/names";
import { say, t, tOr } from "../base/text";
import type { Detail, Page as List, Purpose } from "../base/types";
import { CopyButton, Digits, TextBlock } from "../parts/Copy";
import { AlternativeNames, Extensions, Usages } from "../parts/Decoded";
import { Mark, StateMark } from "../parts/Mark";
import { Notice, Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Facts } from "../parts/Table";
import { TaskLink } from "../parts/TaskLink";
import { When } from "../parts/When";
import { ChainSection } from "./details-chain";
import { DependsSection } from "./details-depends";
import { lastList } from "./list-place";
import type { PageProps } from "./routes";

/* ---- which ---- */

interface Which {
  own: boolean;
  unit: string;
  name: string;
  /* As in the address: "" for the node that one is looking at, or what all have. */
  node: string;
}

function whichOf({ params, query }: PageProps): Which {
  const node = query.get("node") ?? "";
  if (params.purpose) return { own: true, unit: params.purpose, name: `${params.purpose}.pem`, node };
  return { own: false, unit: params.store!, name: params.name!, node };
}

function whereOf(w: Which): string {
  return w.own ? path("certificates", "own", w.unit) : path("certificates", "trust", w.unit, w.name);
}

function commandOf(w: Which): string {
  if (w.own) return command("show cert own", [w.unit], { node: w.node });
  return command("show cert trust", [`${w.unit}/${w.name}`], { node: w.node });
}

function leadOf(d: Detail): string {
  const node = d.node ?? d.scope;
  if (d.usage === "own") return t(d.distribution === "multi-server" ? "details.lead.own.multi" : "details.lead.own", { purpose: d.unit, node });
  return d.scope === "cluster" ? t("details.lead.trust", { store: d.unit }) : t("details.lead.trust.node", { store: d.unit, node });
}

/* ---- what can be done ---- */

function OwnActions({ w, purpose }: { w: Which; purpose: Purpose | undefined }) {
  if (w.unit === "authz")
    return (
      <a class="button" href="/cluster/oauth">
        {t("details.oauth")}
      </a>
    );
  const place = queryText({ purpose: w.unit, node: w.node });
  return (
    <>
      {purpose?.requestable && (
        <>
          <TaskLink href={`/upload${place}`}>
            {t("details.upload")}
          </TaskLink>
          <TaskLink href={`/generate-csr${place}`}>
            {t("details.generate-csr")}
          </TaskLink>
        </>
      )}
      <TaskLink href={ownHref(w.unit, w.node, "regenerate")}>
        {t("details.regenerate")}
      </TaskLink>
    </>
  );
}

function Actions({ w }: { w: Which }) {
  const purposes = useLoad<List<Purpose>>(w.own ? "/purposes" : null);
  if (w.own) return <OwnActions w={w} purpose={purposes.data?.items.find((one) => one.name === w.unit)} />;
  return (
    <>
      <TaskLink href={`/upload${queryText({ store: w.unit, node: w.node })}`}>
        {t("details.upload.trust")}
      </TaskLink>
      <TaskLink href={trustHref(w.unit, w.name, w.node, "delete")}>
        {t("details.delete")}
      </TaskLink>
    </>
  );
}

/* ---- the head ---- */

function Item({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div>
      <dt class="muted">{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Issuer({ d, node }: { d: Detail; node: string }) {
  if (d.certificate.self_signed) return <>{t("details.itself")}</>;
  const issuer = d.chain[1];
  const name = nameOf(d.issuer);
  return issuer?.in_store ? <a href={trustHref(issuer.in_store, issuer.fingerprint, node)}>{name}</a> : <>{name}</>;
}

function Summary({ d, node }: { d: Detail; node: string }) {
  return (
    <div class="panel summary">
      <p class="summary-state">
        <StateMark state={d.state} />
      </p>
      <dl>
        <Item title={t("side.common_name")}>{shown(d.common_name ?? "") || "—"}</Item>
        <Item title={t("details.issued-by")}>
          <Issuer d={d} node={node} />
        </Item>
        <Item title={t("side.not_after")}>
          <When at={d.not_after} />
        </Item>
      </dl>
    </div>
  );
}

function Notices({ d, w }: { d: Detail; w: Which }) {
  return (
    <>
      {d.key?.present === false && (
        <Notice kind="danger" title={t("details.key-missing")}>
          <p>{t("details.key-missing.hint")}</p>
        </Notice>
      )}
      {d.pending_csr && (
        <Notice kind="note" title={t("details.pending", { purpose: d.unit })}>
          <p>
            <a href={csrHref(w.unit, w.node)}>{t("details.pending.look")}</a>
          </p>
        </Notice>
      )}
    </>
  );
}

/* ---- all of it ---- */

function Key({ d }: { d: Detail }) {
  if (d.key?.present === true) return <Mark kind="ok">{t("details.key.present")}</Mark>;
  if (d.key?.present === false) return <Mark kind="danger">{t("details.key.missing")}</Mark>;
  return <>{t("details.key.elsewhere", { node: d.node ?? d.scope })}</>;
}

function Hex({ text, title }: { text: string | null; title: string }) {
  if (!text) return <span class="muted">—</span>;
  return (
    <>
      <Digits text={text} /> <CopyButton text={text} say={title} />
    </>
  );
}

function hex(title: string, text: string | null): [string, ComponentChildren] {
  return [title, <Hex key={title} text={text} title={title} />];
}

function caText(d: Detail): string {
  const { ca, path_length } = d.certificate;
  if (!ca) return t("details.no");
  return path_length === null ? t("details.yes") : t("details.ca.path", { n: path_length });
}

function fieldsOf(d: Detail): [string, ComponentChildren][] {
  const c = d.certificate;
  return [
    [t("side.subject"), shown(c.subject) || "—"],
    [t("side.issuer"), shown(c.issuer) || "—"],
    hex(t("side.serial"), c.serial),
    [t("side.not_before"), <When key="from" at={c.not_before} bare />],
    [t("side.not_after"), <When key="to" at={c.not_after} />],
    [t("side.subject_alt_names"), <AlternativeNames key="names" names={c.subject_alt_names} />],
    [t("side.key_type"), c.key_type],
    [t("details.signature"), c.signature_algorithm],
    [t("side.key_usage"), <Usages key="ku" kind="ku" names={c.key_usage} />],
    [t("side.extended_key_usage"), <Usages key="eku" kind="eku" names={c.extended_key_usage} />],
    [t("details.ca"), caText(d)],
    [t("details.type"), tOr(`type.${d.type}`, d.type)],
    [t("details.distribution"), tOr(`distribution.${d.distribution}`, d.distribution)],
    ...(d.key ? [[t("details.key"), <Key key="key" d={d} />] as [string, ComponentChildren]] : []),
    [t("details.description"), d.description ? say(d.description) : "—"],
    hex(t("details.fingerprint.sha256"), c.fingerprint_sha256),
    hex(t("details.fingerprint.sha1"), c.fingerprint_sha1),
    hex(t("details.key-id"), c.key_id),
    hex(t("details.ski"), c.subject_key_id),
    hex(t("details.aki"), c.authority_key_id),
    [t("details.version"), String(c.version)],
  ];
}

const FORMATS = ["pem", "der", "chain", "p7b"] as const;

function Downloads({ w }: { w: Which }) {
  return (
    <Section title={t("details.downloads")}>
      <ul class="plain downloads">
        {FORMATS.map((format) => (
          <li key={format}>
            <a href={`${API}${whereOf(w)}/content${queryText({ format, node: w.node })}`} download>
              {t(`details.download.${format}`)}
            </a>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/* As the log calls it. */
function changesHref(w: Which, node: string): string {
  return `/changes${queryText({ object: w.own ? `own/${node}/${w.unit}` : `trust/${w.unit}/${w.name}` })}`;
}

function History({ d, w }: { d: Detail; w: Which }) {
  return (
    <Section title={t("details.history")} actions={<a href={changesHref(w, d.node ?? d.scope)}>{t("details.history.all")}</a>}>
      {d.changes.length === 0 && <p class="muted">{t("details.history.none")}</p>}
      <ol class="history">
        {d.changes.map((one) => (
          <li key={one.number}>
            <a href={changeHref(one.number)}>{say(one.summary)}</a>
            <span class="muted">
              {" "}
              <When at={one.at} bare /> · {one.who}
              {one.undone_by !== null && ` · ${t("details.history.undone", { n: one.undone_by })}`}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Body({ d, w }: { d: Detail; w: Which }) {
  return (
    <>
      <Summary d={d} node={w.node} />
      <Notices d={d} w={w} />
      <ChainSection d={d} node={w.node} />
      <div class="details-grid">
        <Section title={t("details.fields")}>
          <Facts items={fieldsOf(d)} />
        </Section>
        <div class="details-side">
          <DependsSection d={d} node={w.node} />
          <History d={d} w={w} />
          <Downloads w={w} />
          {d.usage === "own" && <p class="muted">{t("details.no-delete")}</p>}
        </div>
      </div>
      <Section title={t("details.extensions")}>
        <Extensions items={d.certificate.extensions} />
      </Section>
      <TextBlock text={d.certificate.pem} label={t("details.pem")} />
    </>
  );
}

/* A link may name it by its fingerprint, or without its ending, and as any node sees what all have. */
function settled(w: Which, d: Detail | undefined): Which {
  if (w.own || !d) return w;
  return { ...w, name: d.name, node: d.scope === "cluster" ? "" : w.node };
}

export function DetailsPage(props: PageProps) {
  const asked = whichOf(props);
  const loaded = useLoad<Detail>(whereOf(asked), { node: asked.node });
  const w = settled(asked, loaded.data);
  const gone = !w.own && !loaded.data && loaded.problem?.status === 404;
  return (
    <Page
      title={w.name}
      lead={loaded.data && leadOf(loaded.data)}
      crumbs={[{ text: t("nav.certificates"), href: lastList() }]}
      actions={loaded.data && <Actions w={w} />}
      command={commandOf(w)}
    >
      <Show of={loaded}>{(d) => <Body d={d} w={w} />}</Show>
      {gone && (
        <p>
          {t("details.gone")} <a href={changesHref(w, "")}>{t("details.history.all")}</a>
        </p>
      )}
    </Page>
  );
}
