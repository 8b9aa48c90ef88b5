export * from "./sizes.ts";
export * from "./taps.ts";
