/*
 * Tables: sticky header, sorting by its headings, rows that the arrow keys walk through. The first column's cell is the row's heading and
 * usually its link. On a phone's width each row folds to a block in which every value has its column's name.
 */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../base/text";

export interface Column<T> {
  key: string;
  title: string;
  cell: (row: T) => ComponentChildren;
  /* Given: the heading sorts by this key. */
  sort?: string;
  /* Narrow columns do not wrap. */
  tight?: boolean;
  /* Left out below this width: what can be seen in the details as well. */
  wide?: boolean;
}

interface Props<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /* "expires" or "-expires" */
  sort?: string;
  onSort?: (sort: string) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: Set<string>) => void;
  empty?: ComponentChildren;
}

function Heading<T>({ column, sort, onSort }: { column: Column<T>; sort: string | undefined; onSort: ((sort: string) => void) | undefined }) {
  if (!column.sort || !onSort) return <th scope="col">{column.title}</th>;
  const up = sort === column.sort;
  const down = sort === `-${column.sort}`;
  return (
    <th scope="col" aria-sort={up ? "ascending" : down ? "descending" : "none"}>
      <button type="button" class="sort" onClick={() => onSort(up ? `-${column.sort}` : column.sort!)}>
        {column.title}
        <span class="sort-sign" aria-hidden="true">
          {up ? "▲" : down ? "▼" : ""}
        </span>
      </button>
    </th>
  );
}

export function Table<T>({ caption, columns, rows, rowKey, sort, onSort, selected, onSelect, empty }: Props<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const walk = (e: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    const row = (e.target as Element).closest("tr");
    if (!by || !row || (e.target as Element).closest("select, textarea")) return;
    const next = by > 0 ? row.nextElementSibling : row.previousElementSibling;
    const target = next?.querySelector<HTMLElement>("a, button, input");
    if (!target) return;
    e.preventDefault();
    target.focus();
  };
  const choose = (key: string, on: boolean) => {
    const next = new Set(selected);
    if (on) next.add(key);
    else next.delete(key);
    onSelect!(next);
  };
  const all = rows.length > 0 && rows.every((row) => selected?.has(rowKey(row)));
  if (rows.length === 0 && empty) return <div class="empty">{empty}</div>;
  return (
    <div class="table-frame">
      <table>
        <caption class="sr-only">{caption}</caption>
        <thead>
          <tr>
            {onSelect && (
              <th scope="col" class="select">
                <input
                  type="checkbox"
                  aria-label={t("table.select-all")}
                  checked={all}
                  onChange={(e) => onSelect(e.currentTarget.checked ? new Set(rows.map(rowKey)) : new Set())}
                />
              </th>
            )}
            {columns.map((column) => (
              <Heading key={column.key} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={walk}>
          {rows.map((row) => {
            const key = rowKey(row);
            return (
              <tr key={key} class={selected?.has(key) ? "selected" : undefined}>
                {onSelect && (
                  <td class="select">
                    <input type="checkbox" aria-label={t("table.select-row", { name: key })} checked={selected?.has(key) ?? false} onChange={(e) => choose(key, e.currentTarget.checked)} />
                  </td>
                )}
                {columns.map((column, i) => {
                  const cls = [column.tight && "tight", column.wide && "wide"].filter(Boolean).join(" ") || undefined;
                  return i === 0 ? (
                    <th key={column.key} scope="row" class={cls}>
                      {column.cell(row)}
                    </th>
                  ) : (
                    <td key={column.key} class={cls} data-title={column.title}>
                      {column.cell(row)}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/* Names and values: the fields of one thing. */
export function Facts({ items }: { items: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? "—"}</dd>
        </div>
      ))}
    </dl>
  );
}
