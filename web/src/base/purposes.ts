/* Which purposes and stores a node has: those of its roles. */
import type { NodeRow } from "./types";

/* A node is named as the API's parameter has it: "" is the one that answers. */
export function findNode(nodes: NodeRow[], name: string): NodeRow | undefined {
  return nodes.find((one) => (name ? one.name === name : one.this));
}

/* All of them when the node is not known: then the node itself says what it does not have. */
export function ofNode<T extends { roles: string[] }>(items: T[], node: NodeRow | undefined): T[] {
  return node ? items.filter((one) => one.roles.some((role) => node.roles.includes(role))) : items;
}
