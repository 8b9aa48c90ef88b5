// Operators that compute - arithmetic, logic, activations, reductions, products, losses - against onnxruntime, in every version that changed them.
import { describe, it } from "vitest";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { hasRuntime } from "../../support/onnxruntime.ts";
import { expectJudgement, type JudgedNode, node, noise, whole } from "./judging.ts";
import { type NodeInput, stored } from "./one-node.ts";

const numbers = (...list: number[]): Tensor => tensor(list, [list.length]);
const scalar = (n: number): Tensor => tensor([n], []);
/** Fed integers; onnxruntime is given them in 32 bits. */
const integers = (list: readonly number[], shape = [list.length]): NodeInput => ({
  tensor: tensor([...list], shape, "int32"),
  type: "int32",
});
const bytes = (...list: number[]): NodeInput => ({ tensor: tensor(list, [list.length], "uint8"), type: "uint8" });
const truths = (list: readonly number[], shape = [list.length]): NodeInput => ({
  tensor: tensor([...list], shape, "uint8"),
  type: "bool",
  stored: true,
});

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const special = numbers(nan, infinity, -infinity, 0, -0, 1e-30, -1e-6, 0.5, -0.5, 1.5, 2.5, -3.5, 30, -30, 88, -100);
const unit = numbers(-1, -0.999, -0.5, -1e-5, 0, 1e-5, 0.25, 0.999, 1);
const aboveOne = numbers(1, 1.00001, 1.5, 10, 1e6);

const functions: readonly JudgedNode[] = [
  ...["Abs", "Neg", "Sign", "Exp", "Floor", "Ceil", "Round", "Erf", "Tanh", "Sigmoid", "Relu", "IsNaN", "Log", "Sqrt", "Reciprocal"].map(
    (operator) => node(operator, 13, [special]),
  ),
  ...["Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh", "Asinh"].map((operator) => node(operator, 13, [numbers(-8, -1, -1e-4, 0, 0.3, 1, 7)])),
  ...["Asin", "Acos", "Atanh"].map((operator) => node(operator, 13, [unit])),
  node("Acosh", 13, [aboveOne]),
  ...["Abs", "Neg", "Sign", "Relu"].map((operator) => node(operator, 14, [integers([-5, 0, 7, -2147483647])])),
  ...[{ detect_positive: 0, detect_negative: 1 }, { detect_positive: 1, detect_negative: 0 }, {}].map((which) =>
    node("IsInf", 10, [special], which),
  ),
  node("BitShift", 11, [bytes(1, 3, 200, 255), bytes(1, 4, 1, 7)], { direction: "LEFT" }),
  node("BitShift", 11, [bytes(1, 3, 200, 255), bytes(1, 0, 1, 7)], { direction: "RIGHT" }),
];

const tame = numbers(nan, -8, -3, -1, -0.5, -1e-4, 0, 0.3, 1, 2, 3, 6, 9);
const activations: readonly JudgedNode[] = [
  ...["Softplus", "Softsign", "HardSwish", "Elu", "Selu", "Celu", "LeakyRelu", "HardSigmoid"].map((operator) => node(operator, 14, [tame])),
  node("LeakyRelu", 6, [tame], { alpha: { float: -0.3 } }),
  node("Elu", 6, [tame], { alpha: { float: 0.4 } }),
  node("Selu", 6, [tame], { alpha: { float: 1.2 }, gamma: { float: 0.7 } }),
  node("Celu", 12, [tame], { alpha: { float: 2.5 } }),
  // NaN passes through all of fovea's activations, but not through this one of onnxruntime's.
  node("ThresholdedRelu", 10, [noise(9)]),
  node("ThresholdedRelu", 22, [noise(9)], { alpha: { float: 0.3 } }),
  node("HardSigmoid", 6, [tame], { alpha: { float: 0.3 }, beta: { float: 0.4 } }),
  node("Gelu", 20, [tame]),
  node("Gelu", 20, [tame], { approximate: "tanh" }),
  node("Mish", 18, [tame]),
  node("Shrink", 9, [tame], { lambd: { float: 0.4 }, bias: { float: 0.2 } }),
  node("PRelu", 7, [noise(2, 3, 4), noise(3, 1)]),
  node("PRelu", 9, [noise(2, 3, 4), noise(1)]),
  node("PRelu", 16, [noise(2, 3, 4), noise(3, 4)]),
  ...["Softmax", "LogSoftmax", "Hardmax"].flatMap((operator) => [
    ...[0, 1, 2, -1].map((axis) => node(operator, 11, [noise(2, 3, 4)], { axis })),
    ...[0, 1, -1].map((axis) => node(operator, 13, [noise(2, 3, 4)], { axis })),
    node(operator, 9, [noise(3, 5)]),
  ]),
];

const odd = [7, -7, 8, 0, -1] as const;
const divisors = [2, 2, -3, 5, 3] as const;
const arithmetic: readonly JudgedNode[] = [
  ...["Add", "Sub", "Mul", "Div"].flatMap((operator) => [
    node(operator, 7, [noise(2, 3, 4), noise(3, 1)]),
    node(operator, 13, [noise(4), noise(2, 1, 4)]),
    node(operator, 14, [noise(2, 3), stored(scalar(0.25))]),
    node(operator, 14, [stored(noise(1, 3)), noise(2, 3)]),
    node(operator, 14, [integers(odd), integers(divisors)]),
    node(operator, 14, [stored(whole(...odd)), stored(whole(...divisors))]),
  ]),
  node("Pow", 7, [numbers(-2, -0.5, 0, 0.5, 3), numbers(3, 2, 0, -1.5, 0.5)]),
  node("Pow", 13, [noise(2, 3), stored(scalar(2))]),
  node("Pow", 13, [numbers(-2, 3, 0.5), integers([3, -2, 4])]),
  node("Pow", 13, [integers([-2, 3, 5]), numbers(3, 2.5, 1)]),
  node("Pow", 13, [integers([-2, 3, 5]), integers([3, 4, 0])]),
  ...[0, 1].map((fmod) => node("Mod", 10, [integers([7, -7, 7, -7, 0]), integers([3, 3, -3, -3, 2])], { fmod })),
  node("Mod", 13, [numbers(7.5, -7.5, 7.5, -7.5, 0.25), numbers(2, 2, -2, -2, 3)], { fmod: 1 }),
  ...["Max", "Min", "Sum", "Mean"].flatMap((operator) => [
    node(operator, 6, [noise(2, 3), noise(2, 3), noise(2, 3)]),
    node(operator, 13, [noise(2, 1, 4), noise(3, 1), noise(4)]),
    node(operator, 13, [noise(2, 3)]),
  ]),
  ...["Max", "Min"].map((operator) => node(operator, 13, [numbers(nan, 1, 2), numbers(0, nan, 3)])),
  node("Clip", 6, [noise(9)], { min: { float: -0.3 } }),
  node("Clip", 11, [noise(9), undefined, stored(scalar(0.2))]),
  node("Clip", 13, [noise(9), stored(scalar(0.5)), stored(scalar(-0.5))]),
  node("Clip", 12, [integers([-9, 0, 9]), { ...integers([-2], []), stored: true }, { ...integers([4], []), stored: true }]),
];

const pair = [numbers(nan, 1, 2, 3, -0), numbers(nan, 1, 3, 2, 0)] as const;
const logic: readonly JudgedNode[] = [
  ...["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"].flatMap((operator) => [
    node(operator, 16, [...pair]),
    node(operator, 16, [integers([1, 2, 3]), integers([2], [1])]),
  ]),
  ...["And", "Or", "Xor"].map((operator) => node(operator, 7, [truths([0, 0, 1, 1], [2, 2]), truths([0, 1], [2])])),
  node("Not", 6, [truths([0, 1, 1])]),
  node("Where", 16, [truths([1, 0], [2, 1]), noise(2, 3), noise(3)]),
  node("Where", 9, [truths([1, 0, 1]), numbers(1, nan, 3), stored(scalar(nan))]),
];

const reductions = [
  "ReduceSum",
  "ReduceMean",
  "ReduceMax",
  "ReduceMin",
  "ReduceProd",
  "ReduceL1",
  "ReduceL2",
  "ReduceSumSquare",
  "ReduceLogSumExp",
] as const;
const summing: readonly JudgedNode[] = [
  ...reductions.flatMap((operator) => [
    node(operator, 11, [noise(2, 3, 4)], { axes: [-1, 0] }),
    node(operator, 11, [noise(2, 3, 4)], { keepdims: 0 }),
    node(operator, 18, [noise(2, 3, 4), stored(whole(1))], { keepdims: 0 }),
    node(operator, 18, [noise(2, 3, 4), stored(whole(-2, 0))]),
    node(operator, 18, [noise(2, 3, 4)]),
  ]),
  node("ReduceLogSum", 13, [tensor([1, 2, 3, 4], [2, 2])], { axes: [1] }),
  node("ReduceLogSumExp", 13, [tensor([1000, 1001, -1000, -1001], [2, 2])], { axes: [1] }),
  node("ReduceSum", 13, [noise(2, 3), stored(whole())], { noop_with_empty_axes: 1 }),
  node("ReduceMax", 18, [integers([3, 9, -2, 4], [2, 2]), stored(whole(1))]),
  node("ReduceSum", 13, [integers([3, 9, -2, 4], [2, 2]), stored(whole(0))]),
  ...["ArgMax", "ArgMin"].flatMap((operator) => [
    ...[0, 1].map((select_last_index) => node(operator, 13, [tensor([2, 7, 7, 2, 7, 2], [2, 3])], { axis: 1, select_last_index })),
    node(operator, 11, [noise(2, 3, 4)], { axis: -2, keepdims: 0 }),
    node(operator, 13, [integers([3, -9, 4])]),
  ]),
  ...[0, 1].flatMap((exclusive) =>
    [0, 1].map((reverse) => node("CumSum", 14, [noise(2, 3, 4), stored(tensor([1], [], "int32"))], { exclusive, reverse })),
  ),
  node("CumSum", 11, [noise(2, 3), stored(tensor([-1], [], "int32"))]),
];

const float = (n: number): { readonly float: number } => ({ float: n });
const products: readonly JudgedNode[] = [
  ...[
    [[3], [3]],
    [[3], [3, 4]],
    [[2, 3], [3]],
    [
      [5, 2, 3],
      [3, 4],
    ],
    [
      [2, 1, 2, 3],
      [4, 3, 2],
    ],
    [[3], [2, 3, 4]],
    [[2, 4, 3], [3]],
  ].map(([a, b]) => node("MatMul", 13, [noise(...a), noise(...b)])),
  node("MatMul", 9, [integers([1, 2, 3, 4], [2, 2]), integers([5, -6, 7, 8], [2, 2])]),
  ...[[], [4], [1, 4], [2, 1], [2, 4]].map((bias) => node("Gemm", 7, [noise(2, 3), noise(3, 4), noise(...bias)])),
  ...[[], [4], [1, 4], [2, 1], [2, 4]].map((bias) =>
    node("Gemm", 13, [noise(2, 3), stored(noise(4, 3)), stored(noise(...bias))], { transB: 1 }),
  ),
  node("Gemm", 11, [noise(2, 3), noise(4, 3)], { transB: 1 }),
  node("Gemm", 11, [noise(3, 2), noise(4, 3), noise(4)], { transA: 1, transB: 1, alpha: float(0.5), beta: float(-2) }),
  node("Gemm", 13, [noise(3, 2), noise(3, 4), noise(4)], { transA: 1, beta: float(0) }),
  ...[
    ["ij,jk->ik", [2, 3], [3, 4]],
    ["bij,bjk", [2, 3, 4], [2, 4, 2]],
    ["...ij,...j->...i", [2, 5, 3], [2, 3]],
    ["ii->i", [3, 3]],
    ["ii", [3, 3]],
    ["ij->ji", [2, 3]],
    ["ijk->", [2, 3, 2]],
    ["i,j->ij", [2], [3]],
    ["bhqd,bhkd->bhqk", [1, 2, 3, 4], [1, 2, 5, 4]],
  ].map(([equation, ...shapes]) =>
    node(
      "Einsum",
      12,
      (shapes as number[][]).map((shape) => noise(...shape)),
      { equation: equation as string },
    ),
  ),
  ...[0, 1].flatMap((upper) => [-1, 0, 2].map((k) => node("Trilu", 14, [noise(2, 3, 4), stored(tensor([k], [], "int32"))], { upper }))),
];

const labels: NodeInput = { ...integers([2, 0, 1, 2], [2, 2]), stored: true };
const losses: readonly JudgedNode[] = ["none", "sum", "mean"].flatMap((reduction) => [
  node("NegativeLogLikelihoodLoss", 13, [noise(2, 3, 2), labels], { reduction }),
  node("NegativeLogLikelihoodLoss", 13, [noise(2, 3, 2), labels, numbers(0.2, 0.3, 0.5)], { reduction, ignore_index: 2 }),
  node("SoftmaxCrossEntropyLoss", 13, [noise(2, 3, 2), labels], { reduction }, 2),
  node("SoftmaxCrossEntropyLoss", 12, [noise(2, 3, 2), labels, numbers(0.2, 0.3, 0.5)], { reduction, ignore_index: 0 }),
]);

describe.skipIf(!hasRuntime)("EF1 as onnxruntime computes it", () => {
  const all = [functions, activations, arithmetic, logic, summing, products, losses].flat();
  it.each(all.map((given) => [given.title, given] as const))("%s", async (_, given) => {
    await expectJudgement(given);
  });
});
