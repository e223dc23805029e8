/* The log, newest first, to be searched. */
import { useEffect, useRef, useState } from "preact/hooks";
import { query as toQuery } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { changeHref, objectName } from "../base/names";
import { go } from "../base/route";
import { say, t, tOr } from "../base/text";
import type { ChangeRow, NodeRow, Page as List } from "../base/types";
import { Form, otherProblem, SelectField, TextField } from "../parts/Field";
import { Mark } from "../parts/Mark";
import { Notice, Show } from "../parts/Notice";
import { Page } from "../parts/Page";
import { Table, type Column } from "../parts/Table";
import { When } from "../parts/When";
import type { PageProps } from "./routes";

/* The filters, as the address and the API call them. */
const FILTERS = ["search", "who", "task", "node", "from", "to"] as const;
type Filters = Record<(typeof FILTERS)[number], string>;

const TASKS = [
  "install",
  "cert-regen",
  "csr-gen",
  "csr-delete",
  "import-own",
  "import-trust",
  "delete-trust",
  "ctl-mode",
  "ctl-update",
  "ctl-reset",
  "itl-reset",
  "itl-update",
  "setting-set",
  "undo",
  "followup-done",
  "key-purge",
  "encryption-regen",
  "account-password",
  "node-add",
  "node-join",
  "node-remove",
  "node-rename",
  "job-add",
  "job-answer",
];

const LIMIT = 50;
/* Typing should not ask for a list at each key. */
const SETTLE_MS = 300;

function filtersOf(query: URLSearchParams): Filters {
  return Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""])) as Filters;
}

/* The address of the same page with other filters, from the newest on. */
function address(filters: Filters, object: string | null, cursor?: string | null): string {
  return "/changes" + toQuery({ ...filters, object, cursor });
}

/* What is typed goes to the address when one has paused; what comes from there (Back, a link) goes to the fields. */
function useTyped(filters: Filters, object: string | null): [Filters, (name: keyof Filters) => (value: string) => void] {
  const [typed, setTyped] = useState(filters);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const shown = JSON.stringify(filters);
  /* What the fields themselves have sent there: typing has gone on since. */
  const sent = useRef(shown);
  useEffect(() => {
    if (shown === sent.current) return;
    sent.current = shown;
    clearTimeout(timer.current);
    setTyped(filters);
  }, [shown]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const set = (name: keyof Filters) => (value: string) => {
    const next = { ...typed, [name]: value };
    setTyped(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sent.current = JSON.stringify(next);
      go(address(next, object), { replace: true, keepScroll: true });
    }, SETTLE_MS);
  };
  return [typed, set];
}

/* One that the address names is among the choices even if the node does not know it (any more). */
function choices(values: string[], chosen: string, text: (value: string) => string) {
  const all = chosen && !values.includes(chosen) ? [...values, chosen] : values;
  return [{ value: "", text: t("changes.any") }, ...all.map((value) => ({ value, text: text(value) }))];
}

function Filter({ filters, object, nodes }: { filters: Filters; object: string | null; nodes: NodeRow[] }) {
  const [typed, set] = useTyped(filters, object);
  const any = FILTERS.some((name) => filters[name]) || object;
  const names = nodes.filter((node) => node.state !== "joining").map((node) => node.name);
  return (
    <form class="filter panel" role="search" onSubmit={(e) => e.preventDefault()}>
      <TextField name="search" type="search" label={t("changes.search")} help={t("changes.search.help")} value={typed.search} onValue={set("search")} />
      <TextField name="who" label={t("changes.who")} value={typed.who} onValue={set("who")} />
      <SelectField name="task" label={t("changes.task")} value={typed.task} onValue={set("task")} choices={choices(TASKS, typed.task, (one) => tOr(`task.${one}`, one))} />
      {(names.length > 1 || filters.node) && <SelectField name="node" label={t("changes.node")} value={typed.node} onValue={set("node")} choices={choices(names, typed.node, (one) => one)} />}
      <TextField name="from" type="date" label={t("changes.from")} value={typed.from} onValue={set("from")} />
      <TextField name="to" type="date" label={t("changes.to")} value={typed.to} onValue={set("to")} />
      {any && (
        <a class="button" href="/changes">
          {t("changes.clear")}
        </a>
      )}
    </form>
  );
}

function What({ row }: { row: ChangeRow }) {
  return (
    <>
      <a href={changeHref(row.number)}>{say(row.summary)}</a>
      {row.undone_by !== null && (
        <p>
          <Mark kind="note">
            <a href={changeHref(row.undone_by)}>{t("changes.undone", { number: row.undone_by })}</a>
          </Mark>
        </p>
      )}
      {row.why && <p class="muted">{t("changes.why", { why: row.why })}</p>}
    </>
  );
}

function columns(several: boolean): Column<ChangeRow>[] {
  const node: Column<ChangeRow> = { key: "node", title: t("changes.node"), cell: (row) => row.node ?? "—", tight: true };
  return [
    { key: "what", title: t("changes.what"), cell: (row) => <What row={row} /> },
    { key: "number", title: t("changes.number"), cell: (row) => row.number, tight: true },
    { key: "when", title: t("changes.when"), cell: (row) => <When at={row.at} />, tight: true },
    { key: "by", title: t("changes.by"), cell: (row) => row.who, tight: true },
    ...(several ? [node] : []),
    {
      key: "undo",
      title: t("changes.undo"),
      cell: (row) =>
        row.undoable && (
          <a href={`${changeHref(row.number)}/undo`} aria-label={t("changes.undo-of", { number: row.number })}>
            {t("changes.undo")}
          </a>
        ),
      tight: true,
    },
  ];
}

export function ChangesPage({ query }: PageProps) {
  const filters = filtersOf(query);
  const object = query.get("object");
  const cursor = query.get("cursor");
  const nodes = useLoad<List<NodeRow>>("/nodes").data?.items ?? [];
  const changes = useLoad<List<ChangeRow>>("/changes", { ...filters, object, cursor, limit: LIMIT });
  return (
    <Page title={t("changes.title")} lead={t("changes.lead")} command={command("show change list", [], { ...filters, object })}>
      <Form.Provider value={changes.problem}>
        <Filter filters={filters} object={object} nodes={nodes} />
      </Form.Provider>
      {object && <p>{t("changes.object", { object: objectName(object) })}</p>}
      <Show of={{ ...changes, problem: otherProblem(changes.problem, [...FILTERS]) }}>
        {(list) => (
          <div class="log" aria-busy={!changes.fresh}>
            {list.notice && <Notice kind="note">{say(list.notice)}</Notice>}
            <Table caption={t("changes.title")} columns={columns(nodes.length > 1)} rows={list.items} rowKey={(row) => String(row.number)} empty={t("changes.none")} />
            <nav class="buttons" aria-label={t("changes.older")}>
              {cursor && (
                <a class="button" href={address(filters, object)}>
                  {t("changes.newest")}
                </a>
              )}
              {list.next && (
                <a class="button" href={address(filters, object, list.next)}>
                  {t("changes.older")}
                </a>
              )}
            </nav>
          </div>
        )}
      </Show>
    </Page>
  );
}
