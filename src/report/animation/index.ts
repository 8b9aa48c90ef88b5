export * from "./canvas.ts";
export * from "./gif.ts";
