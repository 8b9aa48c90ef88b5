// Nets that find what a caption speaks of, and speak themselves. `teachCaptions` of fovea/train teaches them.
export { alignmentScores, alignments, type RankingOptions, rankingLoss } from "./alignment.ts";
export { type CaptionNets, type CaptionNetsOptions, captionNets } from "./nets.ts";
export { spokenWords, type TracedCaptionNets, traceCaptionNets } from "./traced.ts";
