/* The state of a node, as a mark. */
import { t, tOr } from "../base/text";
import type { NodeRow } from "../base/types";
import { Mark, type Kind } from "./Mark";

const KINDS: Record<NodeRow["state"], Kind> = { up: "ok", behind: "wait", joining: "wait", unknown: "warn", unreachable: "danger", halted: "danger" };

export function nodeKind(state: NodeRow["state"]): Kind {
  return KINDS[state] ?? "note";
}

/* The node that one is looking at answers: what it does not reach is the store, where the others look for it. */
export function nodeState({ state, this: here }: Pick<NodeRow, "state" | "this">): string {
  return here && state === "unreachable" ? t("node-state.cut-off") : tOr(`node-state.${state}`, state);
}

export function NodeMark({ node }: { node: NodeRow }) {
  return <Mark kind={nodeKind(node.state)}>{nodeState(node)}</Mark>;
}
