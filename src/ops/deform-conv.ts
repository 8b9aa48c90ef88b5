// Convolution whose taps move: a second, learned tensor says by how much, per output position and tap. Version 2 also weighs every tap.
import type { PaddingOption, SpatialOption } from "../graph/attrs.ts";
import { dataField, defineOp, type Ins, type Op, wholeInput } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { add, mul } from "./arithmetic.ts";
import { type DeformGeometry, deformGeometry, deformSampleOp, eachMixture } from "./deform-sample.ts";
import { matmul } from "./matmul.ts";
import { type Maybe, oneFloatType, sortArguments, type Trailing } from "./operands.ts";
import { reshape } from "./reshape.ts";
import { type WindowAttrs, windowAttrSpecs } from "./unfold.ts";

const { stride, padding, dilation } = windowAttrSpecs;

type DeformConvAttrs = Omit<WindowAttrs, "kernelSize">;

interface DeformConvGeometry extends DeformGeometry {
  readonly outChannels: number;
  readonly groups: number;
  readonly outputShape: readonly number[];
}

const maskShape = ({ batch, offsetGroups, taps, rows, columns }: DeformGeometry): number[] => [
  batch,
  offsetGroups * taps,
  rows.output,
  columns.output,
];

interface Shapes {
  readonly x: Shape;
  readonly offset: Shape;
  readonly weight: Shape;
  readonly mask?: Shape;
  readonly bias?: Shape;
}

function deformConvGeometry({ x, offset, weight, mask, bias }: Shapes, attrs: DeformConvAttrs, where: string): DeformConvGeometry {
  if (weight.length !== 4) {
    throw new ShapeError(`${where}: weight has shape ${showShape(weight)}; expected [outChannels, inChannels / groups, height, width]`);
  }
  const geometry = deformGeometry(x, offset, { ...attrs, kernelSize: weight.slice(2) }, where);
  const [outChannels, perGroup] = weight;
  const groups = geometry.channels / perGroup;
  if (!Number.isInteger(groups) || outChannels % groups !== 0) {
    throw new ShapeError(
      `${where}: input has ${geometry.channels} channels, but the kernel ${showShape(weight)} reads ${perGroup}; their ratio, the groups, must be whole and divide ${outChannels}`,
    );
  }
  if (mask !== undefined && !sameShape(mask, maskShape(geometry))) {
    throw new ShapeError(`${where}: mask has shape ${showShape(mask)}; expected ${showShape(maskShape(geometry))}, one per tap`);
  }
  if (bias !== undefined && !sameShape(bias, [outChannels])) {
    throw new ShapeError(`${where}: bias has shape ${showShape(bias)}; expected [${outChannels}], one per output channel`);
  }
  return { ...geometry, outChannels, groups, outputShape: [x[0], outChannels, geometry.rows.output, geometry.columns.output] };
}

/** Columns, weighted where there is a mask, times the kernel as a matrix, per group. */
function asProduct({ x, offset, weight, mask, bias }: Ins<Value>, attrs: DeformConvAttrs, name: string): Value {
  const geometry = deformConvGeometry({ x: x.shape, offset: offset.shape, weight: weight.shape }, attrs, name);
  const { batch, channels, taps, offsetGroups, groups, outChannels, outputShape, rows, columns } = geometry;
  const space = [rows.output, columns.output];
  let samples = apply<Value>(deformSampleOp, [x, offset], { ...attrs, kernelSize: weight.shape.slice(2) });
  if (mask !== undefined) {
    const shared = reshape(samples, [batch, offsetGroups, channels / offsetGroups, taps, ...space]);
    samples = mul(shared, reshape(mask, [batch, offsetGroups, 1, taps, ...space]));
  }
  const reads = (channels / groups) * taps;
  const matrix = reshape(weight, [groups, outChannels / groups, reads]);
  const y = reshape(matmul(matrix, reshape(samples, [batch, groups, reads, sizeOf(space)])), outputShape);
  return bias === undefined ? y : add(y, reshape(bias, [outChannels, 1, 1]));
}

const windowCases = [
  { title: "plain window", x: [2, 3, 5, 4], weight: [4, 3, 3, 3], offset: [2, 18, 3, 2], attrs: {} },
  {
    title: "two groups, two offset groups, stride, padding, dilation",
    x: [1, 4, 7, 6],
    weight: [6, 2, 2, 3],
    offset: [1, 24, 4, 3],
    attrs: { stride: 2, padding: [1, 2], dilation: [1, 2] },
  },
  { title: "one offset group for two groups", x: [1, 4, 4, 4], weight: [2, 2, 2, 2], offset: [1, 8, 3, 3], attrs: {} },
] as const;

const doc = {
  text: "y(p) = bias + sum over channels and taps q of weight(q) · mask(q, p) · x(p·stride + q·dilation - before + offset(q, p)), read bilinearly with zeros outside.",
  cites: ["Dai et al., arXiv 1703.06211", "Zhu et al., Deformable ConvNets v2, arXiv 1811.11168"],
} as const;

/** Without mask: version 1. */
export const deformConvOp: Op = defineDeformConv("deformConv", ["x", "offset", "weight", "bias?"]);
/** With a mask: version 2. */
export const modulatedDeformConvOp: Op = defineDeformConv("modulatedDeformConv", ["x", "offset", "weight", "mask", "bias?"]);

function defineDeformConv(name: string, inputs: readonly string[]): Op {
  const masked = inputs.includes("mask");
  return defineOp({
    name,
    inputs,
    attrs: { stride, padding, dilation },
    spatialRank: () => 2,
    shape: ({ x, offset, weight, mask, bias }, attrs, where) =>
      deformConvGeometry({ x, offset, weight, mask, bias }, attrs, where).outputShape,
    dtype: ({ all }) => oneFloatType(name, all),
    cost: ({ weight }, _, out) => ({ macs: (sizeOf(out) * sizeOf(weight)) / weight[0] }),
    field: () => ({ x: dataField, offset: wholeInput, weight: wholeInput }),
    decompose: (ins, attrs) => asProduct(ins, attrs, name),
    // Sums run in the order of conv's own loops, so that without offsets the two agree in every bit.
    reference({ x, offset, weight, mask, bias }, y, attrs) {
      const geometry = deformConvGeometry({ x: x.shape, offset: offset.shape, weight: weight.shape }, attrs, name);
      const { batch, channels, taps, offsetGroups, groups, outChannels, rows, columns } = geometry;
      const positions = rows.output * columns.output;
      const pixels = rows.input * columns.input;
      const samples = new Float64Array(batch * channels * positions * taps);
      eachMixture(offset, geometry, [0, 0], (n, group, tap, p, mixture) => {
        const share = mask === undefined ? 1 : mask.data[((n * offsetGroups + group) * taps + tap) * positions + p];
        const first = n * channels + (group * channels) / offsetGroups;
        for (let plane = first; plane < first + channels / offsetGroups; plane++) {
          let value = 0;
          for (let i = 0; i < mixture.count; i++) value += mixture.weight[i] * x.data[plane * pixels + mixture.position[i]];
          samples[(plane * positions + p) * taps + tap] = share * value;
        }
      });
      const perGroup = channels / groups;
      for (let n = 0; n < batch; n++) {
        for (let o = 0; o < outChannels; o++) {
          const firstPlane = n * channels + Math.floor((o * groups) / outChannels) * perGroup;
          for (let p = 0; p < positions; p++) {
            let total = bias === undefined ? 0 : bias.data[o];
            for (let c = 0; c < perGroup; c++) {
              let sum = 0;
              const entry = ((firstPlane + c) * positions + p) * taps;
              for (let q = 0; q < taps; q++) sum += weight.data[(o * perGroup + c) * taps + q] * samples[entry + q];
              total += sum;
            }
            y.data[(n * outChannels + o) * positions + p] = total;
          }
        }
      }
    },
    doc: { ...doc, example: `deformConv2d(x, offset, weight, bias, ${masked ? "mask" : "undefined"}, { padding: 1 })` },
    cases: windowCases.map(({ title, x, weight, offset, attrs }, i) => ({
      title,
      inputs: [x, offset, weight, ...(masked ? [[offset[0], offset[1] / 2, offset[2], offset[3]]] : []), ...(i < 2 ? [[weight[0]]] : [])],
      attrs,
    })),
  });
}

export interface DeformConvOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
}

/**
 * Deformable convolution: x [N, Cin, H, W], offset [N, 2·og·kh·kw, oh, ow] with (Δrow, Δcolumn) per tap, weight [Cout, Cin / groups, kh, kw],
 * bias [Cout], mask [N, og·kh·kw, oh, ow] (version 2; omitted: version 1) -> [N, Cout, oh, ow]. Groups and offset groups og follow from the
 * shapes. Differentiable in all operands, in offsets between whole positions. Zero offsets: the plain convolution. Throws `ShapeError`.
 */
export function deformConv2d<T extends Operand>(x: T, offset: T, weight: T, options?: DeformConvOptions): T;
export function deformConv2d<T extends Operand>(x: T, offset: T, weight: T, bias: Maybe<T>, options?: DeformConvOptions): T;
export function deformConv2d<T extends Operand>(x: T, offset: T, weight: T, bias: Maybe<T>, mask: Maybe<T>, options?: DeformConvOptions): T;
export function deformConv2d<T extends Operand>(x: T, offset: T, weight: T, ...trailing: Trailing<T, DeformConvOptions>): T {
  const { operands, options } = sortArguments("deformConv2d", { x, offset, weight }, ["bias", "mask"], trailing);
  const [bias, mask] = operands;
  return mask === undefined
    ? apply(deformConvOp, [x, offset, weight, bias], options)
    : apply(modulatedDeformConvOp, [x, offset, weight, mask, bias], options);
}
