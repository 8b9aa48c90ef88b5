// A 3x3 convolution of stride 1 by Winograd's short convolutions. For each block of tiles: pixels are transformed to factors, the inner loop of
// all products makes one matrix product per position of a tile, and what comes out is transformed back.
import { expressionKey } from "../../../ops/expression.ts";
import { type FunctionBuilder, i32, type Local } from "../assembler.ts";
import { type Kernel, type KernelArguments, kernelArguments, kernelParams, type Site, type Stage } from "../kernel.ts";
import { stepsOf } from "./conv-plan.ts";
import { macsPerNanosecond, resultsOf } from "./matmul-kernel.ts";
import { emitPanels, type PanelShape, panelItems, panelKey, panelMacs, panelWalk } from "./matmul-panels.ts";
import { chooseTile, lanes, tileLimit, tileName } from "./matmul-tile.ts";
import { productPlan, type WinogradPlan } from "./winograd-plan.ts";
import { emitFactors, emitResults } from "./winograd-tiles.ts";
import { winogradPacking } from "./winograd-weights.ts";

type Arguments = KernelArguments<Local<"i32">>;

/** To transform four channels of a tile: only the splitting of small stages depends on it. */
const nanosecondsPerVector = 25;

export function winogradKernel(name: string, site: Site, plan: WinogradPlan): Kernel {
  const { tier, epilogue } = site;
  const { geometry, factors, products } = plan;
  const [x, weight] = site.operands.map(stepsOf);
  const { border } = site.operands[0];
  const results = resultsOf(site).map(stepsOf);
  const hasBias = site.operands.length > 2;
  const tile = chooseTile(plan.blocks[0].count, geometry.outChannels, tileLimit(site));
  const packings = [winogradPacking(plan, weight, tile.vectors * lanes, tier)];
  const params = kernelParams(site, { packings });
  const ownKey = `${tier} ${params.length} ${hasBias} ${JSON.stringify([plan, x, border, results])}`;

  /** Blocks share their code: each calls it with the number of its first tile. */
  const transformStage = (
    key: string,
    { first, count }: WinogradPlan["blocks"][number],
    channels: number,
    emit: (f: FunctionBuilder, args: Arguments, first: Local<"i32">) => void,
  ): Stage => ({
    key: `${key} from ${first}`,
    items: count,
    nanoseconds: count * Math.ceil(channels / lanes) * nanosecondsPerVector,
    emit: (module) => {
      const shared = module.once(key, () =>
        module.func("winogradTiles", { params: [...params, "i32"] }, (f, ...locals) =>
          emit(f, kernelArguments(site, { packings }, locals), locals[params.length]),
        ),
      );
      return module.func("winogradBlock", { params }, (f, ...locals) => f.call(shared, [...locals, first]));
    },
  });
  const factorStage = (block: WinogradPlan["blocks"][number]): Stage =>
    transformStage(`winograd factors ${ownKey}`, block, geometry.inChannels, (f, { operands, scratch, start, end }, first) =>
      emitFactors(f, plan, x, border, tier, { source: operands[0], scratch, first, start, end }),
    );
  const productStage = ({ count }: WinogradPlan["blocks"][number]): Stage => {
    const gemm = productPlan(plan, count);
    const walk = panelWalk(gemm, tile, gemm.groups * factors.planeBytes);
    const shape: PanelShape = { plan: gemm, tile, tier, walk };
    return {
      key: `winograd products ${params.length} ${factors.offset} ${products.offset}:${panelKey(shape)}`,
      items: panelItems(shape),
      nanoseconds: panelMacs(gemm) / macsPerNanosecond,
      emit: (module) =>
        module.func("winogradProducts", { params }, (f, ...locals) => {
          const { packings: packed, scratch, start, end } = kernelArguments(site, { packings }, locals);
          const source = f.i32(i32.add(scratch, factors.offset));
          const made = f.i32(i32.add(scratch, products.offset));
          emitPanels(f, shape, { source, results: [made], panels: packed[0], start, end });
        }),
    };
  };
  const fusedKey = epilogue === undefined ? "" : expressionKey(epilogue.expression);
  const resultStage = (block: WinogradPlan["blocks"][number]): Stage =>
    transformStage(`winograd results ${ownKey} ${fusedKey}`, block, geometry.outChannels, (f, args, first) =>
      emitResults(f, plan, results, epilogue?.expression, tier, {
        scratch: args.scratch,
        results: [args.result, ...args.epilogue],
        ...(hasBias && { bias: args.operands[2] }),
        first,
        start: args.start,
        end: args.end,
      }),
    );
  return {
    name: `${name} winograd ${plan.m}x${plan.m} ${tileName(tile)}`,
    packings,
    scratchBytes: plan.scratchBytes,
    stages: plan.blocks.flatMap((block) => [factorStage(block), productStage(block), resultStage(block)]),
  };
}
