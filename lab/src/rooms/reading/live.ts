// From a formula to live cards: addresses of the lab whose numbers are those of the paragraph. A test opens each and finds the number on both sides.
import type { ChapterName } from "./names.ts";

export interface LiveCard {
  readonly page: ChapterName;
  readonly part: string;
  /** The view, as it stands in the address. */
  readonly address: string;
  /** What stands both in the paragraph and on the card; absent where the card has its own net's numbers. */
  readonly shows?: string;
}

const poolPicture = "poolSize=4&poolX=1,0,2,3,4,6,6,8,3,1,1,0,1,2,2,4";
const sum = "room=convolve&size=3,3&kernel=2,2&x=3,3,2,0,0,1,3,1,2&w=0,1,2,2";

export const liveCards: readonly LiveCard[] = [
  {
    page: "arithmetic",
    part: "output-size",
    address: "room=convolve&size=5,5&kernel=3,3&stride=2,2&pads=1,1,1,1",
    shows: "floor((5 + 2·1 - 3) / 2) + 1 = 3",
  },
  {
    page: "arithmetic",
    part: "1-sizes",
    address: "room=convolve&size=6,6&kernel=3,3&stride=2,2&pads=1,1,1,1",
    shows: "floor((6 + 2·1 - 3) / 2) + 1 = 3",
  },
  {
    page: "arithmetic",
    part: "ceil-mode",
    address: "room=convolve&tab=pooling&poolSize=9&poolKernel=4&poolStride=4&poolPad=2&ceil=1",
    shows: "3",
  },
  {
    page: "arithmetic",
    part: "2-padding-by-name",
    address: "room=convolve&size=8,8&stride=2,2&padding=same",
    shows: "max((ceil(8 / 2) - 1)·2 + 3 - 8, 0) = 1",
  },
  {
    page: "arithmetic",
    part: "3-transposed-convolution",
    address: "room=convolve&variant=transposed&size=3,3&stride=2,2&pads=1,1,1,1&extra=1,1",
    shows: "2·(3 - 1) + 1 + 3 - 2·1 = 6",
  },
  { page: "arithmetic", part: "5-the-matrix-view", address: "room=convolve&size=4,4&w=1,2,3,4,5,6,7,8,9&matrix=1", shows: "36" },
  { page: "arithmetic", part: "6-costs", address: "room=network&net=shapes&tab=layers", shows: "221184" },
  { page: "arithmetic", part: "7-classic-kernels", address: "room=convolve&tab=edges&filter=sobel-x" },
  {
    page: "receptive-fields",
    part: "1-one-path",
    address: "room=network&net=net:+conv(4+5)+maxpool(2)+conv(4+5)+relu+flatten+linear(out)&tab=layers",
    shows: "14",
  },
  { page: "receptive-fields", part: "3-the-cone-forward", address: "room=network&net=shapes&pixel=12,12" },
  { page: "receptive-fields", part: "4-what-a-unit-listens-to", address: "room=network&net=shapes&unit=conv3:0" },
  {
    page: "three-ideas",
    part: "1-sparse-interaction",
    address: "room=convolve&variant=sequence&size=1,5&kernel=1,3&pads=0,0,1,1&matrix=1",
    shows: "13",
  },
  {
    page: "three-ideas",
    part: "2-parameter-sharing",
    address: "room=convolve&variant=sequence&size=1,5&kernel=1,3&pads=0,0,1,1&matrix=1",
    shows: "13",
  },
  { page: "three-ideas", part: "3-equivariance", address: "room=network&net=shapes&tab=equivariance&rows=1&columns=0" },
  { page: "pooling", part: "1-maximum-average-l2", address: `room=convolve&tab=pooling&${poolPicture}`, shows: "6 8 3 4" },
  {
    page: "pooling",
    part: "1-maximum-average-l2",
    address: `room=convolve&tab=pooling&pool=average&${poolPicture}`,
    shows: "2.75 4.75 1.75 1.75",
  },
  {
    page: "pooling",
    part: "2-overlapping-windows",
    address: `room=convolve&tab=pooling&poolKernel=3&poolStride=1&${poolPicture}`,
    shows: "6 8 6 8",
  },
  { page: "pooling", part: "5-switches-and-the-way-back", address: `room=convolve&tab=pooling&poolView=dX&${poolPicture}` },
  { page: "activations", part: "1-values-and-slopes", address: "room=convolve&tab=activations&fn=sigmoid&point=0", shows: "0.25" },
  {
    page: "activations",
    part: "3-vanishing-gradients",
    address: "room=train&arch=flatten+linear(24)+sigmoid+linear(24)+sigmoid+linear(24)+sigmoid+linear(out)&pictures=500&panel=health",
  },
  { page: "activations", part: "4-dead-and-saturated-units", address: "room=train&pictures=500&rate=1&panel=health" },
  { page: "learning", part: "1-one-cell", address: `${sum}&at=2`, shows: "0·0 + 0·1 + 3·2 + 1·2 = 8" },
  {
    page: "learning",
    part: "2-normalisation",
    address: "room=network&net=net:+conv(8+3)+batchnorm+relu+flatten+linear(out)&unit=batchnorm1:0&depth=2&cell=9,9",
  },
  {
    page: "learning",
    part: "3-softmax-and-loss",
    address: "room=network&net=net:+conv(8+3)+relu+globalavg+flatten+linear(out)+softmax&unit=softmax1:0&depth=2&cell=0,0",
  },
  { page: "learning", part: "5-the-step", address: "room=train&pictures=500&panel=slow" },
  { page: "learning", part: "4-the-way-back", address: `${sum}&view=dW`, shows: "6 6 4 4" },
  { page: "learning", part: "4-the-way-back", address: `${sum}&view=dX`, shows: "0 1 1 / 2 5 3 / 2 4 2" },
  { page: "variants", part: "separable", address: "room=convolve&tab=edges&filter=laplace" },
  { page: "variants", part: "3-windows-that-move", address: "room=convolve&variant=deformable&pads=1,1,1,1" },
  { page: "variants", part: "1-cheaper-windows", address: "room=convolve&variant=depthwise&size=5,5&channels=3,3,3" },
  { page: "attribution", part: "1-slopes", address: "room=neurons&net=shapes&lens=pixels&method=gradient" },
  { page: "attribution", part: "2-other-rules-at-the-relu", address: "room=neurons&net=shapes&lens=pixels&method=guided" },
  {
    page: "attribution",
    part: "3-where-not-which-pixel-class-activation-maps",
    address: "room=neurons&net=shapes&lens=pixels&method=gradCam",
  },
  { page: "attribution", part: "4-trying-it-out", address: "room=neurons&net=shapes&lens=pixels&method=occlusion" },
  { page: "attribution", part: "5-handing-the-score-down", address: "room=neurons&net=shapes&lens=pixels&method=lrp" },
  { page: "attribution", part: "6-trust", address: "room=neurons&net=shapes&lens=compare" },
  { page: "attribution", part: "ablation", address: "room=neurons&net=shapes&lens=ablate" },
  { page: "attribution", part: "tuning", address: "room=neurons&net=shapes&lens=tuning" },
  { page: "attribution", part: "dissection", address: "room=neurons&net=shapes&lens=concepts" },
  { page: "maximisation", part: "2-what-to-ask-for", address: "room=neurons&net=shapes&lens=climb" },
];
