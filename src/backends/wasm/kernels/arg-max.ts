// The position of the largest or smallest element along an axis: how a classifier's answer is read off its logits.
import { normaliseAxes, sizeOf } from "../../../tensor/shape.ts";
import { bytesPerElement } from "../../../tensor/tensor.ts";
import { type Code, f64, i32, type Local } from "../assembler.ts";
import { type KernelRule, kernelArguments, kernelParams, placementKey } from "../kernel.ts";
import { loadElement } from "./elementwise.ts";
import { nestOf, walkNest } from "./loops.ts";

/** Whether a later element takes the place of the best so far: NaN comes before all, and `last` says which of equal ones wins. */
function replaces(candidate: Local<"f64">, best: Local<"f64">, largest: boolean, last: boolean): Code<"i32"> {
  const [behind, behindOrEqual] = largest ? [f64.lt, f64.le] : [f64.gt, f64.ge];
  return last
    ? i32.and(i32.eqz(behind(candidate, best)), i32.or(f64.eq(best, best), f64.ne(candidate, candidate)))
    : i32.and(i32.eqz(behindOrEqual(candidate, best)), f64.eq(best, best));
}

const positionRule = (op: "argMax" | "argMin"): KernelRule => ({
  op,
  wishes: ({ inputs: [x] }) => (sizeOf(x.shape) > 0 ? { operands: ["any"], result: "any" } : undefined),
  generate(site) {
    const { value, operands, result } = site;
    const [x] = operands;
    const [axis] = normaliseAxes(value.attrs.axes as readonly number[], x.shape.length);
    const last = value.attrs.selectLast as boolean;
    const kept = x.shape.map((_, a) => a).filter((a) => a !== axis);
    // With kept dimensions the reduced axis is still there, with size 1.
    const resultAxes = result.shape.map((_, a) => a).filter((a) => result.shape.length < x.shape.length || a !== axis);
    const nest = nestOf(
      kept.map((a) => x.shape[a]),
      [resultAxes.map((a) => result.strides[a]), kept.map((a) => x.strides[a])],
    );
    const length = x.shape[axis];
    const width = bytesPerElement(x.dtype);
    return {
      name: op,
      stages: [
        {
          key: `${op} ${placementKey(x)} ${placementKey(result)} ${axis} ${last}`,
          items: sizeOf(nest.sizes),
          nanoseconds: sizeOf(x.shape) * 2,
          emit: (module) =>
            module.func(op, { params: kernelParams(site) }, (f, ...params) => {
              const args = kernelArguments(site, {}, params);
              const pointers = [f.i32(args.result), f.i32(args.operands[0])];
              const best = f.local("f64");
              const candidate = f.local("f64");
              const position = f.local("i32");
              const i = f.local("i32");
              const cursor = f.local("i32");
              walkNest(f, nest, pointers, [4, width], [args.start, args.end], () => {
                f.set(cursor, pointers[1]);
                f.set(best, loadElement(cursor, x.dtype));
                f.set(position, i32.const(0));
                f.for(i, 1, length, 1, () => {
                  f.advance(cursor, x.strides[axis] * width);
                  f.set(candidate, loadElement(cursor, x.dtype));
                  f.if(replaces(candidate, best, op === "argMax", last), () => {
                    f.set(best, candidate);
                    f.set(position, i);
                  });
                });
                f.storeI32(pointers[0], position);
              });
            }),
        },
      ],
    };
  },
});

export const argMaxRules: readonly KernelRule[] = [positionRule("argMax"), positionRule("argMin")];
