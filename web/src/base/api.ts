/* Requests to the node's API. What goes wrong is an ApiError with the problem document of the answer. */
import { askSignIn, session } from "./session";
import { t } from "./text";
import type { ProblemBody, Session } from "./types";

export const API = "/api/v1";

export type Query = Record<string, string | number | boolean | null | undefined | string[]>;

export interface Options {
  query?: Query;
  json?: unknown;
  /* The body as it is: a file. */
  file?: Blob | null;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /* The console's own looking after news: does not keep the session alive. */
  background?: boolean;
}

export class ApiError extends Error {
  constructor(readonly problem: ProblemBody) {
    super(problem.detail);
  }
}

export function query(values: Query): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null || value === false || value === "") continue;
    if (Array.isArray(value)) for (const one of value) out.append(name, one);
    else out.set(name, value === true ? "1" : String(value));
  }
  const text = out.toString();
  return text ? `?${text}` : "";
}

/* A path of the API of segments that may hold any character. */
export function path(...segments: (string | number)[]): string {
  return "/" + segments.map((one) => encodeURIComponent(one)).join("/");
}

const SAFE = new Set(["GET", "HEAD"]);
/* Sign-in that is missing or over: others (a wrong password) are the caller's. */
const SIGNED_OUT = new Set(["no-session", "session-ended", "sign-in-needed"]);

async function problemOf(response: Response): Promise<ProblemBody> {
  try {
    const body = await response.json();
    if (typeof body.code === "string") return body;
  } catch {
    /* not JSON: something between the browser and the node answered */
  }
  return {
    type: "about:blank",
    title: response.statusText,
    status: response.status,
    code: "not-ours",
    detail: t("error.not-ours", { status: response.status }),
    hint: t("error.not-ours.hint"),
  };
}

function unreachable(): ApiError {
  return new ApiError({
    type: "about:blank",
    title: t("error.unreachable"),
    status: 0,
    code: "unreachable",
    detail: t("error.unreachable"),
    hint: t("error.unreachable.hint"),
  });
}

/* An answer that breaks off is as good as none. */
async function bodyOf<T>(response: Response, signal?: AbortSignal): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (e) {
    if (signal?.aborted) throw e;
    throw unreachable();
  }
}

async function once(method: string, url: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", "UCPKI-Console": options.background ? "background" : "1", ...options.headers };
  const csrf = session.get()?.csrf;
  if (!SAFE.has(method) && csrf) headers["UCPKI-CSRF"] = csrf;
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (options.signal) init.signal = options.signal;
  if (options.json !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(options.json);
  } else if (options.file) {
    headers["Content-Type"] = "application/octet-stream";
    init.body = options.file;
  }
  try {
    return await fetch(url, init);
  } catch (e) {
    if (options.signal?.aborted) throw e;
    throw unreachable();
  }
}

const RETRY_MS = 300;

/* The network of a computer comes and goes for moments: what only asks is asked once more before anybody is told. */
async function patiently(method: string, url: string, options: Options): Promise<Response> {
  try {
    return await once(method, url, options);
  } catch (e) {
    if (!SAFE.has(method) || !(e instanceof ApiError)) throw e;
  }
  await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  return once(method, url, options);
}

/* Has another tab signed in anew? The token of this one is that session's no more, and what was under way may have come with the former cookie. */
async function renewToken(): Promise<boolean> {
  const response = await once("GET", `${API}/session`, {});
  if (response.ok) session.set(await bodyOf<Session>(response));
  return response.ok;
}

/* Asks again with the session that another tab has begun, or after a sign-in; the former once. */
async function exchange(method: string, url: string, options: Options): Promise<Response> {
  let response = await patiently(method, url, options);
  let renewed = false;
  while (response.status === 401 || response.status === 403) {
    const problem = await problemOf(response);
    const over = response.status === 401 && SIGNED_OUT.has(problem.code) && !!session.get();
    if (!over && problem.code !== "csrf") throw new ApiError(problem);
    const found = !renewed && (await renewToken());
    renewed = true;
    if (!found && !(over && (await askSignIn()))) throw new ApiError(problem);
    response = await patiently(method, url, options);
  }
  if (!response.ok) throw new ApiError(await problemOf(response));
  return response;
}

/* The JSON of an answer; path is below /api/v1 and encoded (see path()). */
export async function request<T>(method: string, where: string, options: Options = {}): Promise<T> {
  const response = await exchange(method, API + where + query(options.query ?? {}), options);
  return response.status === 204 ? (null as T) : bodyOf<T>(response, options.signal);
}

export function get<T>(where: string, options: Options = {}): Promise<T> {
  return request<T>("GET", where, options);
}

/* ---- sign-in: not through exchange(), which would ask for a sign-in ---- */

export async function signIn(account: string, password: string): Promise<void> {
  const response = await once("POST", `${API}/session`, { json: { account, password } });
  if (!response.ok) throw new ApiError(await problemOf(response));
  session.set(await bodyOf<Session>(response));
}

/* Is there a session already? */
export async function findSession(): Promise<void> {
  const response = await once("GET", `${API}/session`, {});
  session.set(response.ok ? await bodyOf<Session>(response) : null);
}

/* Nobody is told that he is signed out while the node still has his session: it may be another tab's by now. One that has ended is over (401). */
export async function signOut(): Promise<void> {
  let response = await once("DELETE", `${API}/session`, {});
  if (response.status === 403) {
    await renewToken();
    response = await once("DELETE", `${API}/session`, {});
  }
  if (!response.ok && response.status !== 401) throw new ApiError(await problemOf(response));
  session.set(null);
}
