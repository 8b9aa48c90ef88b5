// Every reader on nodes that make no sense: any inputs, known or fed, of any type, with any attributes. Each is read, or refused by a typed error.
import { describe, expect, it } from "vitest";
import { readers } from "../../../src/io/onnx/operators/index.ts";
import { FoveaError } from "../../../src/tensor/errors.ts";
import { random } from "../../../src/tensor/random.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { rounds } from "../../support/long.ts";
import { type NodeAttribute, type NodeInput, type OneNode, runOneNode } from "./one-node.ts";

const names =
  "alpha auto_pad axes axis batch_axis batch_dims beta bias blocksize ceil_mode coordinate_transformation_mode count_include_pad dilations direction dtype end ends epsilon equation exclusive group ignore_index k keepdims kernel_shape largest mode num_groups num_outputs output_height output_padding output_shape p pads perm pooled_shape reduction scales select_last_index size split start starts storage_order strides to transA transB upper value value_ints".split(
    " ",
  );
const words = ["", "NOTSET", "SAME_UPPER", "ij,jk->ik", "i...->", "linear", "cubic", "nearest", "mean", "add", "reflect", "LEFT", "ß"];
const wholes = [0, 1, 2, 3, -1, -2, 7, 100, -(2 ** 31), 2 ** 31 - 1, 2 ** 53];

function nonsense(operator: string, seed: number): OneNode {
  const { integer: below } = random(seed);
  const one = <T>(list: readonly T[]): T => list[below(list.length)];
  const input = (): NodeInput | undefined => {
    if (below(8) === 0) return undefined;
    const shape = Array.from({ length: below(5) }, () => one([0, 1, 1, 2, 3, 4]));
    const type = one(["float", "float", "int64", "int64", "bool", "uint8"] as const);
    const dtype = type === "float" ? "float32" : type === "int64" ? "int32" : "uint8";
    const values = Array.from({ length: sizeOf(shape) }, () =>
      type === "bool" ? below(2) : type === "uint8" ? below(9) : one(wholes.slice(0, 10)),
    );
    return { tensor: tensor(values, shape, dtype), type, stored: below(2) === 0 };
  };
  const attribute = (): NodeAttribute =>
    one<() => NodeAttribute>([
      () => ({ int: one(wholes) }),
      () => ({ ints: Array.from({ length: below(5) }, () => one(wholes)) }),
      () => ({ float: one([0, 1, -1, 0.5, 1e30]) }),
      () => ({ floats: Array.from({ length: below(4) }, () => one([0, 1, 0.5, -2])) }),
      () => ({ string: one(words) }),
      () => ({ tensor: tensor([one(wholes.slice(0, 10))], [1], "int32") }),
    ])();
  return {
    operator,
    opset: one([6, 9, 11, 13, 18, 21]),
    inputs: Array.from({ length: below(5) }, input),
    attributes: Object.fromEntries(Array.from({ length: below(4) }, () => [one(names), attribute()])),
    outputs: 1 + below(3),
  };
}

describe("PR16 nodes that make no sense are refused in words, or make some", () => {
  it.each(Object.keys(readers))("%s", async (operator) => {
    for (let seed = 0; seed < rounds(30); seed++) {
      const given = nonsense(operator, seed);
      try {
        await runOneNode(given);
      } catch (error) {
        if (!(error instanceof FoveaError))
          expect.fail(`seed ${seed}, ${JSON.stringify(given)}: ${error instanceof Error ? error.stack : error}`);
      }
    }
  });
});
