/* The phones that this node has served: which list each has fetched last, its configuration, and what it asked for in vain. */
import { query as toQuery } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { phoneHref } from "../base/names";
import { go } from "../base/route";
import { shown, t } from "../base/text";
import type { FetchedFile, Lists, ListState, Page as List, Phone, Status } from "../base/types";
import { SelectField } from "../parts/Field";
import { HeldMark } from "../parts/HeldMark";
import { Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { PhoneBar } from "../parts/PhoneBar";
import { Facts, Table, type Column } from "../parts/Table";
import { Ago, When } from "../parts/When";
import type { PageProps } from "./routes";

const LIMIT = 50;
/* What phones fetch is no change of the state: it is looked at this often. */
const POLL_SECONDS = 10;

/* ---- which ---- */

/* "" for all of them. */
type Stale = "" | "itl" | "ctl";

function staleOf(query: URLSearchParams): Stale {
  if (!query.get("stale")) return "";
  return query.get("list")?.toLowerCase() === "ctl" ? "ctl" : "itl";
}

function address(stale: Stale, cursor?: string | null): string {
  return "/phones" + toQuery({ list: stale, stale: stale !== "", cursor });
}

function Filter({ stale }: { stale: Stale }) {
  return (
    <form class="filter phone-filter panel" role="search" onSubmit={(e) => e.preventDefault()}>
      <SelectField
        name="stale"
        label={t("phones.which")}
        value={stale}
        onValue={(value) => go(address(value as Stale), { replace: true, keepScroll: true })}
        choices={[
          { value: "", text: t("phones.which.all") },
          { value: "itl", text: t("phones.which.itl") },
          { value: "ctl", text: t("phones.which.ctl") },
        ]}
      />
    </form>
  );
}

/* ---- rows ---- */

export function Fetched({ of, short }: { of: FetchedFile | null; short?: boolean }) {
  if (!of) return <>—</>;
  return (
    <>
      <code class="file">{shown(of.file)}</code>
      <p class="muted">{short ? <Ago at={of.at} /> : <When at={of.at} />}</p>
    </>
  );
}

function columns(hasCtl: boolean): Column<Phone>[] {
  return [
    {
      key: "device",
      title: t("phones.device"),
      cell: (one) => (
        <a href={phoneHref(one.device)}>
          <code>{shown(one.device)}</code>
        </a>
      ),
      tight: true,
    },
    { key: "address", title: t("phones.address"), cell: (one) => shown(one.address) },
    {
      key: "seen",
      title: t("phones.seen"),
      cell: (one) => (
        <>
          <When at={one.last_seen} />
          <p class="muted">{t(`phones.via.${one.via}`)}</p>
        </>
      ),
    },
    { key: "itl", title: "ITL", cell: (one) => <HeldMark held={one.itl} published short /> },
    { key: "ctl", title: "CTL", cell: (one) => <HeldMark held={one.ctl} published={hasCtl} short /> },
    { key: "config", title: t("phones.config"), cell: (one) => <Fetched of={one.config} short /> },
    { key: "missed", title: t("phones.missed"), cell: (one) => <Fetched of={one.missed} short /> },
  ];
}

/* ---- before there are any ---- */

const SERVICES = [
  ["tftp", "tftp"],
  ["phone-http", "http"],
  ["phone-https", "https"],
] as const;

/* Where phones of this node fetch from. */
function How() {
  const status = useLoad<Status>("/status").data;
  const addresses = SERVICES.filter(([port]) => status?.ports[port] !== undefined).map(([port, scheme]) => `${scheme}://${status!.fqdn}:${status!.ports[port]}/`);
  return (
    <div class="panel phones-how">
      <p class="notice-title">{t("phones.none")}</p>
      <p>{t(status && addresses.length === 0 ? "phones.none.off" : "phones.none.how")}</p>
      {addresses.length > 0 && (
        <ul class="plain">
          {addresses.map((one) => (
            <li key={one}>
              <code>{one}</code>
            </li>
          ))}
        </ul>
      )}
      <p class="muted">{t("phones.none.files")}</p>
    </div>
  );
}

/* ---- how many ---- */

/* Of the lists that this node publishes. */
function Counts({ lists }: { lists: ListState[] }) {
  const mine = lists.filter((row) => row.this && row.phones && row.phones.known > 0);
  if (mine.length === 0) return null;
  return (
    <Section title={t("phones.counts")}>
      <Facts items={mine.map((row) => [t(`tlist.${row.list}`), <PhoneBar key={row.list} list={row.list} counts={row.phones!} />])} />
    </Section>
  );
}

/* ---- the page ---- */

function Rows({ list, stale, cursor, hasCtl }: { list: List<Phone>; stale: Stale; cursor: string | null; hasCtl: boolean }) {
  const none = stale && !cursor ? t(`phones.none.stale.${stale}`) : t("phones.none.more");
  return (
    <>
      <div class="phone-list">
        <Table caption={t("phones.title")} columns={columns(hasCtl)} rows={list.items} rowKey={(one) => one.device} empty={none} />
      </div>
      {(cursor || list.next) && (
        <nav class="buttons" aria-label={t("phones.pages")}>
          {cursor && (
            <a class="button" href={address(stale)}>
              {t("phones.first")}
            </a>
          )}
          {list.next && (
            <a class="button" href={address(stale, list.next)}>
              {t("phones.next")}
            </a>
          )}
        </nav>
      )}
    </>
  );
}

export function PhonesPage({ query }: PageProps) {
  const stale = staleOf(query);
  const cursor = query.get("cursor");
  const phones = useLoad<List<Phone>>("/phones", { list: stale.toUpperCase(), stale: stale !== "", cursor, limit: LIMIT }, { poll: POLL_SECONDS });
  const isEmpty = phones.data?.items.length === 0 && !stale && !cursor;
  const lists = useLoad<Lists>("/lists", {}, { poll: POLL_SECONDS }).data?.lists ?? [];
  const hasCtl = lists.some((row) => row.list === "CTL" && row.published);
  return (
    <Page
      title={t("phones.title")}
      lead={t("phones.lead")}
      command={command("show phone list", [], { list: stale, stale: stale !== "" })}
      actions={
        <a class="button" href="/lists">
          {t("lists.title")}
        </a>
      }
    >
      <Counts lists={lists} />
      {!isEmpty && <Filter stale={stale} />}
      <Show of={phones}>
        {(list) => (
          <div class="log" aria-busy={!phones.fresh}>
            {isEmpty ? <How /> : <Rows list={list} stale={stale} cursor={cursor} hasCtl={hasCtl} />}
          </div>
        )}
      </Show>
    </Page>
  );
}
