/* The JSON of the API about trust lists, phones and settings, as docs/api.md describes it. */
import type { Finding, State } from "./types";

/* ---- trust lists ---- */

export type ListName = "CTL" | "ITL";

/* A list that was published. */
export interface ListVersion {
  version: string;
  /* The change that led to it. */
  number: number | null;
  at: string;
  size: number;
  records: number;
  signer: { subject: string; fingerprint: string | null; purpose: string | null };
  current: boolean;
}

export interface ListCertificate {
  fingerprint: string;
  sha1: string;
  subject: string;
  issuer: string;
  serial: string;
  not_before: string;
  not_after: string;
  state: State;
  key_type: string;
  common_name: string | null;
}

export interface ListElement {
  offset: number;
  tag: number;
  name: string | null;
  length: number;
  text: string | null;
  hex: string;
}

export interface ListRecord {
  number: number;
  offset: number;
  length: number;
  dns: string | null;
  subject: string | null;
  issuer: string | null;
  serial: string | null;
  role: { code: number; name: string | null } | null;
  address: string | null;
  signer: boolean;
  /* null: an empty record. */
  certificate: ListCertificate | null;
  elements?: ListElement[];
}

export interface ListSigner {
  subject: string | null;
  issuer: string | null;
  serial: string | null;
}

/* What publishing a list anew would change. */
export interface ListDiff {
  same: boolean;
  /* The same things, written in another way. */
  form: boolean;
  signer: { old: ListSigner; new: ListSigner } | null;
  added: ListRecord[];
  removed: ListRecord[];
  roles: { certificate: ListCertificate; old: string[]; new: string[] }[];
  moved: { old: ListRecord; new: ListRecord }[];
  header: { field: string; old: string | number | null; new: string | number | null }[];
}

export interface PhoneCounts {
  known: number;
  current: number;
  older: number;
  never: number;
}

/* A list at a glance. */
export interface ListState {
  list: ListName;
  node: string;
  this: boolean;
  published: ListVersion | null;
  due: boolean;
  diff: ListDiff | null;
  signer: { purpose: string; fingerprint: string } | null;
  accepted: { path: "first" | "list" | "tftp" | "tvs" | "refused"; text: string } | null;
  findings: Finding[];
  phones: PhoneCounts | null;
}

export interface Lists {
  mode: "non-secure" | "mixed";
  lists: ListState[];
}

/* All of a list. */
export interface TrustList {
  list: ListName;
  node: string;
  version: ListVersion;
  size: number;
  md5: string;
  sha1: string;
  sha256: string;
  header: {
    version: string;
    length: number;
    signer_version: string | null;
    signer: ListSigner;
    digest: string | null;
    modulus_bits: number | null;
    file_name: string | null;
    time: string | null;
    elements: ListElement[];
  };
  signature: { valid: boolean; reason: string | null };
  records: ListRecord[];
  findings: Finding[];
}

/* ---- phones and settings ---- */

export interface HeldList {
  version: string;
  at: string;
  current: boolean;
}

export interface FetchedFile {
  file: string;
  at: string;
}

export interface Phone {
  device: string;
  address: string;
  via: "tftp" | "http" | "https";
  first_seen: string;
  last_seen: string;
  itl: HeldList | null;
  ctl: HeldList | null;
  config: FetchedFile | null;
  missed: FetchedFile | null;
  lists?: { list: ListName; version: string; first: string; last: string }[];
}

export interface Setting {
  name: string;
  value: string;
  default: string;
  values: { value: string; text: string }[];
  about: string;
  /* The command that changes it, where it is not for "set setting". */
  by: string | null;
}
