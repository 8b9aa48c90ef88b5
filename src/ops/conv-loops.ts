// The reference loops of the three maps of convolution, for any number of spatial axes. Sums are float64, whatever the tensors are.
// y[n,o,p] = b[o] + sum over c, q of w[o,c,q] · x[n,c,tap(p,q)]; the gradients move the same products to the other two places.
import { tapTable } from "../arithmetic/taps.ts";
import type { TensorData } from "../tensor/tensor.ts";
import type { ConvGeometry } from "./conv-geometry.ts";

/** Sizes of the planes and a visit of every (picture, input channel, output channel) that a kernel plane connects. */
interface Planes {
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  readonly table: Int32Array;
  readonly inPerGroup: number;
  readonly outPerGroup: number;
}

function planesOf({ axes, inChannels, outChannels, groups }: ConvGeometry): Planes {
  const product = (pick: "input" | "output" | "kernel"): number => axes.reduce((p, a) => p * a[pick], 1);
  return {
    inputs: product("input"),
    outputs: product("output"),
    taps: product("kernel"),
    table: tapTable(axes),
    inPerGroup: inChannels / groups,
    outPerGroup: outChannels / groups,
  };
}

/** y = bias + x * weight, row-major data in the geometry's shapes; `y` is overwritten. */
export function convLoops(x: TensorData, weight: TensorData, bias: TensorData | undefined, y: TensorData, geometry: ConvGeometry): void {
  const { inputs, outputs, taps, table, inPerGroup, outPerGroup } = planesOf(geometry);
  const { batch, inChannels, outChannels } = geometry;
  const sums = new Float64Array(outputs);
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outChannels; o++) {
      sums.fill(bias === undefined ? 0 : bias[o]);
      const firstChannel = Math.floor(o / outPerGroup) * inPerGroup;
      for (let c = 0; c < inPerGroup; c++) {
        const plane = (n * inChannels + firstChannel + c) * inputs;
        const kernel = (o * inPerGroup + c) * taps;
        for (let p = 0, entry = 0; p < outputs; p++) {
          let sum = 0;
          for (let q = 0; q < taps; q++, entry++) {
            const i = table[entry];
            if (i >= 0) sum += weight[kernel + q] * x[plane + i];
          }
          sums[p] += sum;
        }
      }
      y.set(sums, (n * outChannels + o) * outputs);
    }
  }
}

/** The transpose of `convLoops` in x: every entry of g spread over the inputs that it was made of; `dx` is overwritten. */
export function convInputGradLoops(g: TensorData, weight: TensorData, dx: TensorData, geometry: ConvGeometry): void {
  const { inputs, outputs, taps, table, inPerGroup, outPerGroup } = planesOf(geometry);
  const { batch, inChannels, outChannels } = geometry;
  const sums = new Float64Array(inputs);
  for (let n = 0; n < batch; n++) {
    for (let channel = 0; channel < inChannels; channel++) {
      sums.fill(0);
      const c = channel % inPerGroup;
      const firstOutput = Math.floor(channel / inPerGroup) * outPerGroup;
      for (let o = firstOutput; o < firstOutput + outPerGroup; o++) {
        const plane = (n * outChannels + o) * outputs;
        const kernel = (o * inPerGroup + c) * taps;
        for (let p = 0, entry = 0; p < outputs; p++) {
          const arriving = g[plane + p];
          for (let q = 0; q < taps; q++, entry++) {
            const i = table[entry];
            if (i >= 0) sums[i] += weight[kernel + q] * arriving;
          }
        }
      }
      dx.set(sums, (n * inChannels + channel) * inputs);
    }
  }
}

/** The transpose of `convLoops` in the kernel: every entry of g times what each tap read for it; `dw` is overwritten. */
export function convFilterGradLoops(x: TensorData, g: TensorData, dw: TensorData, geometry: ConvGeometry): void {
  const { inputs, outputs, taps, table, inPerGroup, outPerGroup } = planesOf(geometry);
  const { batch, inChannels, outChannels } = geometry;
  const sums = new Float64Array(taps);
  for (let o = 0; o < outChannels; o++) {
    const firstChannel = Math.floor(o / outPerGroup) * inPerGroup;
    for (let c = 0; c < inPerGroup; c++) {
      sums.fill(0);
      for (let n = 0; n < batch; n++) {
        const plane = (n * inChannels + firstChannel + c) * inputs;
        const arriving = (n * outChannels + o) * outputs;
        for (let p = 0, entry = 0; p < outputs; p++) {
          const value = g[arriving + p];
          for (let q = 0; q < taps; q++, entry++) {
            const i = table[entry];
            if (i >= 0) sums[q] += value * x[plane + i];
          }
        }
      }
      dw.set(sums, (o * inPerGroup + c) * taps);
    }
  }
}
