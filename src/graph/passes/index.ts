// Passes that need to know nothing about any op: graph in, graph out, same results.
export * from "./expand.ts";
export * from "./fold-constants.ts";
export * from "./merge-duplicates.ts";
export * from "./uses.ts";
