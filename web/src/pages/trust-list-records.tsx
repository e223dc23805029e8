/* The records of a trust list: which certificate in which role, each with the way to it, and byte by byte for who has to know. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { lineOf, roleOf } from "../base/list-lines";
import { useLoad } from "../base/load";
import { rowHref, shown } from "../base/names";
import { t, tOr } from "../base/text";
import { dateOnly } from "../base/time";
import type { ListElement, ListRecord, Page as List, Row, TrustList } from "../base/types";
import { Digits } from "../parts/Copy";
import { Mark, StateMark } from "../parts/Mark";
import { Section } from "../parts/Page";
import { Facts, Table, type Column } from "../parts/Table";
import { When } from "../parts/When";

/* ---- where the certificates are shown ---- */

const MOST = 1000;
/* Whose certificates stand in lists without being a node's own. */
const TRUSTED = "Phone-CTL-trust";

type Ways = (record: ListRecord) => string | null;

/* Those of a node before those of another, own ones before trusted ones. */
function useWays(records: ListRecord[]): Ways {
  const trusted = records.some((one) => one.role?.name === "APP-SERVER");
  const own = useLoad<List<Row>>("/certificates", { usage: "own", limit: MOST }).data?.items ?? [];
  const trust = useLoad<List<Row>>(trusted ? "/certificates" : null, { usage: "trust", where: [`unit is ${TRUSTED}`], limit: MOST }).data?.items ?? [];
  return ({ certificate, dns }) => {
    const same = [...own, ...trust].filter((row) => row.fingerprint === certificate?.fingerprint);
    const row = same.find((one) => one.node === dns) ?? same[0];
    return row ? rowHref(row) : null;
  };
}

/* ---- the table ---- */

function Role({ record }: { record: ListRecord }) {
  const role = roleOf(record);
  return (
    <>
      <span class="muted">{record.number}</span> <strong>{role}</strong>
      <p class="muted">{tOr(`list-role.${role}`, t("list-role.unknown"))}</p>
      {record.signer && <Mark kind="ok">{t("tlist.record.signs")}</Mark>}
    </>
  );
}

/* Names of records are bytes that need not be a name: they are shown as they are. */
function Subject({ record, href }: { record: ListRecord; href: string | null }) {
  if (!record.certificate) return <Mark kind="note">{t("tlist.record.empty")}</Mark>;
  const name = shown(record.certificate.subject || (record.subject ?? "")) || "—";
  return href ? <a href={href}>{name}</a> : <>{name}</>;
}

function Expires({ record: { certificate } }: { record: ListRecord }) {
  if (!certificate) return <>—</>;
  return (
    <>
      {dateOnly(certificate.not_after)} <StateMark state={certificate.state} />
    </>
  );
}

const FINGERPRINT = 16;

function columnsOf(ways: Ways): Column<ListRecord>[] {
  return [
    { key: "role", title: t("tlist.record.role"), cell: (one) => <Role record={one} /> },
    { key: "dns", title: t("tlist.record.dns"), cell: (one) => shown(one.dns ?? "") || "—" },
    { key: "subject", title: t("side.subject"), cell: (one) => <Subject record={one} href={ways(one)} /> },
    { key: "key", title: t("side.key_type"), cell: (one) => one.certificate?.key_type ?? "—" },
    { key: "expires", title: t("side.not_after"), cell: (one) => <Expires record={one} /> },
    {
      key: "fingerprint",
      title: t("tlist.record.fingerprint"),
      cell: ({ certificate }) => (certificate ? <Digits text={certificate.fingerprint.slice(0, FINGERPRINT)} /> : "—"),
    },
  ];
}

/* ---- byte by byte ---- */

function ElementTable({ title, elements }: { title: string; elements: ListElement[] }) {
  return (
    <Table
      caption={title}
      rows={elements}
      rowKey={(one) => String(one.offset)}
      columns={[
        { key: "offset", title: t("tlist.element.offset"), cell: (one) => one.offset, tight: true },
        { key: "tag", title: t("tlist.element.tag"), cell: (one) => one.tag, tight: true },
        { key: "name", title: t("tlist.element.name"), cell: (one) => (one.name ? <code>{one.name}</code> : <span class="muted">{t("tlist.element.unknown")}</span>) },
        { key: "length", title: t("tlist.element.length"), cell: (one) => one.length, tight: true },
        { key: "value", title: t("tlist.element.value"), cell: (one) => <code>{one.text === null ? one.hex + (one.length * 2 > one.hex.length ? "…" : "") : shown(one.text)}</code> },
      ]}
    />
  );
}

/* There are many of them: made when they are looked at. */
export function ElementsOf({ title, elements }: { title: string; elements: ListElement[] }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="elements" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{title}</summary>
      {open && <ElementTable title={title} elements={elements} />}
    </details>
  );
}

function Particulars({ record }: { record: ListRecord }) {
  const c = record.certificate;
  return (
    <>
      <Facts
        items={[
          [t("tlist.record.address"), record.address ?? "—"],
          [t("tlist.record.place"), t("tlist.record.bytes", { from: record.offset, n: record.length })],
          ...(c
            ? ([
                [t("side.issuer"), shown(c.issuer)],
                [t("side.serial"), <Digits key="serial" text={c.serial} />],
                [t("side.not_before"), <When key="from" at={c.not_before} bare />],
                [t("side.fingerprint"), <Digits key="sha256" text={c.fingerprint} />],
                [t("details.fingerprint.sha1"), <Digits key="sha1" text={c.sha1} />],
              ] as [string, ComponentChildren][])
            : []),
        ]}
      />
      {record.elements && <ElementTable title={t("tlist.record.elements", { number: record.number })} elements={record.elements} />}
    </>
  );
}

function RecordDetails({ record }: { record: ListRecord }) {
  const [open, setOpen] = useState(false);
  const { role, name, node } = lineOf(record);
  const text = { number: record.number, role, name: name === null ? t("tlist.record.empty") : shown(name) };
  return (
    <details class="elements" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{node ? t("tlist.record.title.node", { ...text, node: shown(node) }) : t("tlist.record.title", text)}</summary>
      {open && <Particulars record={record} />}
    </details>
  );
}

export function RecordsSection({ of }: { of: TrustList }) {
  const ways = useWays(of.records);
  return (
    <Section title={t("tlist.records")}>
      <div class="list-records">
        <Table caption={t("tlist.records")} columns={columnsOf(ways)} rows={of.records} rowKey={(one) => String(one.number)} empty={t("tlist.records.none")} />
      </div>
      <details>
        <summary>{t("tlist.records.more")}</summary>
        <div class="list-particulars">
          {of.records.map((one) => (
            <RecordDetails key={one.number} record={one} />
          ))}
        </div>
      </details>
    </Section>
  );
}
