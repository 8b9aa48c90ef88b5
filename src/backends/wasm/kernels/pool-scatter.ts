// Moving values to and from the positions that a max pooling chose. Indices count positions of a plane, and in channels-last order a position
// is one step of all channels, so an index becomes an address by one multiplication. Indices that point nowhere move nothing.
import type { Value } from "../../../graph/value.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type FunctionBuilder, f32, i32, type Local } from "../assembler.ts";
import { channelsLast, type Kernel, type KernelRule, kernelArguments, kernelParams, type Site, type Wishes } from "../kernel.ts";
import { collapse, floatBytes, iterations, stepsOf } from "./conv-plan.ts";
import { emitNest, odometer } from "./pack-nest.ts";

/** Planes must be dense where indices point. */
function wishesFor(value: Value, dense: "operand" | "result"): Wishes | undefined {
  const [x, indices] = value.inputs;
  if (x.dtype !== "float32" || indices.dtype !== "int32" || [x, indices, value].some((v) => sizeOf(v.shape) === 0)) return undefined;
  const order = channelsLast(value.rank);
  const apart = { order };
  const tight = { order, dense: true };
  return dense === "operand" ? { operands: [tight, apart], result: apart } : { operands: [apart, apart], result: tight };
}

/** Below this many images, channels are divided between threads too: a cache line of them at a time. */
const fewImages = 8;
const channelsPerItem = 16;

function emitUnpool(
  f: FunctionBuilder,
  site: Site,
  blocks: number,
  args: { readonly [K in "x" | "indices" | "result" | "start" | "end"]: Local<"i32"> },
): void {
  const [xSteps, indexSteps, resultSteps] = [...site.operands, site.result].map(stepsOf);
  const [, channels, ...pooled] = site.operands[0].shape;
  const plane = sizeOf(site.result.shape.slice(2));
  const pixelBytes = channels * floatBytes;
  const item = f.local("i32");
  const x = f.local("i32");
  const indices = f.local("i32");
  const image = f.local("i32");
  const first = f.local("i32");
  const count = f.local("i32");
  const channel = f.local("i32");
  const at = f.local("i32");
  const index = f.local("i32");
  f.for(item, args.start, args.end, 1, () => {
    const n = i32.divU(item, blocks);
    f.set(first, i32.mul(i32.remU(item, blocks), channelsPerItem * floatBytes));
    f.set(x, i32.add(i32.add(args.x, first), i32.mul(n, xSteps.outer)));
    f.set(indices, i32.add(i32.add(args.indices, first), i32.mul(n, indexSteps.outer)));
    f.set(image, i32.add(i32.add(args.result, first), i32.mul(n, resultSteps.outer)));
    if (blocks === 1) {
      f.set(count, i32.const(pixelBytes));
      f.memoryFill(image, 0, plane * pixelBytes);
    } else {
      f.set(count, i32.sub(pixelBytes, first));
      f.if(i32.gtU(count, channelsPerItem * floatBytes), () => f.set(count, i32.const(channelsPerItem * floatBytes)));
      f.set(at, image);
      f.repeat(plane, () => {
        f.memoryFill(at, 0, count);
        f.advance(at, pixelBytes);
      });
    }
    const pointers = [x, indices].map((local, step) => ({ local, step }));
    const positions = collapse(pooled.map((size, axis) => ({ count: size, steps: [xSteps.spatial[axis], indexSteps.spatial[axis]] })));
    emitNest(f, positions, pointers, [0, 0], () => {
      f.set(channel, i32.const(0));
      f.doWhile(channel, count, floatBytes, () => {
        f.set(index, i32.load(i32.add(indices, channel)));
        f.if(i32.ltU(index, plane), () => {
          f.set(at, i32.add(i32.add(image, channel), i32.mul(index, pixelBytes)));
          f.storeF32(at, f32.add(f32.load(at), f32.load(i32.add(x, channel))));
        });
      });
    });
  });
}

export const maxUnpoolRule: KernelRule = {
  op: "maxUnpool",
  wishes: (value) => wishesFor(value, "result"),
  generate(site): Kernel {
    const [batch, channels] = site.result.shape;
    const blocks = batch >= fewImages ? 1 : Math.ceil(channels / channelsPerItem);
    return {
      name: "maxUnpool scatter",
      stages: [
        {
          key: `maxUnpool:${blocks}:${JSON.stringify([site.operands, site.result])}`,
          items: batch * blocks,
          nanoseconds: sizeOf(site.operands[0].shape) * 2 + sizeOf(site.result.shape) / 8,
          emit: (module) =>
            module.func("maxUnpool", { params: kernelParams(site) }, (f, ...params) => {
              const { operands, result, start, end } = kernelArguments(site, {}, params);
              emitUnpool(f, site, blocks, { x: operands[0], indices: operands[1], result, start, end });
            }),
        },
      ],
    };
  },
};

export const poolGatherRule: KernelRule = {
  op: "poolGather",
  wishes: (value) => wishesFor(value, "operand"),
  generate(site): Kernel {
    const [xSteps, indexSteps, resultSteps] = [...site.operands, site.result].map(stepsOf);
    const [batch, channels, ...pooled] = site.result.shape;
    const plane = sizeOf(site.operands[0].shape.slice(2));
    const pixelBytes = channels * floatBytes;
    const positions = collapse([
      { count: batch, steps: [xSteps.outer, indexSteps.outer, resultSteps.outer] },
      ...pooled.map((count, axis) => ({ count, steps: [0, indexSteps.spatial[axis], resultSteps.spatial[axis]] })),
    ]);
    return {
      name: "poolGather",
      stages: [
        {
          key: `poolGather:${JSON.stringify([site.operands, site.result])}`,
          items: iterations(positions),
          nanoseconds: sizeOf(site.result.shape) * 2,
          emit: (module) =>
            module.func("poolGather", { params: kernelParams(site) }, (f, ...params) => {
              const { operands, result: to, start, end } = kernelArguments(site, {}, params);
              const image = f.i32(operands[0]);
              const indices = f.i32(operands[1]);
              const result = f.i32(to);
              const walk = odometer(
                f,
                positions,
                [image, indices, result].map((local, step) => ({ local, step })),
              );
              const position = f.i32(start);
              const channel = f.local("i32");
              const index = f.local("i32");
              walk.seek(start);
              f.loop((again) => {
                f.for(channel, 0, pixelBytes, floatBytes, () => {
                  f.set(index, i32.load(i32.add(indices, channel)));
                  f.if(
                    i32.ltU(index, plane),
                    () => f.storeF32(i32.add(result, channel), f32.load(i32.add(i32.add(image, channel), i32.mul(index, pixelBytes)))),
                    () => f.storeF32(i32.add(result, channel), 0),
                  );
                });
                f.advance(position, 1);
                f.if(i32.ltU(position, end), () => {
                  walk.next();
                  f.br(again);
                });
              });
            }),
        },
      ],
    };
  },
};
