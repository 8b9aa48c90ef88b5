// What can be said about a file before any of its nodes is read: whether it is an ONNX file of a version that fovea knows, and which of its operators
// fovea lacks, all at once.
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import type { OnnxReaders } from "./operator.ts";
import { type OrderedNode, orderNodes } from "./order.ts";
import { domainOf, operatorKey, opsetsOf } from "./read-graph.ts";
import type { FunctionProto, GraphProto, ModelProto, NodeProto } from "./schema.ts";

const versions = { ir: { from: 1, to: 13 }, opset: { from: 6, to: 26 } } as const;

/** The graph of a file that fovea may read. Throws `ModelFormatError` for what is no ONNX network, `UnsupportedOpError` for other versions. */
export function checkModel(model: ModelProto): GraphProto {
  const { irVersion, graph } = model;
  if (graph === undefined || irVersion < versions.ir.from) {
    throw new ModelFormatError(`this is no ONNX network: it has ${graph === undefined ? "no graph" : `the IR version ${irVersion}`}`);
  }
  if (irVersion > versions.ir.to) {
    throw new UnsupportedOpError(`the file is of IR version ${irVersion}; fovea reads versions up to ${versions.ir.to}`);
  }
  const opset = opsetsOf(model.opsetImport).get("");
  if (opset !== undefined && (opset < versions.opset.from || opset > versions.opset.to)) {
    throw new UnsupportedOpError(
      `the file uses version ${opset} of ONNX's operators; fovea reads versions ${versions.opset.from} to ${versions.opset.to}`,
      { reason: { kind: "version not read", version: opset, ...versions.opset } },
    );
  }
  if (graph.sparseInitializer.length > 0) throw new UnsupportedOpError("the file holds sparse tensors, which fovea does not read");
  const names = graph.input.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name, i + 1) >= 0);
  if (twice !== undefined) throw new ModelFormatError(`there are two inputs "${twice}"`);
  return graph;
}

/** An operator that fovea does not read, and the nodes that ask for it. */
export interface MissingOperator {
  /** "Loop"; with its domain in front where that is not ONNX's own, as in "com.microsoft:QAttention". */
  readonly operator: string;
  readonly nodes: readonly string[];
}

/** Every operator that the outputs need and nobody reads, in order of first use; those in the file's functions included. */
export function missingOperators(
  order: readonly OrderedNode[],
  functions: ReadonlyMap<string, FunctionProto>,
  readers: OnnxReaders,
): readonly MissingOperator[] {
  const missing = new Map<string, string[]>();
  const visited = new Set<string>();
  const visit = (nodes: readonly { readonly node: NodeProto; readonly title: string }[], within: string): void => {
    for (const { node, title } of nodes) {
      const key = operatorKey(node.domain, node.opType);
      const body = functions.get(key);
      if (body !== undefined) {
        if (visited.has(key)) continue;
        visited.add(key);
        visit(functionOrder(body), ` in the function ${key}`);
      } else if (key !== "If" && !Object.hasOwn(readers, key)) {
        missing.set(key, [...(missing.get(key) ?? []), `${title.slice(node.opType.length + 1)}${within}`]);
      }
    }
  };
  visit(order, "");
  return [...missing].map(([operator, nodes]) => ({ operator, nodes }));
}

function functionOrder(body: FunctionProto): readonly OrderedNode[] {
  return orderNodes(body.node, body.output, (name) => body.input.includes(name));
}

/** Throws `UnsupportedOpError` listing all that is missing, how often, and where. */
export function refuseMissing(missing: readonly MissingOperator[]): void {
  if (missing.length === 0) return;
  const lines = missing.map(({ operator, nodes }) => {
    const shown = nodes.slice(0, 8).join(", ");
    return `${operator} (${nodes.length} ×): ${shown}${nodes.length > 8 ? `, and ${nodes.length - 8} more` : ""}`;
  });
  throw new UnsupportedOpError(`the network needs operators that fovea does not read:\n  ${lines.join("\n  ")}`, {
    reason: { kind: "operators not read", operators: missing.map(({ operator }) => operator) },
  });
}

/** Functions by the operator that they are. Throws `ModelFormatError` for two of one name. */
export function functionsOf(model: ModelProto): Map<string, FunctionProto> {
  const functions = new Map<string, FunctionProto>();
  for (const each of model.functions) {
    const key = operatorKey(domainOf(each.domain), each.name);
    if (functions.has(key)) throw new ModelFormatError(`the function ${key} is defined twice`);
    functions.set(key, each);
  }
  return functions;
}
