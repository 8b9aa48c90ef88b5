// Graphs as data: what is refused, what is found by name, how a graph is retraced, and that depth is no limit.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph, findValue, tap } from "../../src/graph/graph.ts";
import { constant, fill, input, variable } from "../../src/graph/record.ts";
import { rewriteGraph, substitute } from "../../src/graph/rewrite.ts";
import { label, topological, type Value } from "../../src/graph/value.ts";
import { add, flatten, mul, pow, relu, sin, sum } from "../../src/ops/index.ts";
import { GraphError, ShapeError } from "../../src/tensor/errors.ts";
import { arange, full, type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";

const run = (value: Value, feeds: ReadonlyMap<Value, Tensor> = new Map()): Tensor => evaluateValues([value], feeds)[0];

describe("createGraph", () => {
  const x = input("x", [2]);

  it("collects inputs, variables, outputs and updates in a runnable order", () => {
    const w = variable("w", zeros([2]));
    const y = mul(x, w);
    const graph = createGraph({ outputs: { y }, updates: [[w, add(w, y)]] });
    expect([...graph.inputs.keys()]).toEqual(["x"]);
    expect([...graph.variables.keys()]).toEqual(["w"]);
    const position = new Map(graph.order.map((v, i) => [v, i]));
    for (const v of graph.order) for (const i of v.inputs) expect(position.get(i)).toBeLessThan(position.get(v) as number);
  });

  it("refuses names used twice", () => {
    expect(() => createGraph({ outputs: { y: add(x, input("x", [2])) } })).toThrow(/two different inputs are called "x"/);
    const twice = add(variable("w", zeros([2])), variable("w", zeros([2])));
    expect(() => createGraph({ outputs: { y: twice } })).toThrow(GraphError);
  });

  it("refuses updates of things that are no variables, twice, or of another shape or type", () => {
    const w = variable("w", zeros([2]));
    expect(() => createGraph({ outputs: {}, updates: [[x, x]] })).toThrow(/is no variable/);
    expect(() =>
      createGraph({
        outputs: {},
        updates: [
          [w, x],
          [w, x],
        ],
      }),
    ).toThrow(/updated twice/);
    expect(() => createGraph({ outputs: {}, updates: [[w, input("z", [3])]] })).toThrow(
      /is float32 \[2\], but its update is float32 \[3\]/,
    );
    expect(() => createGraph({ outputs: {}, updates: [[w, input("z", [2], "float64")]] })).toThrow(GraphError);
  });

  it("refuses outputs that are no values", () => {
    expect(() => createGraph({ outputs: { y: tensor([1]) as unknown as Value } })).toThrow(/output "y" is not a graph value/);
  });
});

describe("taps", () => {
  const x = input("x", [3]);
  const h = label(relu(x), "hidden");
  const graph = createGraph({ outputs: { y: sum(h) } });

  it("ET3 adds any value as an output under its name", () => {
    const tapped = tap(graph, ["hidden", "x"]);
    expect([...tapped.outputs.keys()]).toEqual(["y", "hidden", "x"]);
    expect(findValue(tapped, "hidden")).toBe(h);
  });
  it("names what there is when a name is wrong", () => {
    expect(() => tap(graph, ["hiden"])).toThrow(/no value is called "hiden"; there are x, hidden/);
  });
  it("ET3 taps gradients like any value", () => {
    const [g] = gradient(sum(mul(h, h)), [h]);
    expect(Array.from(run(g, new Map([[x, tensor([-1, 2, 3])]])).data)).toEqual([0, 4, 6]);
  });
});

describe("retracing", () => {
  it("gives the same computation at another batch size", () => {
    const x = input("x", [2, 3, 4]);
    const w = constant(arange(12, [12]));
    const y = label(sum(mul(flatten(x), w), { axes: [1] }), "score");
    const larger = input("x", [5, 3, 4]);
    const [again] = substitute([y], new Map([[x, larger]]));
    expect(again.shape).toEqual([5]);
    expect(again.label).toBe("score");
    expect(y.shape).toEqual([2]);
  });

  it("keeps what does not change, and reports what no longer fits under its label", () => {
    const x = input("x", [2, 3]);
    const kept = relu(constant(arange(3, [1, 3])));
    const y = label(add(x, kept), "features.3");
    const [again] = substitute([y], new Map([[x, input("x", [4, 3])]]));
    expect(again.inputs[1]).toBe(kept);
    expect(() => substitute([y], new Map([[x, input("x", [4, 2])]]))).toThrow(/features\.3/);
    expect(() => substitute([y], new Map([[x, input("x", [4, 2])]]))).toThrow(ShapeError);
  });

  it("rewrites a whole graph, updates included", () => {
    const w = variable("w", zeros([2]));
    const graph = createGraph({ outputs: { y: relu(w) }, updates: [[w, add(w, fill([2], 1))]] });
    const doubled = rewriteGraph(graph, (v, inputs) => (v.op.name === "add" ? add(add(inputs[0], inputs[1]), inputs[1]) : undefined));
    const [next] = doubled.updates.values();
    expect(Array.from(run(next, new Map([[w, tensor([1, 2])]])).data)).toEqual([3, 4]);
  });
});

describe("derivatives", () => {
  it("ET1 third order: sin and powers", () => {
    const x = input("x", [3], "float64");
    let d = sin(x);
    for (let order = 0; order < 3; order++) [d] = gradient(d, [x]);
    const at = tensor([-0.4, 0.3, 1.9], undefined, "float64");
    const got = run(d, new Map([[x, at]]));
    at.data.forEach((v, i) => void expect(got.data[i]).toBeCloseTo(-Math.cos(v), 12));
    let p = pow(x, 5);
    for (let order = 0; order < 3; order++) [p] = gradient(p, [x]);
    const third = run(p, new Map([[x, at]]));
    at.data.forEach((v, i) => void expect(third.data[i]).toBeCloseTo(60 * v * v, 10));
  });

  it("values that y does not depend on get zeros", () => {
    const x = input("x", [2]);
    const [g] = gradient(sum(x), [input("z", [3])]);
    expect(Array.from(run(g).data)).toEqual([0, 0, 0]);
  });

  it("refuses seeds of another shape and gradients of integers", () => {
    const x = input("x", [2]);
    expect(() => gradient(relu(x), [x], { seed: fill([3], 1) })).toThrow(/the seed has shape \[3\]/);
    expect(() => gradient(input("n", [2], "int32"), [x])).toThrow(/only float values have gradients/);
  });

  it("ET2 a replaced rule holds for one call alone", () => {
    const x = input("x", [2]);
    const y = sum(relu(x));
    const [doubled] = gradient(y, [x], { rules: { relu: (g) => mul(g, fill([], 2)) } });
    const [plain] = gradient(y, [x]);
    const at = new Map([[x, tensor([-1, 1])]]);
    expect(Array.from(run(doubled, at).data)).toEqual([2, 2]);
    expect(Array.from(run(plain, at).data)).toEqual([0, 1]);
  });
});

describe("depth", () => {
  it("10,000 nodes in a row are recorded, differentiated, rewritten and run without overflow", () => {
    const x = input("x", [1], "float64");
    const step = constant(full([1], 1e-4, "float64"));
    let y: Value = x;
    for (let i = 0; i < 10_000; i++) y = add(y, step);
    const [g] = gradient(y, [x]);
    const feeds = new Map([[x, tensor([1], undefined, "float64")]]);
    expect(run(y, feeds).item()).toBeCloseTo(2, 9);
    expect(run(g, feeds).item()).toBe(1);
    expect(topological([y])).toHaveLength(10_002);
    const moved = input("x", [1], "float64");
    const [again] = substitute([y], new Map([[x, moved]]));
    expect(topological([again])).toHaveLength(10_002);
  });
});
