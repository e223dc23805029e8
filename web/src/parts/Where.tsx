/* The fields that say where a task happens: at which node, for which purpose. */
import { say, t } from "../base/text";
import type { NodeRow, Purpose } from "../base/types";
import { SelectField } from "./Field";
import { nodeState } from "./NodeMark";
import { Notice } from "./Notice";

/* value: "" is the node that one is looking at. Nothing where there is only one. */
export function NodeField({ nodes, value, onValue, help }: { nodes: NodeRow[]; value: string; onValue: (node: string) => void; help?: string }) {
  const members = nodes.filter((one) => one.state !== "joining").map((one) => ({ value: one.this ? "" : one.name, text: one.fqdn || one.name }));
  /* An address may name the node that one is looking at, or one that there is not: what is wrong with that is said here. */
  const chosen = nodes.some((one) => one.this && one.name === value) ? "" : value;
  const known = nodes.length === 0 || members.some((one) => one.value === chosen);
  const choices = known ? members : [...members, { value: chosen, text: chosen }];
  if (choices.length < 2) return null;
  return <SelectField name="node" label={t("task.node")} help={help} value={chosen} onValue={onValue} choices={choices} />;
}

/* A task for a node that does not answer now is no failure, but nothing that happens at once either. */
export function Away({ nodes, value }: { nodes: NodeRow[]; value: string }) {
  const node = nodes.find((one) => one.name === value && !one.this);
  if (!node || node.state === "up" || node.state === "behind" || node.state === "joining") return null;
  return (
    <Notice kind="warn" title={t("task.away", { node: node.name, state: nodeState(node) })} live>
      <p>{t("task.away.hint")}</p>
    </Notice>
  );
}

export function PurposeField({ purposes, value, onValue, help }: { purposes: Purpose[]; value: string; onValue: (purpose: string) => void; help?: string }) {
  const choices = purposes.map((one) => ({ value: one.name, text: `${one.name}: ${say(one.title)}` }));
  const known = !value || purposes.some((one) => one.name === value);
  return (
    <SelectField
      name="purpose"
      label={t("task.purpose")}
      help={help}
      value={value}
      onValue={onValue}
      choices={[...(value ? [] : [{ value: "", text: t("task.purpose.choose") }]), ...(known ? [] : [{ value, text: value }]), ...choices]}
    />
  );
}
