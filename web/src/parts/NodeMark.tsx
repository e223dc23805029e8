/* The state of a node, as a mark. */
import { tOr } from "../base/text";
import type { NodeRow } from "../base/types";
import { Mark, type Kind } from "./Mark";

const KINDS: Record<NodeRow["state"], Kind> = { up: "ok", behind: "wait", joining: "wait", unknown: "warn", unreachable: "danger", halted: "danger" };

export function nodeKind(state: NodeRow["state"]): Kind {
  return KINDS[state] ?? "note";
}

export function NodeMark({ state }: { state: NodeRow["state"] }) {
  return <Mark kind={nodeKind(state)}>{tOr(`node-state.${state}`, state)}</Mark>;
}
