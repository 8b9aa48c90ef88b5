// A model is a net together with its parameters and what it was made for: input shape, classes, preprocessing.
// It is immutable; training gives a new one. Everything in lens, report and io takes a model.
import { type ReceptiveField, receptiveField } from "../graph/field.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, GraphError, ModelFormatError, ShapeError } from "../tensor/errors.ts";
import { expectMap, expectParts } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { random } from "../tensor/random.ts";
import { checkShape, type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import type { DType, Tensor } from "../tensor/tensor.ts";
import { checkModule, type Module, type Traced } from "./module.ts";
import { type ModelSummary, summarise } from "./summary.ts";
import { type Store, traceModule } from "./trace.ts";

/** How a picture becomes the net's input: pixels in 0..1, channels in this order, minus `mean`, divided by `deviation`. */
export interface Preprocessing {
  /** Name of the profile, printed wherever it is used: "mnist", "torch", ... */
  readonly name: string;
  readonly channels: "grey" | "rgb" | "bgr";
  /** Per channel, in units of the 0..1 pixel scale. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** Share of the picture's short side that is looked at, the rest being cut off around it: 0.875 is 224 of 256 pixels (default 1). */
  readonly kept?: number;
}

export interface TraceOptions {
  /** Pictures per run (default 1). */
  readonly batch?: number;
  /** Dropout drops, batch norm uses and updates batch statistics (default false). */
  readonly training?: boolean;
  /** Another picture size than the model's own, where the layers allow it. */
  readonly inputShape?: Shape;
  /** float64 for gradient checks (default float32). */
  readonly dtype?: DType;
  /** Parameters as constants, which compilers may fold (default), or as variables that live in the program. */
  readonly frozen?: boolean;
  /** Seed of dropout masks (default: the model's). */
  readonly seed?: number;
}

export interface ModelOptions {
  /** Decides every parameter not given; each depends on the seed and its own name alone (default 0). */
  readonly seed?: number;
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
  /** Parameters and buffers by PyTorch's state_dict names. */
  readonly parameters?: ReadonlyMap<string, Tensor>;
  /** Accept a `parameters` that has some names only, and ignore names that the net lacks: for transfer (default false). */
  readonly partial?: boolean;
}

/** A net and what it was made for: all of a model but its numbers. */
interface Purpose {
  readonly net: Module;
  /** [channels, height, width]: one picture, without the batch axis. */
  readonly inputShape: Shape;
  readonly seed: number;
  readonly classes: readonly string[] | undefined;
  readonly preprocessing: Preprocessing | undefined;
}

export interface Model extends Purpose {
  /** Trainable tensors by name, in order of first use. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** Running statistics and their like. */
  readonly buffers: ReadonlyMap<string, Tensor>;
  /** Number of trainable numbers. */
  readonly parameterCount: number;
  trace(options?: TraceOptions): Traced;
  /** Per layer: output shape, receptive field, parameters, multiply-adds. Prints as a table. */
  summary(): ModelSummary;
  /**
   * Receptive field in the input of one unit of a layer (or container). Throws `GraphError` naming the layers when there is no such
   * one, `MisalignedFieldError` when its branches look at different places.
   */
  field(layer: string): ReceptiveField;
  /** The same net with other numbers: names not in `state` keep theirs. Unknown names and other shapes throw. */
  with(state: ReadonlyMap<string, Tensor>): Model;
  /** Parameters and buffers together: a PyTorch state_dict. */
  state(): Map<string, Tensor>;
  /** The shapes of `state()`, known without making a number. */
  shapes(): Map<string, Shape>;
}

/**
 * Gives `net` its parameters. `inputShape` is one picture, [channels, height, width]. Parameters that are not given are made when
 * numbers are first asked for: shapes, fields and costs of the largest net come at once.
 * Throws `ShapeError` where layers do not fit together, naming the layer, and `ModelFormatError` for parameters that do not fit the net.
 */
export function createModel(net: Module, inputShape: Shape, options: ModelOptions = {}): Model {
  checkModule("createModel", net);
  checkOptions("createModel", options, ["seed", "classes", "preprocessing", "parameters", "partial"]);
  const { seed = 0, parameters: given = new Map<string, Tensor>(), partial = options.parameters === undefined } = options;
  checkShape(inputShape, "createModel: inputShape");
  if (options.parameters !== undefined) expectMap("createModel", "parameters", options.parameters, "names to Tensors");
  if (!Number.isInteger(seed)) throw new ArgumentError(`createModel: seed ${seed} is not an integer`);
  const parameters: Recipes = new Map();
  const buffers: Recipes = new Map();
  const missing: string[] = [];
  const misshapen: string[] = [];
  const recipe = (name: string, shape: Shape, dtype: DType, make: () => Tensor): (() => Tensor) => {
    const found = given.get(name);
    if (found === undefined && !partial && !isStepCounter(name)) missing.push(name);
    if (found !== undefined && !sameShape(found.shape, shape)) {
      misshapen.push(`${name} has shape ${showShape(found.shape)}, but the net needs ${showShape(shape)}`);
    }
    return () => {
      const made = found ?? make();
      return made.dtype === dtype ? made : made.cast(dtype);
    };
  };
  const store: Store = {
    parameter(name, shape, initialise, fans) {
      parameters.set(
        name,
        recipe(name, shape, "float32", () => checkMade(name, initialise(shape, random(seed).fork(name), fans), shape)),
      );
      return undefined;
    },
    buffer(name, initial) {
      buffers.set(
        name,
        recipe(name, initial.shape, initial.dtype, () => initial),
      );
      return undefined;
    },
  };
  const described = traceModule(net, { shape: [1, ...inputShape], dtype: "float32", training: false, frozen: true, seed, store });
  const unknown = options.partial === true ? [] : [...given.keys()].filter((name) => !parameters.has(name) && !buffers.has(name));
  if (missing.length > 0 || unknown.length > 0 || misshapen.length > 0) {
    const list = (what: string, names: readonly string[]): string =>
      names.length === 0
        ? ""
        : `; ${what}: ${names.slice(0, mostNamed).join(", ")}${names.length > mostNamed ? `, and ${names.length - mostNamed} more` : ""}`;
    throw new ModelFormatError(
      `the parameters are not those of this net${list("missing", missing)}${list("not in the net", unknown)}${list("of another shape", misshapen)}`,
      { reason: { kind: "other parameters", missing, unknown, misshapen } },
    );
  }
  const { classes, preprocessing } = options;
  return withNumbers({ net, inputShape: Object.freeze([...inputShape]), seed, classes, preprocessing }, described, parameters, buffers);
}

/** So many names of each kind a message lists: all of a head, not all of a net. */
const mostNamed = 40;

/** State dicts from before PyTorch 0.4.1 lack these, torchvision's first ones among them; PyTorch begins at 0 then, and so do we. */
const isStepCounter = (name: string): boolean => name.split(".").at(-1) === "num_batches_tracked";

/** How to come by each tensor, in order of first use. */
type Recipes = Map<string, () => Tensor>;

function checkMade(name: string, made: Tensor, shape: Shape): Tensor {
  if (sameShape(made.shape, shape)) return made;
  throw new GraphError(`the initialiser of "${name}" made ${showShape(made.shape)}, but the layer wants ${showShape(shape)}`);
}

/** `described` is the graph for one picture, with the parameters as inputs: shapes without numbers. The numbers are made when asked for. */
function withNumbers(purpose: Purpose, described: Traced, parameters: Recipes, buffers: Recipes): Model {
  const { net, seed: ownSeed } = purpose;
  const numbers: { parameters?: ReadonlyMap<string, Tensor>; buffers?: ReadonlyMap<string, Tensor> } = {};
  const model: Model = {
    ...purpose,

    get parameters() {
      numbers.parameters ??= made(parameters);
      return numbers.parameters;
    },

    get buffers() {
      numbers.buffers ??= made(buffers);
      return numbers.buffers;
    },

    get parameterCount() {
      return [...described.parameters.values()].reduce((count, { shape }) => count + sizeOf(shape), 0);
    },

    trace(options: TraceOptions = {}) {
      checkOptions("trace", options, ["batch", "training", "inputShape", "dtype", "frozen", "seed"]);
      const { batch = 1, training = false, inputShape = purpose.inputShape, dtype = "float32", frozen = true, seed = ownSeed } = options;
      checkShape(inputShape, "trace: inputShape");
      if (!Number.isInteger(batch) || batch < 1) throw new ArgumentError(`trace: batch ${batch} is not an integer >= 1`);
      const stored = (kind: ReadonlyMap<string, Tensor>, name: string, shape: Shape): Tensor => {
        const found = kind.get(name);
        if (found === undefined) throw new GraphError(`trace: the net asks for "${name}" now, but did not when the model was created`);
        if (!sameShape(found.shape, shape)) {
          // Only an input shape other than the model's own can lead here: a dense layer fixes the size of what reaches it.
          throw new ShapeError(
            `trace: at input ${showShape(inputShape)} "${name}" would be ${showShape(shape)}; the model has ${showShape(found.shape)}`,
          );
        }
        return found;
      };
      const store: Store = {
        parameter: (name, shape) => stored(model.parameters, name, shape),
        buffer: (name, initial) => stored(model.buffers, name, initial.shape),
      };
      return traceModule(net, { shape: [batch, ...inputShape], dtype, training, frozen, seed, store });
    },

    summary: () => summarise(described),
    field: (layer) => receptiveField(layerValue(described, layer), described.input),

    with(state) {
      expectMap("with", "the state", state, "names to Tensors");
      return createModel(net, purpose.inputShape, {
        seed: ownSeed,
        ...(purpose.classes && { classes: purpose.classes }),
        ...(purpose.preprocessing && { preprocessing: purpose.preprocessing }),
        parameters: new Map([...model.state(), ...state]),
      });
    },

    state: () => new Map([...model.parameters, ...model.buffers]),
    shapes: () => new Map([...described.parameters, ...described.buffers].map(([name, { shape }]) => [name, shape])),
  };
  return model;
}

function made(recipes: Recipes): ReadonlyMap<string, Tensor> {
  return new Map([...recipes].map(([name, make]) => [name, make()]));
}

/** Throws `ArgumentError` unless `given` is a model. `where` is what the user called. */
export function expectModel(where: string, given: unknown): void {
  expectParts(where, "the model", given, ["net", "inputShape", "trace", "state"], "a model, made by createModel or fit");
}

/** The value that a layer's path names; throws `GraphError` naming the layers when there is none. */
export function layerValue(traced: Traced, path: string): Value {
  const found = traced.names.get(path);
  if (found === undefined) {
    const known = traced.layers.map((l) => l.name);
    throw new GraphError(`no layer is called "${path}"; there are ${known.join(", ")}`, {
      reason: { kind: "no such layer", layer: path, known },
    });
  }
  return found;
}
