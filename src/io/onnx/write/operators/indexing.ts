// Reading and writing by index tensors. Numbers below 0 mean "nowhere" to some ops here and "from the end" to the standard: one more element
// at the end takes them in.
import { normaliseAxis, sizeOf } from "../../../../tensor/shape.ts";
import { Tensor } from "../../../../tensor/tensor.ts";
import type { OnnxWriter, OnnxWriters, Writing, WrittenAttributes } from "../emission.ts";
import { elementType } from "../expression.ts";

/** Elements as rows: one per plane, or one in all. */
const rowsOf = ({ node, integers }: Writing, x: string, planes: boolean, size: number): string =>
  node("Reshape", [x, integers(planes ? [-1, size] : [1, size])]);

const withSpare = ({ node, integers }: Writing, rows: string): string => node("Pad", [rows, integers([0, 0, 0, 1])], { mode: "constant" });

/** Every number below 0 as -1, the spare element. */
const spared = ({ node, number }: Writing, indices: string): string => node("Max", [indices, number(-1, "int32")]);

/** Axes of one row. */
const firstAxis = (planes: boolean): number => (planes ? 2 : 0);

function shaped({ value, node, integers }: Writing, rows: string, planes: boolean): string {
  return node("Reshape", [rows, integers(planes ? [-1, ...value.shape.slice(1)] : value.shape)]);
}

/** Reads elements by number, within each plane or (`planes` false) within all of x. */
const reading =
  (planes: boolean): OnnxWriter =>
  (writing) => {
    const { value, x, node } = writing;
    const [size, count] = value.inputs.map((v) => sizeOf(v.shape.slice(firstAxis(planes))));
    const rows = withSpare(writing, rowsOf(writing, x[0], planes, size));
    const indices = spared(writing, rowsOf(writing, x[1], planes, count));
    return shaped(writing, node("GatherElements", [rows, indices], { axis: 1 }), planes);
  };

/** `reduction` as an attribute; undefined where this version has not got it. */
function reductionOf({ opset }: Writing, reduction: string): WrittenAttributes | undefined {
  if (reduction === "none") return {};
  return opset >= (reduction === "add" || reduction === "mul" ? 16 : 18) ? { reduction } : undefined;
}

/** Rows with updates at `indices`, without the spare element again. */
function scattered({ node, integers }: Writing, rows: readonly [string, string, string], size: number, how: WrittenAttributes): string {
  return node("Slice", [node("ScatterElements", rows, { axis: 1, ...how }), integers([0]), integers([size]), integers([1])]);
}

/** Adds elements to zeros by number: what `reading` reads, put back. */
const scattering =
  (planes: boolean): OnnxWriter =>
  (writing) => {
    const { value, x, node, integers } = writing;
    const how = reductionOf(writing, "add");
    if (how === undefined) return undefined;
    const size = sizeOf(value.shape.slice(firstAxis(planes)));
    const [from, indices] = x.map((name, i) => rowsOf(writing, name, planes, sizeOf(value.inputs[i].shape.slice(firstAxis(planes)))));
    const count = node("Slice", [node("Shape", [from]), integers([0]), integers([1]), integers([0])]);
    const zero = new Tensor(new Float32Array(1), [1]).cast(value.dtype);
    const zeros = node("ConstantOfShape", [node("Concat", [count, integers([size + 1])], { axis: 0 })], { value: { tensor: zero } });
    return shaped(writing, scattered(writing, [zeros, spared(writing, indices), from], size, how), planes);
  };

const put: OnnxWriter = (writing) => {
  const { value, x } = writing;
  const how = reductionOf(writing, value.attrs.reduction as string);
  if (how === undefined) return undefined;
  const size = sizeOf(value.shape);
  const [into, indices, updates] = x.map((name, i) => rowsOf(writing, name, false, sizeOf(value.inputs[i].shape)));
  return shaped(writing, scattered(writing, [withSpare(writing, into), spared(writing, indices), updates], size, how), false);
};

const axisOf = ({ value }: Writing): { readonly axis: number } => ({
  axis: normaliseAxis(value.attrs.axis as number, value.inputs[0].rank),
});

/** Tuples of indices are int64 in the standard. */
const widened = ({ node }: Writing, indices: string): string => node("Cast", [indices], { to: 7 });

const scatterElements: OnnxWriter = (writing) => {
  const how = reductionOf(writing, writing.value.attrs.reduction as string);
  return how && writing.node("ScatterElements", writing.x, { ...axisOf(writing), ...how });
};

const scatterNd: OnnxWriter = (writing) => {
  const [into, indices, updates] = writing.x;
  const how = reductionOf(writing, writing.value.attrs.reduction as string);
  return how && writing.node("ScatterND", [into, widened(writing, indices), updates], how);
};

/** Output 0 are values, output 1 positions. */
function topK(writing: Writing, output: number): string {
  const { value, x, nodeOutput, integers } = writing;
  const { k, largest } = value.attrs as { k: number; largest: boolean };
  return nodeOutput("TopK", [x[0], integers([k])], output, 2, { ...axisOf(writing), ...(!largest && { largest: 0 }) });
}

export const indexingWriters: OnnxWriters = {
  poolGather: reading(true),
  take: reading(false),
  maxUnpool: scattering(true),
  takeGrad: scattering(false),
  put,
  gather: (writing) => writing.node("Gather", writing.x, axisOf(writing)),
  gatherElements: (writing) => writing.node("GatherElements", writing.x, axisOf(writing)),
  gatherNd: (writing) =>
    writing.node("GatherND", [writing.x[0], widened(writing, writing.x[1])], { batch_dims: writing.value.attrs.batchDims as number }),
  scatterElements,
  scatterNd,
  topKValues: (writing) => topK(writing, 0),
  topKIndices: (writing) => writing.node("Cast", [topK(writing, 1)], { to: elementType("int32") }),
};
