// 1x1 convolutions of planes: weights times pixels, with as many neighbouring pixels as fit into a panel of the inner loop of all products.
import { sizeOf } from "../../../tensor/shape.ts";
import { type FunctionBuilder, type FunctionRef, i32, type Local, type ModuleBuilder, v128 } from "../assembler.ts";
import { type Kernel, type KernelRule, kernelArguments, kernelParams, type Site } from "../kernel.ts";
import { collapse, floatBytes, type PanelPlan } from "./conv-plan.ts";
import { isDense, macsPerNanosecond } from "./matmul-kernel.ts";
import { emitPanels, type PanelShape, panelBytes, panelKey, panelMacs } from "./matmul-panels.ts";
import { chooseTile, lanes, tileLimit, tileName, tileVariants, vectorBytes } from "./matmul-tile.ts";
import { finishing, planarGeometry, planarWishes, planeSteps } from "./planar.ts";

/** Fewer pixels leave too much of the last panel empty. */
const fewestPixels = 64;

export const planarPointwiseRule: KernelRule = {
  op: "conv",
  fuses: () => true,
  wishes(value) {
    if (!isDense(value) || value.rank < 3) return undefined;
    const { groups, axes } = planarGeometry(value);
    const unmoved = axes.every(({ input, kernel, stride, output }) => kernel === 1 && stride === 1 && input === output);
    return groups === 1 && unmoved && sizeOf(axes.map((a) => a.output)) >= fewestPixels ? planarWishes(value) : undefined;
  },
  variants: (site) => tileVariants("planes", site),
  generate(site): Kernel {
    const shape = pointwiseShape(site);
    const { whole, batch, perImage, perItem } = shape;
    const items = batch * Math.ceil(perImage / perItem);
    return {
      name: `conv planes ${tileName(whole.tile)}`,
      // Every thread packs its panels into the place of its first item.
      scratchBytes: items * perItem * panelBytes(whole.plan, whole.tile),
      stages: [
        {
          key: `planes of ${site.operands.length}: ${JSON.stringify([batch, shape.pixels, planeSteps(site)])} ${panelKey(whole)}`,
          items,
          nanoseconds: (batch * perImage * panelMacs(whole.plan)) / macsPerNanosecond + sizeOf(site.result.shape) / lanes,
          emit: (module) => emitPointwise(module, site, shape),
        },
      ],
    };
  },
};

interface PointwiseShape {
  readonly batch: number;
  readonly pixels: number;
  /** Panels of an image, and of an item. */
  readonly perImage: number;
  readonly perItem: number;
  /** The product of all weights and one panel; the last panel of an image may have fewer columns. */
  readonly whole: PanelShape;
  readonly last: PanelShape;
}

function pointwiseShape(site: Site): PointwiseShape {
  const { batch, outChannels, axes } = planarGeometry(site.value);
  const pixels = sizeOf(axes.map((a) => a.output));
  const tile = chooseTile(outChannels, pixels, tileLimit(site));
  const width = tile.vectors * lanes;
  const perImage = Math.ceil(pixels / width);
  const epilogue = finishing(site);
  const shapeOf = (columns: number): PanelShape => ({
    plan: panelPlan(site, columns),
    tile,
    tier: site.tier,
    walk: { split: "panels", fetches: false },
    ...(epilogue && { epilogue }),
  });
  // Memory gives several neighbouring lines of a plane sooner than as many of several planes.
  const manyPanels = 64;
  const perItem = perImage >= manyPanels ? 4 : 1;
  return { batch, pixels, perImage, perItem, whole: shapeOf(width), last: shapeOf(pixels - (perImage - 1) * width) };
}

/** The weights are rows as they lie in memory; all that is walked with the product is the same for all pixels of a plane. */
function panelPlan(site: Site, columns: number): PanelPlan {
  const { inChannels, outChannels } = planarGeometry(site.value);
  const steps = planeSteps(site).map(({ channel }) => channel);
  return {
    pixels: collapse([{ count: outChannels, steps: [inChannels * floatBytes, ...steps] }]),
    bands: [],
    taps: [],
    run: inChannels,
    runStep: floatBytes,
    lanewise: false,
    groups: 1,
    sourceGroupStep: 0,
    sourceOffset: 0,
    columns,
    results: steps.map((_, i) => ({ offset: 0, columnStep: i === 0 ? floatBytes : 0, groupStep: 0 })),
  };
}

function emitPointwise(module: ModuleBuilder, site: Site, shape: PointwiseShape): FunctionRef {
  const { pixels, perImage, perItem, whole } = shape;
  const steps = planeSteps(site);
  const width = whole.tile.vectors * lanes;
  const channels = whole.plan.run;
  const itemsPerImage = Math.ceil(perImage / perItem);
  const bytes = panelBytes(whole.plan, whole.tile);
  const [wholeProduct, lastProduct] = [whole, shape.last].map((panel) =>
    module.once(`planes product ${panelKey(panel)}`, () =>
      module.func("planesProduct", { params: ["i32", "i32", ...steps.map(() => "i32" as const)] }, (f, source, panels, ...results) =>
        emitPanels(f, panel, { source, panels, results, start: f.i32(0), end: f.i32(1) }),
      ),
    ),
  );
  return module.func("convPlanes", { params: kernelParams(site) }, (f, ...params) => {
    const { operands, epilogue, result, scratch, start, end } = kernelArguments(site, {}, params);
    const [x, weights, ...bias] = operands;
    const bases = [result, ...bias, ...epilogue];
    const at = steps.map(() => f.local("i32"));
    const item = f.local("i32");
    const image = f.local("i32");
    const panel = f.local("i32");
    const until = f.local("i32");
    const from = f.local("i32");
    const packed = f.local("i32");
    const ownPlace = f.i32(i32.add(scratch, i32.mul(start, perItem * bytes)));
    f.for(item, start, end, 1, () => {
      f.set(image, i32.divU(item, itemsPerImage));
      f.set(panel, i32.mul(i32.remU(item, itemsPerImage), perItem));
      f.set(until, i32.add(panel, perItem));
      f.if(i32.gtU(until, perImage), () => f.set(until, i32.const(perImage)));
      f.set(from, i32.add(i32.add(x, i32.mul(image, channels * pixels * floatBytes)), i32.mul(panel, width * floatBytes)));
      emitPacking(f, { from, to: ownPlace, channels, pixels, vectors: whole.tile.vectors, panels: perItem });
      for (const [i, pointer] of at.entries()) f.set(pointer, i32.add(bases[i], i32.mul(image, steps[i].image)));
      f.advance(at[0], i32.mul(panel, width * floatBytes));
      f.set(packed, ownPlace);
      f.doWhile(panel, until, 1, () => {
        f.if(
          perImage === 1 ? 1 : i32.eq(panel, perImage - 1),
          () => f.call(lastProduct, [weights, packed, ...at]),
          () => f.call(wholeProduct, [weights, packed, ...at]),
        );
        f.advance(at[0], width * floatBytes);
        f.advance(packed, bytes);
      });
    });
  });
}

interface Packing {
  readonly from: Local<"i32">;
  readonly to: Local<"i32">;
  readonly channels: number;
  readonly pixels: number;
  /** Of a panel's row. */
  readonly vectors: number;
  readonly panels: number;
}

/** Neighbouring panels at once, plane by plane. What lies beyond the last pixel may be anything. */
function emitPacking(f: FunctionBuilder, { from, to, channels, pixels, vectors, panels }: Packing): void {
  const read = f.i32(from);
  const write = f.i32(to);
  const rowBytes = vectors * vectorBytes;
  f.repeat(channels, () => {
    for (let panel = 0; panel < panels; panel++) {
      for (let v = 0; v < vectors; v++) {
        const offset = v * vectorBytes;
        f.storeV128(write, v128.load(read, panel * rowBytes + offset), panel * channels * rowBytes + offset);
      }
    }
    f.advance(read, pixels * floatBytes);
    f.advance(write, rowBytes);
  });
}
