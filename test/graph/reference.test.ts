// The program interface on the backend that defines it: feeds, state, updates, copies, errors.
import { describe, expect, it } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { compileReference } from "../../src/backends/reference/index.ts";
import { createGraph } from "../../src/graph/graph.ts";
import type { CompileOptions } from "../../src/graph/program.ts";
import { constant, input, variable } from "../../src/graph/record.ts";
import { add, mul, sub } from "../../src/ops/index.ts";
import { ArgumentError, DTypeError, GraphError, ShapeError, UnsupportedOpError } from "../../src/tensor/errors.ts";
import { ones, tensor } from "../../src/tensor/tensor.ts";

const x = input("x", [2]);
const w = variable("w", tensor([10, 20]));
const v = variable("v", tensor([1, 2]));
/** w and v exchange their values at every run. */
const graph = createGraph({
  outputs: { y: add(mul(x, w), v), w, same: w },
  updates: [
    [w, v],
    [v, w],
  ],
});

describe("reference program", () => {
  it("computes outputs, then updates all state at once", async () => {
    const program = compileReference(graph);
    const first = await program.run({ x: ones([2]) });
    expect(Array.from(first.y.data)).toEqual([11, 22]);
    expect(Array.from(first.w.data)).toEqual([10, 20]);
    expect(Array.from(program.state.read("w").data)).toEqual([1, 2]);
    expect(Array.from(program.state.read("v").data)).toEqual([10, 20]);
  });

  it("hands out copies and keeps copies", async () => {
    const program = compileReference(graph);
    const { w: seen, same } = await program.run({ x: ones([2]) });
    seen.data[0] = 99;
    expect(same.data[0]).toBe(10);
    expect(program.state.read("v").data[0]).toBe(10);
    const mine = tensor([5, 6]);
    program.state.write("w", mine);
    mine.data[0] = -1;
    expect(program.state.read("w").data[0]).toBe(5);
    expect((w.attrs.initial as typeof mine).data[0]).toBe(10);
  });

  it("refuses feeds that are missing, unknown, of another shape or type, or no tensors", () => {
    const run = compileReference(graph).runSync as NonNullable<ReturnType<typeof compileReference>["runSync"]>;
    expect(() => run({})).toThrow(/the input "x" \[2\] is not fed/);
    expect(() => run({ x: ones([2]), z: ones([2]) })).toThrow(/there is no input "z"; inputs: x/);
    expect(() => run({ x: ones([3]) })).toThrow(ShapeError);
    expect(() => run({ x: ones([2], "float64") })).toThrow(DTypeError);
    expect(() => run({ x: [1, 2] as never })).toThrow(ArgumentError);
  });

  it("refuses state that is unknown or does not fit", () => {
    const { state } = compileReference(graph);
    expect(state.names).toEqual(["w", "v"]);
    expect(() => state.read("u")).toThrow(/there is no variable "u"; variables: w, v/);
    expect(() => state.write("w", ones([3]))).toThrow(ShapeError);
  });

  it("explains every node and says how much memory a planned run would need", () => {
    const program = compileReference(graph);
    const explained = program.explain();
    expect(explained.nodes.map((n) => n.op)).toEqual(["mul", "add"]);
    expect(String(explained)).toContain("2 nodes on reference, 1 thread");
    expect(program.memory).toEqual({ arenaBytes: 72, stateBytes: 16 });
  });

  it("PR6 says why there are fewer threads than asked, and why it runs at all", () => {
    expect(compileReference(graph).explain().notes).toEqual([]);
    const explained = compileReference(graph, { threads: 4, notes: ["no SIMD"] }).explain();
    expect(explained.threads).toBe(1);
    expect(String(explained)).toMatch(/note: no SIMD\nnote: one thread only/);
  });

  it("runs no more after release", async () => {
    const program = compileReference(graph);
    program.release();
    await expect(program.run({ x: ones([2]) })).rejects.toThrow(GraphError);
  });

  it("drops results after their last use, but not what is an output as well", async () => {
    const a = sub(x, constant(ones([2])));
    const b = mul(a, a);
    const program = compileReference(createGraph({ outputs: { a, c: add(b, b) } }));
    const { a: early, c } = await program.run({ x: tensor([3, 5]) });
    expect(Array.from(early.data)).toEqual([2, 4]);
    expect(Array.from(c.data)).toEqual([8, 32]);
  });
});

describe("compile", () => {
  it("refuses options that it does not know or that cannot be", async () => {
    const refused = (options: object): Promise<unknown> => compile(graph, options as CompileOptions);
    await expect(refused({ thread: 2 })).rejects.toThrow(/unknown option "thread".*known options: device, threads/);
    await expect(refused({ device: "gpu" })).rejects.toThrow(/expected one of auto, reference, wasm, webgpu/);
    await expect(refused({ threads: 0 })).rejects.toThrow(ArgumentError);
    await expect(refused({ strict: 1 })).rejects.toThrow(ArgumentError);
    await expect(refused({ device: "webgpu" })).rejects.toThrow(UnsupportedOpError);
  });

  it.each([
    ["auto", "wasm"],
    ["wasm", "wasm"],
    ["reference", "reference"],
  ] as const)("device %s runs on %s, with the same results", async (device, backend) => {
    const program = await compile(graph, { device, threads: 1 });
    expect(program.backend).toBe(backend);
    expect(Array.from((await program.run({ x: ones([2]) })).y.data)).toEqual([11, 22]);
    // The state has been exchanged by the first run.
    expect(Array.from((await program.run({ x: tensor([2, 3]) })).y.data)).toEqual([12, 26]);
  });
});
