// Products with few rows and a right factor whose columns lie in memory as they are summed: a dense layer for one picture. The weights are
// read once, as they are, so nothing is packed; every sum is a dot product whose four partial sums are joined at the end.
import { type Expression, expressionKey } from "../../../ops/expression.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type FunctionBuilder, f32x4, i32, i32x4, type Local, type V128, v128 } from "../assembler.ts";
import { type Kernel, kernelArguments, kernelParams, type Site, type Stage, type Tier } from "../kernel.ts";
import { floatBytes, iterations, type MapPlan, offsetsOf } from "./conv-plan.ts";
import { type Finish, lanes, loadColumns, storeLanes, vectorBytes } from "./matmul-tile.ts";
import { emitVector } from "./vector-expression.ts";
import { multiplyAdd } from "./vector-math.ts";

/** Up to so many rows the weights' way from memory takes longer than the sums. */
const mostRows = 4;

/** Whether a product is of this kind. */
export function isDot({ gemm, pack }: MapPlan): boolean {
  const [depth, ...more] = pack.rows;
  return (
    iterations(gemm.pixels) <= mostRows &&
    gemm.groups === 1 &&
    !gemm.lanewise &&
    gemm.bands.length === 0 &&
    gemm.taps.length === 0 &&
    gemm.runStep === floatBytes &&
    gemm.run >= 4 * lanes &&
    more.length === 0 &&
    depth?.steps[0] === floatBytes &&
    pack.columnStep >= 0
  );
}

interface DotShape {
  readonly plan: MapPlan;
  readonly tier: Tier;
  readonly epilogue?: Expression;
}

export function dotKernel(name: string, site: Site, plan: MapPlan): Kernel {
  const { gemm } = plan;
  const rows = iterations(gemm.pixels);
  const hasBias = site.operands.length > 2;
  const shape: DotShape = { plan, tier: site.tier, ...(site.epilogue && { epilogue: site.epilogue.expression }) };
  const weightBytesPerNanosecond = 8;
  const stage: Stage = {
    key: `dot ${site.tier} ${site.operands.length} ${JSON.stringify(plan)}${site.epilogue ? expressionKey(site.epilogue.expression) : ""}`,
    items: Math.ceil(gemm.columns / lanes),
    nanoseconds: (sizeOf(site.operands[1].shape) * floatBytes) / weightBytesPerNanosecond,
    emit: (module) =>
      module.func(`${name}Dot`, { params: kernelParams(site) }, (f, ...params) => {
        const { operands, epilogue, result, start, end } = kernelArguments(site, {}, params);
        emitDots(f, shape, {
          source: operands[0],
          weights: operands[1],
          ...(hasBias && { bias: operands[2] }),
          results: [result, ...epilogue],
          start,
          end,
        });
      }),
  };
  return { name: `${name} dot ${rows}x${lanes}`, stages: [stage] };
}

interface DotArguments {
  readonly source: Local<"i32">;
  readonly weights: Local<"i32">;
  readonly bias?: Local<"i32">;
  readonly results: readonly Local<"i32">[];
  /** In groups of four columns. */
  readonly start: Local<"i32">;
  readonly end: Local<"i32">;
}

function emitDots(f: FunctionBuilder, { plan, tier, epilogue }: DotShape, args: DotArguments): void {
  const { gemm, pack } = plan;
  const rowSteps = [0, ...gemm.results.keys()].map((_, step) =>
    offsetsOf(gemm.pixels.map(({ count, steps }) => ({ count, steps: [steps[step]] }))),
  );
  const [sourceRows, ...resultRows] = rowSteps;
  const tail = gemm.columns % lanes;
  const column = f.local("i32");
  const weightAt = f.locals("i32", lanes);
  const sourceAt = sourceRows.map(() => f.local("i32"));
  const end = f.local("i32");
  const biasAt = f.local("i32");
  const to = gemm.results.map(() => f.local("i32"));
  const sums = sourceRows.map(() => f.locals("v128", lanes));
  const factor = f.local("v128");
  const value = f.local("v128");
  /** Four more products of each of the first `count` columns, with what `load` finds. */
  const emitStep = (count: number, load: (at: Local<"i32">) => V128): void => {
    const loaded = weightAt.slice(0, count).map((at) => f.v128(load(at)));
    for (const [r, row] of sums.entries()) {
      f.set(factor, load(sourceAt[r]));
      for (const [c, weight] of loaded.entries()) f.set(row[c], multiplyAdd(tier, factor, weight, row[c]));
    }
  };
  const whole = Math.floor(gemm.run / lanes);
  const rest = gemm.run % lanes;
  const emitColumns = (count: number) => (): void => {
    const weights = weightAt.slice(0, count);
    for (const [c, at] of weights.entries())
      f.set(at, i32.add(i32.add(args.weights, pack.offset + c * pack.columnStep), i32.mul(column, pack.columnStep * lanes)));
    for (const [r, at] of sourceAt.entries()) f.set(at, i32.add(args.source, gemm.sourceOffset + sourceRows[r]));
    for (const sum of sums.flat()) f.set(sum, v128.zero());
    f.set(end, i32.add(weightAt[0], whole * vectorBytes));
    f.loop((again) => {
      emitStep(count, (at) => v128.load(at));
      for (const at of [...sourceAt, ...weights]) f.advance(at, vectorBytes);
      f.brIf(again, i32.ltU(weightAt[0], end));
    });
    if (rest > 0) emitStep(count, (at) => loadFirst(at, rest));
    if (args.bias !== undefined) f.set(biasAt, i32.add(args.bias, i32.mul(column, vectorBytes)));
    for (const [k, pointer] of to.entries()) {
      const { offset, columnStep } = gemm.results[k];
      f.set(pointer, i32.add(i32.add(args.results[k], offset), i32.mul(column, columnStep * lanes)));
    }
    for (const [r, row] of sums.entries()) {
      const joined = joinLanes(f, row);
      f.set(value, args.bias === undefined ? joined : f32x4.add(joined, v128.load(biasAt)));
      const finish: Finish | undefined =
        epilogue &&
        ((product) =>
          emitVector(
            { f, tier },
            epilogue,
            (k) => (k === 0 ? product : loadColumns(f, to[k], gemm.results[k].columnStep, count, resultRows[k][r])),
            undefined,
          ));
      storeLanes(f, to[0], [value], count, finish, resultRows[0][r]);
    }
  };
  f.for(column, args.start, args.end, 1, () => {
    const isLast = i32.eq(column, Math.floor(gemm.columns / lanes));
    f.if(tail === 0 ? 0 : gemm.columns < lanes ? 1 : isLast, emitColumns(tail), emitColumns(lanes));
  });
}

/** The first lanes of a vector, zeros behind them. */
function loadFirst(at: Local<"i32">, count: number): V128 {
  let vector = v128.load32Zero(at);
  for (let lane = 1; lane < count; lane++) vector = v128.load32Lane(at, vector, lane, lane * floatBytes);
  return vector;
}

/** The sum of each of four vectors, side by side. */
function joinLanes(f: FunctionBuilder, [a, b, c, d]: readonly Local<"v128">[]): V128 {
  const pair = (x: Local<"v128">, y: Local<"v128">): Local<"v128"> =>
    f.v128(f32x4.add(i32x4.shuffle(x, y, [0, 1, 4, 5]), i32x4.shuffle(x, y, [2, 3, 6, 7])));
  const ab = pair(a, b);
  const cd = pair(c, d);
  return f32x4.add(i32x4.shuffle(ab, cd, [0, 2, 4, 6]), i32x4.shuffle(ab, cd, [1, 3, 5, 7]));
}
