// The weights of a Winograd convolution: every 3x3 filter becomes a square of factors, packed in panels, one set of panels per factor.
import { f32x4, i32, type ModuleBuilder } from "../assembler.ts";
import type { Packing, Tier } from "../kernel.ts";
import { floatBytes, type Steps } from "./conv-plan.ts";
import { lanes, loadColumns, vectorBytes } from "./matmul-tile.ts";
import type { WinogradPlan } from "./winograd-plan.ts";
import { filterTransform, transformSquare, windowOf } from "./winograd-transforms.ts";

/** Weights (operand 1, with these steps) as [factor][panel][input channel][`width` output channels]. */
export function winogradPacking({ m, geometry }: WinogradPlan, weight: Steps, width: number, tier: Tier): Packing {
  const { inChannels, outChannels } = geometry;
  const panels = Math.ceil(outChannels / width);
  const rowBytes = width * floatBytes;
  const panelBytes = inChannels * rowBytes;
  const factorBytes = panels * panelBytes;
  const tail = outChannels - (panels - 1) * width;
  return {
    operand: 1,
    key: `winograd ${m} ${tier} ${width}:${inChannels},${outChannels}:${JSON.stringify(weight)}`,
    bytes: windowOf(m) ** 2 * factorBytes,
    items: panels,
    emit: (module: ModuleBuilder) =>
      module.func("packWinograd", { params: ["i32", "i32", "i32", "i32"] }, (f, plain, packed, start, end) => {
        const panel = f.local("i32");
        const from = f.local("i32");
        const to = f.local("i32");
        const square = Array.from({ length: 3 }, () => f.locals("v128", 3));
        const emitVector = (vector: number, count: number): void => {
          const offset = vector * vectorBytes;
          const first = vector * lanes * weight.outer;
          for (const [i, row] of square.entries()) {
            for (const [j, tap] of row.entries()) {
              const at = first + i * weight.spatial[0] + j * weight.spatial[1];
              f.set(tap, count > 0 ? loadColumns(f, from, weight.outer, count, at) : f32x4.splat(0));
            }
          }
          const factors = transformSquare({ f, tier }, filterTransform[m], square).flat();
          for (const [i, factor] of factors.entries()) f.storeV128(to, factor, i * factorBytes + offset);
        };
        const emitPanel = (count: number) => (): void => {
          f.repeat(inChannels, () => {
            for (let v = 0; v * lanes < width; v++) emitVector(v, count - v * lanes);
            f.advance(from, weight.channel);
            f.advance(to, rowBytes);
          });
        };
        f.for(panel, start, end, 1, () => {
          f.set(from, i32.add(plain, i32.mul(panel, width * weight.outer)));
          f.set(to, i32.add(packed, i32.mul(panel, panelBytes)));
          f.if(tail === width ? 0 : panels === 1 ? 1 : i32.eq(panel, panels - 1), emitPanel(tail), emitPanel(width));
        });
      }),
  };
}
