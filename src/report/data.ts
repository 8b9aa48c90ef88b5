// What a report is made of. Every part but the headline may be missing; a report shows what there is and never invents the rest.

import type { Attribution, Maximised, UnitExamples } from "../lens/records.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Series } from "./chart.ts";
import type { Denormalisation } from "./raster.ts";

export interface ReportHeadline {
  /** Share of test pictures classified correctly, 0..1. */
  readonly accuracy: number;
  readonly errors: number;
  readonly tested: number;
  readonly parameters: number;
  /** Multiply-adds of convolution and dense weights for one picture. */
  readonly multiplyAdds?: number;
  /** Wall-clock seconds of training. */
  readonly seconds?: number;
  readonly epochs?: number;
  readonly seed: number;
  /** For example "wasm, 2 threads". */
  readonly device: string;
  readonly dataset: string;
}

export interface ReportCurves {
  /** Over training steps. */
  readonly loss: readonly Series[];
  /** Shares, 0..1, over training steps. */
  readonly accuracy: readonly Series[];
}

export interface ReportMistake {
  readonly image: Tensor;
  /** Index in the test set. */
  readonly index: number;
  readonly truth: string;
  readonly predicted: string;
  /** Probability of the predicted class. */
  readonly probability: number;
  /** Probability that the true class was given. */
  readonly truthProbability?: number;
}

export interface ReportLayer {
  readonly name: string;
  readonly kind: string;
  /** One picture's output, without the batch axis. */
  readonly outputShape: readonly number[];
  /** In words: "14 × 14", "whole input". */
  readonly field: string;
  /** Input pixels between neighbouring units, in words; empty where there is none. */
  readonly fieldStride?: string;
  readonly parameters: number;
  readonly multiplyAdds: number;
}

export interface ReportFeatureMaps {
  readonly image: Tensor;
  readonly title: string;
  readonly layers: readonly { readonly name: string /** [C, H, W] */; readonly maps: Tensor }[];
}

export interface ReportChannel {
  readonly examples: UnitExamples;
  readonly maximised?: Maximised;
  /** Both on the best training picture. */
  readonly gradient?: Attribution;
  readonly guided?: Attribution;
}

export interface ReportData {
  readonly title: string;
  readonly headline: ReportHeadline;
  /** What to type to get the same report again. */
  readonly command?: string;
  readonly classes: readonly string[];
  /** How pictures were normalised, so that they can be shown as they were. */
  readonly normalisation?: Denormalisation;
  readonly curves?: ReportCurves;
  /** counts[true class][predicted class]. */
  readonly confusion?: readonly (readonly number[])[];
  /** Worst first. */
  readonly mistakes?: readonly ReportMistake[];
  readonly layers?: readonly ReportLayer[];
  readonly filters?: { readonly layer: string /** [out, in, height, width] */; readonly weights: Tensor };
  readonly featureMaps?: ReportFeatureMaps;
  readonly channels?: {
    readonly layer: string;
    readonly field: string;
    readonly units: readonly ReportChannel[];
    /** Spectral slope of the training pictures. */
    readonly dataSlope?: number;
  };
  /** Said at the end: reference loops that stood in, threads that were missing, and the like. */
  readonly notes?: readonly string[];
}
