export * from "./lenet.ts";
export * from "./registry.ts";
