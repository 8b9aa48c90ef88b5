// The one door to the backends: everything above calls `compile` and never learns which one runs.
import { expectGraph, type Graph } from "../graph/graph.ts";
import type { CompileOptions, Device, Program } from "../graph/program.ts";
import { ArgumentError, UnsupportedOpError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { compileReference } from "./reference/index.ts";
import { compileWasm, probe } from "./wasm/index.ts";

const devices: readonly Device[] = ["auto", "reference", "wasm", "webgpu"];

/**
 * A program that runs `graph`.
 * `device` "auto" (default) is "wasm" where the engine has WebAssembly with SIMD, else "reference", which runs the ops' own loops.
 * Throws `ArgumentError` for unknown or impossible options, `UnsupportedOpError` when the backend cannot run the graph.
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
  expectGraph("compile", graph);
  checkValues(options);
  switch (options.device ?? "auto") {
    case "auto":
      if (probe().simd) return compileWasm(graph, options);
      return compileReference(graph, { ...options, notes: ["this engine has no WebAssembly SIMD, so the slow reference loops run"] });
    case "wasm":
      return compileWasm(graph, options);
    case "reference":
      return compileReference(graph, options);
    case "webgpu":
      throw new UnsupportedOpError('compile: the device "webgpu" is not built yet; use "wasm" or "reference"');
  }
}

function checkValues(options: CompileOptions): void {
  checkOptions("compile", options, ["device", "threads", "strict", "optimise", "precision", "tune"]);
  const { device, threads, strict, optimise, precision, tune } = options;
  if (device !== undefined && !devices.includes(device)) {
    throw new ArgumentError(`compile: device is "${String(device)}"; expected one of ${devices.join(", ")}`);
  }
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new ArgumentError(`compile: threads is ${String(threads)}; expected an integer >= 1`);
  }
  if (precision !== undefined && precision !== "fast" && precision !== "exact") {
    throw new ArgumentError(`compile: precision is "${String(precision)}"; expected fast or exact`);
  }
  for (const [name, given] of Object.entries({ strict, optimise, tune })) {
    if (given !== undefined && typeof given !== "boolean") {
      throw new ArgumentError(`compile: ${name} is ${String(given)}; expected true or false`);
    }
  }
}
