// What the command line can say about attribution: which methods, told what, about which part of the net.
import { type AttributionMethod, attributionMethod, attributionMethods } from "../lens/attribute.ts";
import type { MethodSettings } from "../lens/attribution/method.ts";
import type { Target } from "../lens/target.ts";
import type { Model } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { proposal } from "../tensor/options.ts";
import { full, type Tensor } from "../tensor/tensor.ts";
import { listOption, numberOption, textOption } from "./options.ts";

/** The methods as the help lists them; what is in no group is listed last. */
const families: readonly (readonly [title: string, methods: readonly AttributionMethod[]])[] = [
  ["slopes", ["gradient", "smoothGrad", "smoothGradSquared", "varGrad"]],
  ["ReLU rules", ["guided", "deconvnet", "zeilerFergus"]],
  ["contributions", ["gradientInput", "integratedGradients", "lrp", "deepLift"]],
  ["class maps", ["cam", "gradCam", "gradCamPlusPlus", "hiResCam", "layerCam", "xGradCam", "eigenCam", "guidedGradCam"]],
  ["by trying out", ["scoreCam", "ablationCam", "occlusion", "rise"]],
];

/** For the help: every method once, by family, at most 80 columns wide. */
export function methodsHelp(): string {
  const known = new Set<string>(families.flatMap(([, methods]) => methods));
  const groups: typeof families = [...families, ["to compare", attributionMethods.filter((m) => !known.has(m))]];
  const lines: string[] = [];
  for (const [title, methods] of groups) {
    let line = `  ${title.padEnd(16)}`;
    for (const method of methods) {
      if (line.length + method.length + 2 > 80) {
        lines.push(line.trimEnd());
        line = " ".repeat(18);
      }
      line += `${method}  `;
    }
    lines.push(line.trimEnd());
  }
  return `${lines.join("\n")}\n  or all: every method that the net allows`;
}

/** Methods, and whether those that a net does not allow are passed over. */
export interface MethodChoice {
  readonly methods: readonly AttributionMethod[];
  readonly tolerant: boolean;
}

/** `--method a,b` or `--method all`. */
export function methodChoice(given: unknown, usual: readonly AttributionMethod[]): MethodChoice {
  if (given === "all") return { methods: attributionMethods, tolerant: true };
  return { methods: [...new Set(listOption("method", given, attributionMethods) ?? usual)], tolerant: false };
}

/** What is explained (undefined: the most probable class), and the layer that class maps look at (undefined: the last with maps). */
export interface AimChoice {
  readonly target: Target | undefined;
  readonly at: string | undefined;
}

/** `--class`, or `--layer` with `--channel`; and `--at`, for which `--layer` stands beside a class, where it can mean nothing else. */
export function aimOption(options: Readonly<Record<string, unknown>>): AimChoice {
  const wanted = textOption("class", options.class);
  const layer = textOption("layer", options.layer);
  const channel = numberOption("channel", options.channel, { min: 0, integer: true });
  const at = textOption("at", options.at);
  if (wanted !== undefined) {
    if (channel !== undefined) throw new ArgumentError("--class and --channel exclude each other: one target at a time");
    if (layer !== undefined && at !== undefined) {
      throw new ArgumentError("with --class, --layer means what --at means, the layer that class maps look at: give one of them");
    }
    return { target: { class: wanted }, at: at ?? layer };
  }
  if (layer !== undefined && channel !== undefined) return { target: { layer, channel }, at };
  if (layer === undefined && channel === undefined) return { target: undefined, at };
  throw new ArgumentError("--layer and --channel belong together: a channel of a layer (or --class and --layer: where class maps look)");
}

/** A class may be given by name or, where no class is called so, by number. */
export function classTarget(model: Model, target: Target): Target {
  if (typeof target.class !== "string" || (model.classes ?? []).includes(target.class)) return target;
  if (/^\d+$/.test(target.class)) return { class: Number(target.class) };
  const names = model.classes ?? [];
  throw new ArgumentError(
    names.length === 0
      ? `--class is ${target.class}; this net's classes have numbers only`
      : `no class is called "${target.class}"${proposal(target.class, names)}; there are ${names.length}: ${names.slice(0, 8).join(", ")}${names.length > 8 ? " ..." : ""}`,
  );
}

type Reader = (text: string, where: string) => unknown;

const number: Reader = (text, where) => {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new ArgumentError(`${where} is ${text}; expected a number`);
};

const word: Reader = (text) => text;

const flag: Reader = (text, where) => {
  if (text === "true" || text === "false") return text === "true";
  throw new ArgumentError(`${where} is ${text}; expected true or false`);
};

/** `8` or `8x16`, height first. */
const size: Reader = (text, where) => {
  const sides = text.split("x").map((part) => number(part, where) as number);
  if (sides.length > 2) throw new ArgumentError(`${where} is ${text}; expected one number, or height x width such as 8x16`);
  return sides.length === 1 ? sides[0] : sides;
};

/** `0` or `0,0.5,1`. */
const numbers: Reader = (text, where) => {
  const list = text.split(",").map((part) => number(part, where) as number);
  return list.length === 1 ? list[0] : list;
};

const pair: Reader = (text, where) => {
  const list = numbers(text, where);
  if (Array.isArray(list) && list.length === 2) return list;
  throw new ArgumentError(`${where} is ${text}; expected two numbers such as -1,1`);
};

/** `conv1:zBox,conv2:gamma`; layers' names may hold colons of their own. */
const byLayer: Reader = (text, where) =>
  Object.fromEntries(
    text.split(",").map((part) => {
      const at = part.lastIndexOf(":");
      if (at < 1) throw new ArgumentError(`${where} is ${text}; expected layer:rule pairs such as conv1:zBox,conv2:gamma`);
      return [part.slice(0, at), part.slice(at + 1)];
    }),
  );

/** What `--set` knows. `baseline` is one number for all pixels here. */
const readers: Readonly<Record<string, Reader>> = {
  samples: number,
  spread: number,
  points: number,
  quadrature: word,
  baseline: number,
  batchSize: number,
  counterfactual: flag,
  window: size,
  stride: size,
  fill: numbers,
  credit: word,
  masks: number,
  cells: number,
  keep: number,
  rule: word,
  composite: word,
  layerRules: byLayer,
  maxPool: word,
  epsilon: number,
  gamma: number,
  alpha: number,
  bounds: pair,
};

/** For the help. */
export const settingNames: readonly string[] = Object.keys(readers);

/** What was set for all methods and for single ones. */
export type MethodSets = ReadonlyMap<AttributionMethod | "all", Readonly<Record<string, unknown>>>;

/** `--set window=16`, any number of times; `--set occlusion.stride=4` concerns one method. Throws `ArgumentError` for what no method reads. */
export function settingsOption(given: unknown): MethodSets {
  const sets = new Map<AttributionMethod | "all", Record<string, unknown>>();
  for (const entry of given === undefined ? [] : Array.isArray(given) ? given : [given]) {
    const [, owner, name, text] = /^(?:([A-Za-z]+)\.)?([A-Za-z]+)=(.+)$/s.exec(String(entry)) ?? [];
    if (name === undefined) throw new ArgumentError(`--set is ${String(entry)}; expected name=value, such as window=16 or lrp.rule=gamma`);
    if (!Object.hasOwn(readers, name)) {
      throw new ArgumentError(`--set: there is no setting "${name}"${proposal(name, settingNames)}; settings: ${settingNames.join(", ")}`);
    }
    if (owner !== undefined && !(attributionMethods as readonly string[]).includes(owner)) {
      throw new ArgumentError(`--set: there is no method "${owner}"${proposal(owner, attributionMethods)}`);
    }
    const key = (owner ?? "all") as AttributionMethod | "all";
    sets.set(key, { ...sets.get(key), [name]: readers[name](text, `--set ${name}`) });
  }
  return sets;
}

/** What one method is told about pictures of this shape. */
export function settingsFor(sets: MethodSets, method: AttributionMethod, image: Tensor): MethodSettings {
  const { baseline, ...rest } = { ...sets.get("all"), ...sets.get(method) } as Record<string, unknown>;
  // The readers made them of the right kinds; whether the values make sense, each method says itself.
  return { ...rest, ...(typeof baseline === "number" && { baseline: full(image.shape, baseline, image.dtype) }) } as MethodSettings;
}

/** "Grad-CAM (Selvaraju et al. 2017)". */
export function methodTitle(method: AttributionMethod): string {
  const { title, cites } = attributionMethod(method);
  return `${title} (${cites})`;
}
