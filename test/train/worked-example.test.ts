// The 4-3-1 network of the linked article, layer by layer: every number that it prints comes out of layers, loss and optimiser.
import { describe, expect, test } from "vitest";
import { compile } from "../../src/backends/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { sum, transpose } from "../../src/ops/index.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { halfSquaredError, sgd, trainingStep } from "../../src/train/index.ts";
import { fixture } from "../support/fixtures.ts";

type Matrix = readonly (readonly number[])[];
interface Perceptron {
  readonly X: Matrix;
  readonly y: Matrix;
  readonly wh: Matrix;
  readonly bh: Matrix;
  readonly wout: Matrix;
  readonly bout: Matrix;
  readonly learning_rate: number;
  readonly hidden_in: Matrix;
  readonly hidden: Matrix;
  readonly out: Matrix;
  readonly error: Matrix;
  readonly delta_out: Matrix;
  readonly error_hidden: Matrix;
  readonly delta_hidden: Matrix;
  readonly loss_before_training: number;
  readonly after_1_update_learning_rate_once: Readonly<Record<"wh" | "bh" | "wout" | "bout", Matrix>>;
  readonly after_1_update_learning_rate_twice: Readonly<Record<"wh" | "bh" | "wout" | "bout", Matrix>>;
  readonly out_after_n_updates_learning_rate_once: Readonly<Record<string, readonly number[]>>;
}

const double = (m: Matrix): Tensor => tensor(m, undefined, "float64");
const model = (): Model =>
  createModel(nn.sequential({ hidden_in: nn.linear(4, 3), hidden: nn.sigmoid(), out_in: nn.linear(3, 1), out: nn.sigmoid() }), [4]);

/** The article's weights under the layers' names; it multiplies from the right, so ours are its transposes. */
function weightsOf(v: Readonly<Record<"wh" | "bh" | "wout" | "bout", Matrix>>): Map<string, Tensor> {
  return new Map([
    ["hidden_in.weight", transpose(double(v.wh), { permutation: [1, 0] })],
    ["hidden_in.bias", double(v.bh).reshape([3])],
    ["out_in.weight", transpose(double(v.wout), { permutation: [1, 0] })],
    ["out_in.bias", double(v.bout).reshape([1])],
  ]);
}

function expectClose(found: Tensor, expected: Tensor, digits = 14): void {
  expect(found.size).toBe(expected.size);
  for (let i = 0; i < expected.size; i++) expect(found.data[i]).toBeCloseTo(expected.data[i], digits);
}

describe("E1 the worked example", () => {
  const v = fixture<Perceptron>("perceptron_4_3_1");

  const traced = model().trace({ batch: 3, frozen: false, dtype: "float64" });
  const y = input("y", [3, 1], "float64");
  const loss = sum(halfSquaredError().perPicture(traced.output, y));

  /** What the graph is fed: pictures, targets and weights. */
  function feeds(weights: Readonly<Record<"wh" | "bh" | "wout" | "bout", Matrix>> = v): Map<Value, Tensor> {
    const named = [...weightsOf(weights)].map(([name, value]) => [traced.variables.get(name) as Value, value] as const);
    return new Map([[traced.input, double(v.X)], [y, double(v.y)], ...named]);
  }

  test("E1 V5 every intermediate of the first step, E5 its loss and gradients", () => {
    const at = (name: string): Value => traced.names.get(name) as Value;
    const names = ["hidden_in", "hidden", "out_in", "out"];
    const grads = gradient(loss, [...names.map(at), traced.variables.get("hidden_in.weight") as Value]);
    const [lossNow, ...rest] = evaluateValues([loss, ...names.map(at), ...grads], feeds());
    const [hiddenIn, hidden, , out, dHiddenIn, dHidden, dOutIn, dOut, dWeight] = rest;
    expect(lossNow.item()).toBeCloseTo(v.loss_before_training, 14);
    expect(lossNow.item()).toBeCloseTo(0.35410631, 8);
    expectClose(hiddenIn, double(v.hidden_in));
    expectClose(hidden, double(v.hidden));
    expectClose(out, double(v.out));
    // The article's errors and deltas point downhill; gradients point uphill.
    const downhill = (t: Tensor): Tensor => tensor(t.data.map((x) => -x) as Float64Array, t.shape);
    expectClose(downhill(dOut), double(v.error));
    expectClose(downhill(dOutIn), double(v.delta_out));
    expectClose(downhill(dHidden), double(v.error_hidden));
    expectClose(downhill(dHiddenIn), double(v.delta_hidden));
    expect(dWeight.at(0, 0)).toBeCloseTo(-0.0023319682, 10);
    const lossAt = (shift: number): number => {
      const wh = v.wh.map((row, r) => row.map((w, c) => (r === 0 && c === 0 ? w + shift : w)));
      return evaluateValues([loss], feeds({ ...v, wh }))[0].item();
    };
    expect((lossAt(1e-5) - lossAt(-1e-5)) / 2e-5).toBeCloseTo(dWeight.at(0, 0), 9);
  });

  async function train(steps: readonly number[], rate: number): Promise<{ outputs: Map<number, number[]>; weights: Map<string, Tensor> }> {
    const { graph } = trainingStep(model(), {
      batch: 3,
      loss: halfSquaredError(),
      reduction: "sum",
      optimiser: sgd(rate),
      target: { shape: [3, 1], dtype: "float64" },
      dtype: "float64",
    });
    const program = await compile(graph, { device: "reference" });
    const start = weightsOf(v);
    for (const [name, value] of start) program.state.write(name, value);
    const free = model().trace({ batch: 3, frozen: false, dtype: "float64" });
    const outputs = new Map<number, number[]>();
    for (let step = 1; step <= Math.max(...steps); step++) {
      program.runSync?.({ x: double(v.X), y: double(v.y), learningRate: tensor([rate], [], "float64") });
      if (!steps.includes(step)) continue;
      const known = new Map<Value, Tensor>([[free.input, double(v.X)]]);
      for (const [name, value] of free.variables) known.set(value, program.state.read(name));
      outputs.set(step, [...evaluateValues([free.output], known)[0].data]);
    }
    return { outputs, weights: new Map([...start.keys()].map((name) => [name, program.state.read(name)])) };
  }

  test("E1 V5 weights after one update, with the learning rate once and (the article's slip, T5) twice", async () => {
    for (const [rate, expected] of [
      [v.learning_rate, v.after_1_update_learning_rate_once],
      [v.learning_rate ** 2, v.after_1_update_learning_rate_twice],
    ] as const) {
      const { weights } = await train([1], rate);
      for (const [name, value] of weightsOf(expected)) expectClose(weights.get(name) as Tensor, value, 10);
    }
  });

  test("E1 V5 outputs after 1, 10, 100, 1000 and 5000 updates", async () => {
    const expected = Object.entries(v.out_after_n_updates_learning_rate_once).map(([n, out]) => [Number(n), out] as const);
    expect(expected.map(([n]) => n)).toEqual([1, 10, 100, 1000, 5000]);
    const { outputs } = await train([...expected.map(([n]) => n), 4999], v.learning_rate);
    for (const [n, out] of expected) {
      for (const [i, o] of out.entries()) expect(outputs.get(n)?.[i], `after ${n}`).toBeCloseTo(o, 9);
    }
    // What the article prints as the result of 5000 updates is one update younger.
    for (const [i, o] of [0.97760483, 0.9659898, 0.04731055].entries()) expect(outputs.get(4999)?.[i]).toBeCloseTo(o, 8);
    for (const [i, o] of [0.9776083, 0.9659951, 0.0473031].entries()) expect(outputs.get(5000)?.[i]).toBeCloseTo(o, 7);
  });
});
