// V5, the worked example of backpropagation: a 4-3-1 sigmoid network, every printed number of every step, then 5000 updates.
// The forward pass is written with the library's ops; every quantity of the article is a tap on the graph that `gradient` makes.
import { describe, expect, it } from "vitest";
import { compile } from "../src/backends/compile.ts";
import { evaluateValues } from "../src/graph/evaluate.ts";
import { gradient } from "../src/graph/grad.ts";
import { createGraph } from "../src/graph/graph.ts";
import { constant, variable } from "../src/graph/record.ts";
import type { Value } from "../src/graph/value.ts";
import { add, matmul, mse, mul, sigmoid, sub } from "../src/ops/index.ts";
import { type Tensor, tensor } from "../src/tensor/tensor.ts";
import { fixture } from "./support/fixtures.ts";

type Matrix = readonly (readonly number[])[];
type Parameters = Readonly<Record<"wh" | "bh" | "wout" | "bout", Matrix>>;

interface Example extends Parameters {
  readonly X: Matrix;
  readonly y: Matrix;
  readonly learning_rate: number;
  readonly hidden_in: Matrix;
  readonly hidden: Matrix;
  readonly out: Matrix;
  readonly error: Matrix;
  readonly delta_out: Matrix;
  readonly error_hidden: Matrix;
  readonly delta_hidden: Matrix;
  readonly loss_before_training: number;
  readonly after_1_update_learning_rate_once: Parameters;
  readonly after_1_update_learning_rate_twice: Parameters;
  readonly out_after_n_updates_learning_rate_once: Readonly<Record<string, readonly number[]>>;
}

const names = ["wh", "bh", "wout", "bout"] as const;
const f64 = (rows: Matrix): Tensor => tensor(rows, undefined, "float64");
const flat = (rows: Matrix): number[] => rows.flat();

function expectClose(actual: Tensor, wanted: readonly number[], tolerance: number, what: string): void {
  expect(actual.size).toBe(wanted.length);
  for (const [i, v] of wanted.entries()) expect(Math.abs(actual.data[i] - v), `${what}[${i}]`).toBeLessThan(tolerance);
}

/** The network and its backward pass; half the sum of squared errors as the loss. */
function network(example: Example): Readonly<Record<string, Value>> {
  const [wh, bh, wout, bout] = names.map((name) => variable(name, f64(example[name])));
  const target = constant(f64(example.y));
  const hiddenIn = add(matmul(constant(f64(example.X)), wh), bh);
  const hidden = sigmoid(hiddenIn);
  const outIn = add(matmul(hidden, wout), bout);
  const out = sigmoid(outIn);
  const loss = mul(mse(out, target, { reduction: "sum" }), 0.5);
  const [dwh, dbh, dwout, dbout, dHiddenIn, dHidden, dOutIn, dOut] = gradient(loss, [wh, bh, wout, bout, hiddenIn, hidden, outIn, out]);
  return { wh, bh, wout, bout, hiddenIn, hidden, out, loss, dwh, dbh, dwout, dbout, dHiddenIn, dHidden, dOutIn, dOut };
}

/** One step of gradient descent as a program that keeps the parameters. */
async function trainer(example: Example, learningRate: number): Promise<{ step: () => Tensor; parameter: (name: string) => Tensor }> {
  const values = network(example);
  const updates = names.map((name) => [values[name], sub(values[name], mul(values[`d${name}`], learningRate))] as const);
  const program = await compile(createGraph({ outputs: { out: values.out }, updates }), { device: "reference" });
  const { runSync } = program;
  if (runSync === undefined) throw new Error("the reference backend runs synchronously");
  return { step: () => runSync.call(program).out, parameter: (name) => program.state.read(name) };
}

describe("V5 the 4-3-1 example", () => {
  const example = fixture<Example>("perceptron_4_3_1");

  it("V5 E1 every intermediate of the first step", () => {
    const values = network(example);
    // The article's errors and deltas point downhill: they are the negated gradients.
    const printed: readonly (readonly [keyof Example, string, 1 | -1])[] = [
      ["hidden_in", "hiddenIn", 1],
      ["hidden", "hidden", 1],
      ["out", "out", 1],
      ["error", "dOut", -1],
      ["delta_out", "dOutIn", -1],
      ["error_hidden", "dHidden", -1],
      ["delta_hidden", "dHiddenIn", -1],
    ];
    const known = new Map(names.map((name) => [values[name], f64(example[name])]));
    const results = evaluateValues(
      printed.map(([, name]) => values[name]),
      known,
    );
    for (const [i, [name, , sign]] of printed.entries()) {
      expectClose(
        results[i],
        flat(example[name] as Matrix).map((v) => sign * v),
        1e-15,
        name,
      );
    }
  });

  it("V5 E5 the loss before training is .35410631, and dL/dwh[0][0] = -.0023319682 agrees with a finite difference", () => {
    const values = network(example);
    const lossAt = (shift: number): number => {
      const moved = example.wh.map((row, r) => row.map((v, c) => (r === 0 && c === 0 ? v + shift : v)));
      const known = new Map(names.map((name) => [values[name], f64(name === "wh" ? moved : example[name])]));
      return evaluateValues([values.loss], known)[0].item();
    };
    expect(lossAt(0)).toBeCloseTo(0.35410631, 8);
    expect(Math.abs(lossAt(0) - example.loss_before_training)).toBeLessThan(1e-15);
    const known = new Map(names.map((name) => [values[name], f64(example[name])]));
    const slope = evaluateValues([values.dwh], known)[0].at(0, 0);
    expect(slope).toBeCloseTo(-0.0023319682, 10);
    expect(Math.abs((lossAt(1e-5) - lossAt(-1e-5)) / 2e-5 - slope)).toBeLessThan(1e-10);
  });

  // T5: the article's text multiplies by the learning rate twice, its code once.
  it.each([
    ["once", 0.1, "after_1_update_learning_rate_once"],
    ["twice", 0.01, "after_1_update_learning_rate_twice"],
  ] as const)("V5 E1 the weights after one update with the learning rate %s", async (_, rate, key) => {
    const { step, parameter } = await trainer(example, rate);
    step();
    for (const name of names) expectClose(parameter(name), flat(example[key][name]), 1e-9, name);
  });

  it("V5 E1 the outputs after 1, 10, 100, 1000 and 5000 updates", async () => {
    const { step } = await trainer(example, example.learning_rate);
    const wanted = example.out_after_n_updates_learning_rate_once;
    expect(Object.keys(wanted)).toEqual(["1", "10", "100", "1000", "5000"]);
    // A run gives the outputs before its own update.
    for (let updates = 0; updates <= 5000; updates++) {
      const out = step();
      if (String(updates) in wanted) expectClose(out, wanted[updates], 1e-9, `out after ${updates} updates`);
      // What the article prints is one update younger than it says.
      if (updates === 4999) expectClose(out, [0.97760483, 0.9659898, 0.04731055], 6e-9, "the article's printout");
      if (updates === 5000) expectClose(out, [0.9776083, 0.9659951, 0.0473031], 5e-8, "the final outputs");
    }
  });
});
