// Sums, maxima and minima over any axes in any layout, of expressions over any number of operands: what would be an elementwise pass before
// the reduction is done while reading, and several reductions of the same operands read them once. Long reductions are cut into chunks by their shape alone, so every number of threads gives the same bits.
import type { Value } from "../../../graph/value.ts";
import { type Expression, expressionKey, operandsOf } from "../../../ops/expression.ts";
import * as e from "../../../ops/expression-build.ts";
import { broadcastShapes, normaliseAxes, type Shape, sizeOf } from "../../../tensor/shape.ts";
import { bytesPerElement } from "../../../tensor/tensor.ts";
import { type FunctionBuilder, f32x4, f64, i32, i32x4, type Local, type ModuleBuilder, type V128, v128 } from "../assembler.ts";
import type { Kernel, KernelRule, Site, Stage, Tier } from "../kernel.ts";
import { placementKey } from "../kernel.ts";
import { broadcastStrides } from "../layout.ts";
import { loadElement, loadLanes, storeElement, storeLanes } from "./elementwise.ts";
import { loopNest, type Nest, nestOf, splitInnermost, walkNest } from "./loops.ts";
import { emitScalar, type Helpers, hasScalarForm, helpersOf } from "./scalar-math.ts";
import { emitVector, needsHelpers, vectorNanoseconds } from "./vector-expression.ts";

export type ReduceFunction = "sum" | "max" | "min";

interface Combine {
  readonly identity: number;
  readonly vector: (a: V128, b: V128) => V128;
  readonly scalar: typeof f64.add;
}
const combines: Readonly<Record<ReduceFunction, Combine>> = {
  sum: { identity: 0, vector: f32x4.add, scalar: f64.add },
  max: { identity: Number.NEGATIVE_INFINITY, vector: f32x4.max, scalar: f64.max },
  min: { identity: Number.POSITIVE_INFINITY, vector: f32x4.min, scalar: f64.min },
};

/** A reduction as loops: `kept` moves the result and the operands (in this order), `reduced` the operands alone. */
interface Plan {
  readonly fn: ReduceFunction;
  readonly tier: Tier;
  readonly expressions: readonly Expression[];
  /** Bytes from the results of one expression to those of the next. */
  readonly planeBytes: number;
  readonly kept: Nest;
  readonly reduced: Nest;
  readonly widths: readonly number[];
}

/** Vectors that are summed side by side: enough to hide the latency of an addition. */
const lanesOfAccumulators = 4;
/** Elements that one chunk should have at least. */
const chunkElements = 8192;
const mostChunks = 32;

interface Reduction {
  readonly fn: ReduceFunction;
  /** What the operands broadcast to. */
  readonly shape: Shape;
  /** How far the result moves along each axis of it; 0 along those that vanish. */
  readonly resultStrides: readonly number[];
  readonly expressions: readonly Expression[];
  /** Elements from the results of one expression to those of the next. */
  readonly planeStride?: number;
}

function reduceKernel(site: Site, { fn, shape, resultStrides, expressions, planeStride = 0 }: Reduction): Kernel {
  const { operands, result, tier } = site;
  const isReduced = shape.map((_, axis) => resultStrides[axis] === 0);
  const strides = operands.map((operand) => broadcastStrides(operand, shape));
  const axes = (wanted: boolean): number[] => shape.map((_, axis) => axis).filter((axis) => isReduced[axis] === wanted);
  const pick = (from: readonly number[], chosen: readonly number[]): number[] => chosen.map((axis) => from[axis]);
  const keptAxes = axes(false);
  const reducedAxes = axes(true);
  const plan: Plan = {
    fn,
    tier,
    expressions,
    planeBytes: planeStride * bytesPerElement(result.dtype),
    kept: nestOf(
      pick(shape, keptAxes),
      [resultStrides, ...strides].map((own) => pick(own, keptAxes)),
    ),
    reduced: nestOf(
      pick(shape, reducedAxes),
      strides.map((own) => pick(own, reducedAxes)),
    ),
    widths: [result, ...operands].map(({ dtype }) => bytesPerElement(dtype)),
  };
  const name = `reduce ${fn}`;
  const key = `${name} ${tier} ${expressions.map(expressionKey).join("|")} by ${planeStride} [${shape}] ${resultStrides} ${[result, ...operands].map(placementKey).join(" ")}`;
  const size = sizeOf(shape);
  const work = expressions.reduce((sum, expression) => sum + 0.5 + vectorNanoseconds(expression), 0);
  const nanoseconds = Math.ceil(size / 4) * (work + 0.5 * operands.length);
  if (result.dtype !== "float32" || operands.some(({ dtype }) => dtype !== "float32")) {
    const stage = stageOf(site, key, sizeOf(plan.kept.sizes), nanoseconds * 4, (f, module, args) =>
      scalarItems(f, site, plan, helpersFor(module, expressions), args),
    );
    return { name: `${name} scalar`, stages: [stage] };
  }

  const along = runsAlongReduced(plan) ? "rows" : "columns";
  const emitItems = along === "rows" ? rowItems : columnItems;
  const items = itemsOf(plan.kept, along);
  const chunks = chunksOf(plan, items, size);
  if (chunks === 1) {
    const stage = stageOf(site, key, items, nanoseconds, (f, module, args) => emitItems(f, plan, helpersFor(module, expressions), args));
    return { name: `${name} ${along}`, stages: [stage] };
  }
  const outputs = sizeOf(plan.kept.sizes);
  const first = chunkedPlan(plan, chunks);
  const second = combiningPlan(plan, chunks, outputs);
  const partial = stageOf(site, `${key} partial`, items * chunks, nanoseconds, (f, module, { pointers, scratch, ...range }) =>
    emitItems(f, first, helpersFor(module, expressions), { ...range, scratch, pointers: [scratch, ...pointers.slice(1)] }),
  );
  const combine = stageOf(
    site,
    `${key} combine`,
    itemsOf(second.kept, "columns"),
    (outputs * chunks * expressions.length) / 4,
    (f, _, { pointers, scratch, ...range }) => columnItems(f, second, undefined, { ...range, scratch, pointers: [pointers[0], scratch] }),
  );
  return {
    name: `${name} ${along}, ${chunks} chunks`,
    scratchBytes: expressions.length * outputs * chunks * 4,
    stages: [partial, combine],
  };
}

interface StageArguments {
  /** Result, then operands. */
  readonly pointers: readonly Local<"i32">[];
  readonly scratch: Local<"i32">;
  readonly range: readonly [Local<"i32">, Local<"i32">];
}

function stageOf(
  { operands }: Site,
  key: string,
  items: number,
  nanoseconds: number,
  emit: (f: FunctionBuilder, module: ModuleBuilder, args: StageArguments) => void,
): Stage {
  return {
    key,
    items,
    nanoseconds,
    emit: (module) =>
      module.func("reduce", { params: new Array<"i32">(operands.length + 4).fill("i32") }, (f, ...params) => {
        const [result, scratch, start, end] = params.slice(operands.length);
        emit(f, module, { pointers: [result, ...params.slice(0, operands.length)], scratch, range: [start, end] });
      }),
  };
}

function helpersFor(module: ModuleBuilder, expressions: readonly Expression[]): Helpers | undefined {
  return expressions.some(needsHelpers) ? helpersOf(module) : undefined;
}

/** Whether the axis along which the operands lie closest together is one that vanishes. */
function runsAlongReduced({ kept, reduced }: Plan): boolean {
  const closest = (nest: Nest, from: number): number =>
    Math.min(
      Number.POSITIVE_INFINITY,
      ...nest.strides.slice(from).map((own) => (own.length === 0 || own[own.length - 1] === 0 ? Infinity : Math.abs(own[own.length - 1]))),
    );
  return closest(reduced, 0) <= closest(kept, 1);
}

/** One item is one result along rows, and one innermost line of results along columns. */
function itemsOf(kept: Nest, along: "rows" | "columns"): number {
  return sizeOf(along === "rows" ? kept.sizes : splitInnermost(kept).outer.sizes);
}

/** A divisor of the outermost reduced axis, so that all chunks are alike. */
function chunksOf({ reduced }: Plan, items: number, size: number): number {
  const wanted = Math.min(mostChunks, Math.floor(size / chunkElements), Math.ceil(64 / items));
  const outermost = reduced.sizes[0] ?? 1;
  for (let chunks = wanted; chunks > 1; chunks--) if (outermost % chunks === 0) return chunks;
  return 1;
}

/** The same loops with the chunk as outermost kept axis, into a dense table of partial results. */
function chunkedPlan(plan: Plan, chunks: number): Plan {
  const { kept, reduced } = plan;
  const length = reduced.sizes[0] / chunks;
  const outputs = sizeOf(kept.sizes);
  const partialStrides = kept.sizes.map((_, axis) => sizeOf(kept.sizes.slice(axis + 1)));
  return {
    ...plan,
    planeBytes: outputs * chunks * 4,
    kept: {
      sizes: [chunks, ...kept.sizes],
      strides: [[outputs, ...partialStrides], ...kept.strides.slice(1).map((own, k) => [length * reduced.strides[k][0], ...own])],
    },
    reduced: { sizes: [length, ...reduced.sizes.slice(1)], strides: reduced.strides },
    widths: [4, ...plan.widths.slice(1)],
  };
}

/** The chunks of all expressions are added up in the same way. */
function combiningPlan({ fn, tier, kept, expressions, planeBytes }: Plan, chunks: number, outputs: number): Plan {
  const partialStrides = kept.sizes.map((_, axis) => sizeOf(kept.sizes.slice(axis + 1)));
  return {
    fn,
    tier,
    expressions: [e.operand(0)],
    planeBytes: 0,
    kept: {
      sizes: [expressions.length, ...kept.sizes],
      strides: [
        [planeBytes / 4, ...kept.strides[0]],
        [outputs * chunks, ...partialStrides],
      ],
    },
    reduced: { sizes: [chunks], strides: [[outputs]] },
    widths: [4, 4],
  };
}

/** Reads run along the reduced axis: four running results per vector and expression, added up at the end of each result. */
function rowItems(f: FunctionBuilder, plan: Plan, helpers: Helpers | undefined, { pointers, range }: StageArguments): void {
  const { fn, expressions, planeBytes, kept, reduced, widths } = plan;
  const { identity, vector } = combines[fn];
  const { outer, size, steps } = splitInnermost(reduced);
  const own = widths.slice(1);
  const running = expressions.map(() => f.locals("v128", lanesOfAccumulators));
  const at = pointers.map((pointer) => f.i32(pointer));
  walkNest(f, kept, at, widths, range, () => {
    const [result, ...starts] = at;
    for (const sum of running.flat()) f.set(sum, f32x4.splat(identity));
    const line = starts.map((start) => f.i32(start));
    loopNest(f, outer, line, own, () => {
      const cursor = line.map((p) => f.i32(p));
      const values = (first: number, lanes: number): V128[] =>
        vectorValues(f, plan, helpers, (i) =>
          steps[i] === 0 ? v128.load32Splat(cursor[i]) : loadLanes(cursor[i], steps[i], first, lanes),
        );
      const accumulate = (vectors: number): void => {
        for (let u = 0; u < vectors; u++)
          for (const [x, value] of values(4 * u, 4).entries()) f.set(running[x][u], vector(running[x][u], value));
        cursor.forEach((p, i) => {
          f.advance(p, 4 * vectors * steps[i] * own[i]);
        });
      };
      const wide = Math.floor(size / (4 * lanesOfAccumulators));
      const single = Math.floor((size % (4 * lanesOfAccumulators)) / 4);
      if (wide > 0) f.repeat(wide, () => accumulate(lanesOfAccumulators));
      if (single > 0) accumulate(single);
      const rest = size % 4;
      if (rest > 0) {
        const mask = i32x4.lanes([-1, rest > 1 ? -1 : 0, rest > 2 ? -1 : 0, 0]);
        for (const [x, value] of values(0, rest).entries())
          f.set(running[x][0], vector(running[x][0], v128.bitselect(value, f32x4.splat(identity), mask)));
      }
    });
    for (const [x, [a, b, c, d]] of running.entries()) {
      const pair = f.v128(vector(vector(a, b), vector(c, d)));
      const half = f.v128(vector(pair, i32x4.shuffle(pair, pair, [2, 3, 2, 3])));
      f.storeLane32(result, vector(half, i32x4.shuffle(half, half, [1, 1, 1, 1])), 0, x * planeBytes);
    }
  });
}

/** All expressions at one place. What several of them read is loaded once. */
function vectorValues(
  f: FunctionBuilder,
  { expressions, tier }: Plan,
  helpers: Helpers | undefined,
  load: (operand: number) => V128,
): V128[] {
  const loaded = new Map<number, V128>();
  if (expressions.length > 1) for (const i of new Set(expressions.flatMap(operandsOf))) loaded.set(i, f.v128(load(i)));
  return expressions.map((expression) => emitVector({ f, tier }, expression, (i) => loaded.get(i) ?? load(i), helpers));
}

/** Reads run along a kept axis: whole vectors of results are accumulated side by side. */
function columnItems(f: FunctionBuilder, plan: Plan, helpers: Helpers | undefined, { pointers, range }: StageArguments): void {
  const { fn, expressions, planeBytes, kept, reduced, widths } = plan;
  const { identity, vector } = combines[fn];
  const { outer, size, steps } = splitInnermost(kept);
  const [resultStep, ...operandSteps] = steps;
  const own = widths.slice(1);
  const running = expressions.map(() => f.locals("v128", lanesOfAccumulators));
  const at = pointers.map((pointer) => f.i32(pointer));
  /** `vectors` of results, the last of them with `lanes`. */
  const block = (lines: readonly Local<"i32">[], vectors: number, lanes: number): void => {
    const [result, ...starts] = lines;
    const lanesOf = (u: number): number => (u === vectors - 1 ? lanes : 4);
    for (const sums of running) for (const sum of sums.slice(0, vectors)) f.set(sum, f32x4.splat(identity));
    const cursor = starts.map((start) => f.i32(start));
    // What does not move along the reduced axes is loaded once.
    const still = starts.map((_, i) => reduced.strides[i].every((stride) => stride === 0));
    const load = (i: number, u: number): V128 =>
      operandSteps[i] === 0 ? v128.load32Splat(cursor[i]) : loadLanes(cursor[i], operandSteps[i], 4 * u, lanesOf(u));
    const kept = new Map<string, Local<"v128">>();
    for (const [i, isStill] of still.entries()) if (isStill) for (let u = 0; u < vectors; u++) kept.set(`${i} ${u}`, f.v128(load(i, u)));
    loopNest(f, reduced, cursor, own, () => {
      for (let u = 0; u < vectors; u++) {
        const values = vectorValues(f, plan, helpers, (i) => kept.get(`${i} ${u}`) ?? load(i, u));
        for (const [x, value] of values.entries()) f.set(running[x][u], vector(running[x][u], value));
      }
    });
    for (const [x, sums] of running.entries()) {
      const to = x === 0 ? result : f.i32(i32.add(result, x * planeBytes));
      for (let u = 0; u < vectors; u++) storeLanes(f, to, resultStep, 4 * u, lanesOf(u), sums[u]);
    }
  };
  walkNest(f, outer, at, widths, range, () => {
    const lines = at.map((p) => f.i32(p));
    const wide = Math.floor(size / (4 * lanesOfAccumulators));
    const rest = size % (4 * lanesOfAccumulators);
    if (wide > 0) {
      f.repeat(wide, () => {
        block(lines, lanesOfAccumulators, 4);
        lines.forEach((p, k) => {
          f.advance(p, 4 * lanesOfAccumulators * steps[k] * widths[k]);
        });
      });
    }
    if (rest > 0) block(lines, Math.ceil(rest / 4), rest % 4 === 0 ? 4 : rest % 4);
  });
}

/** One result after the other in double precision: integers, and float64. */
function scalarItems(f: FunctionBuilder, site: Site, plan: Plan, _: Helpers | undefined, { pointers, range }: StageArguments): void {
  const { fn, expressions, kept, reduced, widths } = plan;
  const [expression] = expressions;
  const { identity, scalar } = combines[fn];
  const running = f.local("f64");
  const at = pointers.map((pointer) => f.i32(pointer));
  walkNest(f, kept, at, widths, range, () => {
    const [result, ...starts] = at;
    f.set(running, f64.const(identity));
    const cursor = starts.map((start) => f.i32(start));
    loopNest(f, reduced, cursor, widths.slice(1), () => {
      const value = emitScalar(f, expression, (i) => loadElement(cursor[i], site.operands[i].dtype));
      f.set(running, scalar(running, value));
    });
    storeElement(f, result, site.result.dtype, running);
  });
}

/** How far the result moves along each axis of the operand; 0 along those that vanish. */
function strideAlong(value: Value, result: readonly number[]): number[] {
  const { shape } = value.inputs[0];
  if (value.op.name === "sumTo") {
    const missing = shape.length - value.rank;
    return shape.map((n, axis) => (axis < missing || value.shape[axis - missing] !== n ? 0 : result[axis - missing]));
  }
  const reduced = new Set(normaliseAxes(value.attrs.axes as readonly number[] | undefined, shape.length));
  let next = 0;
  return shape.map((_, axis) => {
    if (reduced.has(axis)) {
      if (value.attrs.keepDims === true) next++;
      return 0;
    }
    return result[next++];
  });
}

function ruleFor(op: string, fn: ReduceFunction): KernelRule {
  return {
    op,
    wishes(value) {
      const [x] = value.inputs;
      const scalar = x.dtype !== "float32" || value.dtype !== "float32";
      if (sizeOf(x.shape) === 0 || (scalar && !hasScalarForm(e.operand(0)))) return undefined;
      return { operands: ["any"], result: "any" };
    },
    absorbs: ({ dtype }) => dtype === "float32",
    generate(site) {
      const { value, result, prologue = e.operand(0) } = site;
      const { shape } = value.inputs[0];
      // Axes of size 1 that stay would look reduced if their stride were 0; which they are not is all that matters.
      const own = result.strides.map((stride) => (stride === 0 ? 1 : stride));
      return reduceKernel(site, { fn, shape, resultStrides: strideAlong(value, own), expressions: [prologue] });
    },
  };
}

const channelSumsRule: KernelRule = {
  op: "channelSums",
  wishes({ dtype, inputs }) {
    if (dtype !== "float32" || inputs.some((v) => sizeOf(v.shape) === 0)) return undefined;
    return { operands: inputs.map(() => "any" as const), result: "any" };
  },
  generate(site) {
    const { value, result } = site;
    const shape = broadcastShapes(
      value.inputs.map((v) => v.shape),
      "channelSums",
    );
    const [planeStride, channelStride] = result.strides;
    return reduceKernel(site, {
      fn: "sum",
      shape,
      resultStrides: shape.map((_, axis) => (axis === 1 ? channelStride : 0)),
      expressions: value.attrs.terms as readonly Expression[],
      planeStride,
    });
  },
};

export const reduceRules: readonly KernelRule[] = [
  ruleFor("sum", "sum"),
  ruleFor("sumTo", "sum"),
  ruleFor("max", "max"),
  ruleFor("min", "min"),
  channelSumsRule,
];
