// Where the documentation writes down what a card computes: a chapter of docs/ and an anchor in it. Cards name a key (FormulaLink); tests hold
// every key against the chapters, and against the cards.
import type { AttributionMethod } from "fovea";
import type { ChapterName } from "../rooms/reading/names.ts";

export interface FormulaPlace {
  readonly page: ChapterName;
  /** The anchor of a heading, as GitHub has it, or of an `<a id>`. */
  readonly part: string;
}

const at = (page: ChapterName, part: string): FormulaPlace => ({ page, part });

export const formulas = {
  cell: at("learning", "1-one-cell"),
  backward: at("learning", "4-the-way-back"),
  normalisation: at("learning", "2-normalisation"),
  softmax: at("learning", "3-softmax-and-loss"),
  step: at("learning", "5-the-step"),
  size: at("arithmetic", "output-size"),
  ceilMode: at("arithmetic", "ceil-mode"),
  namedPadding: at("arithmetic", "2-padding-by-name"),
  transposed: at("arithmetic", "3-transposed-convolution"),
  matrix: at("arithmetic", "5-the-matrix-view"),
  costs: at("arithmetic", "6-costs"),
  kernels: at("arithmetic", "7-classic-kernels"),
  separable: at("variants", "separable"),
  deformable: at("variants", "3-windows-that-move"),
  field: at("receptive-fields", "1-one-path"),
  touched: at("receptive-fields", "3-the-cone-forward"),
  effectiveField: at("receptive-fields", "4-what-a-unit-listens-to"),
  equivariance: at("three-ideas", "3-equivariance"),
  pooling: at("pooling", "1-maximum-average-l2"),
  poolingBack: at("pooling", "5-switches-and-the-way-back"),
  activation: at("activations", "1-values-and-slopes"),
  gradientFlow: at("activations", "3-vanishing-gradients"),
  deadUnits: at("activations", "4-dead-and-saturated-units"),
  slopes: at("attribution", "1-slopes"),
  reluRules: at("attribution", "2-other-rules-at-the-relu"),
  classMaps: at("attribution", "3-where-not-which-pixel-class-activation-maps"),
  tryingOut: at("attribution", "4-trying-it-out"),
  relevance: at("attribution", "5-handing-the-score-down"),
  trust: at("attribution", "6-trust"),
  tuning: at("attribution", "tuning"),
  ablation: at("attribution", "ablation"),
  dissection: at("attribution", "dissection"),
  maximisation: at("maximisation", "2-what-to-ask-for"),
} as const satisfies Readonly<Record<string, FormulaPlace>>;
export type FormulaKey = keyof typeof formulas;

const slopes = "slopes" as const;
const reluRules = "reluRules" as const;
const classMaps = "classMaps" as const;
const tryingOut = "tryingOut" as const;
const relevance = "relevance" as const;

/** Where each attribution method is written down. */
export const methodFormulas: Readonly<Record<AttributionMethod, FormulaKey>> = {
  ...{
    gradient: slopes,
    gradientInput: slopes,
    smoothGrad: slopes,
    smoothGradSquared: slopes,
    varGrad: slopes,
    integratedGradients: slopes,
  },
  ...{ guided: reluRules, deconvnet: reluRules, zeilerFergus: reluRules },
  ...{ gradCam: classMaps, cam: classMaps, gradCamPlusPlus: classMaps, hiResCam: classMaps, layerCam: classMaps, xGradCam: classMaps },
  ...{ eigenCam: classMaps, guidedGradCam: classMaps, scoreCam: classMaps, ablationCam: classMaps },
  ...{ lrp: relevance, deepLift: relevance },
  ...{ occlusion: tryingOut, rise: tryingOut },
  edges: "trust",
};
