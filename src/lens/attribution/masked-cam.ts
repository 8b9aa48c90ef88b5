// The two class activation maps that try things out instead of differentiating: show only what a channel saw, or take the channel away. One trial per channel,
// many in a batch; what comes before the channels is computed once where it stays the same.
// Wang 2020 (Score-CAM), Desai & Ramaswamy 2020 (Ablation-CAM).
import { breather } from "#platform";
import { compile } from "../../backends/compile.ts";
import { createGraph } from "../../graph/graph.ts";
import type { Program } from "../../graph/program.ts";
import { input } from "../../graph/record.ts";
import { substitute } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import type { Traced } from "../../nn/module.ts";
import { add, div, eq, max, min, mul, resize, sub, sum } from "../../ops/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { allocate, type DType, ones, Tensor } from "../../tensor/tensor.ts";
import { onePicture, stack, traceFor, usualBatch } from "../batch.ts";
import { rangeOfValues } from "../range.ts";
import { compileOptions } from "../run.ts";
import { type Target, type TargetLayer, targetLayer } from "../target.ts";
import { camFinding } from "./cam.ts";
import type { Finding, Method, MethodSettings } from "./method.ts";
import { placeOf } from "./place.ts";
import { type Settled, settlerFor } from "./settle.ts";

export type MaskedCamMethodName = "scoreCam" | "ablationCam";

/** The net written out for a batch of trials, the target's layer and the layer whose channels are tried. */
interface Parts {
  readonly traced: Traced;
  readonly layer: TargetLayer;
  readonly at: TargetLayer;
  readonly batch: number;
  readonly dtype: DType;
}

/** What a trial does to the net, and how its outcome weighs. */
interface Trial {
  /** The target's layer under the change, from an input "maps" of the channels that are tried or of all. */
  changed(parts: Parts): Value;
  /** Feeds for these channels, at most `batch`. */
  feeds(image: Tensor, maps: Tensor, channels: readonly number[], batch: number): Record<string, Tensor>;
  /** Whether a map tells a trial from that of any other map of which this is false. */
  tells(map: Tensor): boolean;
  /** From the score of every trial, and the untouched one. */
  weights(scores: readonly number[], score: number): readonly number[];
}

const scoreCam: Trial = {
  changed({ traced, layer, at, batch, dtype }) {
    const [, ...shape] = traced.input.shape;
    const shown = resize(input("maps", [batch, 1, at.height, at.width], dtype), { size: shape.slice(1), mode: "linear" });
    const all = { axes: [2, 3], keepDims: true };
    const low = min(shown, all);
    const range = sub(max(shown, all), low);
    // A map without a range shows nothing.
    const share = div(sub(shown, low), add(range, eq(range, 0)));
    return substitute([layer.value], new Map([[traced.input, mul(input("picture", [1, ...shape], dtype), share)]]))[0];
  },
  feeds: (image, maps, channels, batch) => ({
    picture: stack([image], 1, image.shape, maps.dtype),
    maps: stack(
      channels.map((k) => maps.entry(k)),
      batch,
      maps.shape.slice(1),
      maps.dtype,
    ).reshape([batch, 1, ...maps.shape.slice(1)]),
  }),
  tells: ({ data }) => {
    const { low, high } = rangeOfValues(data);
    return high > low;
  },
  // Softmax over the channels.
  weights(scores) {
    const most = Math.max(...scores);
    const powers = scores.map((s) => Math.exp(s - most));
    const total = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / total);
  },
};

const ablationCam: Trial = {
  changed({ layer, at, batch, dtype }) {
    const kept = mul(input("maps", [1, at.channels, at.height, at.width], dtype), input("kept", [batch, at.channels, 1, 1], dtype));
    return substitute([layer.value], new Map([[at.value, kept]]))[0];
  },
  feeds(image, maps, channels, batch) {
    const kept = ones([batch, maps.shape[0], 1, 1], maps.dtype);
    channels.forEach((k, i) => {
      kept.data[i * maps.shape[0] + k] = 0;
    });
    // Only what leads around the layer, as shortcuts do, still needs the picture.
    return { maps: maps.reshape([1, ...maps.shape]), kept, x: stack(new Array<Tensor>(batch).fill(image), batch, image.shape, maps.dtype) };
  },
  tells: ({ data }) => data.some((v) => v !== 0),
  // A share of the score; where that is 0 there is nothing to share, and the drop itself is what is left to say.
  weights: (scores, score) => scores.map((without) => (score === 0 ? score - without : (score - without) / score)),
};

function maskedCam<Name extends string>(name: Name, title: string, cites: string, trial: Trial): Method<Name> {
  return {
    name,
    title,
    cites,
    signed: false,
    caveat: "as coarse as the layer that it looks at; one trial per channel",
    async attribute(model, tasks, options) {
      const images = tasks.map(({ image }) => onePicture(image));
      const [{ target }] = tasks;
      const settler = settlerFor(model, target, images[0].shape, options);
      const trials = await trialsFor(model, target, images[0].shape, trial, options);
      try {
        const findings: Finding[] = [];
        for (const [i, image] of images.entries()) {
          const settled = await settler.settle({ image, target: tasks[i].target });
          findings.push(await trials.find(image, settled, (share) => options.onProgress?.({ done: i + share, total: tasks.length })));
        }
        return findings;
      } finally {
        trials.release();
        settler.release();
      }
    },
  };
}

interface Trials {
  find(image: Tensor, settled: Settled, onProgress: (share: number) => void): Promise<Finding>;
  release(): void;
}

/** Compiles the untouched net up to the score for one picture, and the changed one for a batch of trials. */
async function trialsFor(model: Model, target: Target, shape: Shape, trial: Trial, options: MethodSettings): Promise<Trials> {
  const { batchSize = usualBatch(shape, 16), dtype = "float32", signal } = options;
  const partsFor = (batch: number): Parts => {
    const traced = traceFor(model, shape, batch, dtype);
    const layer = targetLayer(traced, target);
    return { traced, layer, at: placeOf(traced, layer, options.at), batch, dtype };
  };
  const one = partsFor(1);
  const { layer, at } = one;
  const batch = Math.min(batchSize, at.channels);
  const mask = input("mask", [1, ...layer.value.shape.slice(1)], dtype);
  const under = (values: Value): Value => sum(mul(values, mask), { axes: values.shape.map((_, axis) => axis).slice(1) });
  const compiled = (outputs: Readonly<Record<string, Value>>): Promise<Program> =>
    compile(createGraph({ outputs }), compileOptions(options));
  const untouched = await compiled({ scores: under(layer.value), maps: at.value });
  const changed = await compiled({ scores: under(trial.changed(partsFor(batch))) });
  const breathe = breather();
  return {
    release() {
      untouched.release();
      changed.release();
    },
    async find(image, settled, onProgress) {
      const seed = new Tensor(settled.mask, mask.shape).cast(dtype);
      const run = await untouched.run({ x: stack([image], 1, shape, dtype), mask: seed });
      const [score] = run.scores.data;
      const maps = run.maps.entry(0).clone();
      // Maps that show nothing give one outcome, so one of them stands for all.
      const silent: number[] = [];
      const telling: number[] = [];
      for (let k = 0; k < at.channels; k++) (trial.tells(maps.entry(k)) ? telling : silent).push(k);
      const tried = [...silent.slice(0, 1), ...telling];
      const scores = new Array<number>(at.channels).fill(score);
      for (let start = 0; start < tried.length; start += batch) {
        signal?.throwIfAborted();
        const channels = tried.slice(start, start + batch);
        const feeds: Record<string, Tensor> = { ...trial.feeds(image, maps, channels, batch), mask: seed };
        const wanted = Object.entries(feeds).filter(([name]) => changed.graph.inputs.has(name));
        const { data } = (await changed.run(Object.fromEntries(wanted))).scores;
        channels.forEach((k, i) => {
          scores[k] = data[i];
        });
        onProgress((start + channels.length) / tried.length);
        await breathe();
      }
      for (const k of silent) scores[k] = scores[silent[0]];
      const layerMap = weighted(maps, trial.weights(scores, score));
      return camFinding(layerMap, { score, position: settled.position }, { at: at.name }, shape[1], shape[2]);
    },
  };
}

/** Σ_k w_k A^k, [H, W]. */
function weighted(maps: Tensor, weights: readonly number[]): Tensor {
  const [, height, width] = maps.shape;
  const out = new Tensor(allocate(maps.dtype === "float64" ? "float64" : "float32", height * width), [height, width]);
  weights.forEach((weight, k) => {
    for (let p = 0; p < out.size; p++) out.data[p] += weight * maps.data[k * out.size + p];
  });
  return out;
}

export const maskedCamMethods: readonly Method<MaskedCamMethodName>[] = [
  maskedCam("scoreCam", "Score-CAM", "Wang, Wang, Du, Yang, Zhang, Ding, Mardziel, Hu 2020", scoreCam),
  maskedCam("ablationCam", "Ablation-CAM", "Desai, Ramaswamy 2020", ablationCam),
];
