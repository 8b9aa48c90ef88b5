// The position of the largest element along an axis: how a classifier's answer is read off its logits.
import { normaliseAxes, sizeOf } from "../../../tensor/shape.ts";
import { f32, i32 } from "../assembler.ts";
import { type KernelRule, kernelArguments, kernelParams, placementKey } from "../kernel.ts";
import { nestOf, walkNest } from "./loops.ts";

const argMaxRule: KernelRule = {
  op: "argMax",
  wishes: ({ inputs: [x] }) => (x.dtype === "float32" && sizeOf(x.shape) > 0 ? { operands: ["any"], result: "any" } : undefined),
  generate(site) {
    const { value, operands, result } = site;
    const [x] = operands;
    const [axis] = normaliseAxes(value.attrs.axes as readonly number[], x.shape.length);
    const kept = x.shape.map((_, a) => a).filter((a) => a !== axis);
    // With kept dimensions the reduced axis is still there, with size 1.
    const resultAxes = result.shape.map((_, a) => a).filter((a) => result.shape.length < x.shape.length || a !== axis);
    const nest = nestOf(
      kept.map((a) => x.shape[a]),
      [resultAxes.map((a) => result.strides[a]), kept.map((a) => x.strides[a])],
    );
    const length = x.shape[axis];
    const step = x.strides[axis] * 4;
    return {
      name: "argMax",
      stages: [
        {
          key: `argMax ${placementKey(x)} ${placementKey(result)} ${axis}`,
          items: sizeOf(nest.sizes),
          nanoseconds: sizeOf(x.shape) * 2,
          emit: (module) =>
            module.func("argMax", { params: kernelParams(site) }, (f, ...params) => {
              const args = kernelArguments(site, {}, params);
              const pointers = [f.i32(args.result), f.i32(args.operands[0])];
              const best = f.local("f32");
              const position = f.local("i32");
              const i = f.local("i32");
              const cursor = f.local("i32");
              walkNest(f, nest, pointers, [4, 4], [args.start, args.end], () => {
                f.set(cursor, pointers[1]);
                f.set(best, f32.load(cursor));
                f.set(position, i32.const(0));
                f.for(i, 1, length, 1, () => {
                  f.advance(cursor, step);
                  // The first of equal ones stays; a NaN is larger than anything and stays too.
                  const larger = i32.and(i32.eqz(f32.le(f32.load(cursor), best)), f32.eq(best, best));
                  f.if(larger, () => {
                    f.set(best, f32.load(cursor));
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
};

export const argMaxRules: readonly KernelRule[] = [argMaxRule];
