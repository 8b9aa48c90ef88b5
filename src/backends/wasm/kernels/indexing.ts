// Reading and writing by element numbers, running sums and ranks. Numbers point anywhere, so there is nothing for vectors to do: these are the
// loops of the reference in double precision. Scatters are one item, which keeps the order of the updates and so the bits.
import type { Value } from "../../../graph/value.ts";
import type { ScatterReduction } from "../../../ops/scatter.ts";
import { normaliseAxis, sizeOf } from "../../../tensor/shape.ts";
import { bytesPerElement, type DType } from "../../../tensor/tensor.ts";
import { type Code, type FunctionBuilder, f64, i32, type Local } from "../assembler.ts";
import {
  type Kernel,
  type KernelArguments,
  type KernelRule,
  kernelArguments,
  kernelParams,
  placementKey,
  rowMajor,
  type Site,
  type Wishes,
} from "../kernel.ts";
import { loadElement, storeElement } from "./elementwise.ts";
import { nestOf, walkNest } from "./loops.ts";

/** Elements of one item of a gather. */
const blockElements = 4096;

/** Element numbers count row-major, so everything lies row-major and dense. */
function denseWishes({ inputs, rank }: Value): Wishes {
  const dense = (axes: number) => ({ order: rowMajor(axes), dense: true });
  return { operands: inputs.map((v) => dense(v.rank)), result: dense(rank) };
}

function oneStage(
  site: Site,
  name: string,
  items: number,
  nanoseconds: number,
  body: (f: FunctionBuilder, args: KernelArguments<Local<"i32">>) => void,
): Kernel {
  const key = `${name} ${JSON.stringify(site.value.attrs)} ${[site.result, ...site.operands].map(placementKey).join(" ")}`;
  const emit: Kernel["stages"][number]["emit"] = (module) =>
    module.func(name, { params: kernelParams(site) }, (f, ...params) => body(f, kernelArguments(site, {}, params)));
  return { name, stages: [{ key, items, nanoseconds, emit }] };
}

const elementAt = (base: Local<"i32">, index: Local<"i32">, dtype: DType): Code<"i32"> =>
  i32.add(base, i32.mul(index, bytesPerElement(dtype)));

const takeRule: KernelRule = {
  op: "take",
  wishes: denseWishes,
  generate(site) {
    const [x, indices] = site.operands;
    const [count, size] = [sizeOf(indices.shape), sizeOf(x.shape)];
    return oneStage(site, "take", Math.ceil(count / blockElements), count * 3, (f, { operands, result, start, end }) => {
      const index = f.local("i32");
      const i = f.i32(i32.mul(start, blockElements));
      const last = f.i32(i32.mul(end, blockElements));
      const from = f.local("i32");
      const to = f.local("i32");
      f.if(i32.gtU(last, count), () => f.set(last, i32.const(count)));
      f.doWhile(i, last, 1, () => {
        f.set(index, i32.load(elementAt(operands[1], i, "int32")));
        f.set(to, elementAt(result, i, x.dtype));
        // A negative number is a huge one without its sign.
        f.if(
          i32.ltU(index, size),
          () => {
            f.set(from, elementAt(operands[0], index, x.dtype));
            storeElement(f, to, x.dtype, loadElement(from, x.dtype));
          },
          () => storeElement(f, to, x.dtype, f64.const(0)),
        );
      });
    });
  },
};

const combine: Readonly<Record<ScatterReduction, (old: Code<"f64">, update: Code<"f64">) => Code<"f64">>> = {
  none: (_, update) => update,
  add: f64.add,
  mul: f64.mul,
  max: f64.max,
  min: f64.min,
};

/** result[indices[i]] = combine(result[indices[i]], updates[i]), in order. */
function emitScatter(
  f: FunctionBuilder,
  { indices, result }: { readonly indices: number; readonly result: number },
  dtype: DType,
  reduction: ScatterReduction,
  at: { readonly [K in "indices" | "updates" | "result"]: Local<"i32"> },
): void {
  const i = f.local("i32");
  const index = f.local("i32");
  const from = f.local("i32");
  const to = f.local("i32");
  f.for(i, 0, indices, 1, () => {
    f.set(index, i32.load(elementAt(at.indices, i, "int32")));
    f.if(i32.ltU(index, result), () => {
      f.set(from, elementAt(at.updates, i, dtype));
      f.set(to, elementAt(at.result, index, dtype));
      storeElement(f, to, dtype, combine[reduction](loadElement(to, dtype), loadElement(from, dtype)));
    });
  });
}

const putRule: KernelRule = {
  op: "put",
  wishes: denseWishes,
  generate(site) {
    const [x, indices] = site.operands;
    const sizes = { indices: sizeOf(indices.shape), result: sizeOf(x.shape) };
    return oneStage(site, "put", 1, sizes.result / 8 + sizes.indices * 4, (f, { operands, result }) => {
      f.memoryCopy(result, operands[0], sizes.result * bytesPerElement(x.dtype));
      emitScatter(f, sizes, x.dtype, site.value.attrs.reduction as ScatterReduction, {
        indices: operands[1],
        updates: operands[2],
        result,
      });
    });
  },
};

const takeGradRule: KernelRule = {
  op: "takeGrad",
  wishes: denseWishes,
  generate(site) {
    const { dtype } = site.result;
    const sizes = { indices: sizeOf(site.operands[1].shape), result: sizeOf(site.result.shape) };
    return oneStage(site, "takeGrad", 1, sizes.result / 8 + sizes.indices * 4, (f, { operands, result }) => {
      f.memoryFill(result, 0, sizes.result * bytesPerElement(dtype));
      emitScatter(f, sizes, dtype, "add", { indices: operands[1], updates: operands[0], result });
    });
  },
};

/** The rows along one axis: a nest over the others, [result, operand], and the steps along the axis in elements. */
function rowsAlong({ operands: [x], result }: Site, axis: number): { readonly nest: ReturnType<typeof nestOf>; readonly steps: number[] } {
  const others = x.shape.map((_, a) => a).filter((a) => a !== axis);
  const nest = nestOf(
    others.map((a) => x.shape[a]),
    [result, x].map(({ strides }) => others.map((a) => strides[a])),
  );
  return { nest, steps: [result.strides[axis], x.strides[axis]] };
}

const anywhere: Wishes = { operands: ["any"], result: "any" };

const cumSumRule: KernelRule = {
  op: "cumSum",
  wishes: () => anywhere,
  generate(site) {
    const [x] = site.operands;
    const { exclusive, reverse, axis } = site.value.attrs as { exclusive: boolean; reverse: boolean; axis: number };
    const at = normaliseAxis(axis, x.shape.length);
    const { nest, steps } = rowsAlong(site, at);
    const width = bytesPerElement(x.dtype);
    const size = x.shape[at];
    return oneStage(site, "cumSum", sizeOf(nest.sizes), sizeOf(x.shape) * 3, (f, { operands, result, start, end }) => {
      const rows = [f.i32(result), f.i32(operands[0])];
      const [to, from] = f.locals("i32", 2);
      const sum = f.local("f64");
      const moved = steps.map((step) => step * width);
      walkNest(f, nest, rows, [width, width], [start, end], () => {
        f.set(to, i32.add(rows[0], reverse ? moved[0] * (size - 1) : 0));
        f.set(from, i32.add(rows[1], reverse ? moved[1] * (size - 1) : 0));
        f.set(sum, f64.const(0));
        f.repeat(size, () => {
          if (exclusive) storeElement(f, to, x.dtype, sum);
          f.set(sum, f64.add(sum, loadElement(from, x.dtype)));
          if (!exclusive) storeElement(f, to, x.dtype, sum);
          f.advance(to, reverse ? -moved[0] : moved[0]);
          f.advance(from, reverse ? -moved[1] : moved[1]);
        });
      });
    });
  },
};

/** Whether an element comes before another that was found earlier; NaN is larger than any number. */
function precedes(a: Local<"f64">, b: Local<"f64">, largest: boolean): Code<"i32"> {
  return largest ? i32.and(i32.eqz(f64.le(a, b)), f64.eq(b, b)) : i32.and(i32.eqz(f64.ge(a, b)), f64.eq(a, a));
}

/** The best so far are kept sorted in the result; most elements of a long row are no better than the last of them, and cost one comparison. */
const topKRule: KernelRule = {
  op: "topKIndices",
  wishes: () => anywhere,
  generate(site) {
    const [x] = site.operands;
    const { k, largest, axis } = site.value.attrs as { k: number; largest: boolean; axis: number };
    const at = normaliseAxis(axis, x.shape.length);
    const { nest, steps } = rowsAlong(site, at);
    const width = bytesPerElement(x.dtype);
    const [place, step] = [steps[0] * 4, steps[1] * width];
    return oneStage(site, "topK", sizeOf(nest.sizes), sizeOf(x.shape) * 4, (f, { operands, result, start, end }) => {
      const rows = [f.i32(result), f.i32(operands[0])];
      const [i, count, cursor, to, from] = f.locals("i32", 5);
      const [value, other] = f.locals("f64", 2);
      /** Loads the element that the entry before `to` stands for. */
      const loadBefore = (): void => {
        f.set(from, i32.add(rows[1], i32.mul(i32.load(i32.sub(to, place)), step)));
        f.set(other, loadElement(from, x.dtype));
      };
      walkNest(f, nest, rows, [4, width], [start, end], () => {
        f.set(cursor, rows[1]);
        f.set(count, i32.const(0));
        f.for(i, 0, x.shape[at], 1, () => {
          f.set(value, loadElement(cursor, x.dtype));
          f.advance(cursor, step);
          f.set(to, i32.add(rows[0], i32.mul(count, place)));
          f.block((skip) => {
            f.if(
              i32.eq(count, k),
              () => {
                loadBefore();
                f.brIf(skip, i32.eqz(precedes(value, other, largest)));
                f.advance(to, -place);
              },
              () => f.advance(count, 1),
            );
            f.block((found) => {
              f.loop((again) => {
                f.brIf(found, i32.eq(to, rows[0]));
                loadBefore();
                f.brIf(found, i32.eqz(precedes(value, other, largest)));
                f.storeI32(to, i32.load(i32.sub(to, place)));
                f.advance(to, -place);
                f.br(again);
              });
            });
            f.storeI32(to, i);
          });
        });
      });
    });
  },
};

export const indexingRules: readonly KernelRule[] = [takeRule, takeGradRule, putRule, cumSumRule, topKRule];
