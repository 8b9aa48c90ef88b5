// Which input does tap q of window p read? Convolution, its gradients and the poolings all answer it with one table,
// so that their reference loops are the same for any number of spatial axes.
import type { WindowAxis } from "./sizes.ts";

/**
 * Entry [p, q] is the row-major position, within a plane of the input, that tap q of output position p reads; -1 in the padding, or on a
 * `ring` the position at the input's other end.
 * p and q run row-major over the outputs and the kernel. Length: (product of outputs) x (product of kernels).
 */
export function tapTable(axes: readonly WindowAxis[], ring = false): Int32Array {
  let table = new Int32Array([0]);
  let positions = 1;
  let taps = 1;
  for (const { input, kernel, stride, dilation, before, output } of axes) {
    const next = new Int32Array(table.length * output * kernel);
    let entry = 0;
    for (let p = 0; p < positions; p++) {
      for (let o = 0; o < output; o++) {
        for (let q = 0; q < taps; q++) {
          const outer = table[p * taps + q];
          for (let t = 0; t < kernel; t++) {
            const place = o * stride + t * dilation - before;
            const i = ring ? ((place % input) + input) % input : place;
            next[entry++] = outer < 0 || i < 0 || i >= input ? -1 : outer * input + i;
          }
        }
      }
    }
    table = next;
    positions *= output;
    taps *= kernel;
  }
  return table;
}
