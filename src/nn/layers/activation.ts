// Activations as layers. All but PReLU have nothing to learn, so each is one line: the op under its own name.
import type { Value } from "../../graph/value.ts";
import * as ops from "../../ops/index.ts";
import { checkOptions } from "../../tensor/options.ts";
import * as init from "../initialise.ts";
import { defineModule, type Module } from "../module.ts";
import { checkChannels } from "./conv.ts";

function plain(kind: string, apply: (x: Value) => Value): () => Module {
  const module = defineModule(kind, apply);
  return () => module;
}

/** max(0, x). */
export const relu: () => Module = plain("relu", (x) => ops.relu(x));
/** min(max(0, x), 6). */
export const relu6: () => Module = plain("relu6", (x) => ops.relu6(x));
/** 1 / (1 + e^-x). */
export const sigmoid: () => Module = plain("sigmoid", (x) => ops.sigmoid(x));
/** (e^x − e^−x) / (e^x + e^−x), between −1 and 1. */
export const tanh: () => Module = plain("tanh", (x) => ops.tanh(x));
/** Klambauer et al. 2017. */
export const selu: () => Module = plain("selu", (x) => ops.selu(x));
/** x·sigmoid(x). */
export const silu: () => Module = plain("silu", (x) => ops.silu(x));
/** x·tanh(softplus(x)). */
export const mish: () => Module = plain("mish", (x) => ops.mish(x));
/** x·min(max(0, x + 3), 6)/6. Howard et al. 2019. */
export const hardSwish: () => Module = plain("hardSwish", (x) => ops.hardSwish(x));
/** min(max(0, x + 3), 6)/6. */
export const hardSigmoid: () => Module = plain("hardSigmoid", (x) => ops.hardSigmoid(x));
/** x / (1 + |x|). */
export const softsign: () => Module = plain("softsign", (x) => ops.softsign(x));
/** log(sigmoid(x)), without overflow. */
export const logSigmoid: () => Module = plain("logSigmoid", (x) => ops.logSigmoid(x));
/** x − tanh(x). */
export const tanhshrink: () => Module = plain("tanhshrink", (x) => ops.tanhshrink(x));

/** x where positive, slope·x elsewhere (default slope 0.01). */
export function leakyRelu(options: { readonly slope?: number } = {}): Module {
  checkOptions("leakyRelu", options, ["slope"]);
  return defineModule("leakyRelu", (x) => ops.leakyRelu(x, options));
}

/** leakyRelu with a learned slope: one for all (default) or one per channel. Parameter weight [count], from 0.25. He et al. 2015. */
export function prelu(count = 1): Module {
  checkChannels("prelu", { count });
  return defineModule("prelu", (x, context) => ops.prelu(x, context.parameter("weight", [count], init.constant(0.25))));
}

/** The greatest of each run of `pieces` (default 2) neighbouring channels: [N, C, ...] → [N, C/pieces, ...]. Goodfellow et al. 2013. */
export function maxout(options: { readonly pieces?: number } = {}): Module {
  checkOptions("maxout", options, ["pieces"]);
  return defineModule("maxout", (x) => ops.maxout(x, options));
}

/** First half of the channels, gated by the sigmoid of the second half. Dauphin et al. 2017. */
export function glu(options: { readonly axis?: number } = {}): Module {
  checkOptions("glu", options, ["axis"]);
  return defineModule("glu", (x) => ops.glu(x, options));
}

/** x where positive, alpha·(e^x − 1) elsewhere (default alpha 1). */
export function elu(options: { readonly alpha?: number } = {}): Module {
  checkOptions("elu", options, ["alpha"]);
  return defineModule("elu", (x) => ops.elu(x, options));
}

/** As elu, but smooth for every alpha: alpha·(e^(x/alpha) − 1). */
export function celu(options: { readonly alpha?: number } = {}): Module {
  checkOptions("celu", options, ["alpha"]);
  return defineModule("celu", (x) => ops.celu(x, options));
}

/** x·Φ(x), Φ the normal distribution, exactly (default) or by its tanh approximation. */
export function gelu(options: { readonly approximate?: "none" | "tanh" } = {}): Module {
  checkOptions("gelu", options, ["approximate"]);
  return defineModule("gelu", (x) => ops.gelu(x, options));
}

/** log(1 + e^(beta·x)) / beta. */
export function softplus(options: { readonly beta?: number; readonly threshold?: number } = {}): Module {
  checkOptions("softplus", options, ["beta", "threshold"]);
  return defineModule("softplus", (x) => ops.softplus(x, options));
}

/** x clipped to [min, max] (default −1, 1). */
export function hardTanh(options: { readonly min?: number; readonly max?: number } = {}): Module {
  checkOptions("hardTanh", options, ["min", "max"]);
  return defineModule("hardTanh", (x) => ops.hardTanh(x, options));
}

/** x moved toward 0 by lambda (default 0.5), 0 in between. */
export function softshrink(options: { readonly lambda?: number } = {}): Module {
  checkOptions("softshrink", options, ["lambda"]);
  return defineModule("softshrink", (x) => ops.softshrink(x, options));
}

/** x, but 0 where |x| <= lambda (default 0.5). */
export function hardshrink(options: { readonly lambda?: number } = {}): Module {
  checkOptions("hardshrink", options, ["lambda"]);
  return defineModule("hardshrink", (x) => ops.hardshrink(x, options));
}

/** x where it exceeds `threshold`, `value` elsewhere. */
export function threshold(options: { readonly threshold: number; readonly value: number }): Module {
  checkOptions("threshold", options, ["threshold", "value"]);
  return defineModule("threshold", (x) => ops.threshold(x, options));
}

/** Probabilities along `axis` (default 1: classes or channels). */
export function softmax(options: { readonly axis?: number } = {}): Module {
  checkOptions("softmax", options, ["axis"]);
  return defineModule("softmax", (x) => ops.softmax(x, { axis: 1, ...options }));
}

/** Logarithms of the softmax, without overflow. */
export function logSoftmax(options: { readonly axis?: number } = {}): Module {
  checkOptions("logSoftmax", options, ["axis"]);
  return defineModule("logSoftmax", (x) => ops.logSoftmax(x, { axis: 1, ...options }));
}
