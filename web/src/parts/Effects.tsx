/* How far the nodes have come with a change, and what it has caused on each: progress first, the record of it later. */
import { say, t, tOr } from "../base/text";
import type { Effect, NodeRow } from "../base/types";
import { Mark, type Kind } from "./Mark";
import { nodeKind } from "./NodeMark";
import { When } from "./When";

const KINDS: Record<Effect["state"], Kind> = { done: "ok", pending: "wait", failed: "danger" };

/* A node that may join follows nothing yet; what it has caused on one that has left is still told. */
function members(nodes: NodeRow[], effects: Effect[]): (NodeRow | string)[] {
  const here = nodes.filter((node) => node.state !== "joining");
  const gone = new Set(effects.map((one) => one.node).filter((name) => !here.some((node) => node.name === name)));
  return [...here, ...gone];
}

function has(node: NodeRow, number: number): boolean {
  return (node.number ?? 0) >= number;
}

/* Is there anything yet to come of it? */
export function isPending(number: number, nodes: NodeRow[], effects: Effect[]): boolean {
  return effects.some((one) => one.state !== "done") || nodes.some((node) => node.state !== "joining" && !has(node, number));
}

/* The state of a node that lacks the change says why. */
function Follows({ node, number }: { node: NodeRow; number: number }) {
  if (has(node, number)) return <Mark kind="ok">{t("change.has")}</Mark>;
  const up = node.state === "up" || node.state === "behind";
  return (
    <>
      <Mark kind={up ? "wait" : nodeKind(node.state)}>{node.behind ? t("change.waits", { n: node.behind }) : t("change.lacks")}</Mark>
      {!up && (
        <p class="muted">
          {tOr(`node-state.${node.state}`, node.state)}
          {node.reason && `: ${say(node.reason)}`}
        </p>
      )}
    </>
  );
}

function EffectLine({ effect }: { effect: Effect }) {
  return (
    <li>
      <Mark kind={KINDS[effect.state] ?? "note"}>
        {tOr(`effect.${effect.effect}`, effect.effect)}: {tOr(`effect.${effect.state}`, effect.state)}
      </Mark>
      <p class="muted">
        {say(effect.detail)} <When at={effect.at} />
      </p>
      {effect.state === "failed" && <p>{t("change.retry")}</p>}
    </li>
  );
}

export function Effects({ number, nodes, effects }: { number: number; nodes: NodeRow[]; effects: Effect[] }) {
  return (
    <ul class="effects panel" aria-live="polite">
      {members(nodes, effects).map((node) => {
        const name = typeof node === "string" ? node : node.name;
        const own = effects.filter((one) => one.node === name);
        return (
          <li key={name}>
            <div>
              <a href="/cluster">{name}</a>
            </div>
            <div>
              {typeof node === "string" ? <Mark kind="note">{t("change.gone")}</Mark> : <Follows node={node} number={number} />}
              {own.length > 0 && (
                <ul class="effect-list">
                  {own.map((one) => (
                    <EffectLine key={one.effect} effect={one} />
                  ))}
                </ul>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
