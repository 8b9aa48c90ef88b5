// Which ops the wasm backend leaves to the reference loops: exactly those that its README names, with the reason.
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { compileWasm, stopWorkers } from "../../src/backends/wasm/index.ts";
import { lower } from "../../src/backends/wasm/lower.ts";
import { prepare } from "../../src/backends/wasm/prepare.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { registeredOps } from "../../src/graph/op.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import * as ops from "../../src/ops/index.ts";
import { random } from "../../src/tensor/random.ts";
import { type DType, type Tensor, zeros } from "../../src/tensor/tensor.ts";
import { comparableCase } from "../support/backend-compare.ts";

function standInsOf(graph: Graph): string[] {
  return [true, false].flatMap((optimised) =>
    lower(prepare(graph, optimised), { tier: "simd", strict: false, precision: "exact" }).standIns.map(({ op }) => op.name),
  );
}

afterAll(() => stopWorkers());

/** The first column of the README's table of ops without kernels. */
function documented(): string[] {
  const readme = readFileSync(new URL("../../src/backends/wasm/README.md", import.meta.url), "utf8");
  const [, section] = readme.split("## What is left to the reference loops");
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
}

describe("ET1 stand-ins", () => {
  it("are those that the README names, over every case of every op and its gradient", () => {
    const found = registeredOps().flatMap((op) => op.cases.flatMap((c) => standInsOf(comparableCase(op, c).graph)));
    expect([...new Set(found)].sort()).toEqual(documented().sort());
  });

  const elements = (dtype: DType): Record<string, Value> => {
    const [x, y, i] = [input("x", [2, 3, 4, 5], dtype), input("y", [3, 1, 5], dtype), input("i", [2, 2], "int32")];
    return {
      arithmetic: ops.div(ops.mul(ops.add(x, y), ops.sub(x, 1)), 3),
      remainder: ops.mod(x, y),
      comparison: ops.where(ops.lt(x, y), x, y),
      logic: ops.not(ops.and(x, ops.or(y, x))),
      cast: ops.cast(x, { dtype: dtype === "int32" ? "uint8" : "int32" }),
      moved: ops.transpose(ops.flip(ops.slice(x, { axes: [3], starts: [4], ends: [0], steps: [-2] }), { axes: 0 }), {
        permutation: [3, 1, 0, 2],
      }),
      padded: ops.pad(x, [
        [0, 0],
        [0, 0],
        [1, 2],
        [-1, 1],
      ]),
      joined: ops.concat([x, ops.roll(x, { axes: [2], shifts: [1] })], { axis: 1 }),
      tiled: ops.tile(y, [2, 1, 3]),
      repeated: ops.broadcastTo(y, [2, 3, 4, 5]),
      gathered: ops.gather(x, i, { axis: 1 }),
      scattered: ops.scatterNd(x, i, ops.gatherNd(x, i)),
      ranked: ops.topKValues(x, { k: 2, axis: 2 }),
      largest: ops.max(x, { axes: [1, 3] }),
      smallest: ops.min(x),
      total: ops.sum(x, { axes: 2, keepDims: true }),
      product: ops.prod(x, { axes: 1 }),
      position: ops.argMin(x, { axis: 1 }),
      running: ops.cumSum(x, { axis: 3, reverse: true }),
      ...(dtype === "int32" && { coded: ops.oneHot(x, { classes: 3 }) }),
    };
  };

  it.each(["int32", "uint8", "float64"] as const)(
    "are none for what networks do with %s, and the numbers are those of the loops",
    async (dtype) => {
      const outputs = elements(dtype);
      for (const [name, y] of Object.entries(outputs)) expect(standInsOf(createGraph({ outputs: { y } })), name).toEqual([]);
      const generator = random(3);
      const numbers = (shape: readonly number[], type: DType, below: number, from = 0): Tensor => {
        const t = zeros(shape, type);
        for (let i = 0; i < t.size; i++) t.data[i] = from + generator.integer(below);
        return t;
      };
      const x = numbers([2, 3, 4, 5], dtype, 7, dtype === "uint8" ? 0 : -3);
      const feeds = { x, y: numbers([3, 1, 5], dtype, 4, 1), i: numbers([2, 2], "int32", 2) };
      const names = Object.keys(outputs);
      const graph = createGraph({ outputs });
      const wanted = evaluateValues(
        names.map((name) => graph.outputs.get(name) as Value),
        new Map([...graph.inputs].map(([name, value]) => [value, feeds[name as keyof typeof feeds]])),
      );
      const program = await compileWasm(graph, { threads: 2 });
      const got = await program.run(feeds);
      names.forEach((name, i) => void expect(Array.from(got[name].data), name).toEqual(Array.from(wanted[i].data)));
      program.release();
    },
  );
});
