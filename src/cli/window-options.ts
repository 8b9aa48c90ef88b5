// What `fovea conv` was asked about: sizes, paddings and kernels as people write them, turned into options of window operations.
import { classicKernels } from "../arithmetic/kernels.ts";
import type { AxisPadding, PaddingName } from "../arithmetic/sizes.ts";
import type { WindowKind } from "../report/convolution/options.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { choiceOption, numberOption, textOption } from "./options.ts";

/** A question about one window operation; `undefined` is what was not said. */
export interface WindowQuestion {
  readonly kind: WindowKind;
  readonly input: readonly number[] | undefined;
  readonly kernel: readonly number[] | undefined;
  /** Row-major numbers of one kernel, where they were given. */
  readonly weights: readonly number[] | undefined;
  readonly stride: readonly number[] | undefined;
  readonly dilation: readonly number[] | undefined;
  readonly padding: readonly AxisPadding[] | undefined;
  readonly outputPadding: readonly number[] | undefined;
  readonly outputSize: readonly number[] | undefined;
  readonly ceilMode: boolean;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  /** Deformable: one (Δrow, Δcolumn) for all taps. */
  readonly offset: readonly [number, number] | undefined;
  readonly seed: number;
}

const paddingNames: readonly PaddingName[] = ["valid", "same", "same-lower", "full", "causal"];

/** No axis is longer, so that sizes stay whole numbers that are counted exactly. */
const largestSize = 1_000_000_000;

/** "5x5" -> [5, 5], "7" -> [7]. */
export function sizesOption(name: string, given: unknown, least = 1): readonly number[] | undefined {
  const text = textOption(name, given);
  if (text === undefined) return undefined;
  const sizes = text.split(/[x×]/i).map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (sizes.length > 3 || sizes.some((n) => !(n >= least)))
    throw new ArgumentError(`--${name} is ${text}; expected whole numbers >= ${least} with x between them, such as 5x5`);
  checkLargest(name, text, sizes);
  return sizes;
}

/** "1" both sides, "1,2" before and after, "same" and its like; with x between them, one for each axis: "1,2x0". */
function paddingOption(given: unknown): readonly AxisPadding[] | undefined {
  const text = textOption("padding", given);
  if (text === undefined) return undefined;
  if ((paddingNames as readonly string[]).includes(text)) return [text as PaddingName];
  return text.split(/[x×]/i).map((part): AxisPadding => {
    const numbers = part.split(",").map((n) => (/^\s*-?\d+\s*$/.test(n) ? Number(n) : Number.NaN));
    if (numbers.length > 2 || numbers.some(Number.isNaN))
      throw new ArgumentError(
        `--padding is ${text}; expected a whole number, "before,after" such as 1,2, one of these for each axis such as 1x2, or one of ${paddingNames.join(", ")}`,
      );
    checkLargest("padding", text, numbers);
    return numbers.length === 1 ? numbers[0] : [numbers[0], numbers[1]];
  });
}

function checkLargest(name: string, text: string, numbers: readonly number[]): void {
  if (numbers.some((n) => Math.abs(n) > largestSize)) throw new ArgumentError(`--${name} is ${text}; at most ${largestSize}`);
}

/** Rows of a kernel written as text: "1 0 -1; 2 0 -2; 1 0 -1". Throws `ArgumentError` that names what cannot be read. */
export function parseMatrix(name: string, text: string): number[][] {
  const rows = text
    .split(/[;\n]/)
    .map((row) => row.trim())
    .filter((row) => row !== "")
    .map((row) => row.split(/[\s,]+/).map((word) => parseNumber(name, word)));
  if (rows.length === 0) throw new ArgumentError(`--${name} is "${text}"; there are no numbers in it`);
  if (rows.some((row) => row.length !== rows[0].length))
    throw new ArgumentError(
      `--${name} is "${text}"; its rows have ${rows.map((r) => r.length).join(", ")} numbers: they must be equally long`,
    );
  return rows;
}

/** Fractions are how blurs are written: 1/9. */
function parseNumber(name: string, word: string): number {
  const [above, below = "1", more] = word.split("/");
  const value = above === "" || below === "" || more !== undefined ? Number.NaN : Number(above) / Number(below);
  if (!Number.isFinite(value)) throw new ArgumentError(`--${name}: "${word}" is not a number`);
  return value;
}

/** A size, the name of a classic kernel, or its numbers. */
function kernelOption(given: unknown): { readonly size: readonly number[]; readonly weights?: readonly number[] } | undefined {
  const text = textOption("kernel", given);
  if (text === undefined) return undefined;
  const matrix = Object.hasOwn(classicKernels, text)
    ? classicKernels[text as keyof typeof classicKernels].matrix
    : /[\s;]/.test(text.trim())
      ? parseMatrix("kernel", text)
      : undefined;
  if (matrix !== undefined) return { size: [matrix.length, matrix[0].length], weights: matrix.flat() };
  if (!/^[\dx×\s]+$/i.test(text))
    throw new ArgumentError(
      `--kernel is ${text}; expected a size such as 3 or 3x5, numbers such as "1 0 -1; 2 0 -2; 1 0 -1", or one of ${Object.keys(classicKernels).join(", ")}`,
    );
  return { size: sizesOption("kernel", given) ?? [] };
}

function channelsOption(given: unknown): readonly [number, number] {
  const text = textOption("channels", given);
  if (text === undefined) return [1, 1];
  const numbers = text.split(",").map((n) => numberOption("channels", n, { min: 1, max: largestSize, integer: true }) ?? 1);
  if (numbers.length > 2) throw new ArgumentError(`--channels is ${text}; expected input and output channels, such as 3,16`);
  return [numbers[0], numbers[1] ?? numbers[0]];
}

function offsetOption(given: unknown): readonly [number, number] | undefined {
  const text = textOption("offset", given);
  if (text === undefined) return undefined;
  const numbers = text.split(",").map((n) => numberOption("offset", n) ?? 0);
  if (numbers.length !== 2) throw new ArgumentError(`--offset is ${text}; expected rows,columns such as 0,0.5`);
  return [numbers[0], numbers[1]];
}

function kindOption(options: Readonly<Record<string, unknown>>): WindowKind {
  const pool = choiceOption("pool", options.pool, ["max", "average"]);
  const chosen = [
    options.transposed === true && "--transposed",
    (options.deformable === true || options.offset !== undefined) && "--deformable",
    pool !== undefined && "--pool",
  ].filter((name) => name !== false);
  if (chosen.length > 1) throw new ArgumentError(`${chosen.join(" and ")} exclude each other`);
  if (pool !== undefined) return pool === "max" ? "max pooling" : "average pooling";
  return options.transposed === true ? "transposed" : chosen.length === 1 ? "deformable" : "convolution";
}

/** Reads the options of `fovea conv`. Throws `ArgumentError` that names the option. */
export function readQuestion(options: Readonly<Record<string, unknown>>): WindowQuestion {
  const kind = kindOption(options);
  const kernel = kernelOption(options.kernel);
  const [inChannels, outChannels] = channelsOption(options.channels);
  return {
    kind,
    input: sizesOption("input", options.input),
    kernel: kernel?.size,
    weights: kernel?.weights,
    stride: sizesOption("stride", options.stride),
    dilation: sizesOption("dilation", options.dilation),
    padding: paddingOption(options.padding),
    outputPadding: sizesOption("output-padding", options.outputPadding, 0),
    outputSize: sizesOption("output-size", options.outputSize),
    ceilMode: options.ceil === true,
    inChannels,
    outChannels,
    groups: numberOption("groups", options.groups, { min: 1, integer: true }) ?? 1,
    offset: offsetOption(options.offset),
    seed: numberOption("seed", options.seed, { integer: true }) ?? 0,
  };
}

/** One value per axis; one number stands for all. Throws `ArgumentError` when there are more or fewer. */
export function spread<T>(name: string, given: readonly T[] | undefined, fallback: T, axes: number): readonly T[] {
  if (given === undefined) return new Array<T>(axes).fill(fallback);
  if (given.length === 1) return new Array<T>(axes).fill(given[0]);
  if (given.length !== axes) throw new ArgumentError(`--${name} has ${given.length} values for ${axes} ${axes === 1 ? "axis" : "axes"}`);
  return given;
}
