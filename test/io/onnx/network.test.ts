// Networks as files may have them: nodes in any order, optional inputs, weights among the inputs, open sizes, functions, conditions; and files that
// make no sense.
import { describe, expect, test } from "vitest";
import { compile } from "../../../src/backends/compile.ts";
import { tap } from "../../../src/graph/graph.ts";
import { type OnnxNetwork, readOnnx } from "../../../src/io/onnx/network.ts";
import { ArgumentError, FoveaError, ModelFormatError, ShapeError, UnsupportedOpError } from "../../../src/tensor/errors.ts";
import { full, tensor } from "../../../src/tensor/tensor.ts";
import { attribute, fileOf, type GraphDraft, node, port, stored } from "./files.ts";

const open = (graph: GraphDraft, rest: Parameters<typeof fileOf>[1] = {}): Promise<OnnxNetwork> => readOnnx(fileOf(graph, rest));
const x = tensor([[1, -2, 3]]);

/** What the graph does to `x`. */
async function run(graph: GraphDraft, rest: Parameters<typeof fileOf>[1] = {}): Promise<unknown> {
  const results = await (await open(graph, rest)).run({ x });
  return Object.values(results)[0].toNested();
}

const simple: GraphDraft = {
  input: [port("x", ["N", 3])],
  output: [port("y")],
  node: [node("Relu", "x", "h", {}, "r"), node("Mul", "h w", "y")],
  initializer: [stored("w", tensor([10, 20, 30]))],
};

describe("EF1 what a file says about itself", () => {
  test("EF1 producer, versions, inputs, outputs, nodes", async () => {
    const network = await open(simple, { producerName: "us", producerVersion: "1.2", metadataProps: [{ key: "a", value: "b" }] });
    expect(network.producer).toBe("us 1.2");
    expect(network.irVersion).toBe(8);
    expect([...network.opsets]).toEqual([["", 13]]);
    expect(network.inputs).toEqual([{ name: "x", type: "float", shape: ["N", 3] }]);
    expect(network.outputs).toEqual([{ name: "y", type: "float", shape: undefined }]);
    expect(network.nodes[0]).toEqual({ name: "r", operator: "Relu", inputs: ["x"], outputs: ["h"] });
    expect([...network.metadata]).toEqual([["a", "b"]]);
    expect(network.unsupported).toEqual([]);
    expect(network.warnings).toEqual([]);
  });

  test("EF1 nodes that no output needs are left out, with a warning", async () => {
    const network = await open({ ...simple, node: [...(simple.node ?? []), node("NoSuchOperator", "x", "z")] });
    expect(network.unsupported).toEqual([]);
    expect(network.warnings).toEqual(["1 of 3 nodes do not contribute to an output, and are left out"]);
    expect(network.graph().order.some(({ label }) => label === "z")).toBe(false);
  });
});

describe("EF1 graphs", () => {
  test("EF1 nodes may come in any order", async () => {
    expect(await run({ ...simple, node: [...(simple.node ?? [])].reverse() })).toEqual([[10, 0, 90]]);
  });

  test("EF1 weights may be listed among the inputs", async () => {
    const graph = { ...simple, input: [port("x", ["N", 3]), port("w", [3])] };
    expect((await open(graph)).inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(await run(graph, { irVersion: 3 })).toEqual([[10, 0, 90]]);
  });

  test("EF1 absent optional inputs have an empty name", async () => {
    const graph = { ...simple, node: [node("Clip", "x - top", "y")], initializer: [stored("top", tensor([2], []))] };
    expect(await run(graph)).toEqual([[1, -2, 2]]);
  });

  test("EF1 unused initialisers are not even decoded", async () => {
    expect(await run({ ...simple, initializer: [...(simple.initializer ?? []), { name: "odd", dataType: 99, dims: [-7] }] })).toEqual([
      [10, 0, 90],
    ]);
  });

  test("EF1 every value has the file's name, can be tapped and asked for", async () => {
    const network = await open(simple);
    const graph = network.graph();
    expect([...graph.outputs.keys()]).toEqual(["y"]);
    expect(tap(graph, ["h", "w"]).outputs.size).toBe(3);
    expect([...network.graph({ outputs: "all" }).outputs.keys()]).toEqual(["h", "y"]);
    const results = await network.run({ x }, { outputs: ["h", "w"] });
    expect(results.h.toNested()).toEqual([[1, 0, 3]]);
    expect(results.w.toNested()).toEqual([10, 20, 30]);
    expect(() => network.graph({ outputs: ["hh"] })).toThrow('the network has no value "hh" (did you mean "h"?)');
  });

  test("EF1 several inputs and outputs; outputs that are inputs, weights or folded constants", async () => {
    const network = await open({
      input: [port("x", ["N", 3]), port("z", ["N", 3], "int64")],
      output: [port("sum"), port("x"), port("w"), port("n")],
      node: [node("Cast", "z", "f", { to: 1 }), node("Add", "x f", "sum"), node("Shape", "x", "n")],
      initializer: [stored("w", tensor([5]))],
    });
    const results = await network.run({ x, z: tensor([[1, 2, 3]], undefined, "int32") });
    expect(results.sum.toNested()).toEqual([[2, 0, 6]]);
    expect(results.x.toNested()).toEqual([[1, -2, 3]]);
    expect(results.w.toNested()).toEqual([5]);
    expect(results.n.toNested()).toEqual([1, 3]);
  });

  test("EF1 arithmetic on shapes is gone when the graph is there", async () => {
    // What PyTorch writes for x.view(x.shape[0], -1).
    const network = await open({
      input: [port("x", ["N", 2, 2])],
      output: [port("y")],
      node: [
        node("Shape", "x", "shape"),
        node("Gather", "shape zero", "n", { axis: 0 }),
        node("Unsqueeze", "n axes", "n1"),
        node("Concat", "n1 rest", "target", { axis: 0 }),
        node("Reshape", "x target", "y"),
      ],
      initializer: [
        stored("zero", tensor([0], [], "int32")),
        stored("axes", tensor([0], [1], "int32")),
        stored("rest", tensor([-1], [1], "int32")),
      ],
    });
    const graph = network.graph({ dims: { N: 5 } });
    expect(graph.outputs.get("y")?.shape).toEqual([5, 4]);
    expect(graph.order.map(({ op }) => op.name)).toEqual(["input", "reshape"]);
  });

  test("EF1 float types: half and double weights in the type that is asked for", async () => {
    const network = await open({ ...simple, initializer: [stored("w", tensor([0.1, 0.2, 0.3], [3], "float64"))] });
    expect(network.graph().outputs.get("y")?.dtype).toBe("float32");
    const { y } = await network.run({ x }, { floatType: "float64", device: "reference" });
    expect([...y.data]).toEqual([0.1, 0, 0.3 * 3]);
  });
});

describe("EF1 open sizes", () => {
  const pictures: GraphDraft = { input: [port("x", ["N", 3, "height", null])], output: [port("y")], node: [node("Relu", "x", "y")] };
  const shapeOf = async (options: object): Promise<unknown> => (await open(pictures)).graph(options).outputs.get("y")?.shape;

  test("EF1 are bound by whole shapes or by name; the batch is 1 otherwise", async () => {
    expect(await shapeOf({ inputShapes: { x: [2, 3, 4, 5] } })).toEqual([2, 3, 4, 5]);
    await expect(shapeOf({ dims: { height: 4 } })).rejects.toThrow(
      /axis 3 of the input "x" \[N, 3, height, \?\] is left open by the file; bind it/,
    );
    await expect(shapeOf({})).rejects.toThrow(/axis 2, "height", of the input "x".*or dims: \{ "height": ... \}/);
    const network = await open({ ...pictures, input: [port("x", ["N", 3, "height", "width"])] });
    expect(network.graph({ dims: { height: 4, width: 5 } }).outputs.get("y")?.shape).toEqual([1, 3, 4, 5]);
    expect(network.graph({ dims: { height: 4, width: 5, N: 7 } }).outputs.get("y")?.shape).toEqual([7, 3, 4, 5]);
  });

  test("EF1 by what is fed; another size is another call", async () => {
    const network = await open(pictures);
    for (const shape of [
      [1, 3, 2, 2],
      [2, 3, 4, 5],
    ])
      expect((await network.run({ x: full(shape, -1) })).y.shape).toEqual(shape);
  });

  test("PR15 what cannot be is said", async () => {
    await expect(shapeOf({ inputShapes: { X: [1] } })).rejects.toThrow('inputShapes: there is no "X" (did you mean "x"?); there are x');
    await expect(shapeOf({ dims: { hight: 1 } })).rejects.toThrow(/dims: there is no "hight" \(did you mean "height"\?\)/);
    await expect(shapeOf({ inputShapes: { x: [2, 3] } })).rejects.toThrow(
      'the input "x" is [N, 3, height, ?]; a shape with 2 axes was given, [2, 3]',
    );
    await expect(shapeOf({ inputShapes: { x: [2, 3, 4, 5] }, dims: { N: 3 } })).rejects.toThrow(
      /the axis "N" is 3 in one place, and 2 in axis 0/,
    );
    await expect(shapeOf({ dims: { N: -1 } })).rejects.toThrow(ArgumentError);
    await expect(shapeOf({ size: 3 })).rejects.toThrow(/unknown option "size"/);
    const bare = await open({ ...pictures, input: [port("x")] });
    expect(() => bare.graph()).toThrow(/the file does not say which shape the input "x" has/);
  });

  test("EF1 a batch of other size than the file's: literal sizes in front of a Reshape follow", async () => {
    const network = await open({
      input: [port("x", [1, 2, 2])],
      output: [port("y")],
      node: [node("Reshape", "x flat", "h"), node("MatMul", "h w", "y")],
      initializer: [stored("flat", tensor([1, 4], [2], "int32")), stored("w", full([4, 1], 1))],
    });
    const { y } = await network.run({ x: tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]) });
    expect(y.toNested()).toEqual([[10], [26]]);
    expect(() => network.graph({ inputShapes: { x: [1, 2, 3] } })).toThrow(ShapeError);
  });
});

describe("EF1 functions and conditions", () => {
  const twice = {
    name: "Twice",
    domain: "ours",
    input: ["a", "b"],
    output: ["c"],
    attribute: ["factor"],
    opsetImport: [{ domain: "", version: 13 }],
    node: [
      { opType: "Constant", output: ["k"], attribute: [{ name: "value_float", type: 1, refAttrName: "factor" }] },
      node("Mul", "a k", "ab"),
      node("Clip", "ab - b", "c"),
    ],
  };
  const call = { ...node("Twice", "x", "y", {}, "call"), domain: "ours", attribute: [{ name: "factor", type: 1, f: 2.5 }] };
  const rest = {
    functions: [twice],
    opsetImport: [
      { domain: "", version: 13 },
      { domain: "ours", version: 1 },
    ],
  };
  const graph: GraphDraft = { ...simple, node: [call] };

  test("EF1 local functions run as what they are made of; attributes and absent inputs pass through", async () => {
    expect(await run(graph, rest)).toEqual([[2.5, -5, 7.5]]);
    const capped = { ...graph, node: [{ ...call, input: ["x", "top"] }], initializer: [stored("top", tensor([5], []))] };
    expect(await run(capped, rest)).toEqual([[2.5, -5, 5]]);
  });

  test("EF1 a function's attribute has its default where the call is silent", async () => {
    const withDefault = { ...twice, attributeProto: [attribute("factor", 1.5)] };
    expect(await run({ ...graph, node: [{ ...call, attribute: [] }] }, { ...rest, functions: [withDefault] })).toEqual([[1.5, -3, 4.5]]);
  });

  test("PR16 functions without end are refused", async () => {
    const self = { ...twice, node: [{ ...node("Twice", "a b", "c"), domain: "ours" }] };
    const network = await open(graph, { ...rest, functions: [self] });
    expect(() => network.graph()).toThrow(/nested more than 32 deep/);
    // Each calls the next one twice: two to the 30th nodes.
    const functions = Array.from({ length: 30 }, (_, i) => ({
      ...twice,
      name: `F${i}`,
      node:
        i === 29
          ? [node("Add", "a a", "c")]
          : [
              { ...node(`F${i + 1}`, "a", "h"), domain: "ours" },
              { ...node(`F${i + 1}`, "h", "c"), domain: "ours" },
            ],
    }));
    const bomb = await open({ ...graph, node: [{ ...call, opType: "F0" }] }, { ...rest, functions });
    expect(() => bomb.graph()).toThrow(/call each other without end/);
  }, 60_000);

  const branch = (factor: string): GraphDraft => ({
    node: [node("Mul", `x ${factor}`, "inner")],
    output: [port("inner")],
    initializer: [stored("three", tensor([3]))],
  });
  const conditional: GraphDraft = {
    ...simple,
    node: [
      node("Size", "x", "size"),
      node("Equal", "size wanted", "same"),
      node("If", "same", "y", { then_branch: branch("w"), else_branch: branch("three") }),
    ],
    initializer: [...(simple.initializer ?? []), stored("wanted", tensor([3], [], "int32"))],
  };

  test("EF1 a condition that is known when the sizes are takes one branch", async () => {
    expect(await run(conditional)).toEqual([[10, -40, 90]]);
    const { y } = await (await open(conditional)).run({ x: full([2, 3], 1) });
    expect(y.toNested()).toEqual([
      [3, 3, 3],
      [3, 3, 3],
    ]);
  });

  test("EF1 other conditions are not supported", async () => {
    const network = await open({
      ...conditional,
      input: [port("x", ["N", 3]), port("same", [1], "bool")],
      node: [(conditional.node ?? [])[2]],
    });
    expect(() => network.graph()).toThrow(UnsupportedOpError);
    expect(() => network.graph()).toThrow(/If \(node 0, output "y"\): which branch is taken depends on what the network is fed/);
  });
});

describe("EF1 operators that fovea lacks", () => {
  test("EF1 are listed all at once, with their places, before anything is read", async () => {
    const network = await open({
      ...simple,
      node: [
        node("Loop", "x", "a", {}, "first"),
        node("Reshape", "a nothing", "b", {}, "broken"),
        node("Loop", "b", "c"),
        { ...node("Gelu", "c", "y", {}, "odd"), domain: "com.microsoft" },
      ],
      initializer: [stored("nothing", tensor([9, 9, 9], [3], "int32"))],
    });
    expect(network.unsupported).toEqual([
      { operator: "Loop", nodes: ['"first"', '(node 2, output "c")'] },
      { operator: "com.microsoft:Gelu", nodes: ['"odd"'] },
    ]);
    for (const use of [() => network.graph(), () => network.model()]) {
      expect(use).toThrow(UnsupportedOpError);
      expect(use).toThrow('Loop (2 ×): "first", (node 2, output "c")\n  com.microsoft:Gelu (1 ×): "odd"');
    }
    await expect(network.run({ x })).rejects.toThrow(UnsupportedOpError);
  });

  test("EF1 versions that fovea does not know", async () => {
    await expect(open(simple, { opsetImport: [{ domain: "", version: 5 }] })).rejects.toThrow(
      "uses version 5 of ONNX's operators; fovea reads versions 6 to 26",
    );
    await expect(open(simple, { opsetImport: [{ domain: "", version: 99 }] })).rejects.toThrow(UnsupportedOpError);
    await expect(open(simple, { irVersion: 99 })).rejects.toThrow(UnsupportedOpError);
    const silent = await open(simple, { opsetImport: [] });
    expect(() => silent.graph()).toThrow(/does not say which version of the operators/);
  });
});

describe("PR16 files that make no sense", () => {
  const refused = async (graph: GraphDraft, message: RegExp, type: typeof FoveaError = ModelFormatError): Promise<void> => {
    const attempt = async (): Promise<number> => (await open({ ...simple, ...graph })).graph().order.length;
    await expect(attempt()).rejects.toThrow(message);
    await expect(attempt()).rejects.toBeInstanceOf(type);
  };

  test("PR16 circles, names given twice or never", async () => {
    await refused(
      { node: [node("Add", "x b", "a", {}, "one"), node("Relu", "a", "b", {}, "two"), node("Mul", "b w", "y")] },
      /runs in a circle through Relu "two", Add "one"|runs in a circle through Add "one", Relu "two"/,
    );
    await refused({ node: [node("Relu", "y", "y")] }, /circle/);
    await refused(
      { node: [node("Relu", "x", "y", {}, "a"), node("Abs", "x", "y", {}, "b")] },
      /"y" is an output of both Relu "a" and Abs "b"/,
    );
    await refused({ node: [node("Relu", "ghost", "y", {}, "r")] }, /Relu "r": its input "ghost" is given by no node, input or initialiser/);
    await refused({ output: [port("ghost")] }, /the output "ghost" is given by no node/);
    await refused({ input: [port("x", [1]), port("x", [1])] }, /there are two inputs "x"/);
    await refused({ initializer: [stored("w", tensor([1])), stored("w", tensor([2]))] }, /there are two initialisers "w"/);
  });

  test("PR16 attributes of the wrong kind, missing, or twice", async () => {
    await refused({ node: [node("Cast", "x", "y", {}, "c")] }, /Cast "c": the attribute to is missing/);
    await refused({ node: [node("Concat", "x x", "y", { axis: "one" }, "c")] }, /Concat "c": the attribute axis is string; expected int/);
    await refused(
      { node: [{ ...node("Concat", "x x", "y", {}, "c"), attribute: [attribute("axis", 1), attribute("axis", 0)] }] },
      /the attribute axis is given twice/,
    );
  });

  test("PR16 sizes out of nothing are refused before memory is taken", async () => {
    const before = process.memoryUsage().rss;
    const sized = (nodes: NonNullable<GraphDraft["node"]>, sizes: number[]): GraphDraft => ({
      node: nodes,
      initializer: [stored("sizes", tensor(sizes, [sizes.length], "int32")), stored("w", tensor([1]))],
    });
    for (const [graph, message] of [
      [sized([node("ConstantOfShape", "sizes", "y")], [30000, 30000]), /ConstantOfShape/],
      [sized([node("Expand", "w sizes", "y")], [30000, 30000]), /Expand/],
      [sized([node("Tile", "w sizes", "y")], [900000000]), /Tile/],
      [sized([node("Expand", "x sizes", "y")], [30000, 30000, 3]), /Expand/],
      [sized([node("Pad", "w sizes", "y")], [900000000, 900000000]), /Pad/],
    ] as const) {
      await refused(graph, message, FoveaError);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 2 ** 20);
  });
});

test("PR15 garbage in the place of options and feeds is refused, or taken for a default", async () => {
  const network = await open(simple);
  for (const given of [null, 3, "text", {}, [], () => 0, Number.NaN] as never[]) {
    for (const use of [
      (): unknown => network.graph(given),
      () => network.graph({ inputShapes: given }),
      () => network.graph({ dims: given }),
      () => network.graph({ outputs: given }),
      () => network.graph({ floatType: given }),
      () => network.graph({ inputShapes: { x: given } }),
      () => network.model(given),
      () => network.model({ output: given }),
      () => network.run(given),
      () => network.run({ x: given }),
      () => network.run({ x }, given),
      () => readOnnx(fileOf(simple), given),
      () => readOnnx(fileOf(simple), { externalData: given }),
    ]) {
      const failure = await Promise.resolve()
        .then(use)
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      if (failure !== undefined) expect(failure).toBeInstanceOf(FoveaError);
    }
  }
});

test("EF1 the graph runs on wasm without stand-ins", async () => {
  const program = await compile((await open(simple)).graph(), { device: "wasm", strict: true });
  expect((await program.run({ x })).y.toNested()).toEqual([[10, 0, 90]]);
});
