// Nets that users write as text, wherever a net of the zoo can be named: on the command line, in model files, in the lab's address bar.
import { nn } from "../../nn/index.ts";
import { defineModule, type Module } from "../../nn/module.ts";
import { ArgumentError, ModelFormatError, ShapeError } from "../../tensor/errors.ts";
import { proposal } from "../../tensor/options.ts";
import { type Architecture, channelsOf } from "../architecture.ts";
import { parseNet, showNet, type WrittenLayer } from "./grammar.ts";
import { checkOption, type LayerValues, layerVocabulary, wordOf } from "./vocabulary.ts";

export type { WrittenLayer } from "./grammar.ts";
export { type LayerOption, type LayerValues, type LayerWord, layerVocabulary } from "./vocabulary.ts";

/** What the names of written nets begin with: "net: conv(8 3) relu flatten linear(out)". */
const prefix = "net:";
const composite: ReadonlySet<string> = new Set(layerVocabulary.filter((w) => w.branches !== undefined).map((w) => w.kind));
const mostLayers = 500;

/**
 * Reads a net such as "conv(8 3 pad=1) relu maxpool(2) residual(conv(8 3 pad=1) relu) flatten linear(out)"; `layerVocabulary` has the words.
 * Options come in the vocabulary's order or by name. Throws `ModelFormatError` naming the layer and what was expected.
 */
export function readNet(text: string): WrittenLayer[] {
  const bare = text.startsWith(prefix) ? text.slice(prefix.length) : text;
  const layers = parseNet(bare, composite);
  if (layers.length === 0)
    throw new ModelFormatError("the net has no layers; expected something like conv(8 3) relu flatten linear(out)", {
      reason: { kind: "net without layers" },
    });
  let total = 0;
  const visit = (layer: WrittenLayer): void => {
    if (++total > mostLayers) throw new ModelFormatError(`the net has more than ${mostLayers} layers`);
    layerValues(layer);
    for (const part of layer.parts ?? []) for (const inner of part) visit(inner);
  };
  for (const layer of layers) visit(layer);
  return layers;
}

/** The text that `readNet` reads back to the same layers. */
export function writeNet(layers: readonly WrittenLayer[]): string {
  return showNet(layers);
}

/** All options of a layer, defaults included. Throws `ModelFormatError` for unknown layers, unknown options and impossible values. */
export function layerValues({ kind, given, named, parts = [] }: WrittenLayer): LayerValues {
  const word = wordOf(kind);
  const known = layerVocabulary.map((w) => w.kind);
  if (word === undefined)
    throw new ModelFormatError(`no layer is called "${kind}"${proposal(kind, known)}; known layers: ${known.join(", ")}`, {
      reason: { kind: "no such layer kind", layer: kind, known },
    });
  const { options, branches } = word;
  if (branches === "one" && parts.length !== 1) throw new ModelFormatError(`${kind}: holds ${parts.length} branches; expected one`);
  if (branches === "some" && parts.length < 2)
    throw new ModelFormatError(`${kind}: holds one branch; expected at least two, separated by |`);
  if (given.length > options.length) {
    throw new ModelFormatError(
      `${kind}: ${given.length} values; it takes ${options.length}: ${options.map((o) => o.name).join(", ") || "none"}`,
      { reason: { kind: "too many layer values", layer: kind, given: given.length, options: options.map((o) => o.name) } },
    );
  }
  for (const name of Object.keys(named)) {
    const place = options.findIndex((o) => o.name === name);
    const names = options.map((o) => o.name);
    if (place < 0)
      throw new ModelFormatError(`${kind}: unknown option "${name}"${proposal(name, names)}; known options: ${names.join(", ")}`, {
        reason: { kind: "no such layer option", layer: kind, option: name, known: names },
      });
    if (place < given.length) throw new ModelFormatError(`${kind}: ${name} is given twice, as ${given[place]} and as ${named[name]}`);
  }
  const values: Record<string, number | string> = {};
  options.forEach((option, i) => {
    const value = given[i] ?? named[option.name] ?? option.default;
    if (value === undefined)
      throw new ModelFormatError(`${kind}: ${option.name} is missing; for example ${kind}(8)`, {
        reason: { kind: "layer option missing", layer: kind, option: option.name },
      });
    try {
      values[option.name] = checkOption(kind, option, value);
    } catch (cause) {
      throw cause instanceof ArgumentError ? new ModelFormatError(cause.message, { cause, reason: cause.reason }) : cause;
    }
  });
  return values;
}

/**
 * The net as a module. Channels are found while building, so the text need not repeat them. Parts are called conv1, relu1, conv2, ...; those of a
 * composite layer residual1.conv1 or concat1.branch1.conv1. `classes` is what "out" stands for.
 */
export function buildNet(layers: readonly WrittenLayer[], classes: number): Module {
  const seen = new Map<string, number>();
  const parts = layers.map((layer): [string, Module] => {
    const number = (seen.get(layer.kind) ?? 0) + 1;
    seen.set(layer.kind, number);
    return [`${layer.kind}${number}`, buildLayer(layer, classes)];
  });
  return parts.length === 0 ? nn.identity() : nn.sequential(Object.fromEntries(parts));
}

function buildLayer(layer: WrittenLayer, classes: number): Module {
  const values = layerValues(layer);
  const parts = (layer.parts ?? []).map((part) => buildNet(part, classes));
  const { kind, module = kind, build } = wordOf(layer.kind)!;
  return defineModule(module, (x, context) => {
    if (kind === "linear" && x.rank > 2) {
      throw new ShapeError(
        `linear "${context.path}": ${x.shape[1]} maps of ${x.shape.slice(2).join(" x ")} come in, not one row of features; put flatten or globalavg flatten before it`,
        { reason: { kind: "maps before a dense layer", layer: context.path, maps: x.shape[1], size: x.shape.slice(2) } },
      );
    }
    return build(values, { channels: x.shape[1], classes, parts }).build(x, context);
  });
}

/** Whether a name is a written net's. */
export function isWritten(name: string): boolean {
  return name.startsWith(prefix);
}

/** A written net as an architecture of the zoo; its name is its text. */
export function writtenArchitecture(name: string): Architecture {
  const layers = readNet(name);
  return {
    name: `${prefix} ${writeNet(layers)}`,
    about: "a net written as text",
    inputShape: [1, 28, 28],
    classes: 10,
    build(inputShape, classes) {
      channelsOf(inputShape);
      return buildNet(layers, classes);
    },
  };
}

/**
 * The shortest way to write a layer with these values: what must be said comes first and without names, defaults are left out.
 * Throws `ModelFormatError` for unknown layers and impossible values.
 */
export function writtenLayer(kind: string, values: LayerValues = {}, parts?: readonly (readonly WrittenLayer[])[]): WrittenLayer {
  const all = layerValues({ kind, given: [], named: values, ...(parts && { parts }) });
  const options = wordOf(kind)?.options ?? [];
  const last = options.findLastIndex(({ name, default: usual }, i) => (usual === undefined || i < 2) && all[name] !== usual);
  const first = options.slice(0, options[0]?.default === undefined || last < 1 ? last + 1 : 0);
  const rest = options.slice(first.length).filter(({ name, default: usual }) => all[name] !== usual);
  return {
    kind,
    given: first.map(({ name }) => all[name]),
    named: Object.fromEntries(rest.map(({ name }) => [name, all[name]])),
    ...(parts && { parts }),
  };
}
