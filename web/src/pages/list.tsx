/* V1: the certificates of all nodes: found by any column, sorted, page by page. Everything that says which is in the address. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useLoad } from "../base/load";
import { nameOf, rowHref, shown } from "../base/names";
import { go, restoreScroll, usePlace } from "../base/route";
import { language, say, t, tOr } from "../base/text";
import { dateOnly, dateTime, relative } from "../base/time";
import type { NodeRow, Page as Answer, ProblemBody, Row, State } from "../base/types";
import { readCondition } from "../base/conditions";
import { Mark, StateMark } from "../parts/Mark";
import { Notice, Patience, ProblemNotice } from "../parts/Notice";
import { Page } from "../parts/Page";
import { Table, type Column } from "../parts/Table";
import { TaskLink } from "../parts/TaskLink";
import { FindRow } from "./list-find";
import { askedOf, isQuick, listCommand, listHref, listQuery, quickFilters, rememberList, trailOf, USUAL_LIMIT, withQuick, type Asked, type Trail } from "./list-place";
import type { PageProps } from "./routes";

const LIMITS = ["25", "50", "100", "250"];

/* ---- rows ---- */

function Expiration({ row }: { row: Row }) {
  const far = relative(row.not_after);
  return (
    <time dateTime={row.not_after} title={dateTime(row.not_after)}>
      {dateOnly(row.not_after)}
      <br />
      {row.state === "valid" ? <Mark kind="ok">{far}</Mark> : <StateMark state={row.state as State} />}
      {row.state !== "valid" && far && <span class="muted"> {far}</span>}
    </time>
  );
}

function Name({ row }: { row: Row }) {
  return (
    <>
      <span class="muted cert-unit">{row.unit}</span>
      <a href={rowHref(row)}>{row.name}</a>
    </>
  );
}

function Description({ text }: { text: string }) {
  return (
    <span class="cert-description" title={text}>
      {text}
    </span>
  );
}

/* Made anew with the page: their titles are in its language. */
function columnsOf(): Column<Row>[] {
  return [
    { key: "name", title: t("list.column.name"), sort: "name", cell: (row) => <Name row={row} /> },
    { key: "common-name", title: t("list.column.common-name"), sort: "common-name", cell: (row) => shown(row.common_name ?? "") || "—" },
    { key: "usage", title: t("list.column.usage"), sort: "usage", cell: (row) => t(`usage.${row.usage}`) },
    { key: "type", title: t("list.column.type"), sort: "type", cell: (row) => tOr(`type.${row.type}`, row.type) },
    { key: "key-type", title: t("list.column.key-type"), sort: "key-type", cell: (row) => row.key_type },
    { key: "distribution", title: t("list.column.distribution"), sort: "distribution", cell: (row) => tOr(`distribution.${row.distribution}`, row.distribution) },
    { key: "issuer", title: t("list.column.issuer"), sort: "issuer", cell: (row) => <span title={shown(row.issuer)}>{nameOf(row.issuer)}</span> },
    { key: "expires", title: t("list.column.expires"), sort: "expires", cell: (row) => <Expiration row={row} /> },
    { key: "description", title: t("list.column.description"), sort: "description", wide: true, cell: (row) => <Description text={say(row.description)} /> },
  ];
}

function rowKey(row: Row): string {
  return `${row.usage}/${row.unit}/${row.scope}/${row.name}`;
}

/* ---- what is above and below them ---- */

function QuickFilters({ asked }: { asked: Asked }) {
  return (
    <nav class="quick" aria-label={t("list.quick")}>
      {quickFilters().map((one) => (
        <a key={one.name} href={listHref(withQuick(asked, one))} aria-current={isQuick(asked, one) ? "true" : undefined}>
          {t(`list.quick.${one.name}`)}
        </a>
      ))}
    </nav>
  );
}

/* A page that was loaded, and what it is. */
interface Shown {
  answer: Answer<Row>;
  asked: Asked;
  trail: Trail | null;
}

/* "100,018": as both languages write it, without the milliseconds that making a formatter takes. */
function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

function rowsText({ answer, asked, trail }: Shown): string {
  const n = answer.items.length;
  if (n === 0) return t("list.rows.none");
  if (asked.cursor && !trail) return t("list.rows.some", { n });
  const before = asked.cursor ? trail!.rows : 0;
  const values = { from: grouped(before + 1), to: grouped(before + n) };
  /* Nobody counts what conditions fulfil, but the last page tells. */
  const total = answer.total ?? (answer.next ? null : before + n);
  return total === null ? t("list.rows", values) : t("list.rows.of", { ...values, total: grouped(total) });
}

function PageLink({ text, to, trail }: { text: string; to: Asked | null; trail: Trail | null }) {
  if (!to)
    return (
      <a class="button" role="link" aria-disabled="true">
        {text}
      </a>
    );
  const href = listHref(to);
  const follow = (e: MouseEvent) => {
    if (e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    go(href, { state: trail && { trail } });
  };
  return (
    <a class="button" href={href} onClick={follow}>
      {text}
    </a>
  );
}

/* The page before is known to who has come from there; a link into the middle leads on, and to the first. */
function Pager({ shown, label }: { shown: Shown; label: string }) {
  const { answer, asked, trail } = shown;
  const known = trail ?? (asked.cursor ? null : { before: [], rows: 0 });
  const last = trail?.before.at(-1);
  const previous = last ? { ...asked, cursor: last.cursor } : null;
  const before = last ? { before: trail!.before.slice(0, -1), rows: last.rows } : null;
  const next = answer.next ? { ...asked, cursor: answer.next } : null;
  const after = known && { before: [...known.before, { cursor: asked.cursor, rows: known.rows }], rows: known.rows + answer.items.length };
  return (
    <nav class="pager" aria-label={label}>
      <PageLink text={t("list.first")} to={asked.cursor ? { ...asked, cursor: "" } : null} trail={null} />
      <PageLink text={t("list.previous")} to={previous} trail={before} />
      <PageLink text={t("list.next")} to={next} trail={after} />
    </nav>
  );
}

function PerPage({ asked }: { asked: Asked }) {
  const choices = LIMITS.includes(asked.limit) ? LIMITS : [...LIMITS, asked.limit];
  return (
    <label class="per-page">
      <span>{t("list.per-page")}</span>
      <select value={asked.limit} onChange={(e) => go(listHref({ ...asked, limit: e.currentTarget.value, cursor: "" }), { replace: true })}>
        {choices.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

/* ---- nothing found ---- */

function conditionText(text: string): string {
  const c = readCondition(text);
  if (!c) return text;
  const column = t(`list.column.${c.column}`);
  if (c.operator === "empty") return t("list.condition.empty", { column });
  return t("list.condition", { column, operator: t(`list.operator.${c.operator}`), value: tOr(`${c.column}.${c.value}`, c.value) });
}

function Empty({ asked, stopped, onClear }: { asked: Asked; stopped: boolean; onClear: () => void }) {
  if (stopped) return <p>{t("list.empty.stopped")}</p>;
  const where = asked.where.map(conditionText);
  const besides = [
    ...(asked.usage ? [t("list.condition.usage", { value: tOr(`usage.${asked.usage}`, asked.usage) })] : []),
    ...(asked.node ? [t("list.condition.node", { value: asked.node })] : []),
  ];
  if (where.length + besides.length === 0) return <p>{t(asked.cursor ? "list.empty.page" : "list.empty")}</p>;
  const [and, or] = [t("list.condition.and"), t("list.condition.or")];
  return (
    <>
      <p>{t("list.empty.where")}</p>
      <ul class="empty-conditions">
        {[...where, ...besides].map((one, i) => (
          <li key={i}>
            {i > 0 && <span class="muted">{asked.any && i < where.length ? or : and} </span>}
            {one}
          </li>
        ))}
      </ul>
      <button type="button" onClick={onClear}>
        {t("list.find.clear")}
      </button>
    </>
  );
}

/* ---- the page ---- */

function Actions() {
  return (
    <>
      <TaskLink href="/upload">
        {t("list.upload")}
      </TaskLink>
      <TaskLink href="/generate-csr">
        {t("list.generate-csr")}
      </TaskLink>
      <TaskLink href="/generate-self-signed">
        {t("list.generate-self-signed")}
      </TaskLink>
    </>
  );
}

function Problem({ problem, asked, retry }: { problem: ProblemBody; asked: Asked; retry: () => void }) {
  const first = { ...asked, cursor: "", ...(problem.field === "limit" && { limit: USUAL_LIMIT }) };
  return (
    <>
      <ProblemNotice problem={problem} retry={problem.status >= 500 || problem.status === 0 ? retry : undefined} />
      {asked.cursor && (
        <p>
          <a href={listHref(first)}>{t("list.first")}</a>
        </p>
      )}
    </>
  );
}

/* On a phone's width, where the table has no headings to click. */
function SortChoice({ asked, columns, onSort }: { asked: Asked; columns: Column<Row>[]; onSort: (sort: string) => void }) {
  return (
    <label class="sort-choice">
      <span>{t("list.sort")}</span>
      <select value={asked.sort} onChange={(e) => onSort(e.currentTarget.value)}>
        {columns.flatMap(({ sort, title }) => [
          <option key={sort} value={sort}>
            {t("list.sort.up", { column: title })}
          </option>,
          <option key={`-${sort}`} value={`-${sort}`}>
            {t("list.sort.down", { column: title })}
          </option>,
        ])}
      </select>
    </label>
  );
}

function Result({ shown, busy }: { shown: Shown; busy: boolean }) {
  const { answer, asked } = shown;
  const clear = () => go(listHref({ ...asked, where: [], any: false, usage: "", node: "", cursor: "" }));
  const sortBy = (sort: string) => go(listHref({ ...asked, sort, cursor: "" }), { replace: true });
  const stopped = !!answer.notice && !!answer.next;
  const columns = columnsOf();
  return (
    <div class="cert-list" aria-busy={busy}>
      <div class="list-bar">
        <p role="status">{rowsText(shown)}</p>
        <Pager shown={shown} label={t("list.pages")} />
        <SortChoice asked={asked} columns={columns} onSort={sortBy} />
        <PerPage asked={asked} />
      </div>
      {answer.notice && <Notice kind="note" title={say(answer.notice)} live />}
      <Table
        caption={t("list.caption")}
        columns={columns}
        rows={answer.items}
        rowKey={rowKey}
        sort={asked.sort}
        onSort={sortBy}
        empty={<Empty asked={asked} stopped={stopped} onClear={clear} />}
      />
      {answer.items.length > 10 && (
        <div class="list-bar">
          <Pager shown={shown} label={t("list.pages.below")} />
        </div>
      )}
    </div>
  );
}

export function ListPage({ query }: PageProps) {
  const { state } = usePlace();
  const asked = askedOf(query);
  const nodes = useLoad<{ items: NodeRow[] }>("/nodes");
  const { data, problem, fresh, reload } = useLoad<Answer<Row>>("/certificates", listQuery(asked));
  const address = listHref(asked);
  /* While the next page is under way the present one stays, as what it is. */
  const page = useRef<Shown | null>(null);
  const loaded = useMemo(() => (fresh && data && !problem ? { answer: data, asked, trail: trailOf(state) } : null), [fresh, data, problem, address, state]);
  if (loaded) page.current = loaded;
  /* Rows are compared with what is on the screen only when there are others, or in another language: this page is drawn again at every heartbeat. */
  const result = useMemo(() => page.current && <Result shown={page.current} busy={!fresh} />, [page.current, fresh, language.get()]);
  useEffect(() => {
    if (fresh && data) restoreScroll();
  }, [fresh, data]);
  useEffect(() => rememberList(address), [address]);

  const find = (next: Asked) => {
    const to = listHref(next);
    if (to === location.pathname + location.search) reload();
    else go(to);
  };
  const here = nodes.data?.items.find((one) => one.name === asked.node);
  return (
    <Page
      title={t("list.title")}
      lead={asked.node ? t("list.lead.node", { node: here?.fqdn || asked.node }) : t("list.lead")}
      actions={<Actions />}
      command={listCommand(asked)}
    >
      <div class="find-area">
        <QuickFilters asked={asked} />
        <FindRow asked={asked} problem={problem} nodes={nodes.data?.items ?? []} onFind={find} />
      </div>
      {problem && problem.field !== "where" && <Problem problem={problem} asked={asked} retry={reload} />}
      {!problem && (result ?? <Patience />)}
    </Page>
  );
}
