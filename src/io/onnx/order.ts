// The order in which the nodes of a graph can be read. Files may list them in any order; cycles, and names that are given twice or never, are damage.
import { ModelFormatError } from "../../tensor/errors.ts";
import type { GraphProto, NodeProto } from "./schema.ts";

/** How messages name a node: operator and name, or where it stands when it has none. */
export function nodeTitle(node: NodeProto, index: number): string {
  if (node.name !== "") return `${node.opType} "${node.name}"`;
  const output = node.output.find((name) => name !== "");
  return output === undefined ? `${node.opType} (node ${index})` : `${node.opType} (node ${index}, output "${output}")`;
}

export interface OrderedNode {
  readonly node: NodeProto;
  /** Position in the file. */
  readonly index: number;
  readonly title: string;
}

/**
 * The nodes that `wanted` names depend on, each after those it reads; in the file's own order where that is possible. `given` tells which names exist
 * beside the nodes: inputs, initialisers, names of enclosing graphs. Throws `ModelFormatError`.
 */
export function orderNodes(nodes: readonly NodeProto[], wanted: readonly string[], given: (name: string) => boolean): OrderedNode[] {
  const makers = new Map<string, number>();
  for (const [i, node] of nodes.entries()) {
    for (const name of node.output) {
      if (name === "") continue;
      const other = makers.get(name);
      if (other !== undefined) {
        throw new ModelFormatError(`"${name}" is an output of both ${nodeTitle(nodes[other], other)} and ${nodeTitle(node, i)}`);
      }
      makers.set(name, i);
    }
  }
  const reads = nodes.map((node, i) => {
    const made = new Set<number>();
    for (const name of [...node.input, ...capturedNames(node)]) {
      const maker = makers.get(name);
      if (maker !== undefined) made.add(maker);
      else if (name !== "" && node.input.includes(name) && !given(name)) {
        throw new ModelFormatError(`${nodeTitle(node, i)}: its input "${name}" is given by no node, input or initialiser`);
      }
    }
    return [...made];
  });
  const needed = reachable(wanted, makers, reads, given);
  const order: OrderedNode[] = [];
  const state = new Uint8Array(nodes.length);
  const [fresh, open, done] = [0, 1, 2];
  for (const start of needed) {
    const stack = [start];
    while (stack.length > 0) {
      const i = stack[stack.length - 1];
      if (state[i] === fresh) {
        state[i] = open;
        for (const maker of reads[i]) {
          if (state[maker] === open) throw new ModelFormatError(`the graph runs in a circle through ${circle(stack, maker, nodes)}`);
          if (state[maker] === fresh) stack.push(maker);
        }
      } else {
        stack.pop();
        if (state[i] === open) {
          state[i] = done;
          order.push({ node: nodes[i], index: i, title: nodeTitle(nodes[i], i) });
        }
      }
    }
  }
  return order;
}

/** Positions of the nodes that are needed, ascending. */
function reachable(
  wanted: readonly string[],
  makers: ReadonlyMap<string, number>,
  reads: readonly (readonly number[])[],
  given: (name: string) => boolean,
): number[] {
  const seen = new Set<number>();
  const stack: number[] = [];
  for (const name of wanted) {
    const maker = makers.get(name);
    if (maker !== undefined) stack.push(maker);
    else if (!given(name)) throw new ModelFormatError(`the output "${name}" is given by no node, input or initialiser`);
  }
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
    if (seen.has(i)) continue;
    seen.add(i);
    stack.push(...reads[i]);
  }
  return [...seen].sort((a, b) => a - b);
}

/** Names that the graphs in a node's attributes may read from outside; those that they define themselves do no harm here. */
function capturedNames(node: NodeProto): string[] {
  const names: string[] = [];
  const visit = (graph: GraphProto): void => {
    names.push(...graph.output.map(({ name }) => name));
    for (const inner of graph.node) {
      names.push(...inner.input);
      subgraphs(inner).forEach(visit);
    }
  };
  subgraphs(node).forEach(visit);
  return names;
}

function subgraphs(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]));
}

/** Only the open nodes of the stack are on the path; the others wait beside it. */
function circle(stack: readonly number[], back: number, nodes: readonly NodeProto[]): string {
  const from = stack.slice(Math.max(0, stack.indexOf(back)));
  const titles = from.map((i) => nodeTitle(nodes[i], i));
  return titles.length > 6 ? `${titles.slice(0, 6).join(", ")} and others` : titles.join(", ");
}
