// Tasks that several rooms ask for.
import { type AttributionMethod, attribute, type Preprocessing, type Target } from "fovea";
import type { WeightEdit } from "../state/edits.ts";
import type { TaskContext } from "./context.ts";
import { inputOf, type Look, look } from "./look.ts";
import { type NetRef, withEdits } from "./nets.ts";
import { type Numbers, toNumbers } from "./tensors.ts";

/** What the interface needs to know of a net before it asks for anything else. */
export interface NetFacts {
  readonly inputShape: readonly number[];
  readonly classes: readonly string[] | undefined;
  readonly preprocessing: Preprocessing | undefined;
  readonly parameters: number;
  readonly layers: readonly LayerFacts[];
}

export interface ExplainedMap {
  /** [H, W] or [C, H, W], signed, raw. */
  readonly map: Numbers;
  /** The explained score, on this picture. */
  readonly score: number;
  readonly range: { readonly low: number; readonly high: number };
  readonly warnings: readonly string[];
  /** What was explained. */
  readonly target: string;
}

export interface LayerFacts {
  readonly name: string;
  readonly kind: string;
  /** Without the batch axis. */
  readonly outputShape: readonly number[];
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** A net that is only written yet. */
export interface WrittenNet {
  readonly text: string;
  readonly inputShape: readonly number[];
  readonly classes: readonly string[];
  readonly preprocessing?: Preprocessing;
  readonly seed: number;
}

export interface BuiltNet {
  readonly bytes: Uint8Array;
  readonly parameters: number;
  /** The architecture's name, as files have it. */
  readonly name: string;
}

export const tasks = {
  async facts(net: NetRef, { open }: TaskContext): Promise<NetFacts> {
    const model = await open(net);
    return {
      inputShape: [...model.inputShape],
      classes: model.classes,
      preprocessing: model.preprocessing,
      parameters: model.parameterCount,
      layers: model.summary().layers.map((l) => ({
        name: l.name,
        kind: l.kind,
        outputShape: [...l.outputShape],
        parameters: l.parameters,
        multiplyAdds: l.macs,
      })),
    };
  },

  /** All feature maps and the class probabilities of one picture, pixels 0..1. */
  async look({ net, pixels }: { readonly net: NetRef; readonly pixels: Numbers }, { open }: TaskContext): Promise<Look> {
    return look(await open(net), pixels);
  },

  /** Why the class: one attribution map on the net's input, with everything that is needed to read it. */
  async explain(
    {
      net,
      pixels,
      method,
      target,
    }: { readonly net: NetRef; readonly pixels: Numbers; readonly method: AttributionMethod; readonly target: Target },
    { open, signal, report }: TaskContext,
  ): Promise<ExplainedMap> {
    const model = await open(net);
    const options = { method, ...target, signal, onProgress: report };
    const { map, score, range, warnings, target: described } = await attribute(model, inputOf(model, pixels), options);
    return { map: toNumbers(map), score, range: { ...range }, warnings: [...warnings], target: described };
  },

  /** A written net with fresh weights, as a file. */
  async build({ text, inputShape, classes, seed, preprocessing }: WrittenNet): Promise<BuiltNet> {
    const [{ architecture }, { createModel }, { writeModel }] = await Promise.all([
      import("fovea/zoo"),
      import("fovea/nn"),
      import("fovea/io"),
    ]);
    const { name, build } = architecture(`net: ${text}`);
    const model = createModel(build(inputShape, classes.length), inputShape, { seed, classes, ...(preprocessing && { preprocessing }) });
    return { bytes: writeModel(model, name), parameters: model.parameterCount, name };
  },

  /** A net with changed weights as a file of its own: as ONNX where it is a graph only. */
  async keep(
    { net, edits, architecture }: { readonly net: NetRef; readonly edits: readonly WeightEdit[]; readonly architecture?: string },
    { open }: TaskContext,
  ): Promise<Uint8Array> {
    const { writeModel, writeOnnx } = await import("fovea/io");
    const model = withEdits(await open(net), edits);
    return architecture === undefined ? writeOnnx(model) : writeModel(model, architecture);
  },
};
