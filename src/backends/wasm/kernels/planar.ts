// Convolutions of images whose channels are planes (row-major, as the public API has them): what their kernels have in common. A network
// converts its pictures once and is better off with channels last; a layer between an input and an output would spend more on two conversions
// than on its sums.
import type { Value } from "../../../graph/value.ts";
import { type ConvAttrs, type ConvGeometry, convGeometry } from "../../../ops/conv-geometry.ts";
import type { Expression } from "../../../ops/expression.ts";
import { substituteOperands } from "../../../ops/expression.ts";
import * as e from "../../../ops/expression-build.ts";
import { rowMajor, type Site, type Wishes } from "../kernel.ts";
import { floatBytes } from "./conv-plan.ts";
import { resultsOf } from "./matmul-kernel.ts";

export function planarGeometry({ inputs: [x, weight], attrs }: Value): ConvGeometry {
  return convGeometry(x.shape, weight.shape, attrs as unknown as ConvAttrs);
}

export function planarWishes(value: Value): Wishes {
  const planes = { order: rowMajor(value.rank), dense: true };
  const operands = [planes, planes, { order: [0] }];
  return { operands: operands.slice(0, value.inputs.length), result: planes };
}

/** Bias and epilogue as one expression: operand 0 is the sum, then comes the bias if there is one, then the epilogue's operands. */
export function finishing({ operands, epilogue }: Site): Expression | undefined {
  if (operands.length <= 2) return epilogue?.expression;
  const sum = e.add(e.operand(0), e.operand(1));
  return epilogue === undefined ? sum : substituteOperands(epilogue.expression, (i) => (i === 0 ? sum : e.operand(i + 1)));
}

/** Bytes from image to image and from channel to channel. */
export interface PlaneSteps {
  readonly image: number;
  readonly channel: number;
}

/** Of the result, then of what `finishing` reads: one number per plane each. */
export function planeSteps(site: Site): PlaneSteps[] {
  const [product, ...more] = resultsOf(site).map(({ strides: [image, channel] }) => ({
    image: image * floatBytes,
    channel: channel * floatBytes,
  }));
  return site.operands.length > 2 ? [product, { image: 0, channel: floatBytes }, ...more] : [product, ...more];
}
