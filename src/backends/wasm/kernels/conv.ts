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
import { channelsLast, type Kernel, type KernelRule, kernelArguments, kernelParams, type Site, type Wish, type Wishes } from "../kernel.ts";
import {
  filterGradBorder,
  filterGradPlan,
  forwardBorder,
  forwardPlan,
  forwardRows,
  inputGradBorder,
  inputGradPlans,
  inputGradRows,
  isRowwise,
} from "./conv-maps.ts";
import { floatBytes, iterations, stepsOf } from "./conv-plan.ts";
import { depthwiseKernel, depthwiseVariants } from "./depthwise.ts";
import { isDense, macsPerNanosecond, panelKernel, resultsOf } from "./matmul-kernel.ts";
import { emitOuter, type OuterShape, outerItems, outerParts, outerTile, outerTiles, paddedRun, tileBytes } from "./matmul-outer.ts";
import { lanes, tileLimit, tileName, tileVariants } from "./matmul-tile.ts";
import { emitUnpack, packItems } from "./pack-panels.ts";
import { winogradKernel } from "./winograd.ts";
import { directNanoseconds, hasWinograd, winogradNanoseconds, winogradPlan } from "./winograd-plan.ts";
import type { WinogradSize } from "./winograd-transforms.ts";

function attrsOf<A extends ConvAttrs>(value: Value): A {
  return value.attrs as unknown as A;
}

function forwardGeometry(value: Value): ConvGeometry {
  const [x, weight] = value.inputs;
  return convGeometry(x.shape, weight.shape, attrsOf<ConvAttrs>(value));
}

function inputGradGeometry(value: Value): ConvGeometry {
  const [g, weight] = value.inputs;
  return convInputGradGeometry(g.shape, weight.shape, attrsOf<ConvAttrs & { inputSize: readonly number[] }>(value));
}

function filterGradGeometry(value: Value): ConvGeometry {
  const [x, g] = value.inputs;
  return convFilterGradGeometry(x.shape, g.shape, attrsOf<ConvAttrs & { kernelSize: readonly number[] }>(value));
}

export const convRule: KernelRule = {
  op: "conv",
  fuses: () => true,
  wishes(value): Wishes | undefined {
    if (!isDense(value)) return undefined;
    const order = channelsLast(value.rank);
    const image = { order, border: forwardBorder(forwardGeometry(value)) };
    const operands: Wish[] = [image, "any", { order: [0] }];
    return { operands: operands.slice(0, value.inputs.length), result: { order } };
  },
  variants: forwardVariants,
  generate(site) {
    const { variant = forwardVariants(site)[0] } = site;
    const geometry = forwardGeometry(site.value);
    const size = winogradSizes.find((m) => variant.startsWith(winogradName(m)));
    if (size !== undefined) return winogradKernel("conv", { ...site, variant }, winogradPlan(size, geometry, site.tier));
    const [x, weight] = site.operands.map(stepsOf);
    const results = resultsOf(site).map(stepsOf);
    const rows = forwardRows(geometry, x, weight, results);
    return rows === undefined
      ? panelKernel("conv", site, [forwardPlan(geometry, x, weight, results)])
      : depthwiseKernel("conv", site, rows);
  },
};

const winogradSizes: readonly WinogradSize[] = [4, 2];
const winogradName = (m: WinogradSize): string => `winograd ${m}x${m}`;

/** The ways to compute a convolution, by what they are believed to cost; ways that round more only where that is allowed. */
function forwardVariants(site: Site): readonly string[] {
  const geometry = forwardGeometry(site.value);
  if (isRowwise(geometry)) return depthwiseVariants(site);
  const direct = tileVariants("panels", site);
  if (site.precision !== "fast" || !hasWinograd(geometry)) return direct;
  const costOf = (m: WinogradSize): number => winogradNanoseconds(winogradPlan(m, geometry, site.tier), site);
  const [best, other] = [...winogradSizes].sort((a, b) => costOf(a) - costOf(b));
  const short = [...tileVariants(winogradName(best), site), tileVariants(winogradName(other), site)[0]];
  return costOf(best) < directNanoseconds(geometry, site) ? [...short, ...direct] : [...direct, ...short];
}

/** More phases than this are more code than they are worth. */
const mostPhases = 64;

export const convInputGradRule: KernelRule = {
  op: "convInputGrad",
  fuses: () => true,
  wishes(value): Wishes | undefined {
    if (!isDense(value)) return undefined;
    const geometry = inputGradGeometry(value);
    if (sizeOf(geometry.axes.map((a) => Math.min(a.stride, a.input))) > mostPhases) return undefined;
    const order = channelsLast(value.rank);
    return { operands: [{ order, border: inputGradBorder(geometry) }, "any"], result: { order } };
  },
  variants: (site) => (isRowwise(inputGradGeometry(site.value)) ? depthwiseVariants(site) : tileVariants("panels", site)),
  generate(site) {
    const [g, weight] = site.operands.map(stepsOf);
    const geometry = inputGradGeometry(site.value);
    const results = resultsOf(site).map(stepsOf);
    const rows = inputGradRows(geometry, g, weight, results);
    return rows === undefined
      ? panelKernel("convInputGrad", site, inputGradPlans(geometry, g, weight, results))
      : depthwiseKernel("convInputGrad", site, rows);
  },
};

export const convFilterGradRule: KernelRule = {
  op: "convFilterGrad",
  wishes(value): Wishes | undefined {
    if (!isDense(value)) return undefined;
    const order = channelsLast(value.rank);
    return { operands: [{ order, border: filterGradBorder(filterGradGeometry(value)) }, { order }], result: "any" };
  },
  variants: (site) => tileVariants("outer", site),
  generate(site): Kernel {
    const [x, g] = site.operands.map(stepsOf);
    const geometry = filterGradGeometry(site.value);
    const { outer: plan, pack } = filterGradPlan(geometry, x, g, stepsOf(site.result), {
      // Engines without pairs would load all the pixels of a kernel first, and spill.
      wholeKernels: site.tier === "revectorised",
    });
    const shape: OuterShape = { plan, tile: outerTile(plan, tileLimit(site)), tier: site.tier };
    const format = { width: shape.tile.vectors * lanes, section: plan.run, stored: paddedRun(plan, shape.tile) };
    const tiles = outerItems(shape);
    const parts = { count: outerParts(plan), bytes: outerTiles(shape) * tileBytes(shape.tile) };
    const macs = (iterations(plan.pixels) * parts.bytes) / floatBytes;
    return {
      name: `convFilterGrad ${plan.lanewise ? "depthwise" : "outer"} ${tileName(shape.tile)}`,
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
          key: `conv outer unpack:${JSON.stringify([pack, format, parts])}`,
          items: packItems(pack, format),
          nanoseconds: (sizeOf(site.result.shape) * (parts.count + 2)) / 4,
          emit: (module) =>
            module.func("convFilterGradUnpack", { params: kernelParams(site) }, (f, ...params) => {
              const { result, scratch, start, end } = kernelArguments(site, {}, params);
              emitUnpack(f, pack, format, { plain: result, packed: scratch, start, end }, parts);
            }),
        },
      ],
    };
  },
};

export const convRules: readonly KernelRule[] = [convRule, convInputGradRule, convFilterGradRule];
