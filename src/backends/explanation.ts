// How a program tells what it made of a graph, in one table whichever backend made it.
import { named } from "../graph/op.ts";
import type { ExplainedEngine, ExplainedNode, Explanation } from "../graph/program.ts";
import type { Value } from "../graph/value.ts";
import { showShape } from "../tensor/shape.ts";

export type ExplanationParts = Omit<Explanation, "toString">;

/** Adds the printed form: one line per node, then totals and notes. */
export function explanation(parts: ExplanationParts): Explanation {
  return { ...parts, toString: () => print(parts) };
}

/** The line of one value; `kernel` names the code that runs it. */
export function explainedNode(value: Value, kernel: string): ExplainedNode {
  return { label: value.label ?? "", op: value.op.name, shape: value.shape, kernel, macs: macsOf(value) };
}

/** Multiply-adds of one value, by its op's own arithmetic. */
export function macsOf(value: Value): number {
  const shapes = value.inputs.map((v) => v.shape);
  return value.op.cost(named(value.op, shapes), value.attrs, value.shape).macs;
}

function print({ backend, threads, engine, notes, nodes, standIns }: ExplanationParts): string {
  const measured = nodes.some(({ milliseconds }) => milliseconds !== undefined);
  const rows = nodes.map((n) => [
    n.label,
    n.op,
    showShape(n.shape),
    n.kernel,
    n.macs === 0 ? "" : n.macs.toLocaleString("en"),
    ...(measured ? [n.milliseconds?.toFixed(3) ?? "", n.gigaflops?.toFixed(1) ?? ""] : []),
  ]);
  const header = ["label", "op", "shape", "kernel", "multiply-adds", ...(measured ? ["ms", "GFLOP/s"] : [])];
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column >= 4 ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd();
  const macs = nodes.reduce((sum, n) => sum + n.macs, 0);
  return [
    line(header),
    ...rows.map(line),
    `${nodes.length} nodes on ${backend}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${macs.toLocaleString("en")} multiply-adds` +
      (standIns === 0 ? "" : `, ${standIns} of them in the reference loops`),
    ...(engine === undefined ? [] : [showEngine(engine)]),
    ...notes.map((note) => `note: ${note}`),
  ].join("\n");
}

function showEngine({ tier, gigaflops, refused }: ExplainedEngine): string {
  const speed = gigaflops === undefined ? "" : `, ${gigaflops} GFLOP/s per thread in its probe`;
  return `tier ${tier}${speed}${refused.map((r) => `; not ${r.tier}: ${r.reason}`).join("")}`;
}
