// Meters: honest numbers about what a net or a layer does to pictures.
export * from "./activations-flow.ts";
export * from "./activations-units.ts";
export * from "./cost.ts";
export * from "./effective-field.ts";
export * from "./equivariance.ts";
export { type ExplainedLayer, explainLayers } from "./explained-layers.ts";
export { type FeatureMap, layerMap } from "./feature-map.ts";
export * from "./invariance.ts";
export * from "./pattern-match.ts";
export * from "./permutation.ts";
export { type PictureTransform, transformPicture } from "./picture-transform.ts";
export * from "./projective-field.ts";
