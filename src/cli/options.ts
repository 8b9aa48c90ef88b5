// Turns what the command line says into numbers, lists and choices, or says which option is wrong and what it expects.
import type { Device } from "../graph/program.ts";
import { ArgumentError } from "../tensor/errors.ts";

function show(given: unknown): string {
  return Array.isArray(given) ? given.join(" and ") : String(given);
}

/**
 * The words of a command line as the parser takes them right: `--lr -1` becomes `--lr=-1`, because it takes whatever begins with a dash for
 * an option. It would also read nothing as 0: an option whose value is empty is refused here, with `ArgumentError`. Only options that take a
 * value are looked at.
 */
export function readArguments(
  argv: readonly string[],
  commands: readonly { readonly options: readonly { readonly rawName: string }[] }[],
): string[] {
  const rawNames = commands.flatMap(({ options }) => options.map((o) => o.rawName));
  const takesValue = new Map(rawNames.flatMap((raw) => (raw.includes(" ") ? [[raw.split(" ")[0], raw] as const] : [])));
  const joined: string[] = [];
  for (const argument of argv) {
    const [name, value] = argument.includes("=") ? splitOnce(argument, "=") : [joined.at(-1) ?? "", argument];
    const raw = takesValue.get(name);
    if (raw !== undefined && value.trim() === "") throw new ArgumentError(`${name} is empty; it needs a value: ${raw}`);
    const before = joined.at(-1);
    if (before !== undefined && takesValue.has(before) && /^-\.?\d/.test(argument)) joined[joined.length - 1] = `${before}=${argument}`;
    else joined.push(argument);
  }
  return joined;
}

function splitOnce(text: string, at: string): readonly [string, string] {
  const i = text.indexOf(at);
  return [text.slice(0, i), text.slice(i + at.length)];
}

/** A number within bounds; `undefined` stays undefined. */
export function numberOption(
  name: string,
  given: unknown,
  {
    min = Number.NEGATIVE_INFINITY,
    max = Number.POSITIVE_INFINITY,
    integer = false,
  }: { min?: number; max?: number; integer?: boolean } = {},
): number | undefined {
  if (given === undefined) return undefined;
  const value = typeof given === "number" ? given : typeof given === "string" && given.trim() !== "" ? Number(given) : Number.NaN;
  if (Number.isNaN(value) || value < min || value > max || (integer && !Number.isInteger(value))) {
    const kind = integer ? "an integer" : "a number";
    const least = min === Number.MIN_VALUE ? " > 0" : ` >= ${min}`;
    const bounds = max === Number.POSITIVE_INFINITY ? (min === Number.NEGATIVE_INFINITY ? "" : least) : ` from ${min} to ${max}`;
    throw new ArgumentError(`--${name} is ${show(given)}; expected ${kind}${bounds}`);
  }
  return value;
}

/** One of a few words; `undefined` stays undefined. */
export function choiceOption<const C extends string>(name: string, given: unknown, choices: readonly C[]): C | undefined {
  if (given === undefined) return undefined;
  if (!(choices as readonly unknown[]).includes(given)) {
    throw new ArgumentError(`--${name} is ${show(given)}; expected one of ${choices.join(", ")}`);
  }
  return given as C;
}

/** A piece of text; a repeated or empty option is an error. */
export function textOption(name: string, given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (given === "") throw new ArgumentError(`--${name} is empty; expected a value`);
  if (typeof given !== "string" && typeof given !== "number") throw new ArgumentError(`--${name} is ${show(given)}; expected one value`);
  return String(given);
}

/** Comma-separated words, each one of `choices` when these are given. */
export function listOption<const C extends string>(name: string, given: unknown, choices?: readonly C[]): readonly C[] | undefined {
  const text = textOption(name, given);
  if (text === undefined) return undefined;
  const words = text.split(",").map((word) => word.trim());
  return words.map((word) => (choices === undefined ? (word as C) : (choiceOption(name, word, choices) as C)));
}

export interface InputSize {
  readonly channels?: number;
  readonly height: number;
  readonly width: number;
}

/** `--input-size 64`, `64x48` or `1x64x48`: height and width, and the channels where they are said. Pictures are square unless said. */
export function inputSizeOption(given: unknown): InputSize | undefined {
  const text = textOption("input-size", given);
  if (text === undefined) return undefined;
  const sizes = text.split("x").map(Number);
  if (sizes.length > 3 || !sizes.every((n) => Number.isInteger(n) && n >= 1 && n <= 65536)) {
    throw new ArgumentError(`--input-size is ${text}; expected pixels such as 64, height x width such as 64x48, or 1x64x48 with channels`);
  }
  const [width, height = width, channels] = [...sizes].reverse();
  return { height, width, ...(channels !== undefined && { channels }) };
}

export interface MachineOptions {
  readonly device?: Device;
  readonly threads?: number;
}

/** `--device` and `--threads`, which every command that computes takes. */
export function machineOptions(given: Readonly<Record<string, unknown>>): MachineOptions {
  const device = choiceOption("device", given.device, ["auto", "wasm", "reference"]);
  const threads = numberOption("threads", given.threads, { min: 1, max: 64, integer: true });
  return { ...(device !== undefined && { device }), ...(threads !== undefined && { threads }) };
}
