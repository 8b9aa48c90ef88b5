// Local windows without shared weights: every output position has a kernel of its own. What convolution would be without its second
// idea, and so the way to measure what that idea is worth (LeCun 1989, nets 3 to 5).
import type { WindowAxis } from "../arithmetic/sizes.ts";
import { tapTable } from "../arithmetic/taps.ts";
import type { SpatialOption } from "../graph/attrs.ts";
import { defineOp, type Ins, named, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { add } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { checkSpatialRank, type Maybe, oneFloatType, sortArguments, type Trailing, windowField } from "./operands.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";
import { axesProduct, unfoldOp, type WindowAttrs, type WindowOptions, windowAttrSpecs, windowsOver } from "./unfold.ts";

interface LocalGeometry {
  readonly axes: readonly WindowAxis[];
  readonly positions: number;
  readonly outChannels: number;
  readonly outputShape: readonly number[];
}

function localGeometry({ x, weight, bias }: Ins<Shape>, attrs: WindowAttrs, where: string): LocalGeometry {
  const axes = windowsOver(x, attrs, where);
  const positions = axesProduct(axes, "output");
  const reads = x[1] * axesProduct(axes, "kernel");
  if (weight.length !== 3 || weight[0] !== positions || weight[2] !== reads) {
    throw new ShapeError(
      `${where}: weight has shape ${showShape(weight)}; ${showShape(x)} gives ${axes.map((a) => a.output).join(" x ")} positions that read ${x[1]} channels of ${axes.map((a) => a.kernel).join(" x ")}, so expected [${positions}, outChannels, ${reads}]`,
    );
  }
  const outputShape = [x[0], weight[1], ...axes.map((a) => a.output)];
  const fits = bias === undefined || sameShape(bias, [weight[1]]) || sameShape(bias, outputShape.slice(1));
  if (!fits) {
    throw new ShapeError(
      `${where}: bias has shape ${showShape(bias)}; expected ${showShape(outputShape.slice(1))}, one per unit, or [${weight[1]}], one per map`,
    );
  }
  return { axes, positions, outChannels: weight[1], outputShape };
}

export const locallyConnectedOp: Op = defineOp({
  name: "locallyConnected",
  inputs: ["x", "weight", "bias?"],
  attrs: windowAttrSpecs,
  spatialRank: ({ x }) => Math.max(0, x.length - 2),
  shape: (ins, attrs, where) => localGeometry(ins, attrs, where).outputShape,
  dtype: ({ all }) => oneFloatType("locallyConnected", all),
  cost: ({ x, weight }) => ({ macs: x[0] * sizeOf(weight) }),
  field: ({ x }, attrs) => ({ x: windowField(windowsOver(x, attrs, "locallyConnected")) }),
  // One small matrix product per position.
  decompose({ x, weight, bias }, attrs) {
    const { outputShape, outChannels } = localGeometry(named(locallyConnectedOp, [x.shape, weight.shape]), attrs, "locallyConnected");
    const columns = transpose(apply<Value>(unfoldOp, [x], attrs), { permutation: [2, 1, 0] });
    const y = reshape(transpose(matmul(weight, columns), { permutation: [2, 1, 0] }), outputShape);
    if (bias === undefined) return y;
    return add(y, bias.rank === 1 ? reshape(bias, [outChannels, ...outputShape.slice(2).map(() => 1)]) : bias);
  },
  reference({ x, weight, bias }, y, attrs) {
    const { axes, positions, outChannels } = localGeometry(named(locallyConnectedOp, [x.shape, weight.shape]), attrs, "locallyConnected");
    const [batch, inChannels] = x.shape;
    const [inputs, taps] = [axesProduct(axes, "input"), axesProduct(axes, "kernel")];
    const table = tapTable(axes);
    for (let n = 0; n < batch; n++) {
      for (let o = 0; o < outChannels; o++) {
        for (let p = 0; p < positions; p++) {
          let sum = bias === undefined ? 0 : bias.data[bias.rank === 1 ? o : o * positions + p];
          for (let c = 0; c < inChannels; c++) {
            const kernel = ((p * outChannels + o) * inChannels + c) * taps;
            for (let q = 0; q < taps; q++) {
              const i = table[p * taps + q];
              if (i >= 0) sum += weight.data[kernel + q] * x.data[(n * inChannels + c) * inputs + i];
            }
          }
          y.data[(n * outChannels + o) * positions + p] = sum;
        }
      }
    }
  },
  doc: {
    text: "Unshared convolution: y[n,o,p] = bias[o,p] + sum over c and q of weight[p, o, c·Πk + q] · x[n, c, p·stride + q·dilation - before].",
    cites: ["LeCun, Generalization and network design strategies, 1989"],
    example: "locallyConnected2d(x, weight, bias, { kernelSize: 3 })",
  },
  cases: [
    {
      inputs: [
        [2, 2, 5, 4],
        [6, 3, 18],
        [3, 3, 2],
      ],
      attrs: { kernelSize: 3 },
    },
    { title: "one bias per map", inputs: [[2, 3, 4, 4], [4, 2, 12], [2]], attrs: { kernelSize: 2, stride: 2 } },
    {
      title: "padding, stride larger than the kernel, no bias",
      inputs: [
        [1, 2, 7, 5],
        [6, 3, 8],
      ],
      attrs: { kernelSize: 2, stride: 3, padding: 1 },
    },
    {
      title: "dilation",
      inputs: [
        [3, 1, 6, 5],
        [2, 2, 9],
      ],
      attrs: { kernelSize: 3, dilation: 2 },
    },
    {
      title: "1d",
      inputs: [
        [2, 3, 7],
        [3, 4, 9],
        [4, 3],
      ],
      attrs: { kernelSize: 3, stride: 2 },
    },
    {
      title: "3d",
      inputs: [
        [1, 2, 3, 2, 3],
        [4, 2, 16],
      ],
      attrs: { kernelSize: 2 },
    },
  ],
});

/** `kernelSize` is an option because the weight does not tell a 2x3 window from a 3x2 one. */
export interface LocallyConnectedOptions extends WindowOptions {
  readonly kernelSize: SpatialOption;
}

function locally<T extends Operand>(rank: number, x: T, weight: T, trailing: Trailing<T, LocallyConnectedOptions>): T {
  const { operands, options } = sortArguments(`locallyConnected${rank}d`, { x, weight }, ["bias"], trailing);
  checkSpatialRank("locallyConnected", x, rank);
  return apply(locallyConnectedOp, [x, weight, ...operands], options);
}

/**
 * x [N, Cin, L], weight [positions, Cout, Cin · k], bias [Cout, positions] or [Cout] -> [N, Cout, positions], with the sizes and defaults
 * of `conv1d`. Throws `ShapeError` when shapes do not fit.
 */
export function locallyConnected1d<T extends Operand>(x: T, weight: T, options: LocallyConnectedOptions): T;
export function locallyConnected1d<T extends Operand>(x: T, weight: T, bias: Maybe<T>, options: LocallyConnectedOptions): T;
export function locallyConnected1d<T extends Operand>(x: T, weight: T, ...trailing: Trailing<T, LocallyConnectedOptions>): T {
  return locally(1, x, weight, trailing);
}

/** As `locallyConnected1d`, on [N, Cin, H, W]; positions are row-major, bias [Cout, H', W'] or [Cout]. */
export function locallyConnected2d<T extends Operand>(x: T, weight: T, options: LocallyConnectedOptions): T;
export function locallyConnected2d<T extends Operand>(x: T, weight: T, bias: Maybe<T>, options: LocallyConnectedOptions): T;
export function locallyConnected2d<T extends Operand>(x: T, weight: T, ...trailing: Trailing<T, LocallyConnectedOptions>): T {
  return locally(2, x, weight, trailing);
}

/** As `locallyConnected1d`, on [N, Cin, D, H, W]. */
export function locallyConnected3d<T extends Operand>(x: T, weight: T, options: LocallyConnectedOptions): T;
export function locallyConnected3d<T extends Operand>(x: T, weight: T, bias: Maybe<T>, options: LocallyConnectedOptions): T;
export function locallyConnected3d<T extends Operand>(x: T, weight: T, ...trailing: Trailing<T, LocallyConnectedOptions>): T {
  return locally(3, x, weight, trailing);
}
