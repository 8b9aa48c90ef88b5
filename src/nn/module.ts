// What a layer is, and what it may ask of the network it is put into. A module is a recipe without parameters of its own:
// the same module can be built again and again, at any batch size, and the context supplies what belongs to its place.
import type { Value } from "../graph/value.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { showGiven } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Fans, Initialiser } from "./initialise.ts";

/** Where a module is being built: supplies parameters and state under the module's path, and remembers its layers. */
export interface Context {
  /** Path of the module being built: "" for the net itself, "features.3" inside. Error messages and labels use it. */
  readonly path: string;
  /** Whether dropout drops and batch norm uses the batch's own statistics. */
  readonly training: boolean;
  /** A trainable tensor called `path.name`. `fans` default to those of `shape`; give the weight's for a bias. */
  parameter(name: string, shape: Shape, initialise: Initialiser, fans?: Fans): Value;
  /** State that is saved but not trained, such as running statistics. */
  buffer(name: string, initial: Tensor): Value;
  /** In training: `buffer` becomes `next` after the run. Ignored otherwise. */
  update(buffer: Value, next: Value): void;
  /** int32 [1]: the number of training runs so far. Random ops take it, so that every step draws afresh yet repeatably. */
  counter(): Value;
  /** A seed of this place: depends on the net's seed and the path alone. */
  seed(): number;
  /** Builds a named part. Its parameters are called `path.name.…`, and its output can be tapped as `path.name`. */
  child(name: string, module: Module, x: Value): Value;
  readonly ledger: Ledger;
}

/** For nets that bring their own names and numbers, as those read from files do: names are full names whatever the path, and may have dots. */
export interface Ledger {
  /** A trainable tensor that is `stored` until the model is given another. */
  parameter(name: string, stored: Tensor): Value;
  /** State that is saved but not trained. */
  buffer(name: string, stored: Tensor): Value;
  /** Records a layer, and returns its value under the layer's name: a twin when the value has a name already. */
  layer(layer: Layer): Value;
}

/** A layer or a composition of layers. */
export interface Module {
  /** "conv2d", "relu", "sequential", ...: what tables and drawings call it. */
  readonly kind: string;
  build(x: Value, context: Context): Value;
}

/** One layer of a traced net. Pure containers (sequential) are not listed; what they hold is. */
export interface Layer {
  /** Path, as in PyTorch's state_dict: "features.3". Also the label of `value`. */
  readonly name: string;
  readonly kind: string;
  readonly input: Value;
  readonly value: Value;
  /** Full names of the parameters that are the layer's own (not its parts'). */
  readonly parameters: readonly string[];
}

/** A net written out as graph values for one batch size and mode. */
export interface Traced {
  /** The pictures, [batch, ...inputShape], fed as "x". */
  readonly input: Value;
  readonly output: Value;
  /** In order of computation. */
  readonly layers: readonly Layer[];
  /** Every path, containers included, to the value it gives. The net itself goes by its kind. */
  readonly names: ReadonlyMap<string, Value>;
  /** Trainable values by name; constants when frozen, variables otherwise. */
  readonly parameters: ReadonlyMap<string, Value>;
  readonly buffers: ReadonlyMap<string, Value>;
  /** Everything that lives in the program: parameters and buffers unless frozen, and the step counter if something uses it. */
  readonly variables: ReadonlyMap<string, Value>;
  /** Buffers (and the counter) and their values after a training run; empty outside training. */
  readonly updates: readonly (readonly [variable: Value, next: Value])[];
}

/** Throws `ArgumentError` unless `given` is a net: layers are made by nn.…, nets by nn.sequential and the zoo. */
export function checkModule(where: string, given: unknown): void {
  if (typeof given !== "object" || given === null || typeof (given as Partial<Module>).build !== "function") {
    throw new ArgumentError(`${where}: the net is ${showGiven(given)}; expected a layer or a composition of layers, such as nn.sequential`);
  }
}

/** A module from its kind and what it does. */
export function defineModule(kind: string, build: Module["build"]): Module {
  return Object.freeze({ kind, build });
}
