// The three maps of a convolution as kernels: each asks for channels-last images whose borders are zero where its windows reach out,
// makes its plan, and hands it to one of the two inner loops. Any number of spatial axes, stride, dilation, padding and groups.
import type { Value } from "../../../graph/value.ts";
import {
  type ConvAttrs,
  type ConvGeometry,
  convFilterGradGeometry,
  convGeometry,
  convInputGradGeometry,
} from "../../../ops/conv-geometry.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { ModuleBuilder } from "../assembler.ts";
import {
  channelsLast,
  type Kernel,
  type KernelRule,
  kernelArguments,
  kernelParams,
  type Packing,
  type Site,
  type Stage,
  type Wishes,
} from "../kernel.ts";
import {
  filterGradPlan,
  forwardPlan,
  inputGradBorder,
  inputGradPlans,
  iterations,
  type MapPlan,
  type PackPlan,
  stepsOf,
  windowBorder,
} from "./conv-plan.ts";
import { emitOuter, type OuterShape, outerItems, outerTile, paddedRun, tileBytes } from "./matmul-outer.ts";
import { chooseTile, depthOf, emitPanels, lanes, type PanelShape, panelItems, type Tile, tileName } from "./matmul-panels.ts";
import { emitPack, emitUnpack, packedBytes, packItems, plainFormat } from "./pack-panels.ts";

/** Multiply-adds per nanosecond on one thread: only the splitting of small stages depends on it. */
const macsPerNanosecond = 20;

const float32Only = (value: Value): boolean => value.dtype === "float32" && value.inputs.every((v) => v.dtype === "float32");
const isEmpty = (value: Value): boolean => sizeOf(value.shape) === 0 || value.inputs.some((v) => sizeOf(v.shape) === 0);

function attrsOf<A extends ConvAttrs>(value: Value): A {
  return value.attrs as unknown as A;
}

function forwardGeometry({ inputs: [x, weight], ...value }: Value): ConvGeometry {
  return convGeometry(x.shape, weight.shape, value.attrs as unknown as ConvAttrs);
}

function inputGradGeometry(value: Value): ConvGeometry {
  const [g, weight] = value.inputs;
  return convInputGradGeometry(g.shape, weight.shape, attrsOf<ConvAttrs & { inputSize: readonly number[] }>(value));
}

function filterGradGeometry(value: Value): ConvGeometry {
  const [x, g] = value.inputs;
  return convFilterGradGeometry(x.shape, g.shape, attrsOf<ConvAttrs & { kernelSize: readonly number[] }>(value));
}

/** Weights (operand 1) in panels. */
function packing(plan: PackPlan, { vectors }: Tile): Packing {
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

/** One gemm per map: forward has one, the input gradient one per phase of the stride. */
function panelKernel(name: string, site: Site, plans: readonly MapPlan[]): Kernel {
  const bias = site.operands.length > 2;
  const shapes = plans.map(({ gemm }): PanelShape => {
    const rows = iterations(gemm.pixels);
    const tile = chooseTile(rows, gemm.columns);
    return { plan: gemm, tile, tier: site.tier, split: rows >= 8 * tile.rows ? "rows" : "panels" };
  });
  const packings = plans.map(({ pack }, i) => packing(pack, shapes[i].tile));
  const stages = shapes.map(
    (shape, phase): Stage => ({
      key: `conv panels ${phase}/${shapes.length} of ${site.operands.length}:${JSON.stringify(shape)}`,
      items: panelItems(shape),
      nanoseconds: (iterations(shape.plan.pixels) * shape.plan.groups * shape.plan.columns * (depthOf(shape.plan) + 1)) / macsPerNanosecond,
      emit: (module) =>
        module.func(`${name}${phase}`, { params: kernelParams(site, { packings }) }, (f, ...params) => {
          const { operands, packings: packed, result, start, end } = kernelArguments(site, { packings }, params);
          emitPanels(f, shape, {
            source: operands[0],
            destination: result,
            panels: packed[phase],
            ...(bias && { bias: operands[2] }),
            start,
            end,
          });
        }),
    }),
  );
  const phases = shapes.length === 1 ? "" : `, ${shapes.length} phases`;
  return { name: `${name} igemm ${tileName(shapes[0].tile)}${phases}`, packings, stages };
}

export const convRule: KernelRule = {
  op: "conv",
  wishes(value): Wishes | undefined {
    if (!float32Only(value) || isEmpty(value)) return undefined;
    const order = channelsLast(value.rank);
    const image = { order, border: windowBorder(forwardGeometry(value).axes) };
    return { operands: [image, "any", { order: [0] }].slice(0, value.inputs.length) as Wishes["operands"], result: { order } };
  },
  generate(site) {
    const [x, weight] = site.operands.map(stepsOf);
    return panelKernel("conv", site, [forwardPlan(forwardGeometry(site.value), x, weight, stepsOf(site.result))]);
  },
};

/** More phases than this are more code than they are worth. */
const mostPhases = 64;

export const convInputGradRule: KernelRule = {
  op: "convInputGrad",
  wishes(value): Wishes | undefined {
    if (!float32Only(value) || isEmpty(value)) return undefined;
    const { axes } = inputGradGeometry(value);
    if (sizeOf(axes.map((a) => Math.min(a.stride, a.input))) > mostPhases) return undefined;
    const order = channelsLast(value.rank);
    return { operands: [{ order, border: inputGradBorder(axes) }, "any"], result: { order } };
  },
  generate(site) {
    const [g, weight] = site.operands.map(stepsOf);
    return panelKernel("convInputGrad", site, inputGradPlans(inputGradGeometry(site.value), g, weight, stepsOf(site.result)));
  },
};

export const convFilterGradRule: KernelRule = {
  op: "convFilterGrad",
  wishes(value): Wishes | undefined {
    if (!float32Only(value) || isEmpty(value)) return undefined;
    const order = channelsLast(value.rank);
    return { operands: [{ order, border: windowBorder(filterGradGeometry(value).axes) }, { order }], result: "any" };
  },
  generate(site): Kernel {
    const [x, g] = site.operands.map(stepsOf);
    const geometry = filterGradGeometry(site.value);
    const { outer: plan, pack } = filterGradPlan(geometry, x, g, stepsOf(site.result));
    const shape: OuterShape = { plan, tile: outerTile(plan), tier: site.tier };
    const format = { width: shape.tile.vectors * lanes, section: plan.run, stored: paddedRun(plan, shape.tile) };
    const tiles = outerItems(shape);
    const macs = (iterations(plan.pixels) * (tiles * tileBytes(shape.tile))) / 4;
    return {
      name: `convFilterGrad outer ${tileName(shape.tile)}`,
      scratchBytes: tiles * tileBytes(shape.tile),
      stages: [
        {
          key: `conv outer:${JSON.stringify(shape)}`,
          items: tiles,
          nanoseconds: macs / macsPerNanosecond,
          emit: (module) =>
            module.func("convFilterGrad", { params: kernelParams(site) }, (f, ...params) => {
              const { operands, scratch, start, end } = kernelArguments(site, {}, params);
              emitOuter(f, shape, { a: operands[0], b: operands[1], sums: scratch, start, end });
            }),
        },
        {
          key: `conv outer unpack:${JSON.stringify([pack, format])}`,
          items: packItems(pack, format),
          nanoseconds: sizeOf(site.result.shape),
          emit: (module) =>
            module.func("convFilterGradUnpack", { params: kernelParams(site) }, (f, ...params) => {
              const { result, scratch, start, end } = kernelArguments(site, {}, params);
              emitUnpack(f, pack, format, { plain: result, packed: scratch, start, end });
            }),
        },
      ],
    };
  },
};
