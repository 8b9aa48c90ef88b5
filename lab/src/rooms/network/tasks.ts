// What the worker computes for this room. A picture that was seen stays here with its net under a number, so that the many small questions
// about it (a map, an edge, a sum) carry neither the net nor the picture.
import {
  activations,
  costOf,
  createModel,
  effectiveField,
  layerEquivariance,
  type Model,
  type PictureTransform,
  projectiveField,
  report,
  transformPicture,
  writeFoveaSource,
  writeModel,
  writeOnnx,
  writePyTorch,
  writeSafetensors,
} from "fovea";
import { explanationLines } from "fovea/arithmetic";
import {
  type CellArithmetic,
  cellArithmetic,
  cellReading,
  explainLayers,
  type ParameterPlace,
  pointwiseCurve,
  pointwiseFormula,
  type UnitReads,
  type UnitRule,
  unitReads,
} from "fovea/lens";
import { buildNet, readNet } from "fovea/zoo";
import type { TaskContext } from "../../engine/context.ts";
import { look } from "../../engine/look.ts";
import type { NetRef } from "../../engine/nets.ts";
import { type ToldError, tellError } from "../../engine/protocol.ts";
import { type Numbers, toNumbers, toTensor } from "../../engine/tensors.ts";
import type { WeightEdit } from "../../state/edits.ts";
import { backTasks } from "./tasks/back.ts";
import { keepScene, modelOf, type Off, type Scene, sceneOf, unitOf, withOff } from "./tasks/scenes.ts";

export interface SeenLayer {
  /** "x" for the input; an op that is in no layer goes by its number. */
  readonly name: string;
  readonly kind: string;
  readonly shape: readonly number[];
  readonly role: "input" | "maps" | "features" | "output";
  /** Of all its values on this picture. */
  readonly range: { readonly low: number; readonly high: number };
  /** Whether it has numbers to show: ops outside of layers have none. */
  readonly shown: boolean;
  readonly field: SeenField | undefined;
}

/** Some maps of a layer, with what each spans. */
export interface SeenMaps extends Numbers {
  readonly ranges: readonly { readonly low: number; readonly high: number }[];
}

export interface SeenField {
  readonly status: "exact" | "upper bound" | "whole input" | "unknown" | "data-dependent" | "misaligned";
  readonly axes: readonly { readonly size: number; readonly stride: number; readonly padding: number }[];
}

export interface Seen {
  readonly scene: number;
  /** As the net sees it, normalised. */
  readonly input: Numbers;
  readonly layers: readonly SeenLayer[];
  readonly edges: readonly { readonly from: number; readonly to: number }[];
  readonly probabilities: readonly number[];
  /** The same with all units at work, where some are switched off. */
  readonly before?: readonly number[];
  /** Everything that is learned, with the layer that it belongs to. */
  readonly tensors: readonly { readonly name: string; readonly layer: string; readonly shape: readonly number[] }[];
}

export interface SeenTerm {
  readonly source: string;
  readonly unit: number;
  readonly map: Numbers;
  readonly kernel?: Numbers;
  readonly kernelAt?: ParameterPlace;
  readonly partial?: Numbers;
}

/** How a unit comes about. */
export interface SeenUnit {
  readonly layer: string;
  readonly unit: number;
  readonly op: string;
  readonly rule: Exclude<UnitRule, { kind: "pointwise" }> | { readonly kind: "pointwise"; readonly formula: string };
  readonly terms: readonly SeenTerm[];
  readonly sum?: Numbers;
  readonly bias?: { readonly value: number; readonly at?: ParameterPlace };
  readonly result: Numbers;
  /** Of pointwise units: f over what its input spans. */
  readonly curve?: readonly (readonly [x: number, y: number])[];
}

function rangeOf(data: Float32Array): { low: number; high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return { low, high };
}

/** Values of a layer as [units, height, width]. */
function asMaps({ shape, data }: Numbers): Numbers {
  const units = shape[0] ?? 1;
  const width = shape.length > 1 ? shape[shape.length - 1] : 1;
  return { shape: [units, data.length / units / width, width], data };
}

function valuesOf({ look: { maps }, input }: Scene, layer: string): Numbers {
  return layer === "x" ? toNumbers(input) : maps[layer];
}

export interface TableRow {
  readonly name: string;
  readonly kind: string;
  readonly outputShape: readonly number[];
  readonly parameters: number;
  readonly macs: number;
  /** Bytes of parameters and activations. */
  readonly memory: number;
  readonly field: SeenField;
  /** Lines of the arithmetic behind a column, where there is one. */
  readonly formulas: Readonly<Partial<Record<"output" | "parameters" | "macs" | "memory" | "field", readonly string[]>>>;
}

export interface Table {
  readonly layers: readonly TableRow[];
  readonly total: { readonly parameters: number; readonly macs: number; readonly activations: number; readonly memory: number };
}

export type LayerMoved =
  | {
      readonly layer: string;
      readonly error: number;
      readonly relative: number;
      readonly interior: number;
      readonly relativeInterior: number;
      /** Number of positions away from the borders. */
      readonly inside: number;
      readonly whole: boolean;
      /** What T is on these maps. */
      readonly onMaps: PictureTransform;
      /** Input positions per map position, rows and columns. */
      readonly stride: readonly number[];
      readonly where: Numbers;
    }
  | { readonly layer: string; readonly problem: ToldError };

export type ExportFormat = "onnx" | "safetensors" | "fovea" | "pytorch" | "svg";

interface Plan {
  readonly text: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
}

export interface UnitQuestion {
  readonly scene: number;
  readonly layer: string;
  readonly unit: number;
}

export const tasks = {
  ...backTasks,

  /** Runs a net on a picture, and tells how the net is wired. */
  async see(
    {
      net,
      edits,
      off,
      pixels,
    }: { readonly net: NetRef; readonly edits: readonly WeightEdit[]; readonly off: Off; readonly pixels: Numbers },
    context: TaskContext,
  ): Promise<Seen> {
    const model = await modelOf(net, edits, context);
    const running = await withOff(model, off);
    const seen = await look(running, pixels);
    const before = running === model ? undefined : (await look(model, pixels)).probabilities;
    const scene = keepScene({ model: running, whole: model, off, look: seen, input: toTensor(seen.input) });

    const { boxes, edges } = report.boxesOf(model, { followers: "apart" });
    const traced = model.trace();
    const tensors = traced.layers.flatMap((layer) =>
      layer.parameters.map((name) => ({ name, layer: layer.name, shape: [...(model.parameters.get(name)?.shape ?? [])] })),
    );
    const summary = new Map(model.summary().layers.map((layer) => [layer.name, layer]));
    const output = boxes.findIndex(({ isOutput }) => isOutput);
    const layers = boxes.map((box, i): SeenLayer => {
      const name = i === 0 ? "x" : box.name === "" ? `#${i}` : box.name;
      const values = i === 0 ? seen.input : seen.maps[name];
      const field = summary.get(name)?.field;
      return {
        name,
        kind: box.kinds[0],
        shape: [...box.shape],
        role: i === 0 ? "input" : i === output && box.shape.length === 1 ? "output" : box.shape.length > 1 ? "maps" : "features",
        range: values === undefined ? { low: 0, high: 0 } : rangeOf(values.data),
        shown: values !== undefined,
        field: field && { status: field.status, axes: field.axes.map((axis) => ({ ...axis })) },
      };
    });
    return {
      scene,
      input: seen.input,
      layers,
      tensors,
      edges: edges.map((edge) => ({ ...edge })),
      probabilities: seen.probabilities,
      ...(before && { before }),
    };
  },

  /** Maps `from` .. `from + count` of a layer, [count, H, W]; `absolute` without their signs. */
  maps({
    scene,
    layer,
    from,
    count,
    absolute = false,
  }: {
    readonly scene: number;
    readonly layer: string;
    readonly from: number;
    readonly count: number;
    readonly absolute?: boolean;
  }): SeenMaps {
    const {
      shape: [units, height, width],
      data,
    } = asMaps(valuesOf(sceneOf(scene), layer));
    const end = Math.min(units, from + count);
    const wanted = data.slice(from * height * width, end * height * width);
    const shown = absolute ? wanted.map(Math.abs) : wanted;
    const plane = height * width;
    const ranges = Array.from({ length: end - from }, (_, i) => rangeOf(shown.subarray(i * plane, (i + 1) * plane)));
    return { shape: [end - from, height, width], data: shown, ranges };
  },

  /** Which units feed a unit. */
  reads({ scene, layer, unit }: { readonly scene: number; readonly layer: string; readonly unit: number }): UnitReads[] {
    return unitReads(sceneOf(scene).whole, layer, unit);
  },

  /** What a pixel of the input touches, layer by layer. */
  touched({ scene, pixel }: { readonly scene: number; readonly pixel: readonly [number, number] }) {
    return projectiveField(sceneOf(scene).whole, pixel).map(({ positions, ...field }) => ({
      ...field,
      positions: positions.map(([first, end]) => [first, end] as const),
    }));
  },

  /** What a unit listens to, measured by gradients on noise. */
  async listens(
    {
      scene,
      layer,
      unit,
      position,
    }: { readonly scene: number; readonly layer: string; readonly unit: number; readonly position?: readonly [number, number] },
    { signal }: TaskContext,
  ) {
    const { profile, box, share, deviation } = await effectiveField(sceneOf(scene).whole, {
      layer,
      channel: unit,
      samples: 16,
      signal,
      ...(position && { position }),
    });
    return {
      profile: toNumbers(profile),
      box: box.map(([first, end]) => [first, end] as const),
      share: [...share],
      deviation: [...deviation],
    };
  },

  /** Takes a unit apart. */
  async unit({ scene, layer, unit }: UnitQuestion): Promise<SeenUnit> {
    const made = await unitOf(scene, layer, unit);
    const { op, rule, terms, sum, bias, result } = made;
    const { low, high } = terms.length === 0 ? { low: -1, high: 1 } : rangeOf(toNumbers(terms[0].map).data);
    const room = Math.max(1, (high - low) / 4);
    return {
      layer,
      unit,
      op,
      rule: rule.kind === "pointwise" ? { kind: "pointwise", formula: pointwiseFormula(rule.expression) } : rule,
      terms: terms.map(({ source, unit: u, map, kernel, kernelAt, partial }) => ({
        source,
        unit: u,
        map: toNumbers(map),
        ...(kernel && { kernel: toNumbers(kernel) }),
        ...(kernelAt && { kernelAt }),
        ...(partial && { partial: toNumbers(partial) }),
      })),
      ...(sum && { sum: toNumbers(sum) }),
      ...(bias && { bias }),
      result: toNumbers(result),
      ...(rule.kind === "pointwise" && { curve: pointwiseCurve(made, Math.min(0, low) - room, Math.max(0, high) + room) }),
    };
  },

  /** The sum behind one cell. */
  async cell({ scene, layer, unit, position }: UnitQuestion & { readonly position: readonly [number, number] }): Promise<CellArithmetic> {
    return cellArithmetic(await unitOf(scene, layer, unit), position);
  },

  /** The cell that reads a cell of the maps. */
  async reading({
    scene,
    layer,
    unit,
    position,
  }: UnitQuestion & { readonly position: readonly [number, number] }): Promise<[number, number]> {
    return cellReading(await unitOf(scene, layer, unit), position);
  },

  /** The layer table with the formula behind each number. */
  async table({ net, edits }: { readonly net: NetRef; readonly edits: readonly WeightEdit[] }, context: TaskContext): Promise<Table> {
    return tableOf(await modelOf(net, edits, context));
  },

  /** The table of a net that is only written yet: shapes and costs, no number of it is made. */
  plan({ text, inputShape, classes }: Plan): Table {
    return tableOf(createModel(buildNet(readNet(text), classes), inputShape));
  },

  /** Where the layers of a written net stop to fit: how many of the outermost ones build. */
  fits({ text, inputShape, classes }: Plan): number {
    const layers = readNet(text);
    for (let count = 1; count <= layers.length; count++) {
      try {
        createModel(buildNet(layers.slice(0, count), classes), inputShape);
      } catch {
        return count - 1;
      }
    }
    return layers.length;
  },

  /** Moves the picture, and compares what every layer makes of it with the moved maps. */
  async moved(
    { scene, transform }: { readonly scene: number; readonly transform: PictureTransform },
    { signal, report: tell }: TaskContext,
  ): Promise<LayerMoved[]> {
    const { model, input } = sceneOf(scene);
    const layers = model.summary().layers.filter(({ outputShape }) => outputShape.length === 3);
    const moved: LayerMoved[] = [];
    for (const { name } of layers) {
      signal.throwIfAborted();
      try {
        const [reading] = await layerEquivariance(model, input, { layer: name, transforms: [transform], signal });
        const { where, transform: _, ...numbers } = reading;
        moved.push({ layer: name, ...numbers, stride: model.field(name).axes.map((axis) => axis.stride), where: toNumbers(where) });
      } catch (reason) {
        if (signal.aborted) throw reason;
        moved.push({ layer: name, problem: tellError(reason) });
      }
      tell({ done: moved.length, total: layers.length });
    }
    return moved;
  },

  /** f(x), f(Tx) and T f(x) of one map. `onMaps` is what the meter did to the maps. */
  async pair({
    scene,
    layer,
    unit,
    transform,
    onMaps,
  }: UnitQuestion & { readonly transform: PictureTransform; readonly onMaps: PictureTransform }) {
    const { model, input, look: seen } = sceneOf(scene);
    const movedInput = transformPicture(input, transform);
    const maps = (await activations(model, movedInput, { layers: [layer] })).get(layer)!;
    const still = toTensor(seen.maps[layer]);
    return {
      input: toNumbers(movedInput),
      ofMoved: toNumbers(maps.entry(unit)),
      movedOf: toNumbers(transformPicture(still, onMaps).entry(unit)),
      still: toNumbers(still.entry(unit)),
    };
  },

  /** The net as a file of this format. */
  async written(
    {
      net,
      edits,
      architecture: name,
      format,
    }: { readonly net: NetRef; readonly edits: readonly WeightEdit[]; readonly architecture?: string; readonly format: ExportFormat },
    context: TaskContext,
  ): Promise<Uint8Array | string> {
    const model = await modelOf(net, edits, context);
    switch (format) {
      case "onnx":
        return writeOnnx(model);
      case "safetensors":
        return name === undefined ? writeSafetensors(model.state(), { metadata: { format: "pt" } }) : writeModel(model, name);
      case "fovea":
        return writeFoveaSource(model);
      case "pytorch":
        return writePyTorch(model);
      case "svg":
        return report.drawGraph(model);
    }
  },
};

function tableOf(model: Model): Table {
  const { layers, total } = model.summary();
  const costs = new Map(costOf(model).layers.map((layer) => [layer.name, layer]));
  const explained = new Map(explainLayers(model).map((layer) => [layer.name, layer]));
  return {
    layers: layers.map(({ name, kind, outputShape, parameters, macs, field }): TableRow => {
      const { output, field: path, cost } = explained.get(name) ?? {};
      return {
        name,
        kind,
        outputShape: [...outputShape],
        parameters,
        macs,
        memory: costs.get(name)?.memory ?? 0,
        field: { status: field.status, axes: field.axes.map((axis) => ({ ...axis })) },
        formulas: {
          ...(output && { output: output.flatMap(explanationLines) }),
          ...(path && { field: explanationLines(path) }),
          ...(cost && {
            parameters: explanationLines(cost.parameters),
            macs: explanationLines(cost.macs),
            memory: explanationLines(cost.memory),
          }),
        },
      };
    }),
    total: { ...total, memory: costOf(model).total.memory },
  };
}
