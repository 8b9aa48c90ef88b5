export { areaUnder, type Curve, type CurveOptions, type Faithfulness, faithfulness } from "./curves.ts";
export {
  type InfidelityOptions,
  infidelity,
  type SensitivityOptions,
  type SubsetOptions,
  sensitivityMax,
  sensitivityN,
} from "./fidelity.ts";
export { energyInside, type PointingScore, type PointingTask, pointingGame } from "./pointing.ts";
export { impute, type RoadCurve, type RoadOptions, road } from "./road.ts";
export {
  type DataSanity,
  type DataSanityOptions,
  dataSanityCheck,
  forgotten,
  layersToForget,
  type SanityOptions,
  type SanityReport,
  type SanityStep,
  sanityCheck,
} from "./sanity.ts";
export type { ScoreOptions } from "./scorer.ts";
export { compareMaps, type MapSimilarity } from "./similarity.ts";
export type { Substrate } from "./substrate.ts";
