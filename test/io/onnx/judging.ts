// One operator at a time against onnxruntime: how a case is written down, and how the two results are compared.
import { expect } from "vitest";
import { random, randomNormal } from "../../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { runOnnx } from "../../support/onnxruntime.ts";
import { type NodeAttribute, type OneNode, oneNodeFile, runOneNode } from "./one-node.ts";

let seed = 1;
/** Normal numbers, others at every call. */
export const noise = (...shape: number[]): Tensor => randomNormal(shape, random(seed++));
/** Integers, int64 in files. */
export const whole = (...numbers: number[]): Tensor => tensor(numbers, [numbers.length], "int32");

type Plain = number | string | readonly number[] | { readonly float: number };
/** Attributes as one would write them; a whole number is an int, and { float } a float. */
function attributes(given: Readonly<Record<string, Plain>>): Record<string, NodeAttribute> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]): [string, NodeAttribute] => {
      if (typeof value === "number") return [name, { int: value }];
      if (typeof value === "string") return [name, { string: value }];
      return [name, "float" in value ? value : { ints: value }];
    }),
  );
}

export interface JudgedNode extends OneNode {
  readonly title: string;
}

export function node(
  operator: string,
  opset: number,
  inputs: OneNode["inputs"],
  given: Readonly<Record<string, Plain>> = {},
  outputs = 1,
): JudgedNode {
  const title = `${operator} ${opset} ${JSON.stringify(given).replaceAll(/["{}]/g, "")}${outputs > 1 ? `, ${outputs} outputs` : ""}`;
  return { title, operator, opset, inputs, attributes: attributes(given), outputs };
}

function expectClose(got: Tensor, wanted: Tensor, what: string): void {
  expect(got.shape, what).toEqual(wanted.shape);
  const largest = Math.max(1, ...Array.from(wanted.data, Math.abs).filter(Number.isFinite));
  wanted.data.forEach((v, i) => {
    const same = Object.is(got.data[i], v) || got.data[i] === v;
    if (!same && !(Math.abs(got.data[i] - v) <= 1e-5 * largest)) expect.fail(`${what}, entry ${i}: ${got.data[i]}, onnxruntime has ${v}`);
  });
}

/** Runs the node here, on both backends, and by onnxruntime, and compares every output. `what` starts messages. */
export async function expectJudgement(given: OneNode, what = "the node"): Promise<void> {
  const fed = given.inputs.flatMap((input, i): [string, Tensor][] => {
    if (input === undefined || ("stored" in input && input.stored)) return [];
    return [[`x${i}`, "tensor" in input ? input.tensor : input]];
  });
  const wanted = await runOnnx(oneNodeFile(given), Object.fromEntries(fed));
  for (const device of ["reference", "wasm"] as const) {
    const got = await runOneNode(given, device);
    got.forEach((y, i) => void expectClose(y, wanted[`y${i}`], `${what}: ${device}, output ${i}`));
  }
}
