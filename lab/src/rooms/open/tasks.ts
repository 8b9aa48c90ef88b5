// What the worker computes for this room: what a file is, what it holds, what its net says to a picture and why.
import {
  type AttributionMethod,
  attribute,
  attributionMethod,
  attributionMethods,
  faithfulness,
  type Preprocessing,
  report,
  type Target,
} from "fovea";
import {
  type FileKind,
  preprocessingProfile,
  preprocessingProfiles,
  readOnnx,
  readSafetensors,
  recogniseFile,
  writeFoveaSource,
  writeOnnx,
  writePyTorch,
  writeSafetensors,
} from "fovea/io";
import { predict } from "fovea/train";
import { architectures } from "fovea/zoo";
import type { TaskContext } from "../../engine/context.ts";
import { inputOf } from "../../engine/look.ts";
import type { NetRef } from "../../engine/nets.ts";
import { type Numbers, toNumbers } from "../../engine/tensors.ts";

/** A file as the page shows it before its net is opened. */
export interface FileFacts {
  readonly kind: FileKind;
  /** Of ONNX files: who made it, with which versions. */
  readonly producer?: string;
  readonly opsets?: readonly string[];
  readonly inputs?: readonly PortFacts[];
  readonly outputs?: readonly PortFacts[];
  /** How often each operator occurs, the most frequent first. */
  readonly operators?: readonly (readonly [string, number])[];
  readonly unsupported?: readonly string[];
  readonly warnings?: readonly string[];
  /** Of safetensors files: what is in it. */
  readonly tensors?: readonly { readonly name: string; readonly type: string; readonly shape: readonly number[] }[];
}

export interface PortFacts {
  readonly name: string;
  /** Numbers, the file's names for open sizes, or "?". */
  readonly shape: readonly (number | string)[];
}

export interface Verdict {
  readonly index: number;
  readonly name: string;
  readonly probability: number;
}

export interface Names {
  readonly architectures: readonly string[];
  readonly profiles: readonly string[];
  readonly methods: readonly { readonly name: AttributionMethod; readonly title: string }[];
}

export interface JudgedMap {
  readonly map: Numbers;
  readonly method: string;
  readonly target: string;
  readonly score: number;
  readonly range: { readonly low: number; readonly high: number };
  readonly warnings: readonly string[];
  /** Whether the map is signed by its method. */
  readonly signed: boolean;
  /** Areas under the curves; absent when they were not asked for. */
  readonly deletion?: number;
  readonly insertion?: number;
}

export const tasks = {
  async recognise(bytes: Uint8Array): Promise<FileKind> {
    return recogniseFile(bytes);
  },

  /** Throws `ModelFormatError` for damaged files. */
  async facts({ bytes, name }: { readonly bytes: Uint8Array; readonly name: string }): Promise<FileFacts> {
    const kind = await recogniseFile(bytes);
    if (kind === "onnx") {
      const network = await readOnnx(bytes, { name });
      const counts = new Map<string, number>();
      for (const { operator } of network.nodes) counts.set(operator, (counts.get(operator) ?? 0) + 1);
      const ports = (list: typeof network.inputs): PortFacts[] =>
        list.map((port) => ({ name: port.name, shape: (port.shape ?? ["?"]).map((n) => n ?? "?") }));
      return {
        kind,
        producer: network.producer,
        opsets: [...network.opsets].map(([domain, version]) => `${domain === "" ? "ai.onnx" : domain} ${version}`),
        inputs: ports(network.inputs),
        outputs: ports(network.outputs),
        operators: [...counts].sort((a, b) => b[1] - a[1]),
        unsupported: network.unsupported.map(({ operator }) => operator),
        warnings: network.warnings,
      };
    }
    if (kind === "model" || kind === "weights") {
      const { tensors } = readSafetensors(bytes, { name });
      return { kind, tensors: [...tensors].map(([tensor, { dtype, shape }]) => ({ name: tensor, type: dtype, shape: [...shape] })) };
    }
    return { kind };
  },

  /** What can be chosen: nets of the zoo, ways to prepare pictures, methods of attribution. */
  names(): Names {
    return {
      architectures: architectures.map(({ name }) => name),
      profiles: Object.keys(preprocessingProfiles),
      methods: attributionMethods.map((name) => ({ name, title: attributionMethod(name).title })),
    };
  },

  /** A way to prepare pictures, by name or written out. Throws `ArgumentError`. */
  profile(text: string): Preprocessing {
    return preprocessingProfile(text);
  },

  async drawing(net: NetRef, { open }: TaskContext): Promise<string> {
    return report.drawGraph(await open(net), { title: net.name });
  },

  /** The most probable classes. */
  async classify(
    { net, pixels, most }: { readonly net: NetRef; readonly pixels: Numbers; readonly most: number },
    { open }: TaskContext,
  ): Promise<Verdict[]> {
    const model = await open(net);
    const { probabilities } = await predict(model, inputOf(model, pixels));
    return Array.from(probabilities.data, (probability, index) => ({ index, probability, name: model.classes?.[index] ?? String(index) }))
      .sort((a, b) => b.probability - a.probability || a.index - b.index)
      .slice(0, most);
  },

  /** One map with what is needed to read and to doubt it. Progress: what is being done. */
  async explain(
    request: {
      readonly net: NetRef;
      readonly pixels: Numbers;
      readonly method: AttributionMethod;
      readonly target: Target;
      readonly judge: boolean;
    },
    { open, signal, report: tell }: TaskContext,
  ): Promise<JudgedMap> {
    const { net, pixels, method, target, judge } = request;
    const model = await open(net);
    const image = inputOf(model, pixels);
    tell("map");
    const found = await attribute(model, image, { method, ...target, signal });
    tell("scores");
    const { title, signed } = attributionMethod(method);
    const judged = judge
      ? await faithfulness(model, image, found.map, { signal, ...(target.class !== undefined && { class: target.class }) })
      : undefined;
    return {
      map: toNumbers(found.map.shape[0] === 1 ? found.map : report.sumOverChannels(found.map)),
      method: title,
      target: found.target,
      score: found.score,
      range: { low: found.range.low, high: found.range.high },
      warnings: found.warnings,
      signed,
      ...(judged && { deletion: judged.deletion.area, insertion: judged.insertion.area }),
    };
  },

  async write(
    { net, format }: { readonly net: NetRef; readonly format: "onnx" | "safetensors" | "pytorch" | "fovea" },
    { open }: TaskContext,
  ): Promise<Uint8Array | string> {
    const model = await open(net);
    if (format === "onnx") return writeOnnx(model);
    if (format === "safetensors") return writeSafetensors(model.state());
    return format === "pytorch" ? writePyTorch(model) : writeFoveaSource(model);
  },
};
