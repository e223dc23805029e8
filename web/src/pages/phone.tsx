/* One phone: what it has fetched from this node, and when. */
import { path } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { listHref, shown } from "../base/names";
import { t } from "../base/text";
import type { Lists, Phone } from "../base/types";
import { HeldMark } from "../parts/HeldMark";
import { Mark } from "../parts/Mark";
import { Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Facts, Table, type Column } from "../parts/Table";
import { When } from "../parts/When";
import { Fetched } from "./phones";
import type { PageProps } from "./routes";
import { shortVersion } from "./trust-list-place";

const POLL_SECONDS = 10;

type Held = NonNullable<Phone["lists"]>[number];

function isCurrent(phone: Phone, one: Held): boolean {
  const last = one.list === "CTL" ? phone.ctl : phone.itl;
  return !!last?.current && last.version === one.version;
}

function columns(phone: Phone): Column<Held>[] {
  return [
    {
      key: "version",
      title: t("tlist.version"),
      cell: (one) => (
        <a href={listHref(one.list, isCurrent(phone, one) ? "" : one.version)}>
          <code>{shortVersion(one.version)}</code>
        </a>
      ),
      tight: true,
    },
    { key: "list", title: t("phone.list"), cell: (one) => t(`tlist.${one.list}`) },
    { key: "state", title: t("lists.state"), cell: (one) => (isCurrent(phone, one) ? <Mark kind="ok">{t("phones.held.current")}</Mark> : <Mark kind="note">{t("phones.held.older")}</Mark>) },
    { key: "first", title: t("phone.first"), cell: (one) => <When at={one.first} /> },
    { key: "last", title: t("phone.last"), cell: (one) => <When at={one.last} /> },
  ];
}

function Body({ phone }: { phone: Phone }) {
  const hasCtl = !!useLoad<Lists>("/lists").data?.lists.some((row) => row.list === "CTL" && row.published);
  return (
    <>
      <Facts
        items={[
          [t("tlist.ITL"), <HeldMark key="itl" held={phone.itl} published />],
          [t("tlist.CTL"), <HeldMark key="ctl" held={phone.ctl} published={hasCtl} />],
          [t("phones.config"), <Fetched key="config" of={phone.config} />],
          [t("phones.missed"), <Fetched key="missed" of={phone.missed} />],
          [t("phones.address"), `${shown(phone.address)} (${t(`phones.via.${phone.via}`)})`],
          [t("phones.seen"), <When key="last" at={phone.last_seen} />],
          [t("phone.seen-first"), <When key="first" at={phone.first_seen} />],
        ]}
      />
      <Section title={t("phone.lists")}>
        <Table caption={t("phone.lists")} columns={columns(phone)} rows={phone.lists ?? []} rowKey={(one) => `${one.list} ${one.version}`} empty={t("phone.lists.none")} />
        <p class="muted">{t("phone.lists.help")}</p>
      </Section>
    </>
  );
}

export function PhonePage({ params }: PageProps) {
  const device = params.device!;
  const phone = useLoad<Phone>(path("phones", device), {}, { poll: POLL_SECONDS });
  return (
    <Page title={shown(device)} lead={t("phone.lead")} crumbs={[{ text: t("phones.title"), href: "/phones" }]} command={command("show phone own", [device])}>
      <Show of={phone}>{(data) => <Body phone={data} />}</Show>
    </Page>
  );
}
