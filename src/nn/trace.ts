// Writes a net out as a graph: walks the modules, gives every value its path as label, and hands each place its parameters.
import { constant, input, inScope, variable } from "../graph/record.ts";
import { label, type Value } from "../graph/value.ts";
import { add, identity } from "../ops/index.ts";
import { GraphError } from "../tensor/errors.ts";
import { hashLabel, threefry } from "../tensor/random.ts";
import { type Shape, sameShape, showShape } from "../tensor/shape.ts";
import { type DType, ones, type Tensor, zeros } from "../tensor/tensor.ts";
import { type Fans, fansOf, type Initialiser } from "./initialise.ts";
import type { Context, Layer, Module, Traced } from "./module.ts";

/** Name of the variable that counts training runs. */
export const counterName = "step";

/**
 * Supplies the stored (or newly made) tensor of a full name. `undefined` stands for "only its shape matters": the value becomes an input
 * of the graph, so that a net of any size can be described without its numbers.
 */
export interface Store {
  parameter(name: string, shape: Shape, initialise: Initialiser, fans: Fans): Tensor | undefined;
  buffer(name: string, initial: Tensor): Tensor | undefined;
}

export interface TraceSettings {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly training: boolean;
  readonly frozen: boolean;
  readonly seed: number;
  readonly store: Store;
}

interface Session extends TraceSettings {
  readonly layers: Layer[];
  readonly names: Map<string, Value>;
  readonly parameters: Map<string, Value>;
  readonly buffers: Map<string, Value>;
  readonly variables: Map<string, Value>;
  readonly updates: Map<Value, Value>;
  counter: Value | undefined;
}

/** The net as a graph under these settings. Throws `GraphError` for names used twice, `ShapeError` where layers do not fit, naming them. */
export function traceModule(net: Module, settings: TraceSettings): Traced {
  const session: Session = {
    ...settings,
    layers: [],
    names: new Map(),
    parameters: new Map(),
    buffers: new Map(),
    variables: new Map(),
    updates: new Map(),
    counter: undefined,
  };
  const x = input("x", settings.shape, settings.dtype);
  const output = buildAt(session, "", net, x);
  const { counter, layers, names, parameters, buffers, variables } = session;
  if (counter !== undefined && settings.training) session.updates.set(counter, add(counter, constant(ones([1], "int32"))));
  return { input: x, output, layers, names, parameters, buffers, variables, updates: [...session.updates] };
}

/** Builds `module` at `path` and records it as a layer, unless all it did was to pass on what a part of it had made. */
function buildAt(session: Session, path: string, module: Module, x: Value): Value {
  const own: string[] = [];
  const name = path === "" ? module.kind : path;
  const before = session.layers.length;
  let value = inScope(path, () => module.build(x, contextAt(session, path, own)));
  const passedOn = session.layers.length > before && session.layers.some((l, i) => i >= before && l.value === value);
  if (!passedOn) {
    value = recordLayer(session, { name, kind: module.kind, input: x, value, parameters: own });
  }
  session.names.set(name, value);
  return value;
}

function unused(name: string, taken: ReadonlyMap<string, unknown>): string {
  if (taken.has(name)) throw new GraphError(`"${name}" exists twice; the parts of a module need different names`);
  return name;
}

/** A layer that does nothing here (dropout outside training) still needs a value of its own to carry its name. */
function recordLayer(session: Session, layer: Layer): Value {
  const value = label(layer.value.label === undefined ? layer.value : identity(layer.value), layer.name);
  session.layers.push({ ...layer, value });
  return value;
}

function contextAt(session: Session, path: string, own: string[]): Context {
  const full = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const fresh = (name: string, taken: ReadonlyMap<string, unknown>): string => {
    if (name.includes(".") || name === "")
      throw new GraphError(`"${path}": a part is called "${name}"; names are not empty and have no dots`);
    return unused(full(name), taken);
  };
  const dtypeHere = (stored: DType): DType => (stored === "float32" || stored === "float64" ? session.dtype : stored);
  const place = (name: string, stored: Tensor, inProgram: boolean): Value => {
    const dtype = dtypeHere(stored.dtype);
    const tensor = stored.dtype === dtype ? stored : stored.cast(dtype);
    if (!inProgram) return label(constant(tensor), name);
    const value = variable(name, tensor);
    session.variables.set(name, value);
    return value;
  };
  const parameterNamed = (key: string, shape: Shape, initialise: Initialiser, fans: Fans): Value => {
    const stored = session.store.parameter(key, shape, initialise, fans);
    const value = stored === undefined ? label(input(key, shape, session.dtype), key) : place(key, stored, !session.frozen);
    if (!sameShape(value.shape, shape))
      throw new GraphError(`"${key}" is ${showShape(value.shape)}, but the layer wants ${showShape(shape)}`);
    session.parameters.set(key, value);
    return value;
  };
  const bufferNamed = (key: string, initial: Tensor): Value => {
    const stored = session.store.buffer(key, initial);
    const value =
      stored === undefined
        ? label(input(key, initial.shape, dtypeHere(initial.dtype)), key)
        : place(key, stored, session.training || !session.frozen);
    session.buffers.set(key, value);
    return value;
  };
  return {
    path,
    training: session.training,
    parameter(name, shape, initialise, fans = fansOf(shape)) {
      const key = fresh(name, session.parameters);
      const value = parameterNamed(key, shape, initialise, fans);
      own.push(key);
      return value;
    },
    buffer: (name, initial) => bufferNamed(fresh(name, session.buffers), initial),
    update(buffer, next) {
      if (session.training) session.updates.set(buffer, next);
    },
    counter() {
      session.counter ??= place(counterName, zeros([1], "int32"), true);
      return session.counter;
    },
    seed: () => threefry(session.seed, hashLabel(path), 0, 0)[0],
    child: (name, module, x) => buildAt(session, fresh(name, session.names), module, x),
    ledger: {
      parameter: (name, stored) => parameterNamed(unused(name, session.parameters), stored.shape, () => stored, fansOf(stored.shape)),
      buffer: (name, stored) => bufferNamed(unused(name, session.buffers), stored),
      layer(layer) {
        const value = recordLayer(session, { ...layer, name: unused(layer.name, session.names) });
        session.names.set(layer.name, value);
        return value;
      },
    },
  };
}
