// Pooling kernels on channels-last images: maximum, its indices, average, the average's gradient, and the scatter and gather by indices.
import type { WindowAxis } from "../../../arithmetic/sizes.ts";
import type { Value } from "../../../graph/value.ts";
import { type AvgPoolAttrs, avgPoolDivisors, avgPoolGradGeometry } from "../../../ops/pool-average.ts";
import { type PoolAttrs, type PoolGeometry, poolGeometry } from "../../../ops/pool-geometry.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { f32x4, i32, i32x4, type Local, v128 } from "../assembler.ts";
import { channelsLast, type Kernel, type KernelRule, kernelArguments, kernelParams, type Site, type Wish, type Wishes } from "../kernel.ts";
import { floatBytes, stepsOf } from "./conv-plan.ts";
import { inputWindows, outputWindows, planeSteps, type WindowPlan, windowPlan } from "./pool-plan.ts";
import { maxUnpoolRule, poolGatherRule } from "./pool-scatter.ts";
import { emitWindows, type Reducer, windowItems } from "./pool-windows.ts";

function geometryOf(value: Value): PoolGeometry {
  return poolGeometry(value.inputs[0].shape, value.attrs as unknown as PoolAttrs);
}

/** Channels-last in and out; rows may be apart. */
function channelsLastWishes(value: Value): Wishes | undefined {
  const [x] = value.inputs;
  if (x.dtype !== "float32" || sizeOf(x.shape) === 0 || sizeOf(value.shape) === 0) return undefined;
  const wish: Wish = { order: channelsLast(value.rank) };
  return { operands: [wish], result: wish };
}

/** NaN wins, as in the reference loops; f32x4.max would see to that with several times the instructions. */
const maximum: Reducer = {
  states: 3,
  start(f, [best, nans]) {
    f.set(best, f32x4.splat(Number.NEGATIVE_INFINITY));
    f.set(nans, v128.zero());
  },
  step(f, [best, nans, candidate], element) {
    f.set(candidate, element);
    f.set(nans, v128.or(nans, f32x4.ne(candidate, candidate)));
    f.set(best, f32x4.pmax(best, candidate));
  },
  // All bits set are a NaN.
  finish: (best, _, [, nans]) => v128.or(best, nans),
};

const indexOfMaximum: Reducer = {
  states: 3,
  start(f, [index, best], first) {
    f.set(index, i32x4.splat(first));
    f.set(best, f32x4.splat(Number.NEGATIVE_INFINITY));
  },
  step(f, [index, best, candidate], element, here) {
    f.set(candidate, element);
    const firstNaN = v128.and(f32x4.ne(candidate, candidate), f32x4.eq(best, best));
    const wins = v128.or(f32x4.gt(candidate, best), firstNaN);
    f.set(index, v128.bitselect(i32x4.splat(here), index, wins));
    f.set(best, v128.bitselect(candidate, best, wins));
  },
  empty: i32x4.splat(-1),
};

function sum(finish?: Reducer["finish"]): Reducer {
  return {
    states: 1,
    start: (f, [total]) => f.set(total, f32x4.splat(0)),
    step: (f, [total], element) => f.set(total, f32x4.add(total, element)),
    ...(finish && { finish }),
  };
}

/** Sum of elements, each divided by the number at its own address. */
const sumOfShares: Reducer = {
  states: 1,
  start: (f, [total]) => f.set(total, f32x4.splat(0)),
  step: (f, [total], element, divisor) => f.set(total, f32x4.add(total, f32x4.div(element, v128.load32Splat(divisor)))),
};

interface Pooling {
  readonly name: string;
  readonly plan: WindowPlan;
  /** `divisors` is the address of that table, zero without one. */
  readonly reducer: (divisors: Local<"i32">) => Reducer;
  /** One per position of the divided plane. */
  readonly divisors?: Float32Array;
  /** Whether the plan's second numbers are addresses of divisors. */
  readonly seconds?: "divisors";
}

function windowKernel(site: Site, { name, plan, reducer, divisors, seconds }: Pooling): Kernel {
  const [, channels] = site.result.shape;
  const tables = divisors === undefined ? [plan.table] : [plan.table, divisors];
  const items = windowItems(plan);
  const { table, ...walked } = plan;
  return {
    name: `${name} windows`,
    tables,
    stages: [
      {
        key: `${name}:${channels}:${site.operands.length}:${JSON.stringify([walked, tables.length, divisors?.length])}`,
        items,
        nanoseconds: items * (10 + plan.taps.reduce((n, { count = 3 }) => n * count, 1) * (4 + channels / 4)),
        emit: (module) =>
          module.func(name, { params: kernelParams(site, { tables }) }, (f, ...params) => {
            const { operands, tables: addresses, result, start, end } = kernelArguments(site, { tables }, params);
            emitWindows(f, plan, channels, reducer(addresses[1]), {
              source: operands[0],
              result,
              table: addresses[0],
              ...(seconds !== undefined && { secondBase: addresses[1] }),
              start,
              end,
            });
          }),
      },
    ],
  };
}

const unused = (axes: readonly WindowAxis[]): number[] => axes.map(() => 0);

export const maxPoolRule: KernelRule = {
  op: "maxPool",
  wishes: channelsLastWishes,
  generate(site) {
    const { batch, axes } = geometryOf(site.value);
    const plan = windowPlan(batch, axes.map(inputWindows), stepsOf(site.operands[0]), stepsOf(site.result), unused(axes));
    return windowKernel(site, { name: "maxPool", plan, reducer: () => maximum });
  },
};

export const maxPoolIndicesRule: KernelRule = {
  op: "maxPoolIndices",
  wishes: channelsLastWishes,
  generate(site) {
    const { batch, axes } = geometryOf(site.value);
    const indices = planeSteps(
      axes.map((a) => a.input),
      1,
    );
    const plan = windowPlan(batch, axes.map(inputWindows), stepsOf(site.operands[0]), stepsOf(site.result), indices);
    return windowKernel(site, { name: "maxPoolIndices", plan, reducer: () => indexOfMaximum });
  },
};

export const avgPoolRule: KernelRule = {
  op: "avgPool",
  wishes: channelsLastWishes,
  generate(site) {
    const geometry = geometryOf(site.value);
    const { batch, axes } = geometry;
    const plan = windowPlan(batch, axes.map(inputWindows), stepsOf(site.operands[0]), stepsOf(site.result), unused(axes));
    const divisors = Float32Array.from(avgPoolDivisors(geometry, site.value.attrs as unknown as AvgPoolAttrs));
    const name = "avgPool";
    if (divisors.every((d) => d === divisors[0])) {
      const divide = sum((total) => f32x4.div(total, f32x4.splat(divisors[0])));
      return windowKernel(site, { name: `${name} by ${divisors[0]}`, plan, reducer: () => divide });
    }
    return windowKernel(site, {
      name,
      plan,
      divisors,
      reducer: (table) =>
        sum((total, position) => {
          const inPlane = i32.remU(position, divisors.length);
          return f32x4.div(total, v128.load32Splat(i32.add(table, i32.mul(inPlane, floatBytes))));
        }),
    });
  },
};

export const avgPoolGradRule: KernelRule = {
  op: "avgPoolGrad",
  wishes: channelsLastWishes,
  generate(site) {
    const attrs = site.value.attrs as unknown as AvgPoolAttrs & { readonly inputSize: readonly number[] };
    const geometry = avgPoolGradGeometry(site.value.inputs[0].shape, attrs);
    const { batch, axes } = geometry;
    const divisors = Float32Array.from(avgPoolDivisors(geometry, attrs));
    const uniform = divisors.every((d) => d === divisors[0]);
    const addresses = planeSteps(
      axes.map((a) => a.output),
      4,
    );
    const plan = windowPlan(
      batch,
      axes.map(outputWindows),
      stepsOf(site.operands[0]),
      stepsOf(site.result),
      uniform ? unused(axes) : addresses,
    );
    if (uniform) {
      const divide = sum((total) => f32x4.div(total, f32x4.splat(divisors[0])));
      return windowKernel(site, { name: `avgPoolGrad by ${divisors[0]}`, plan, reducer: () => divide });
    }
    return windowKernel(site, { name: "avgPoolGrad", plan, divisors, seconds: "divisors", reducer: () => sumOfShares });
  },
};

export const poolRules: readonly KernelRule[] = [
  maxPoolRule,
  maxPoolIndicesRule,
  avgPoolRule,
  avgPoolGradRule,
  maxUnpoolRule,
  poolGatherRule,
];
