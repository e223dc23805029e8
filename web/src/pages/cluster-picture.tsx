/* How far each node has come, drawn: the newest changes as boxes, filled where the node has them. The table below it says the same in figures. */
import { t } from "../base/text";
import type { NodeRow } from "../base/types";
import { nodeState } from "../parts/NodeMark";

const SHOWN = 24;
const BOX = 16;
const GAP = 3;
const ROW = 28;
const LABEL = 200;
const NOTE = 150;

function Track({ node, first, head, y }: { node: NodeRow; first: number; head: number; y: number }) {
  const have = node.number ?? 0;
  const boxes = [];
  for (let number = first; number <= head; number++) {
    const x = LABEL + (number - first) * (BOX + GAP);
    boxes.push(<rect key={number} x={x} y={y} width={BOX} height={BOX} rx="2" class={number <= have ? "has" : "lacks"} />);
  }
  const end = LABEL + (head - first + 1) * (BOX + GAP) + 8;
  const state = node.behind ? t("cluster.behind", { n: node.behind }) : nodeState(node);
  return (
    <g class={`track ${node.state}`}>
      <text x="0" y={y + 13} class="track-name">
        {node.name}
      </text>
      {boxes}
      <text x={end} y={y + 13} class="track-state">
        {state}
      </text>
    </g>
  );
}

export function Progress({ nodes, head }: { nodes: NodeRow[]; head: number }) {
  const first = Math.max(1, head - SHOWN + 1);
  const members = nodes.filter((node) => node.state !== "joining");
  const width = LABEL + SHOWN * (BOX + GAP) + NOTE;
  const height = members.length * ROW + 24;
  /* On a phone it is wider than the window: the keyboard scrolls it when it has the focus. */
  return (
    <figure class="panel progress" tabIndex={0}>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={t("cluster.picture", { first, head })}>
        <text x={LABEL} y="12" class="track-state">
          {first}
        </text>
        <text x={LABEL + (head - first + 1) * (BOX + GAP)} y="12" class="track-state" text-anchor="end">
          {head > first ? head : ""}
        </text>
        {members.map((node, i) => (
          <Track key={node.name} node={node} first={first} head={head} y={20 + i * ROW} />
        ))}
      </svg>
      <figcaption class="muted">{t("cluster.picture.caption")}</figcaption>
    </figure>
  );
}
