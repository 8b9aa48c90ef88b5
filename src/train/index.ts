export { type AdversarialStep, type AdversarialStepOptions, adversarialStep, adversarialValue } from "./adversarial.ts";
export { type Calibration, type CalibrationBin, calibration } from "./calibration.ts";
export {
  alignCaptions,
  type CaptionAlignment,
  type CaptionStepOptions,
  captionStep,
  describePictures,
  type TeachCaptionsOptions,
  teachCaptions,
} from "./captions.ts";
export * from "./checkpoint.ts";
export type { ClipOptions } from "./clip.ts";
export { type CurvePoint, type LearningCurve, learningCurve } from "./curve.ts";
export * from "./depth-sweep.ts";
export type { EarlyStop } from "./early-stop.ts";
export * from "./evaluate.ts";
export { outputKind, probabilitiesOf } from "./evaluator.ts";
export { type CheckpointOptions, type FitOptions, fit, type Progress, type StepRecord } from "./fit.ts";
export { type LiveTraining, openTraining, type TrainingChange } from "./live.ts";
export * from "./losses.ts";
export * from "./metrics.ts";
export * from "./optimisers.ts";
export * from "./schedules.ts";
export * from "./step.ts";
export {
  type Knobs,
  type Measurements,
  type Setting,
  type SweepOptions,
  type SweepRow,
  type SweepTable,
  sweep,
} from "./sweep.ts";
export { type Timeline, type TimelineOptions, timeline } from "./timeline.ts";
