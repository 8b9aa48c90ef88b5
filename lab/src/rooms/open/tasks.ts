// What the worker computes for this room: what a file is, what it holds, what its net says to a picture and why.
import {
  type AttributionMethod,
  attribute,
  attributionMethod,
  attributionMethods,
  faithfulness,
  type Model,
  type Preprocessing,
  report,
  type Target,
  tensorToPicture,
} from "fovea";
import {
  type FileKind,
  isLeftBehind,
  isZip,
  likelyPreprocessing,
  pictureToInput,
  preprocessingProfile,
  preprocessingProfiles,
  type RecognisedFiles,
  readClassNames,
  readNpz,
  readOnnx,
  readSafetensors,
  readTfjsNetwork,
  readZip,
  recogniseFiles,
  writeFoveaSource,
  writeOnnx,
  writePyTorch,
  writeSafetensors,
  writeZip,
} from "fovea/io";
import { ArgumentError } from "fovea/tensor";
import { predict } from "fovea/train";
import { architectures } from "fovea/zoo";
import type { TaskContext } from "../../engine/context.ts";
import { inputOf } from "../../engine/look.ts";
import { fileBeside, type NetRef } from "../../engine/nets.ts";
import { type Numbers, toNumbers, toTensor } from "../../engine/tensors.ts";
import { bytesOf, type GivenFile } from "../../state/given-files.ts";
import { type Evaluated, evaluated } from "./evaluated.ts";

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

export interface Sorted extends RecognisedFiles {
  /** Instead of what was given, where that is another thing. */
  readonly files?: readonly GivenFile[];
}

const asFiles = (files: ReadonlyMap<string, Uint8Array>): GivenFile[] =>
  Array.from(files, ([path, bytes]) => ({ path, file: new Blob([bytes as BlobPart]) }));

async function onnxFacts(bytes: Uint8Array, name: string, beside: NetRef["beside"]): Promise<FileFacts> {
  const network = await readOnnx(bytes, { name, externalData: fileBeside({ name, ...(beside && { beside }) }) });
  const counts = new Map<string, number>();
  for (const { operator } of network.nodes) counts.set(operator, (counts.get(operator) ?? 0) + 1);
  const ports = (list: typeof network.inputs): PortFacts[] =>
    list.map((port) => ({ name: port.name, shape: (port.shape ?? ["?"]).map((n) => n ?? "?") }));
  return {
    kind: "onnx",
    producer: network.producer,
    opsets: [...network.opsets].map(([domain, version]) => `${domain === "" ? "ai.onnx" : domain} ${version}`),
    inputs: ports(network.inputs),
    outputs: ports(network.outputs),
    operators: [...counts].sort((a, b) => b[1] - a[1]),
    unsupported: network.unsupported.map(({ operator }) => operator),
    warnings: network.warnings,
  };
}

export interface Verdict {
  readonly index: number;
  /** Undefined where nobody has named the classes. */
  readonly name: string | undefined;
  readonly probability: number;
}

/** What a net says to one picture that was prepared in some way. */
export interface Tried extends Verdict {
  readonly profile: string;
}

/** What can be told of a net whose file says little. */
export interface Likely {
  /** Undefined where the shapes suggest none. */
  readonly preprocessing: Preprocessing | undefined;
  /** How many numbers it gives for one picture. */
  readonly scores: number;
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
  /** Areas under the curves; absent while they are not measured. */
  readonly deletion?: number;
  readonly insertion?: number;
}

/** The most probable first. */
function verdictsOf(model: Model, probabilities: ArrayLike<number>): Verdict[] {
  return Array.from(probabilities, (probability, index) => ({ index, probability, name: model.classes?.[index] })).sort(
    (a, b) => b.probability - a.probability || a.index - b.index,
  );
}

const scoresOf = (model: Model): number =>
  model
    .trace()
    .output.shape.slice(1)
    .reduce((product, n) => product * n, 1);

export const tasks = {
  /** What was given: one archive stands for what is in it, except of data, which is read as it is; a run is always one archive. */
  async sort(given: readonly GivenFile[]): Promise<Sorted> {
    const files = new Map((await bytesOf(given)).filter(([path]) => !isLeftBehind(path)));
    const [first] = files;
    if (first === undefined) return { use: "unknown", path: given[0].path, kind: "nothing" };
    const [path, bytes] = first;
    const found = await recogniseFiles(files);
    const archive = files.size === 1 && found.use === "unknown" && isZip(bytes);
    if (!archive) return found.use === "run" ? { ...found, files: asFiles(new Map([[`${path}.zip`, writeZip(files)]])) } : found;
    const held = readZip(bytes, { name: path, only: (part) => !isLeftBehind(part) });
    if (held.size === 0) return found;
    const inside = await recogniseFiles(held);
    if (inside.use === "unknown") return { ...inside, path: `${path}: ${inside.path}` };
    return inside.use === "data" || inside.use === "run" || inside.use === "view" ? inside : { ...inside, files: asFiles(held) };
  },

  /** Throws `ModelFormatError` for damaged files. */
  async facts({ kind, bytes, name, beside }: Pick<NetRef, "bytes" | "name" | "beside"> & { readonly kind: FileKind }): Promise<FileFacts> {
    if (kind === "onnx") return onnxFacts(bytes, name, beside);
    if (kind === "tfjs") {
      const { inputs, outputs } = await readTfjsNetwork(new TextDecoder().decode(bytes), fileBeside({ name, ...(beside && { beside }) }), {
        name,
      });
      return {
        kind,
        producer: "TensorFlow.js",
        inputs: inputs.map((port) => ({ name: port.name, shape: ["N", ...port.shape.map((n) => n ?? "?")] })),
        outputs: outputs.map((output) => ({ name: output, shape: [] })),
      };
    }
    const tensors = kind === "npz" ? readNpz(bytes, { name }) : readSafetensors(bytes, { name }).tensors;
    return { kind, tensors: [...tensors].map(([tensor, { dtype, shape }]) => ({ name: tensor, type: dtype, shape: [...shape] })) };
  },

  /** Names of classes as many as the net has. Throws `ModelFormatError` for what is no list, `ArgumentError` for one of another length. */
  async classNames(
    { net, text, name }: { readonly net: NetRef; readonly text: string; readonly name: string },
    { open }: TaskContext,
  ): Promise<readonly string[]> {
    const names = readClassNames(text, name);
    const { shape } = (await open(net)).trace().output;
    if (names.length !== shape[1]) throw new ArgumentError(`${name} names ${names.length} classes; the net gives ${shape[1]} scores`);
    return names;
  },

  /** The net on labelled pictures that it was not trained on. */
  async evaluate(
    { net, files }: { readonly net: NetRef; readonly files: readonly GivenFile[] },
    { open, signal, report: tell }: TaskContext,
  ): Promise<Evaluated> {
    return evaluated(await open(net), new Map(await bytesOf(files)), { signal, onProgress: (done, total) => tell({ done, total }) });
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

  async likely(net: NetRef, { open }: TaskContext): Promise<Likely> {
    const model = await open(net);
    const scores = scoresOf(model);
    return { preprocessing: likelyPreprocessing(model.inputShape, scores), scores };
  },

  /** The picture as the net sees it before its numbers are shifted: resized and cut; pixels 0..1. */
  async seen({ net, pixels }: { readonly net: NetRef; readonly pixels: Numbers }, { open }: TaskContext): Promise<Numbers> {
    const { inputShape, preprocessing } = await open(net);
    const { kept } = preprocessing ?? {};
    const plain: Preprocessing = { ...preprocessingProfiles.unit, ...(kept !== undefined && { kept }) };
    return toNumbers(pictureToInput(tensorToPicture(toTensor(pixels)), inputShape, plain));
  },

  /** The most probable class under each way to prepare the picture, every way once. */
  async tryProfiles({ net, pixels }: { readonly net: NetRef; readonly pixels: Numbers }, { open, signal }: TaskContext): Promise<Tried[]> {
    const model = await open(net);
    const picture = tensorToPicture(toTensor(pixels));
    const tried: Tried[] = [];
    for (const [profile, preprocessing] of Object.entries(preprocessingProfiles)) {
      // "torch" is "imagenet" again, and what was made for one channel says nothing about three.
      if (profile === "torch" || (preprocessing.channels === "grey" && model.inputShape[0] !== 1)) continue;
      signal.throwIfAborted();
      const { probabilities } = await predict(model, pictureToInput(picture, model.inputShape, preprocessing));
      tried.push({ profile, ...verdictsOf(model, probabilities.data)[0] });
    }
    return tried;
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
    return verdictsOf(model, probabilities.data).slice(0, most);
  },

  /** One map with what is needed to read and to doubt it. Progress: the map, before it is judged. */
  async explain(
    request: { readonly net: NetRef; readonly pixels: Numbers; readonly method: AttributionMethod; readonly target: Target },
    { open, signal, report: tell }: TaskContext,
  ): Promise<JudgedMap> {
    const { net, pixels, method, target } = request;
    const model = await open(net);
    const image = inputOf(model, pixels);
    const found = await attribute(model, image, { method, ...target, signal });
    const { title, signed } = attributionMethod(method);
    const unjudged: JudgedMap = {
      map: toNumbers(found.map.shape[0] === 1 ? found.map : report.sumOverChannels(found.map)),
      method: title,
      target: found.target,
      score: found.score,
      range: { low: found.range.low, high: found.range.high },
      warnings: found.warnings,
      signed,
    };
    // The tests run the net many times more than most methods do.
    tell(unjudged);
    const { deletion, insertion } = await faithfulness(model, image, found.map, {
      signal,
      ...(target.class !== undefined && { class: target.class }),
    });
    return { ...unjudged, deletion: deletion.area, insertion: insertion.area };
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
