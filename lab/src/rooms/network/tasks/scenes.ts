// What this room's tasks keep in the worker: pictures that were seen, with their nets, under numbers.
import type { Model } from "fovea";
import { patched, type UnitArithmetic, type UnitBackward, unitArithmetic } from "fovea/lens";
import type { Tensor } from "fovea/tensor";
import type { TaskContext } from "../../../engine/context.ts";
import type { Look } from "../../../engine/look.ts";
import { type NetRef, withEdits } from "../../../engine/nets.ts";
import type { WeightEdit } from "../../../state/edits.ts";

/** Units that are switched off, by layer. */
export type Off = readonly { readonly layer: string; readonly units: readonly number[] }[];

/** A picture that was seen, and its net. */
export interface Scene {
  unit?: UnitArithmetic;
  /** The last unit that was followed back, and the question. */
  back?: { readonly of: string; readonly made: Promise<UnitBackward> };
  /** With some units switched off. */
  readonly model: Model;
  /** With all of them at work. */
  readonly whole: Model;
  readonly off: Off;
  readonly input: Tensor;
  readonly look: Look;
}

const kept = 4;
const scenes = new Map<number, Scene>();
let last = 0;

/** Keeps a scene; the last few stay. */
export function keepScene(scene: Scene): number {
  scenes.set(++last, scene);
  for (const old of scenes.keys()) if (scenes.size > kept) scenes.delete(old);
  return last;
}

export function sceneOf(number: number): Scene {
  const scene = scenes.get(number);
  if (scene === undefined) throw new DOMException("another picture is looked at now", "AbortError");
  return scene;
}

/** Models with changed weights, by net and changes. */
const changed = new Map<string, Model>();

export async function modelOf(net: NetRef, edits: readonly WeightEdit[], { open }: TaskContext): Promise<Model> {
  const model = await open(net);
  if (edits.length === 0) return model;
  const key = `${net.key} ${JSON.stringify(edits)}`;
  const made = changed.get(key) ?? withEdits(model, edits);
  changed.set(key, made);
  for (const old of changed.keys()) if (changed.size > kept) changed.delete(old);
  return made;
}

/** The last unit that was taken apart is kept: many cells of it will be asked for. */
export async function unitOf(number: number, layer: string, unit: number): Promise<UnitArithmetic> {
  const scene = sceneOf(number);
  if (scene.unit?.layer !== layer || scene.unit.unit !== unit)
    scene.unit = await unitArithmetic(await modelAround(scene, layer), scene.input, { layer, unit });
  return scene.unit;
}

/** Models with units switched off; so that a picture that is drawn meets the same compiled net again. */
const without = new Map<Model, Map<string, Promise<Model>>>();

export function withOff(model: Model, off: Off): Promise<Model> {
  if (off.length === 0) return Promise.resolve(model);
  const key = JSON.stringify(off);
  const known = without.get(model) ?? new Map<string, Promise<Model>>();
  without.set(model, known);
  for (const old of without.keys()) if (without.size > kept) without.delete(old);
  const made = known.get(key) ?? switchOff(model, off);
  known.set(key, made);
  for (const old of known.keys()) if (known.size > kept) known.delete(old);
  return made;
}

async function switchOff(model: Model, off: Off): Promise<Model> {
  let made = model;
  const layers = new Map(model.summary().layers.map(({ name, outputShape }) => [name, outputShape[0] ?? 1]));
  for (const { layer, units } of off) {
    // An old link may name units that this net lacks.
    const channels = units.filter((unit) => unit < (layers.get(layer) ?? 0));
    if (channels.length > 0) made = await patched(made, { layer, channels });
  }
  return made;
}

/** The scene's model as a layer sees it: what is switched off elsewhere is off, but the layer's own units can be taken apart. */
export function modelAround({ whole, off }: Scene, layer: string): Promise<Model> {
  return withOff(
    whole,
    off.filter((one) => one.layer !== layer),
  );
}
