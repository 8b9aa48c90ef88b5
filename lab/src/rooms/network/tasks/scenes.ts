// What this room's tasks keep in the worker: pictures that were seen, with their nets, under numbers.
import type { Model } from "fovea";
import { type UnitArithmetic, type UnitBackward, unitArithmetic } from "fovea/lens";
import type { Tensor } from "fovea/tensor";
import type { TaskContext } from "../../../engine/context.ts";
import type { Look } from "../../../engine/look.ts";
import { type NetRef, withEdits } from "../../../engine/nets.ts";
import type { WeightEdit } from "../../../state/edits.ts";

/** A picture that was seen, and its net. */
export interface Scene {
  unit?: UnitArithmetic;
  /** The last unit that was followed back, and the question. */
  back?: { readonly of: string; readonly made: Promise<UnitBackward> };
  readonly model: Model;
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
  if (scene.unit?.layer !== layer || scene.unit.unit !== unit) scene.unit = await unitArithmetic(scene.model, scene.input, { layer, unit });
  return scene.unit;
}
