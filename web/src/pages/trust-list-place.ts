/* Which version of which trust list a page is about, as its address says; and how a version is named. */
import { path, query as queryText } from "../base/api";
import { shown } from "../base/names";
import type { ListName, ListVersion } from "../base/types";
import type { PageProps } from "./routes";

export interface Which {
  list: ListName;
  /* As in the address: "" for the node that one is looking at, and for the present version. */
  node: string;
  version: string;
  compare: string;
  /* How many versions of the history are shown. */
  history: number;
}

const HISTORY = 10;
export const HISTORY_MAX = 1000;

export function whichOf({ params, query }: PageProps): Which {
  const asked = Number(query.get("history"));
  return {
    list: params.list!.toUpperCase() as ListName,
    node: query.get("node") ?? "",
    version: query.get("version") ?? "",
    compare: query.get("compare") ?? "",
    history: Number.isInteger(asked) && asked > 0 ? Math.min(asked, HISTORY_MAX) : HISTORY,
  };
}

/* The address of the same page with something else. */
export function withWhich(w: Which, other: Partial<Which>): string {
  const { list, history, ...values } = { ...w, ...other };
  return `/lists/${encodeURIComponent(list.toLowerCase())}${queryText({ ...values, history: history === HISTORY ? "" : history })}`;
}

export function whereOf({ list, node }: Which, version: string): [string, { node: string; version: string }] {
  return [path("lists", list), { node, version }];
}

const SHORT = 16;

/* Enough of it to tell it apart, and to name it to the command line. */
export function shortVersion(version: string): string {
  return version.slice(0, SHORT);
}

export function signerText({ signer }: ListVersion): string {
  return signer.purpose ?? shown(signer.subject);
}
