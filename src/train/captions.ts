// Teaching nets to find what captions speak of, and to speak: both from pictures and their captions alone, in one step, with the regions of the
// pictures shared. Karpathy and Fei-Fei 2015 teach one after the other.
import { compile } from "../backends/index.ts";
import type { CaptionedShapes } from "../data/captioned-shapes.ts";
import { createGraph, type Graph } from "../graph/graph.ts";
import type { CompileOptions, Feeds, Results } from "../graph/program.ts";
import { constant, input, variable } from "../graph/record.ts";
import { label, type Value } from "../graph/value.ts";
import type { Model } from "../nn/model.ts";
import { add, argMax, cast, crossEntropy, reshape } from "../ops/index.ts";
import { ArgumentError, ShapeError, TrainingError } from "../tensor/errors.ts";
import { expectParts, expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { random } from "../tensor/random.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import { ones, Tensor, zeros } from "../tensor/tensor.ts";
import { alignmentScores, alignments, rankingLoss } from "../zoo/captions/alignment.ts";
import { type CaptionNets, expectCaptionNets } from "../zoo/captions/nets.ts";
import { spokenWords, traceCaptionNets } from "../zoo/captions/traced.ts";
import { deviceOf } from "./evaluate.ts";
import { learn } from "./learn.ts";
import { adam, type Optimiser } from "./optimisers.ts";
import { cosine } from "./schedules.ts";

export interface CaptionStepOptions {
  /** Pictures, each with a caption, per run. */
  readonly batch: number;
  /** Default adam(8e-3). */
  readonly optimiser?: Optimiser;
  /** By how much a true pair is to beat a false one (default 1). */
  readonly margin?: number;
}

/**
 * The graph of one step. Inputs "pictures" [batch, ...], "words" int32 [batch, length], "learningRate" []; outputs "ranking" (the loss of the alignment)
 * and "speaking" (mean cross-entropy of the words). Variables: the nets' parameters by name, and the optimiser's memory.
 */
export function captionStep(nets: CaptionNets, options: CaptionStepOptions): Graph {
  expectCaptionNets("captionStep", nets);
  checkOptions("captionStep", options, ["batch", "optimiser", "margin"]);
  const { batch, optimiser = adam(8e-3), margin = 1 } = options;
  // Alone, no caption could be false.
  if (!Number.isInteger(batch) || batch < 2) throw new ArgumentError(`captionStep: batch is ${batch}; expected a whole number, at least 2`);
  const traced = traceCaptionNets(nets, { pictures: batch, captions: batch }, { frozen: false });
  const words = input("words", [batch, lengthOf(nets)], "int32");
  const regions = traced.look(input("pictures", [batch, ...nets.looker.inputShape]));
  const scores = alignmentScores(alignments(regions, traced.read(words)), words);
  const ranking = label(rankingLoss(scores, { margin }), "ranking");
  const speaking = label(crossEntropy(traced.speak(regions, words), words), "speaking");
  const counter = variable("captions.step", zeros([1], "int32"));
  const step = add(reshape(cast(counter, { dtype: "float32" }), []), 1);
  const updates = new Map<Value, Value>([[counter, add(counter, constant(ones([1], "int32")))]]);
  learn(traced.parameters, add(ranking, speaking), optimiser, { learningRate: input("learningRate", []), step }, updates);
  return createGraph({ outputs: { ranking, speaking }, updates });
}

export interface TeachCaptionsOptions extends Omit<CaptionStepOptions, "batch">, Pick<CompileOptions, "device" | "threads"> {
  /** Default 10. */
  readonly epochs?: number;
  /** Pictures per step (default 32); what does not fill a batch waits for another epoch's order. */
  readonly batch?: number;
  /** Order of the pictures (default 0). */
  readonly seed?: number;
  /** Called after each epoch with the means of its losses. */
  readonly onEpoch?: (losses: { readonly epoch: number; readonly ranking: number; readonly speaking: number }) => void;
}

/** Teaches all four nets; the rate falls along a cosine. Returns them taught. Throws `TrainingError` when the loss stops being a number. */
export async function teachCaptions(
  nets: CaptionNets,
  data: Pick<CaptionedShapes, "size" | "batch">,
  options: TeachCaptionsOptions = {},
): Promise<CaptionNets> {
  expectCaptionNets("teachCaptions", nets);
  expectParts("teachCaptions", "the data", data, ["size", "batch"], "captioned pictures, as captionedShapes makes them");
  checkOptions("teachCaptions", options, ["epochs", "batch", "optimiser", "margin", "seed", "onEpoch", "device", "threads"]);
  const { epochs = 10, batch = 32, seed = 0, onEpoch, optimiser = adam(8e-3), margin = 1 } = options;
  if (!Number.isInteger(epochs) || epochs < 1)
    throw new ArgumentError(`teachCaptions: epochs is ${epochs}; expected a whole number, at least 1`);
  const stepsPerEpoch = Math.floor(data.size / batch);
  if (stepsPerEpoch < 1) throw new ArgumentError(`teachCaptions: ${data.size} pictures do not fill one batch of ${batch}`);
  const program = await compile(captionStep(nets, { batch, optimiser, margin }), deviceOf(options));
  const schedule = cosine();
  const plan = { learningRate: optimiser.learningRate, steps: epochs * stepsPerEpoch, stepsPerEpoch };
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = random(seed).fork(`captions, epoch ${epoch}`).permutation(data.size);
      const sums = { ranking: 0, speaking: 0 };
      for (let step = 0; step < stepsPerEpoch; step++) {
        const rate = schedule(epoch * stepsPerEpoch + step, plan);
        const feeds = {
          ...data.batch(order.subarray(step * batch, (step + 1) * batch)),
          learningRate: new Tensor(Float32Array.of(rate), []),
        };
        const { ranking, speaking } = await program.run(feeds);
        sums.ranking += ranking.item();
        sums.speaking += speaking.item();
        if (!Number.isFinite(sums.ranking + sums.speaking))
          throw new TrainingError(`teachCaptions: the loss of step ${step + 1} of epoch ${epoch + 1} is no number`);
      }
      onEpoch?.({ epoch: epoch + 1, ranking: sums.ranking / stepsPerEpoch, speaking: sums.speaking / stepsPerEpoch });
    }
    const state = new Map(program.state.names.map((name) => [name, program.state.read(name)]));
    const taught = (model: Model): Model => model.with(new Map([...model.state().keys()].map((name) => [name, state.get(name) as Tensor])));
    return { looker: taught(nets.looker), reader: taught(nets.reader), speaker: taught(nets.speaker), asker: taught(nets.asker) };
  } finally {
    program.release();
  }
}

/** What the nets say of pictures [N, ...]: int32 [N, length], 0 after the end. Throws `ShapeError` for other pictures than the nets'. */
export async function describePictures(
  nets: CaptionNets,
  pictures: Tensor,
  options: Pick<CompileOptions, "device" | "threads"> = {},
): Promise<Tensor> {
  expectCaptionNets("describePictures", nets);
  checkOptions("describePictures", options, ["device", "threads"]);
  checkPictures("describePictures", nets, pictures);
  const count = pictures.shape[0];
  const traced = traceCaptionNets(nets, { pictures: count, captions: count });
  const regions = traced.look(input("pictures", pictures.shape));
  return (await runOnce({ words: spokenWords(traced, regions, lengthOf(nets)) }, { pictures }, options)).words;
}

export interface CaptionAlignment {
  /** [N, M]: how well caption m suits picture n. */
  readonly scores: Tensor;
  /** int32 [N, M, length]: the region that each word of caption m finds in picture n, counted row by row. */
  readonly regions: Tensor;
}

/** Compares N pictures with M captions, int32 [M, length]. Throws `ShapeError` or `DTypeError` for tensors that are not the nets'. */
export async function alignCaptions(
  nets: CaptionNets,
  pictures: Tensor,
  words: Tensor,
  options: Pick<CompileOptions, "device" | "threads"> = {},
): Promise<CaptionAlignment> {
  expectCaptionNets("alignCaptions", nets);
  checkOptions("alignCaptions", options, ["device", "threads"]);
  checkPictures("alignCaptions", nets, pictures);
  expectTensor("alignCaptions", "the words", words);
  const length = lengthOf(nets);
  if (words.rank !== 2 || words.shape[0] < 1 || words.shape[1] !== length)
    throw new ShapeError(`alignCaptions: the words are ${showShape(words.shape)}; expected [M, ${length}]`);
  const traced = traceCaptionNets(nets, { pictures: pictures.shape[0], captions: words.shape[0] });
  const heard = input("words", words.shape, "int32");
  const products = alignments(traced.look(input("pictures", pictures.shape)), traced.read(heard));
  const outputs = { scores: alignmentScores(products, heard), regions: argMax(products, { axis: 2 }) };
  const { scores, regions } = await runOnce(outputs, { pictures, words }, options);
  return { scores, regions };
}

const lengthOf = ({ reader }: CaptionNets): number => reader.inputShape[1];

function checkPictures(where: string, { looker }: CaptionNets, pictures: Tensor): void {
  expectTensor(where, "the pictures", pictures);
  const [count, ...picture] = pictures.shape;
  if (!(count >= 1 && sameShape(picture, looker.inputShape))) {
    throw new ShapeError(`${where}: the pictures are ${showShape(pictures.shape)}; expected [N, ${looker.inputShape.join(", ")}]`);
  }
}

async function runOnce(
  outputs: Readonly<Record<string, Value>>,
  feeds: Feeds,
  options: Pick<CompileOptions, "device" | "threads">,
): Promise<Results> {
  const program = await compile(createGraph({ outputs }), deviceOf(options));
  try {
    return await program.run(feeds);
  } finally {
    program.release();
  }
}
