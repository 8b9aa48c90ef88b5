// One door for everything that a command can be given as a network: a run folder or the lab's run file, fovea's model files, ONNX,
// TensorFlow.js, weights for a named net of the zoo, or just such a name.
import { baseName, isFile, isFolder, joinPath, readFile, readText } from "#platform";
import { createGraph, type Graph } from "../graph/graph.ts";
import { readClassNames } from "../io/class-names.ts";
import { readModel } from "../io/model-file.ts";
import { readNpz } from "../io/npz.ts";
import { type OnnxNetwork, openOnnx } from "../io/onnx/network.ts";
import { purposeOf } from "../io/onnx/purpose.ts";
import { readSafetensors } from "../io/safetensors.ts";
import { openTfjs, type TfjsNetwork } from "../io/tfjs/network.ts";
import { readZip } from "../io/zip.ts";
import { createModel, type Model, type Preprocessing } from "../nn/model.ts";
import { ArgumentError, FileError, ModelFormatError } from "../tensor/errors.ts";
import { nearestName, proposal } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";
import { architecture, architectures, zooModel } from "../zoo/registry.ts";
import type { InputSize } from "./options.ts";

export interface OpenOptions {
  /** Pictures of this size, where the network leaves it open or allows another. */
  readonly inputSize?: InputSize;
  /** Sizes by the names that an ONNX file gives to axes. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Number of classes, for nets of the zoo. */
  readonly classes?: number;
  /** Which net of the zoo a file of bare weights belongs to. */
  readonly architecture?: string;
  /** Names of the classes, in order. */
  readonly labels?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

export interface OpenedModel {
  /** What it is called on screens: a name of the zoo, or the file's. */
  readonly title: string;
  /** The zoo's name of the net, where it is one of the zoo's. */
  readonly architecture: string | undefined;
  readonly trained: boolean;
  /** How pictures are fed, where the file or the user says so. */
  readonly preprocessing: Preprocessing | undefined;
  /** For ONNX files: what the file says about itself, and networks of several inputs. */
  readonly onnx: OnnxNetwork | undefined;
  /** A TensorFlow.js network of several inputs or outputs, which is no model. */
  readonly tfjs: TfjsNetwork | undefined;
  /** Throws `ArgumentError` for networks that are none with one picture input, and `UnsupportedOpError` for those with unknown operators. */
  readonly model: () => Model;
  /** The same for any network: fed x, giving y, or by the file's own names. */
  readonly graph: () => Graph;
}

/** A network with one input, which pictures can be given to. */
export const takesPictures = ({ onnx, tfjs }: OpenedModel): boolean =>
  tfjs === undefined && (onnx === undefined || onnx.inputs.length === 1);

const asOpened = (title: string, architecture: string | undefined, trained: boolean, model: Model): OpenedModel => ({
  title,
  architecture,
  trained,
  preprocessing: model.preprocessing,
  onnx: undefined,
  tfjs: undefined,
  model: () => model,
  graph: () => createGraph({ outputs: { y: model.trace().output } }),
});

/** Opens whatever `given` is; throws `FileError` with what was probably meant when it is nothing. */
export async function openModel(given: string, options: OpenOptions = {}): Promise<OpenedModel> {
  if (options.dims !== undefined && !/\.onnx$/i.test(given)) throw new ArgumentError(`--dim is for ONNX files; ${given} is none`);
  if (await isFolder(given)) return openFolder(given, options);
  if (await isFile(given)) return openFile(given, options);
  if (!architectures.some(({ name }) => name === given)) throw new FileError(unknownModel(given));
  if (options.architecture !== undefined) throw new ArgumentError(`--architecture is for files of weights; ${given} is a net itself`);
  return openZoo(given, options);
}

function unknownModel(given: string): string {
  const names = architectures.map(({ name }) => name);
  // Most of the hundred names would not help; those that begin alike might.
  const family = names.filter((name) => name.slice(0, 4) === given.slice(0, 4)).slice(0, 12);
  const near = nearestName(given, names);
  const hint = near !== undefined ? proposal(given, names) : family.length > 0 ? ` (there are ${family.join(", ")})` : "";
  return `there is no model "${given}"${hint}: it is neither a file, nor a run folder, nor a net of the zoo; fovea zoo lists these`;
}

async function openFolder(path: string, options: OpenOptions): Promise<OpenedModel> {
  const model = joinPath(path, "model.safetensors");
  if (await isFile(model)) return openFile(model, options);
  const tfjs = joinPath(path, "model.json");
  if (await isFile(tfjs)) return openFile(tfjs, options);
  throw new FileError(`${path} holds no trained model: there is no ${model}, nor a model.json of TensorFlow.js`);
}

async function openFile(path: string, options: OpenOptions): Promise<OpenedModel> {
  const isWeights = /\.(safetensors|npz)$/i.test(path);
  if (options.architecture !== undefined && !isWeights) {
    throw new ArgumentError(`--architecture is for files of weights (.safetensors, .npz); ${path} says itself which net it is`);
  }
  if (/\.onnx$/i.test(path)) return openOnnxFile(path, options);
  if (/\.json$/i.test(path)) return openTfjsFile(path, options);
  if (/\.zip$/i.test(path)) return openRunFile(path, options);
  if (options.architecture !== undefined) return openWeights(path, options.architecture, options);
  if (/\.npz$/i.test(path)) {
    throw new ArgumentError(
      `${path} holds weights, but not which net they belong to; say it by --architecture, such as --architecture resnet18`,
    );
  }
  if (!isWeights) {
    throw new ModelFormatError(
      `${path}: a model is a .safetensors, .onnx or .npz file, a model.json of TensorFlow.js, a run folder, or a run file (.zip) of the lab; this is ${/\.(png|jpe?g)$/i.test(path) ? "a picture" : "none of these"}`,
    );
  }
  return openFovea(path, options);
}

/** A run as the lab saves it: a zip archive of what a run folder holds. */
async function openRunFile(path: string, options: OpenOptions): Promise<OpenedModel> {
  const model = readZip(await readFile(path), { name: path, limit: 2 ** 30, only: (part) => part === "model.safetensors" }).get(
    "model.safetensors",
  );
  if (model === undefined) throw new FileError(`${path} is no run of the lab: there is no model.safetensors in it`);
  return openFovea(path, options, model);
}

async function openFovea(path: string, options: OpenOptions, given?: Uint8Array): Promise<OpenedModel> {
  const bytes = given ?? (await readFile(path));
  if (readSafetensors(bytes, { name: path }).metadata.fovea === undefined) {
    throw new ArgumentError(
      `${path} holds weights, but not which net they belong to; say it by --architecture, such as --architecture resnet18`,
    );
  }
  refuseSizes(path, options);
  const { model, architecture: name } = readModel(bytes, path);
  return asOpened(name, name, true, withPurpose(model, options));
}

function openZoo(name: string, options: OpenOptions): OpenedModel {
  const model = zooModel(name, { ...zooSizes(name, options), ...purpose(options) });
  return asOpened(name, name, false, model);
}

/** A state_dict, as torchvision's weights are when they are saved as safetensors. All tensors that do not fit are listed. */
async function openWeights(path: string, name: string, options: OpenOptions): Promise<OpenedModel> {
  const sizes = zooSizes(name, options);
  const bytes = await readFile(path);
  const parameters = /\.npz$/i.test(path) ? readNpz(bytes, { name: path }) : readSafetensors(bytes, { name: path }).tensors;
  try {
    const model = zooModel(name, { ...sizes, parameters, ...purpose(options) });
    return asOpened(name, name, true, model);
  } catch (cause) {
    if (!(cause instanceof ModelFormatError)) throw cause;
    throw new ModelFormatError(`${path} does not fit ${name}: ${cause.message}`, { cause });
  }
}

async function openOnnxFile(path: string, options: OpenOptions): Promise<OpenedModel> {
  refuseClasses(path, options);
  const network = await openOnnx(path);
  const { inputSize, dims } = options;
  const stored = purposeOf([...network.metadata].map(([key, value]) => ({ key, value })));
  let model: Model | undefined;
  return {
    title: baseName(path),
    architecture: undefined,
    trained: true,
    preprocessing: options.preprocessing ?? stored.preprocessing,
    onnx: network,
    tfjs: undefined,
    model() {
      const shape = network.inputs[0]?.shape;
      const inputShape = network.inputs.length === 1 && dims === undefined ? pictureShape(shape, inputSize, path) : undefined;
      const bindings = { ...(inputShape && { inputShape }), ...(dims && { dims }) };
      model ??= network.model({ ...bindings, ...purpose(options) });
      return model;
    },
    graph() {
      const [port] = network.inputs;
      const inputShape = network.inputs.length === 1 && inputSize !== undefined ? pictureShape(port.shape, inputSize, path) : undefined;
      return network.graph({ ...(inputShape && { inputShapes: { [port.name]: [1, ...inputShape] } }), ...(dims && { dims }) });
    },
  };
}

/** [channels, height, width] where --input-size has a say; undefined leaves it to the file. */
function pictureShape(
  shape: readonly (number | string | undefined)[] | undefined,
  size: InputSize | undefined,
  path: string,
): Shape | undefined {
  const open = shape?.slice(1).some((n) => typeof n !== "number") ?? true;
  if (size !== undefined) {
    const channels = shape?.[1];
    return [size.channels ?? (typeof channels === "number" ? channels : 3), size.height, size.width];
  }
  if (!open) return undefined;
  const said = shape === undefined ? "the shape of its input" : `sizes of its input, [${shape.map((n) => n ?? "?").join(", ")}]`;
  throw new ArgumentError(`${path} leaves open ${said}; say the size of pictures by --input-size, such as 224 or 3x48x192`);
}

async function openTfjsFile(path: string, options: OpenOptions): Promise<OpenedModel> {
  refuseClasses(path, options);
  const folder = path.slice(0, path.length - baseName(path).length);
  const title = baseName(folder === "" ? path : folder.replace(/[\\/]+$/, ""));
  const network = await openTfjs(path);
  const { inputSize } = options;
  const size = inputSize && { inputShape: [inputSize.channels ?? 3, inputSize.height, inputSize.width] };
  if (network.inputs.length === 1 && network.outputs.length === 1)
    return asOpened(title, undefined, true, network.model({ ...size, ...purpose(options) }));
  return {
    title,
    architecture: undefined,
    trained: true,
    preprocessing: options.preprocessing,
    onnx: undefined,
    tfjs: network,
    model: () => network.model(),
    graph: () => network.graph(),
  };
}

function zooSizes(name: string, { inputSize, classes }: OpenOptions): { inputShape?: Shape; outputs?: number } {
  const [channels] = architecture(name).inputShape;
  return {
    ...(inputSize && { inputShape: [inputSize.channels ?? channels, inputSize.height, inputSize.width] }),
    ...(classes !== undefined && { outputs: classes }),
  };
}

const purpose = ({ labels, preprocessing }: OpenOptions): { classes?: readonly string[]; preprocessing?: Preprocessing } => ({
  ...(labels && { classes: labels }),
  ...(preprocessing && { preprocessing }),
});

/** The same numbers, made for other pictures or with other names for its classes. */
function withPurpose(model: Model, options: OpenOptions): Model {
  if (options.labels === undefined && options.preprocessing === undefined) return model;
  const { net, inputShape, classes, preprocessing } = model;
  const own = { ...(classes && { classes }), ...(preprocessing && { preprocessing }) };
  return createModel(net, inputShape, { parameters: model.state(), ...own, ...purpose(options) });
}

function refuseClasses(path: string, { classes }: OpenOptions): void {
  if (classes !== undefined) throw new ArgumentError(`${path} is a trained model: --classes is for nets of the zoo`);
}

function refuseSizes(path: string, options: OpenOptions): void {
  if (options.inputSize !== undefined || options.classes !== undefined) {
    throw new ArgumentError(`${path} is a trained model: --input-size and --classes are for nets of the zoo`);
  }
}

/** Names of classes from a file: a JSON array, or one per line. Throws `ModelFormatError` when it is neither. */
export async function readLabels(path: string): Promise<readonly string[]> {
  return readClassNames(await readText(path), path);
}

/** A list of classes must name as many as the network gives scores. Throws `ArgumentError`. */
export function checkLabels(model: Model, file: string): void {
  const count = model.classes?.length;
  const shape = model.summary().layers.at(-1)?.outputShape ?? [];
  if (count !== undefined && shape.length === 1 && shape[0] !== count) {
    throw new ArgumentError(`${file} names ${count} classes; the network gives ${shape[0]} scores`);
  }
}
