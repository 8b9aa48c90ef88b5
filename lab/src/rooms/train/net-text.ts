// The net as text, edited as a whole: all activations, all first weights, the dropout at its end. The text alone is the state.
import { zoo } from "fovea";
import { firstNet } from "./experiment.ts";

type Layer = zoo.WrittenLayer;

/** Nets to start from, small enough to watch. */
export const presets: Readonly<Record<string, string>> = {
  small: firstNet,
  lenet: "conv(6 5) relu maxpool(2) conv(16 5) relu maxpool(2) flatten linear(120) relu linear(84) relu linear(out)",
  residual:
    "conv(12 3 pad=same) batchnorm relu residual(conv(12 3 pad=same) batchnorm relu conv(12 3 pad=same) batchnorm) relu maxpool(2) " +
    "conv(16 3 pad=same) batchnorm relu residual(conv(16 3 pad=same) batchnorm relu conv(16 3 pad=same) batchnorm) relu globalavg linear(out)",
  separable:
    "conv(8 3 pad=same) relu maxpool(2) separable(16 3 pad=same) relu maxpool(2) separable(24 3 pad=same) relu globalavg linear(out)",
  dense: "flatten linear(64) relu linear(out)",
  linear: "flatten linear(out)",
  "deep sigmoid":
    "conv(8 3 pad=same) sigmoid maxpool(2) conv(8 3 pad=same) sigmoid conv(8 3 pad=same) sigmoid maxpool(2) conv(8 3 pad=same) sigmoid " +
    "conv(8 3 pad=same) sigmoid maxpool(2) flatten linear(out)",
};

export const activationKinds: readonly string[] = zoo.layerVocabulary
  .filter(({ group, kind }) => group === "activation" && kind !== "softmax" && kind !== "identity")
  .map(({ kind }) => kind);
const weighted: ReadonlySet<string> = new Set(
  zoo.layerVocabulary.filter(({ options }) => options.some(({ name }) => name === "init")).map(({ kind }) => kind),
);
export const initialisations: readonly string[] =
  zoo.layerVocabulary.find(({ kind }) => kind === "conv")?.options.find(({ name }) => name === "init")?.words ?? [];

/** What the whole net has in common. "" where its layers differ, undefined where it has none. */
export interface NetTraits {
  readonly activation: string | undefined;
  readonly initialisation: string | undefined;
  readonly dropout: number;
}

function visit(layers: readonly Layer[], change: (layer: Layer) => Layer): Layer[] {
  return layers.map((layer) => {
    const { parts } = layer;
    return change(parts === undefined ? layer : { ...layer, parts: parts.map((part) => visit(part, change)) });
  });
}

function only(values: ReadonlySet<string>): string | undefined {
  if (values.size === 0) return undefined;
  return values.size === 1 ? [...values][0] : "";
}

/** Throws the library's error where the text is no net. */
export function traitsOf(text: string): NetTraits {
  const layers = zoo.readNet(text);
  const activations = new Set<string>();
  const first = new Set<string>();
  visit(layers, (layer) => {
    if (activationKinds.includes(layer.kind)) activations.add(layer.kind);
    if (weighted.has(layer.kind)) first.add(String(zoo.layerValues(layer).init));
    return layer;
  });
  const last = layers.at(-2);
  return {
    activation: only(activations),
    initialisation: only(first),
    dropout: last?.kind === "dropout" ? Number(zoo.layerValues(last).p) : 0,
  };
}

export function withActivation(text: string, kind: string): string {
  return zoo.writeNet(visit(zoo.readNet(text), (layer) => (activationKinds.includes(layer.kind) ? { kind, given: [], named: {} } : layer)));
}

export function withInitialisation(text: string, init: string): string {
  return zoo.writeNet(
    visit(zoo.readNet(text), (layer) => {
      if (!weighted.has(layer.kind)) return layer;
      const { init: _, ...named } = layer.named;
      return { ...layer, named: init === "usual" ? named : { ...named, init } };
    }),
  );
}

export function withDropout(text: string, share: number): string {
  const layers = zoo.readNet(text);
  const last = layers.length - 1;
  const before = layers.slice(0, layers[last - 1]?.kind === "dropout" ? last - 1 : last);
  const dropout = share > 0 ? [{ kind: "dropout", given: [share], named: {} }] : [];
  return zoo.writeNet([...before, ...dropout, layers[last]]);
}
