// What can be changed about an experiment to compare it with itself: its settings, and what its whole net has in common.
import { augmentations, type Experiment, optimiserNames } from "./experiment.ts";
import { activationKinds, initialisations, presets, traitsOf, withActivation, withDropout, withInitialisation } from "./net-text.ts";

export const variedNames = [
  "rate",
  "optimiser",
  "momentum",
  "decay",
  "batch",
  "augment",
  "activation",
  "initialisation",
  "dropout",
  "net",
  "seed",
  "pictures",
  "dataSeed",
] as const;
export type VariedName = (typeof variedNames)[number];

/** What it may be, where that is a list. */
export function choicesOf(name: VariedName): readonly string[] | undefined {
  const lists: Partial<Record<VariedName, readonly string[]>> = {
    optimiser: optimiserNames,
    augment: augmentations,
    activation: activationKinds,
    initialisation: initialisations,
    net: Object.keys(presets),
  };
  return lists[name];
}

export function settingOf(experiment: Experiment, name: VariedName): string | number {
  if (name === "activation" || name === "initialisation" || name === "dropout") return traitsOf(experiment.net)[name] ?? "";
  if (name === "net") return Object.entries(presets).find(([, text]) => text === experiment.net)?.[0] ?? experiment.net;
  return experiment[name];
}

/** The experiment with one thing changed. Throws where that makes no sense. */
export function withValue(experiment: Experiment, name: VariedName, given: string | number): Experiment {
  const text = String(given).trim();
  const list = choicesOf(name);
  const { net } = experiment;
  if (name === "net") return { ...experiment, net: presets[text] ?? checkedNet(text) };
  if (list !== undefined) {
    if (!list.includes(text)) throw new RangeError(`${text}: ${list.join(", ")}`);
    if (name === "activation") return { ...experiment, net: withActivation(net, text) };
    if (name === "initialisation") return { ...experiment, net: withInitialisation(net, text) };
    return { ...experiment, [name]: text };
  }
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw new RangeError(`${text === "" ? "…" : text}: 0, 1, 0.5, 1e-3, ...`);
  return name === "dropout" ? { ...experiment, net: withDropout(net, value) } : { ...experiment, [name]: value };
}

function checkedNet(text: string): string {
  traitsOf(text);
  return text;
}
