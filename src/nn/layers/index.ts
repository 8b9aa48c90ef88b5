// Everything that is called nn.something.
export * from "./activation.ts";
export * from "./compose.ts";
export {
  type ConvLayerOptions,
  type ConvTransposeLayerOptions,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  linear,
  type WeightOptions,
  type WindowLayer,
} from "./conv.ts";
export * from "./deform.ts";
export * from "./locally-connected.ts";
export * from "./norm.ts";
export * from "./partial.ts";
export * from "./pool.ts";
export * from "./rearrange.ts";
export * from "./separable.ts";
export * from "./shape.ts";
