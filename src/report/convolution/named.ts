// The configurations by which people know convolution arithmetic: the nineteen animations that come with Dumoulin & Visin's guide.
import type { WindowOptions } from "./options.ts";

export interface NamedConfiguration {
  readonly name: string;
  readonly options: WindowOptions;
  /** Output size along both axes, from table 2.1 of the guide. */
  readonly output: number;
}

const square = (n: number): readonly [number, number] => [n, n];

function direct(
  name: string,
  i: number,
  kernel: number,
  stride: number,
  padding: number,
  output: number,
  dilation = 1,
): NamedConfiguration {
  return { name, options: { input: square(i), kernel, stride, padding, dilation }, output };
}

function transposed(
  name: string,
  i: number,
  kernel: number,
  stride: number,
  padding: number,
  output: number,
  extra = 0,
): NamedConfiguration {
  return { name, options: { kind: "transposed", input: square(i), kernel, stride, padding, outputPadding: extra }, output };
}

/** Table 2.1 direct and transposed, then the four with the guide's own numbers. */
export const namedConfigurations: readonly NamedConfiguration[] = [
  direct("no padding, no strides", 4, 3, 1, 0, 2),
  direct("arbitrary padding, no strides", 5, 4, 1, 2, 6),
  direct("same padding, no strides", 5, 3, 1, 1, 5),
  direct("full padding, no strides", 5, 3, 1, 2, 7),
  direct("no padding, strides", 5, 3, 2, 0, 2),
  direct("padding, strides", 5, 3, 2, 1, 3),
  direct("padding, strides, odd", 6, 3, 2, 1, 3),
  direct("dilation", 7, 3, 1, 0, 3, 2),
  transposed("no padding, no strides, transposed", 2, 3, 1, 0, 4),
  transposed("arbitrary padding, no strides, transposed", 6, 4, 1, 2, 5),
  transposed("same padding, no strides, transposed", 5, 3, 1, 1, 5),
  transposed("full padding, no strides, transposed", 7, 3, 1, 2, 5),
  transposed("no padding, strides, transposed", 2, 3, 2, 0, 5),
  transposed("padding, strides, transposed", 3, 3, 2, 1, 5),
  transposed("padding, strides, odd, transposed", 3, 3, 2, 1, 6, 1),
  direct("numerical, no padding, no strides", 5, 3, 1, 0, 3),
  direct("numerical, padding, strides", 5, 3, 2, 1, 3),
  { name: "numerical, average pooling", options: { kind: "average pooling", input: square(5), kernel: 3, stride: 1 }, output: 3 },
  { name: "numerical, max pooling", options: { kind: "max pooling", input: square(5), kernel: 3, stride: 1 }, output: 3 },
];
