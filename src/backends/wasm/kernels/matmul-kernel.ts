// A matrix product, explicit or implicit, as a kernel: its packings and its stages.

import type { Value } from "../../../graph/value.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { ModuleBuilder } from "../assembler.ts";
import { type Kernel, kernelArguments, kernelParams, type Packing, type Placement, type Site, type Stage } from "../kernel.ts";
import { broadcastStrides } from "../layout.ts";
import { floatBytes, iterations, type MapPlan, type PackPlan } from "./conv-plan.ts";
import { bandCount, bandTable } from "./matmul-bands.ts";
import { dotKernel, isDot } from "./matmul-dot.ts";
import { emitPanels, type PanelShape, panelItems, panelKey, panelMacs, panelWalk } from "./matmul-panels.ts";
import { chooseTile, lanes, type Tile, tileLimit, tileName } from "./matmul-tile.ts";
import { emitPack, packedBytes, packItems, plainFormat } from "./pack-panels.ts";

/** Multiply-adds per nanosecond on one thread: only the splitting of small stages depends on it. */
export const macsPerNanosecond = 20;

/** What these kernels are made for: float32, and something to compute. */
export function isDense(value: Value): boolean {
  const all = [value, ...value.inputs];
  return all.every((v) => v.dtype === "float32" && sizeOf(v.shape) > 0);
}

/** What is walked with the rows and columns of the product: itself, and the operands of the epilogue, which repeat where they are smaller. */
export function resultsOf({ result, epilogue }: Site): Pick<Placement, "shape" | "strides">[] {
  const { shape } = result;
  return [result, ...(epilogue?.operands ?? []).map((operand) => ({ shape, strides: broadcastStrides(operand, shape) }))];
}

/** Weights (operand 1) in panels. */
export function packing(plan: PackPlan, { vectors }: Tile): Packing {
  const format = plainFormat(plan, vectors * lanes);
  const key = `panels:${format.width}:${JSON.stringify(plan)}`;
  return {
    operand: 1,
    key,
    bytes: packedBytes(plan, format),
    items: packItems(plan, format),
    emit: (module: ModuleBuilder) =>
      module.func("packPanels", { params: ["i32", "i32", "i32", "i32"] }, (f, plain, packed, start, end) =>
        emitPack(f, plan, format, { plain, packed, start, end }),
      ),
  };
}

/**
 * Operand 0 times operand 1, which is packed, plus operand 2 if there is one: a stage per plan (an input gradient has one plan per phase of
 * its stride; everything else has one plan).
 */
export function panelKernel(name: string, site: Site, plans: readonly MapPlan[]): Kernel {
  const [only] = plans;
  if (plans.length === 1 && isDot(only)) return dotKernel(name, site, only);
  const bias = site.operands.length > 2;
  const shapes = plans.map(({ gemm }): PanelShape => {
    const rows = iterations(gemm.pixels) * bandCount(gemm);
    const tile = chooseTile(rows, gemm.columns, tileLimit(site));
    const walk = panelWalk(gemm, tile, sizeOf(site.operands[0].shape) * floatBytes);
    return { plan: gemm, tile, tier: site.tier, walk, ...(site.epilogue && { epilogue: site.epilogue.expression }) };
  });
  const packings = plans.map(({ pack }, i) => packing(pack, shapes[i].tile));
  const bandTables = plans.map(({ gemm }) => bandTable(gemm));
  const tables = bandTables.filter((t) => t !== undefined);
  const stages = shapes.map(
    (shape, phase): Stage => ({
      key: `panels ${phase}/${shapes.length} of ${site.operands.length}, ${tables.length} tables:${panelKey(shape)}`,
      items: panelItems(shape),
      nanoseconds: panelMacs(shape.plan) / macsPerNanosecond + sizeOf(site.result.shape) / shapes.length / 4,
      emit: (module) =>
        module.func(`${name}${phase}`, { params: kernelParams(site, { packings, tables }) }, (f, ...params) => {
          const {
            operands,
            epilogue,
            packings: packed,
            tables: addresses,
            result,
            start,
            end,
          } = kernelArguments(site, { packings, tables }, params);
          const table = bandTables[phase];
          emitPanels(f, shape, {
            source: operands[0],
            results: [result, ...epilogue],
            panels: packed[phase],
            ...(bias && { bias: operands[2] }),
            ...(table && { bands: addresses[tables.indexOf(table)] }),
            start,
            end,
          });
        }),
    }),
  );
  const phases = shapes.length === 1 ? "" : `, ${shapes.length} phases`;
  const way = plans[0].gemm.lanewise ? "depthwise" : "panels";
  return { name: `${name} ${way} ${tileName(shapes[0].tile)}${phases}`, packings, tables, stages };
}
