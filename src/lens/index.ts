export type { ActivationFunctionName } from "./activation-functions.ts";
export {
  type ActivationLayerStudy,
  type ActivationStudy,
  type ActivationStudyOptions,
  studyActivations,
} from "./activation-study.ts";
export * from "./activations.ts";
export { type Adversarial, type AdversarialOptions, adversarial } from "./adversarial.ts";
export * from "./attribute.ts";
export * from "./data-statistics.ts";
export { type DirectionOptions, direction, unitLength } from "./direction.ts";
export { type Concept, type ConceptRule, conceptsOn, needsFigures, type Region, regions } from "./dissection/concept-list.ts";
export { type ConceptSet, syntheticConcepts } from "./dissection/concepts.ts";
export { type ConceptOverlap, type Dissection, type DissectOptions, dissect, type UnitDissection } from "./dissection/dissect.ts";
export { type EvolutionOptions, featureEvolution, type LayerEvolution } from "./evolution.ts";
export * from "./examples.ts";
export { type InterveneOptions, type Intervention, intervene, type WatchedIntervention } from "./intervene.ts";
export { type AblateOptions, type AblationTask, ablateEach } from "./intervene-each.ts";
export * from "./maximise.ts";
export * from "./measures/index.ts";
export { type PatchOptions, patched } from "./patched.ts";
export type * from "./records.ts";
export { type ReluRule, reluRules } from "./rules.ts";
export type { Progress, RunOptions } from "./run.ts";
export { type GratingOptions, grating, type PatternOptions, placed } from "./stimuli.ts";
export { type StimulusSweep, type StimulusSweepOptions, type SweptProperty, sweep, sweptProperties } from "./sweep.ts";
export type { Target } from "./target.ts";
export * from "./trust/index.ts";
export { type Tuning, type TuningOptions, tuning } from "./tuning.ts";
export * from "./unit/index.ts";
export * from "./watch.ts";
