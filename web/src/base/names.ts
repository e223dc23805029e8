/* Addresses and names of things, made in one place. */
import { query } from "./api";
import { shown } from "./text";
import type { ListName, Row } from "./types";

export { shown };

function at(...segments: string[]): string {
  return "/" + segments.map(encodeURIComponent).join("/");
}

/* node: whose, where it is not plain; of trust certificates only where they count on one node. */
export function ownHref(purpose: string, node?: string | null, task?: string): string {
  return at("certificates", "own", purpose, ...(task ? [task] : [])) + query({ node });
}

export function trustHref(store: string, name: string, node?: string | null, task?: string): string {
  return at("certificates", "trust", store, name, ...(task ? [task] : [])) + query({ node });
}

export function rowHref(row: Pick<Row, "usage" | "unit" | "name" | "scope" | "node">): string {
  if (row.usage === "own") return ownHref(row.unit, row.node);
  return trustHref(row.unit, row.name, row.scope === "cluster" ? null : row.scope);
}

export function csrHref(purpose: string, node?: string | null, task?: string): string {
  return at("csrs", purpose, ...(task ? [task] : [])) + query({ node });
}

export function jobHref(id: string): string {
  return at("jobs", id);
}

export function changeHref(number: number): string {
  return `/changes/${number}`;
}

/* version: one that was published, where it is not the present one. */
export function listHref(list: ListName, version?: string | null): string {
  return at("lists", list.toLowerCase()) + query({ version });
}

export function phoneHref(device: string): string {
  return at("phones", device);
}

export function settingHref(name: string): string {
  return at("settings", name);
}

/* An "object" of the log ("own/NODE/PURPOSE", "trust/STORE/NAME", "csr/NODE/PURPOSE", "node/NAME", "job/ID", "list/LIST", "setting/NAME"): where it is shown, or null. */
export function objectHref(object: string): string | null {
  const [kind, first, ...rest] = object.split("/");
  const second = rest.join("/");
  if (!first) return null;
  if (kind === "own" && second) return ownHref(second, first);
  if (kind === "csr" && second) return csrHref(second, first);
  if (kind === "trust" && second) return trustHref(first, second);
  if (kind === "node") return "/cluster";
  if (kind === "job") return jobHref(first);
  if (kind === "list") return listHref(first as ListName);
  if (kind === "setting") return "/settings";
  return null;
}

/* What an object of the log is called: "tomcat (cucm-pub)", "tomcat-trust/NAME", the name of a node. */
export function objectName(object: string): string {
  const [kind, first, ...rest] = object.split("/");
  const second = rest.join("/");
  if (!first) return object;
  if (kind === "trust") return `${first}/${second}`;
  return second ? `${second} (${first})` : first;
}

/* "rsa-2048" and "ec-p384" as people write them: "RSA 2048", "EC P-384". */
export function keyText(key: string): string {
  const [, kind, size] = /^(rsa|ec)-(p?\d+)$/.exec(key) ?? [];
  if (!kind || !size) return key;
  return kind === "rsa" ? `RSA ${size}` : `EC P-${size.slice(1)}`;
}

/* The common name in a subject or issuer as the API writes it ("O=Example,CN=Example Root CA"), or all of it when it has none. */
export function nameOf(distinguished: string): string {
  const found = [...distinguished.matchAll(/(?:^|[,+])CN=((?:\\.|[^,+\\])*)/g)].pop()?.[1];
  return shown(found ? found.replace(/\\([0-9A-F]{2}|.)/g, (_, one: string) => (one.length === 2 ? String.fromCharCode(parseInt(one, 16)) : one)) : distinguished);
}
