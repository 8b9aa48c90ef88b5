// Depthwise convolution, forward and the phases of its input gradient: every channel meets its own small kernel, so nothing is shared but what
// neighbouring windows read. One row of results at a time, several of them per vector of channels; all taps are unrolled.
import { type Expression, expressionKey } from "../../../ops/expression.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type FunctionBuilder, i32, type Local, v128 } from "../assembler.ts";
import { type Kernel, kernelArguments, kernelParams, type Site, type Stage, type Tier } from "../kernel.ts";
import { floatBytes, iterations, offsetsOf, type RowMapPlan, type RowPlan } from "./conv-plan.ts";
import { packing } from "./matmul-kernel.ts";
import { type Finish, lanes, loadColumns, storeLanes, vectorBytes } from "./matmul-tile.ts";
import { emitNest, odometer, type Pointer } from "./pack-nest.ts";
import { emitVector } from "./vector-expression.ts";
import { multiplyAdd } from "./vector-math.ts";

interface RowShape {
  readonly plan: RowPlan;
  readonly tier: Tier;
  /** Results per vector of channels, and vectors of channels, computed together. */
  readonly outputs: number;
  readonly vectors: number;
  /** Whether a loop walks the rows of taps: engines that load everything of a block first would spill the rows of an unrolled kernel. */
  readonly looped: boolean;
  readonly epilogue?: Expression;
}

/** Variants of these kernels, the usual one first. */
export function depthwiseVariants({ tier }: Pick<Site, "tier">): string[] {
  const ways = ["depthwise unrolled", "depthwise looped"];
  return tier === "simd" ? ways.reverse() : ways;
}

/** As many results as registers hold beside what is loaded for them, in groups that repeat few of them at the end of a row. */
function outputsAtOnce(plan: RowPlan, looped: boolean): number {
  const { positions, columnTaps } = plan;
  const fits = (n: number): boolean => (looped ? n + columnTaps.count + windowReads(plan, n).length <= 14 : n + columnTaps.count <= 13);
  const most = [8, 7, 6, 5, 4, 3, 2].find(fits) ?? 2;
  // Every group loads a row of weights; every result costs its sums.
  const cost = (n: number): number => Math.ceil(positions / n) * (n + 2);
  const choices = Array.from({ length: Math.min(most, positions) }, (_, i) => i + 1);
  return choices.reduce((best, n) => (cost(n) <= cost(best) ? n : best), 1);
}

export function depthwiseKernel(name: string, site: Site, plans: readonly RowMapPlan[]): Kernel {
  const vectors = site.tier === "revectorised" ? 2 : 1;
  const hasBias = site.operands.length > 2;
  const [usual] = depthwiseVariants(site);
  const looped = (site.variant ?? usual).endsWith("looped");
  const shapes = plans.map(
    ({ rows }): RowShape => ({
      plan: rows,
      tier: site.tier,
      outputs: outputsAtOnce(rows, looped),
      vectors,
      looped,
      ...(site.epilogue && { epilogue: site.epilogue.expression }),
    }),
  );
  const packings = plans.map(({ pack }) => packing(pack, { rows: 1, vectors }));
  const stages = shapes.map((shape, phase): Stage => {
    const { epilogue, ...rest } = shape;
    return {
      key: `depthwise ${phase}/${shapes.length} of ${site.operands.length}:${JSON.stringify(rest)}${epilogue ? expressionKey(epilogue) : ""}`,
      items: iterations(shape.plan.rows),
      nanoseconds: (sizeOf(site.result.shape) / shapes.length / lanes) * (1 + tapCount(shape.plan) / 4),
      emit: (module) =>
        module.func(`${name}Rows${phase}`, { params: kernelParams(site, { packings }) }, (f, ...params) => {
          const { operands, epilogue: fused, packings: packed, result, start, end } = kernelArguments(site, { packings }, params);
          emitRows(f, shape, {
            source: operands[0],
            weights: packed[phase],
            results: [result, ...fused],
            ...(hasBias && { bias: operands[2] }),
            start,
            end,
          });
        }),
    };
  });
  const phases = shapes.length === 1 ? "" : `, ${shapes.length} phases`;
  return { name: `${name} depthwise ${shapes[0].outputs}x${vectors * lanes}${phases}`, packings, stages };
}

function tapCount({ tapRows, columnTaps }: RowPlan): number {
  return iterations(tapRows) * columnTaps.count;
}

interface RowArguments {
  readonly source: Local<"i32">;
  /** Panels: [channel vectors][tap]. */
  readonly weights: Local<"i32">;
  readonly results: readonly Local<"i32">[];
  readonly bias?: Local<"i32">;
  readonly start: Local<"i32">;
  readonly end: Local<"i32">;
}

/** Computes the rows [start, end). */
function emitRows(f: FunctionBuilder, shape: RowShape, args: RowArguments): void {
  const { plan, outputs } = shape;
  const row = f.i32(i32.add(args.source, plan.sourceOffset));
  const rowResults = args.results.map((result, k) => f.i32(i32.add(result, plan.results[k].offset)));
  const walk = odometer(
    f,
    plan.rows,
    [row, ...rowResults].map((local, step): Pointer => ({ local, step })),
  );
  const from = f.local("i32");
  const to = rowResults.map(() => f.local("i32"));
  const emitGroup = channelLoop(f, shape, args, from, to);
  const item = f.i32(args.start);
  const first = f.local("i32");
  walk.seek(args.start);
  f.loop((again) => {
    f.for(first, 0, plan.positions, outputs, () => {
      // The last group steps back instead of being shorter: a few results are computed twice.
      const last = plan.positions - outputs;
      if (plan.positions % outputs !== 0) f.if(i32.gtU(first, last), () => f.set(first, i32.const(last)));
      f.set(from, i32.add(row, i32.mul(first, plan.positionStep)));
      for (const [k, pointer] of to.entries()) f.set(pointer, i32.add(rowResults[k], i32.mul(first, plan.results[k].positionStep)));
      emitGroup();
    });
    f.advance(item, 1);
    f.if(i32.ltU(item, args.end), () => {
      walk.next();
      f.br(again);
    });
  });
}

/** All channels of `outputs` neighbouring results. */
function channelLoop(
  f: FunctionBuilder,
  { plan, tier, outputs, vectors, looped, epilogue }: RowShape,
  { weights, bias }: RowArguments,
  from: Local<"i32">,
  to: readonly Local<"i32">[],
): () => void {
  const perRound = vectors * lanes;
  const whole = Math.floor(plan.channels / perRound);
  const rest = plan.channels % perRound;
  const weight = f.local("i32");
  const biasAt = f.local("i32");
  const sums = Array.from({ length: outputs }, () => f.locals("v128", vectors));
  const taps = Array.from({ length: plan.columnTaps.count }, () => f.locals("v128", vectors));
  const pixel = f.locals("v128", vectors);
  const reads = windowReads(plan, outputs);
  const at = f.local("i32");
  const weightAt = f.local("i32");
  /** One row of taps, `offset` bytes on in the source, `rowNumber` rows on in the weights. */
  const emitTapRow = (offset: number, rowNumber: number): void => {
    for (const [k, tap] of taps.entries()) {
      const first = (rowNumber * taps.length + k) * vectors;
      for (const [v, local] of tap.entries()) f.set(local, v128.load(weightAt, (first + v) * vectorBytes));
    }
    for (const { position, meets } of reads) {
      for (const [v, local] of pixel.entries()) f.set(local, v128.load(at, offset + position + v * vectorBytes));
      for (const { output, tap } of meets) {
        for (const [v, sum] of sums[output].entries()) f.set(sum, multiplyAdd(tier, pixel[v], taps[tap][v], sum));
      }
    }
  };
  const emitTaps = (): void => {
    if (taps.length === 0) return;
    f.set(at, from);
    f.set(weightAt, weight);
    if (!looped) {
      for (const [rowNumber, offset] of offsetsOf(plan.tapRows).entries()) emitTapRow(offset, rowNumber);
      return;
    }
    emitNest(f, plan.tapRows, [{ local: at, step: 0 }], [0], () => {
      emitTapRow(0, 0);
      f.advance(weightAt, taps.length * vectors * vectorBytes);
    });
  };
  const finishAt = (output: number): Finish | undefined =>
    epilogue &&
    ((value, v, count) =>
      emitVector(
        { f, tier },
        epilogue,
        (k) => {
          if (k === 0) return value;
          const { channelStep, positionStep } = plan.results[k];
          return loadColumns(f, to[k], channelStep, count, output * positionStep + v * lanes * channelStep);
        },
        undefined,
      ));
  const emitRound = (count: number): void => {
    for (const sum of sums) {
      for (const [v, local] of sum.entries()) f.set(local, bias === undefined ? v128.zero() : v128.load(biasAt, v * vectorBytes));
    }
    emitTaps();
    for (const [o, sum] of sums.entries()) storeLanes(f, to[0], sum, count, finishAt(o), o * plan.results[0].positionStep);
  };
  return () => {
    f.set(weight, weights);
    if (bias !== undefined) f.set(biasAt, bias);
    if (whole > 0) {
      f.repeat(whole, () => {
        emitRound(perRound);
        f.advance(weight, tapCount(plan) * perRound * floatBytes);
        f.advance(biasAt, perRound * floatBytes);
        f.advance(from, perRound * floatBytes);
        for (const [k, pointer] of to.entries()) f.advance(pointer, perRound * plan.results[k].channelStep);
      });
    }
    if (rest > 0) emitRound(rest);
  };
}

/** Every position along the row that any of the windows reads, and which results it meets with which tap. */
function windowReads(
  { columnTaps, positionStep }: RowPlan,
  outputs: number,
): { readonly position: number; readonly meets: readonly { readonly output: number; readonly tap: number }[] }[] {
  const byOffset = new Map<number, { output: number; tap: number }[]>();
  for (let output = 0; output < outputs; output++) {
    for (let tap = 0; tap < columnTaps.count; tap++) {
      const at = output * positionStep + tap * columnTaps.step;
      byOffset.set(at, [...(byOffset.get(at) ?? []), { output, tap }]);
    }
  }
  return [...byOffset].sort(([a], [b]) => a - b).map(([position, meets]) => ({ position, meets }));
}
