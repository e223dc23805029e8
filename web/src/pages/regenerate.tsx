/* G1: a new key and a self-signed certificate for a purpose of a node, of the catalogue's length or another. */
import { useState } from "preact/hooks";
import { path } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { keyText, ownHref } from "../base/names";
import { findNode, ofNode } from "../base/purposes";
import { t } from "../base/text";
import type { NodeRow, Page as List, Purpose } from "../base/types";
import { SelectField, TextField } from "../parts/Field";
import { Show } from "../parts/Notice";
import { Page } from "../parts/Page";
import { Task, type TaskRequest } from "../parts/Task";
import { Away, NodeField, PurposeField } from "../parts/Where";
import type { PageProps } from "./routes";

interface Values {
  purpose: string;
  node: string;
  key: string;
  hash: string;
  years: string;
}

const FIELDS = ["purpose", "node", "key", "hash", "years"];
const HASHES = ["sha256", "sha384", "sha512"];

/* What was left at its default is not sent: the node knows it best. */
function requestOf(v: Values): TaskRequest | null {
  if (!v.purpose) return null;
  const json: Record<string, unknown> = {};
  if (v.key) json.key = v.key;
  if (v.hash) json.hash = v.hash;
  if (v.years.trim()) json.years = /^\d+$/.test(v.years.trim()) ? Number(v.years) : v.years;
  return { method: "POST", where: path("certificates", "own", v.purpose, "regenerate"), query: { node: v.node }, json };
}

function RegenerateForm({ purposes, nodes, values, onValues, fixed }: { purposes: Purpose[]; nodes: NodeRow[]; values: Values; onValues: (v: Values) => void; fixed: boolean }) {
  const set = (name: keyof Values) => (value: string) => onValues({ ...values, [name]: value });
  const purpose = purposes.find((one) => one.name === values.purpose);
  /* Another purpose may have other kinds of keys. */
  const choosePurpose = (name: string) => onValues({ ...values, purpose: name, key: "", hash: "" });
  return (
    <>
      {!fixed && <PurposeField purposes={ofNode(purposes, findNode(nodes, values.node))} value={values.purpose} onValue={choosePurpose} />}
      {!fixed && <NodeField nodes={nodes} value={values.node} onValue={set("node")} />}
      <Away nodes={nodes} value={values.node} />
      <SelectField
        name="key"
        label={t("task.key")}
        help={t("regenerate.key.help")}
        value={values.key}
        onValue={set("key")}
        choices={[{ value: "", text: t("regenerate.key.same") }, ...(purpose?.key_types ?? []).map((one) => ({ value: one, text: keyText(one) }))]}
      />
      <SelectField
        name="hash"
        label={t("task.hash")}
        value={values.hash}
        onValue={set("hash")}
        choices={[{ value: "", text: t("task.hash.usual") }, ...HASHES.map((one) => ({ value: one, text: one.toUpperCase() }))]}
      />
      <TextField
        name="years"
        label={t("regenerate.years")}
        help={purpose && t("regenerate.years.help", { n: purpose.years })}
        type="text"
        value={values.years}
        onValue={set("years")}
      />
    </>
  );
}

export function RegeneratePage({ params, query }: PageProps) {
  const fixed = !!params.purpose;
  const [values, setValues] = useState<Values>({ purpose: params.purpose ?? query.get("purpose") ?? "", node: query.get("node") ?? "", key: "", hash: "", years: "" });
  const purposes = useLoad<List<Purpose>>("/purposes");
  const nodes = useLoad<List<NodeRow>>("/nodes");
  const { purpose, node, key, hash, years } = values;
  const target = findNode(nodes.data?.items ?? [], node)?.name ?? node;
  return (
    <Page
      title={fixed ? t("regenerate.title", { purpose }) : t("regenerate.title.any")}
      lead={t("regenerate.lead")}
      crumbs={[
        { text: t("nav.certificates"), href: "/certificates" },
        ...(fixed ? [{ text: purpose, href: ownHref(purpose, node) }] : []),
      ]}
      command={purpose ? command("set cert regen", [purpose], { key, hash, years: years.trim(), node }) : null}
    >
      <Show of={purposes}>
        {(list) => (
          <Task
            request={requestOf(values)}
            incomplete={t("regenerate.incomplete")}
            action={purpose ? t("regenerate.action", { purpose, node: target }) : t("regenerate")}
            fields={FIELDS}
            cancel={fixed ? ownHref(purpose, node) : "/certificates"}
            form={<RegenerateForm purposes={list.items} nodes={nodes.data?.items ?? []} values={values} onValues={setValues} fixed={fixed} />}
          />
        )}
      </Show>
    </Page>
  );
}
