// Everything that is called blocks.something: what well-known nets repeat.
export * from "./attention.ts";
export * from "./conv-norm.ts";
export * from "./dense.ts";
export * from "./inception.ts";
export * from "./inception-v3.ts";
export * from "./residual.ts";
export * from "./shuffle.ts";
export * from "./spatial-transformer.ts";
export * from "./xception.ts";
