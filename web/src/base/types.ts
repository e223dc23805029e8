/* The JSON of the API, as docs/api.md describes it: what the console uses of it. */

export type Weight = "note" | "warn" | "danger" | "refused";
export type State = "valid" | "expiring" | "expired" | "not-yet-valid" | "malformed";

export interface Page<T> {
  items: T[];
  next: string | null;
  total?: number | null;
  notice?: string;
}

export interface Finding {
  weight: Weight;
  code: string;
  message: string;
  hint: string | null;
  /* Of the overview: what it is about, the first of so many. */
  object?: string;
  count?: number;
}

export interface Followup {
  id?: string;
  kind: string;
  target: string;
  text: string;
  /* Who has to do it, where the kind does not say so. */
  node?: string;
  open?: boolean;
}

/* One that is still to be done, as GET /followups lists it. */
export interface OpenFollowup extends Required<Omit<Followup, "open">> {
  node: string;
  since: string;
  number: number;
  changes: number;
}

/* A row of the certificate list. */
export interface Row {
  usage: "own" | "trust";
  unit: string;
  name: string;
  scope: string;
  node?: string;
  common_name: string | null;
  subject: string;
  issuer: string;
  serial: string;
  fingerprint: string;
  type: "self-signed" | "ca-signed";
  key_type: string;
  distribution: string;
  not_before: string;
  not_after: string;
  state: State;
  description: string;
}

export interface Extension {
  oid: string;
  name: string;
  critical: boolean;
  text: string;
}

/* A decoded certificate. */
export interface Report {
  common_name: string | null;
  subject: string;
  issuer: string;
  serial: string;
  fingerprint_sha256: string;
  fingerprint_sha1: string;
  version: number;
  not_before: string;
  not_after: string;
  state: State;
  key_type: string;
  key_id: string;
  signature_algorithm: string;
  self_signed: boolean;
  ca: boolean;
  path_length: number | null;
  key_usage: string[];
  extended_key_usage: string[];
  subject_alt_names: string[];
  subject_key_id: string | null;
  authority_key_id: string | null;
  extensions: Extension[];
  pem: string;
}

export interface RequestReport {
  subject: string;
  key_type: string;
  key_id: string;
  signature_algorithm: string;
  key_usage: string[];
  extended_key_usage: string[];
  subject_alt_names: string[];
  ca: boolean;
  extensions: Extension[];
  pem: string;
}

export interface ChainLink {
  label: string;
  subject: string;
  fingerprint: string;
  state: State;
  /* "ok", or what is wrong at this one. */
  link: string;
  not_after: string;
  in_store: string | null;
}

export interface Missing {
  subject: string;
  key_id: string | null;
  store?: string;
}

export interface Detail extends Row {
  certificate: Report;
  chain: ChainLink[];
  chain_complete: boolean;
  missing: Missing | null;
  chain_reason: string;
  key?: { id: string; present: boolean | null; type: string };
  /* Of identity certificates. */
  used_by?: string[];
  also_in: { unit: string; name: string; distribution: string }[];
  pending_csr?: boolean;
  changes: { number: number; at: string; who: string; task: string; summary: string; undone_by: number | null }[];
}

export interface Purpose {
  name: string;
  title: string;
  distribution: ("node" | "multi")[];
  key_usage: string[];
  extended_key_usage: string[];
  key_types: string[];
  default_key: string;
  /* Can a CA sign it? The others are always self-signed. */
  requestable: boolean;
  years: number;
  roles: string[];
  trust_stores: string[];
  services: string[];
}

export interface TrustStore {
  name: string;
  holds: string;
  scope: "cluster" | "node";
  delete: "cluster" | "scope";
  phones: boolean;
  roles: string[];
  services: string[];
  count: number;
}

export interface Csr {
  purpose: string;
  unit: string;
  name: string;
  common_name: string | null;
  key_type: string;
  key_id: string;
  distribution: string;
  created_at: string;
  subject_alt_names: string[];
  request?: RequestReport;
}

/* What a step finds or leaves: a certificate, or what a request asks for. Only what is known. */
export interface StepSide {
  common_name?: string | null;
  subject?: string;
  issuer?: string;
  fingerprint?: string;
  serial?: string;
  type?: string;
  key_type?: string;
  hash?: string;
  not_before?: string;
  not_after?: string;
  subject_alt_names?: string[];
  key_usage?: string[];
  extended_key_usage?: string[];
  distribution?: string;
}

export interface Step {
  type: string;
  text: string;
  before?: StepSide | null;
  after?: StepSide | null;
}

export interface Plan {
  dry_run: boolean;
  task: string;
  summary: string;
  base: number;
  plan: string;
  steps: Step[];
  findings: Finding[];
  followups: Followup[];
  worst: Weight;
}

export interface Effect {
  node: string;
  effect: string;
  state: "done" | "pending" | "failed";
  detail: string;
  at: string;
}

export interface ChangeRow {
  number: number;
  at: string;
  node?: string;
  who: string;
  why?: string | null;
  task: string;
  summary: string;
  undoable: boolean;
  undone_by: number | null;
}

export interface Change extends ChangeRow {
  node: string;
  why: string | null;
  steps: Step[];
  findings: Finding[];
  followups: Followup[];
  hash: string;
  previous_hash: string;
  undo_refused: string | null;
  undoes: number | null;
  effects: Effect[];
}

/* The answer of a task that was carried out (number is null when there was nothing to do). */
export interface Done extends Plan {
  number: number | null;
  at?: string;
  who?: string;
  job?: string;
  secret?: string;
  effects?: Effect[];
}

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  field?: string;
  hint?: string;
  plan?: Plan;
}

export interface SelfCheck {
  listener: string;
  key_type: string;
  fingerprint: string;
  matches: boolean;
  checked_at: string;
  detail: string | null;
}

export interface Status {
  node: string;
  fqdn: string;
  domain: string;
  roles: string[];
  version: string;
  head: number;
  started_at: string;
  read_only: boolean;
  read_only_reason: string | null;
  ports: Record<string, number>;
  self_check: SelfCheck[];
  change_log: string | null;
}

export interface Session {
  account: string;
  csrf: string;
  node: string;
  fqdn: string;
  idle_seconds: number;
  ends_at: string;
}

export interface NodeRow {
  name: string;
  fqdn: string;
  domain: string;
  roles: string[];
  guid: string;
  fingerprint: string | null;
  this: boolean;
  state: "up" | "behind" | "halted" | "unreachable" | "joining" | "unknown";
  reason: string | null;
  version: string | null;
  last_contact: string | null;
  number: number | null;
  behind: number | null;
  https: string | null;
  expires?: string;
  findings: Finding[];
}

export interface Cluster {
  store: "sqlite" | "postgresql";
  where: string | null;
  reachable: boolean;
  reason: string | null;
  head: number | null;
  number: number;
  behind: number | null;
  state: "single" | "following" | "catching-up" | "unreachable" | "halted" | "removed";
  epoch: number;
}

export interface Job {
  id: string;
  node: string;
  task: string;
  summary: string;
  who: string;
  why: string | null;
  state: "waiting" | "running" | "done" | "failed" | "expired";
  detail: string | null;
  created_at: string;
  deadline: string;
  number: number | null;
  answer: number | null;
  arguments?: Record<string, unknown>;
}

export interface DiagnosisStep {
  step: "known" | "named" | "reachable" | "present" | "same" | "sync" | "web" | "exchange";
  state: "ok" | "found" | "repaired" | "failed" | "skipped";
  detail: string;
  hint: string | null;
}

export interface Diagnosis {
  items: { node: string; ok: boolean; steps: DiagnosisStep[] }[];
  ok: boolean;
}

export interface Authz {
  signing: { checksum: string; fingerprint: string; not_after: string };
  encryption: { checksum: string };
}

export interface Comparison {
  items: { peer: string; state: "equal" | "differs" | "failed"; signing: boolean | null; encryption: boolean | null; detail: string | null; hint: string | null }[];
  equal: boolean;
}

export interface Overview {
  at: string;
  certificates: { total: number; own: number; trust: number; states: Record<State, number>; own_states: Record<State, number> };
  timeline: { from: string | null; to: string | null; own: number; trust: number }[];
  soon: Row[];
  csrs: number;
  followups: number;
  findings: Finding[];
}

export interface InspectedCertificate {
  fingerprint: string;
  subject: string;
  issuer: string;
  common_name: string | null;
  not_after: string;
  is_ca: boolean;
  self_signed: boolean;
  key_type: string;
  state: State;
  report: Report | null;
  known_in: { unit: string; scope: string }[];
}

export type Proposal =
  | { usage: "own"; purpose: string; node: string; distribution: string; reason: string }
  | { usage: "trust"; store: string; reason: string };

/* pending: the request of this cluster that it is. */
export type InspectedRequest = Pick<RequestReport, "subject" | "key_type" | "key_id" | "subject_alt_names"> & { pending: { purpose: string; node: string } | null };

export interface Inspection {
  certificates: InspectedCertificate[];
  requests: InspectedRequest[];
  proposals: Proposal[];
  findings: Finding[];
}

export interface CsrDefaults {
  purpose: string;
  distribution: string;
  distributions: string[];
  common_name: string;
  subject_alt_names: string[];
  parent_domain: string;
  key: string;
  keys: string[];
  hash: string;
  hashes: string[];
}

export type * from "./list-types";
