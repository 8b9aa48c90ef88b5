// Which of a kernel's variants a node gets: the one remembered for this engine and these shapes, or the winner of a short trial, or the rule's own.
import { now } from "#platform";
import { showShape } from "../../tensor/shape.ts";
import { anyChoices, choiceFor, rememberChoice } from "./choices.ts";
import type { KernelRule, Site } from "./kernel.ts";
import { timeKernels } from "./trial.ts";

/** The variant that a site gets; undefined leaves it to the rule. */
export type ChooseVariant = (rule: KernelRule, site: Site) => string | undefined;

/** Below this a node is not worth a trial. */
const worthTrying = 100_000;
const millisecondsPerVariant = 1.5;
/** For all nodes of a program; what comes later keeps the rule's choice, for good. */
const millisecondsPerProgram = 150;
/** A variant has to be this much faster than the rule's own choice: noise must not decide. */
const clearlyFaster = 0.93;

/** A chooser for one program: what is remembered; where nothing is and `tries` is set, trials, until their time is up. */
export function tuner(tries: boolean): ChooseVariant {
  let spent = 0;
  return (rule, site) => {
    if (!tries && !anyChoices()) return undefined;
    const variants = rule.variants?.(site) ?? [];
    if (variants.length < 2) return undefined;
    const key = siteKey(site, variants);
    const remembered = choiceFor(key);
    if (remembered !== undefined && variants.includes(remembered)) return remembered;
    if (!tries) return undefined;
    const usual = rule.generate({ ...site, variant: variants[0] });
    if (usual.stages.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0) < worthTrying) return undefined;
    const start = now();
    const variant = spent < millisecondsPerProgram ? fastest(rule, site, variants) : variants[0];
    spent += now() - start;
    rememberChoice(key, variant);
    return variant;
  };
}

function fastest(rule: KernelRule, site: Site, variants: readonly string[]): string {
  const kernels = variants.map((variant) => rule.generate({ ...site, variant }));
  const times = timeKernels(site, kernels, millisecondsPerVariant);
  const best = times.indexOf(Math.min(...times));
  return times[best] < clearlyFaster * times[0] ? variants[best] : variants[0];
}

/** What the speed of a node mostly depends on, and what there was to choose from. What is fused into it and how it is padded matter less. */
function siteKey({ value, operands, tier, precision }: Site, variants: readonly string[]): string {
  const shapes = operands.map(({ shape }) => showShape(shape)).join(" ");
  return [tier, precision ?? "exact", value.op.name, shapes, JSON.stringify(value.attrs), variants.join()].join(" | ");
}
