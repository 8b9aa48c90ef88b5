// The public vectors of ONNX (Debian's libonnx-testdata): which cases there are, and what fovea makes of one on a device. What the tests and the
// table in docs/onnx-operators.md have in common.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../src/backends/compile.ts";
import { readOnnx } from "../src/io/onnx/network.ts";
import type { OnnxType } from "../src/io/onnx/operator.ts";
import { operatorKey } from "../src/io/onnx/read-graph.ts";
import {
  decodeModel,
  decodeTensor,
  encodeModel,
  type GraphProto,
  type ModelProto,
  type TensorProto,
  type TypeProto,
  type ValueInfoProto,
} from "../src/io/onnx/schema.ts";
import { type DecodedTensor, readTensor } from "../src/io/onnx/tensor-proto.ts";
import { dataTypes, type FloatType } from "../src/io/onnx/types.ts";
import { FoveaError, UnsupportedOpError } from "../src/tensor/errors.ts";
import { type Shape, sameShape, showShape } from "../src/tensor/shape.ts";
import type { Tensor } from "../src/tensor/tensor.ts";

const root = "/usr/share/libonnx-testdata/data";
const suites = ["node", "simple", "pytorch-converted", "pytorch-operator"] as const;

/** Whether the package is installed on this machine. */
export const vectorsPresent: boolean = existsSync(root);

export interface VectorCase {
  readonly suite: (typeof suites)[number];
  /** Name of its folder, e.g. "test_relu". */
  readonly name: string;
  readonly model: ModelProto;
  /** Every operator in the model, once. */
  readonly operators: readonly string[];
  readonly opset: number;
  readonly folder: string;
}

/** Oldest version of the operators that fovea reads. */
const oldestOpset = 6;

/** Every case of the package, in order. */
export function vectorCases(): VectorCase[] {
  return suites.flatMap((suite) =>
    readdirSync(join(root, suite))
      .sort()
      .map((name) => readCase(suite, name)),
  );
}

function readCase(suite: VectorCase["suite"], name: string): VectorCase {
  const folder = join(root, suite, name);
  const model = readable(decodeModel(readFileSync(join(folder, "model.onnx"))));
  return {
    suite,
    name,
    model,
    operators: [...new Set((model.graph?.node ?? []).map((node) => operatorKey(node.domain, node.opType)))].sort(),
    opset: model.opsetImport.find(({ domain }) => domain === "")?.version ?? 0,
    folder: join(folder, "test_data_set_0"),
  };
}

/** Eleven files name version 1 of operators that stayed the same until long after version 6 (global poolings, Not, Softplus, Softsign). */
function readable(model: ModelProto): ModelProto {
  const opsetImport = model.opsetImport.map((set) =>
    set.domain === "" && set.version < oldestOpset ? { ...set, version: oldestOpset } : set,
  );
  return { ...model, opsetImport };
}

/** What must be known when the file is read: nothing, every input but the first, all of them. Vectors give shapes, axes and counts as inputs. */
const knownInputs = ["none", "all but the first", "all"] as const;

export type Verdict =
  | { readonly kind: "pass"; readonly known: (typeof knownInputs)[number] }
  | { readonly kind: "unsupported" | "wrong" | "crashed"; readonly message: string };

/** Runs a case with as few inputs known beforehand as its operators allow. */
export async function runCase(vector: VectorCase, device: "reference" | "wasm"): Promise<Verdict> {
  let refusal = "";
  try {
    for (const known of knownInputs) {
      try {
        const difference = await runOnce(vector, device, known);
        return difference === undefined ? { kind: "pass", known } : { kind: "wrong", message: difference };
      } catch (error) {
        if (!(error instanceof UnsupportedOpError)) throw error;
        refusal ||= error.message;
      }
    }
    return { kind: "unsupported", message: refusal };
  } catch (error) {
    if (error instanceof FoveaError) return { kind: "wrong", message: `${error.name}: ${error.message}` };
    return { kind: "crashed", message: error instanceof Error ? String(error.stack) : String(error) };
  }
}

/** The first difference from what the vector expects, or undefined. */
async function runOnce(vector: VectorCase, device: "reference" | "wasm", known: (typeof knownInputs)[number]): Promise<string | undefined> {
  const graph = vector.model.graph as GraphProto;
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !stored.has(name));
  const fed = known === "none" ? inputs.length : known === "all" ? 0 : 1;
  const floatType: FloatType = usesDouble(graph) ? "float64" : "float32";
  const initializer = [...graph.initializer];
  const feeds: Record<string, Tensor> = {};
  const inputShapes: Record<string, Shape> = {};
  for (const [i, port] of inputs.entries()) {
    // Sequences, optionals and texts are refused by their type; there is no tensor to read.
    if (!isNumeric(port)) inputShapes[port.name] = [];
    else if (i >= fed) initializer.push({ ...tensorFile(vector, "input", i, port), name: port.name });
    else {
      feeds[port.name] = readTensor(tensorFile(vector, "input", i, port), port.name, { floatType }).tensor;
      inputShapes[port.name] = feeds[port.name].shape;
    }
  }
  // The shapes that the models declare are left out, because some vectors contradict theirs.
  const input = graph.input.map((port) => ({ ...port, type: withoutShape(port.type) }));
  const network = await readOnnx(encodeModel({ ...vector.model, graph: { ...graph, input, initializer } }), { name: vector.name });

  const program = await compile(network.graph({ floatType, inputShapes }), { device });
  try {
    const needed = Object.fromEntries(Object.entries(feeds).filter(([name]) => program.graph.inputs.has(name)));
    const results = await program.run(needed);
    for (const [i, port] of graph.output.entries()) {
      const expected = readTensor(tensorFile(vector, "output", i, port), port.name, { floatType });
      const difference = compare(results[port.name], expected);
      if (difference !== undefined) return `output ${i}, "${port.name}": ${difference}`;
    }
    return undefined;
  } finally {
    program.release();
  }
}

const isNumeric = ({ type }: ValueInfoProto): boolean => ![undefined, dataTypes.string].includes(type?.tensorType?.elemType);

const withoutShape = (type: TypeProto | undefined): TypeProto | undefined =>
  type?.tensorType && { ...type, tensorType: { ...type.tensorType, shape: undefined } };

const usesDouble = (graph: GraphProto): boolean =>
  [...graph.input, ...graph.output].some(({ type }) => type?.tensorType?.elemType === dataTypes.double);

/** numpy has no bfloat16, so the files hold its bits as uint16; the model says what they are. */
function tensorFile(vector: VectorCase, kind: "input" | "output", i: number, { type }: ValueInfoProto): TensorProto {
  const proto = decodeTensor(readFileSync(join(vector.folder, `${kind}_${i}.pb`)));
  return type?.tensorType?.elemType === dataTypes.bfloat16 ? { ...proto, dataType: dataTypes.bfloat16 } : proto;
}

/**
 * Relative and absolute tolerance of ONNX's own runner, which hold for half precision, too. Only bfloat16 needs more: the vectors' numbers were cut,
 * not rounded, to 8 bits, and fovea computes in single precision.
 */
const tolerances: Partial<Readonly<Record<OnnxType, readonly [number, number]>>> = {
  float: [1e-3, 1e-7],
  double: [1e-3, 1e-7],
  float16: [1e-3, 1e-7],
  bfloat16: [2 ** -7, 1e-7],
};

function compare(actual: Tensor, { tensor: expected, onnxType }: DecodedTensor): string | undefined {
  if (!sameShape(actual.shape, expected.shape)) return `shape ${showShape(actual.shape)}, expected ${showShape(expected.shape)}`;
  if (actual.dtype !== expected.dtype) return `dtype ${actual.dtype}, expected ${expected.dtype}`;
  const [relative, absolute] = tolerances[onnxType] ?? [0, 0];
  for (let i = 0; i < expected.size; i++) {
    const [a, b] = [actual.data[i], expected.data[i]];
    const equal = a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= absolute + relative * Math.abs(b);
    if (!equal) return `element ${i} is ${a}, expected ${b}`;
  }
  return undefined;
}
