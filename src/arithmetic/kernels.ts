// The filters that everybody meets before the first learned one. As data, so that the command line, the lab, the tests and the docs
// mean the same numbers by the same name. Written as they are laid on the picture (cross-correlation), not turned by 180 degrees.
import { ArgumentError } from "../tensor/errors.ts";

export type ClassicKernelName =
  | "identity"
  | "difference-x"
  | "difference-y"
  | "prewitt-x"
  | "prewitt-y"
  | "sobel-x"
  | "sobel-y"
  | "scharr-x"
  | "scharr-y"
  | "laplace"
  | "laplace-diagonal"
  | "sharpen"
  | "box-blur"
  | "gaussian-3"
  | "gaussian-5"
  | "emboss";

export interface ClassicKernel {
  readonly name: string;
  /** One line: what it answers to, with its sign. */
  readonly description: string;
  /** Rows of the kernel, top to bottom. */
  readonly matrix: readonly (readonly number[])[];
  /** Whether the response has a sign worth showing around a neutral 0; the others give pictures again. */
  readonly signed: boolean;
}

const scaled = (matrix: readonly (readonly number[])[], divisor: number): number[][] => matrix.map((row) => row.map((w) => w / divisor));

/** The outer product of two rows of taps: how every separable kernel here is made. */
const outer = (column: readonly number[], row: readonly number[]): number[][] => column.map((c) => row.map((r) => c * r));

const binomial3 = [1, 2, 1];
const binomial5 = [1, 4, 6, 4, 1];

const table: Readonly<Record<ClassicKernelName, Omit<ClassicKernel, "name">>> = {
  identity: {
    description: "the picture itself: one tap of 1 in the middle",
    matrix: outer([0, 1, 0], [0, 1, 0]),
    signed: false,
  },
  "difference-x": {
    description: "right neighbour minus pixel: vertical edges, + where it gets brighter to the right",
    matrix: [[-1, 1]],
    signed: true,
  },
  "difference-y": {
    description: "lower neighbour minus pixel: horizontal edges, + where it gets brighter downwards",
    matrix: [[-1], [1]],
    signed: true,
  },
  "prewitt-x": {
    description: "horizontal difference, averaged over three rows: vertical edges, + where it gets brighter to the right",
    matrix: outer([1, 1, 1], [-1, 0, 1]),
    signed: true,
  },
  "prewitt-y": {
    description: "vertical difference, averaged over three columns: horizontal edges, + where it gets brighter downwards",
    matrix: outer([-1, 0, 1], [1, 1, 1]),
    signed: true,
  },
  "sobel-x": {
    description: "horizontal difference, smoothed 1 2 1 down the rows: vertical edges, + where it gets brighter to the right",
    matrix: outer(binomial3, [-1, 0, 1]),
    signed: true,
  },
  "sobel-y": {
    description: "vertical difference, smoothed 1 2 1 along the columns: horizontal edges, + where it gets brighter downwards",
    matrix: outer([-1, 0, 1], binomial3),
    signed: true,
  },
  "scharr-x": {
    description: "as sobel-x, smoothed 3 10 3, which treats all directions more alike",
    matrix: outer([3, 10, 3], [-1, 0, 1]),
    signed: true,
  },
  "scharr-y": {
    description: "as sobel-y, smoothed 3 10 3, which treats all directions more alike",
    matrix: outer([-1, 0, 1], [3, 10, 3]),
    signed: true,
  },
  laplace: {
    description: "four neighbours minus four times the pixel: edges of every direction, as a pair of + and -",
    matrix: [
      [0, 1, 0],
      [1, -4, 1],
      [0, 1, 0],
    ],
    signed: true,
  },
  "laplace-diagonal": {
    description: "eight neighbours minus eight times the pixel: as laplace, diagonals included",
    matrix: [
      [1, 1, 1],
      [1, -8, 1],
      [1, 1, 1],
    ],
    signed: true,
  },
  sharpen: {
    description: "the picture minus its laplace: edges are exaggerated, flat areas stay",
    matrix: [
      [0, -1, 0],
      [-1, 5, -1],
      [0, -1, 0],
    ],
    signed: false,
  },
  "box-blur": {
    description: "mean of 3x3 pixels",
    matrix: scaled(outer([1, 1, 1], [1, 1, 1]), 9),
    signed: false,
  },
  "gaussian-3": {
    description: "smooths with 1 2 1 both ways: a Gaussian of variance 1/2",
    matrix: scaled(outer(binomial3, binomial3), 16),
    signed: false,
  },
  "gaussian-5": {
    description: "smooths with 1 4 6 4 1 both ways: a Gaussian of variance 1",
    matrix: scaled(outer(binomial5, binomial5), 256),
    signed: false,
  },
  emboss: {
    description: "the picture plus its slope along the diagonal: as if lit from the top left",
    matrix: [
      [-2, -1, 0],
      [-1, 1, 1],
      [0, 1, 2],
    ],
    signed: false,
  },
};

/** The classic kernels by name, in the order of a lesson: identity, edges, sharpening, smoothing. */
export const classicKernels: Readonly<Record<ClassicKernelName, ClassicKernel>> = Object.freeze(
  Object.fromEntries(Object.entries(table).map(([name, kernel]) => [name, Object.freeze({ name, ...kernel })])) as {
    [K in ClassicKernelName]: ClassicKernel;
  },
);

/** One of `classicKernels`. Throws `ArgumentError` that lists the names. */
export function classicKernel(name: string): ClassicKernel {
  if (!Object.hasOwn(classicKernels, name)) {
    throw new ArgumentError(`there is no kernel "${name}"; kernels: ${Object.keys(classicKernels).join(", ")}`);
  }
  return classicKernels[name as ClassicKernelName];
}
