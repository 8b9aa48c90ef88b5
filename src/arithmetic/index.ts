export * from "./costs.ts";
export * from "./kernels.ts";
export * from "./receptive-field.ts";
export * from "./sizes.ts";
export * from "./taps.ts";
export * from "./transposed.ts";
export * from "./unrolled.ts";
