export * from "./lenet.ts";
