// Methods over pictures, one after the other, with progress, and with whatever is finished kept when somebody presses Ctrl-C.
import { now } from "#platform";
import { type AttributionMethod, attributeEach } from "../lens/attribute.ts";
import type { AttributionTask } from "../lens/attribution/method.ts";
import type { Attribution } from "../lens/records.ts";
import type { Target } from "../lens/target.ts";
import { compareMaps, faithfulness, forgotten, layersToForget, sanityCheck } from "../lens/trust/index.ts";
import type { Model } from "../nn/model.ts";
import type { ExplainedPicture } from "../report/explanation.ts";
import type { JudgedMap } from "../report/judged-map.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { predict } from "../train/evaluate.ts";
import { classTarget, type MethodSets, settingsFor } from "./attribution-options.ts";
import type { MachineOptions } from "./options.ts";
import { type Progress, showDuration } from "./progress.ts";

export interface AttributionWish {
  readonly methods: readonly AttributionMethod[];
  /** Pass over methods that the net does not allow. */
  readonly tolerant: boolean;
  /** Undefined: the most probable class of each picture. */
  readonly target: Target | undefined;
  readonly at: string | undefined;
  readonly sets: MethodSets;
  readonly seed: number;
  /** Deletion and insertion curves, with this many pixels per step; "row" for as many as a row has. */
  readonly trust: number | "row" | undefined;
  /** "strip": forget the weights layer by layer; "whole": all at once. */
  readonly sanity: "strip" | "whole" | undefined;
  readonly machine: MachineOptions;
  readonly signal: AbortSignal;
}

export interface NamedPicture {
  readonly name: string;
  readonly image: Tensor;
}

export interface AttributionRun {
  readonly pictures: readonly ExplainedPicture[];
  /** One line for each method that was passed over. */
  readonly skipped: readonly string[];
  /** Where it was stopped before the end, the methods that are missing: the pictures hold what was finished. */
  readonly interrupted: readonly AttributionMethod[] | undefined;
}

/** Explains the pictures by every method. An interruption ends it early, but not with an error. */
export async function runAttributions(
  model: Model,
  pictures: readonly NamedPicture[],
  wish: AttributionWish,
  bar: Progress,
): Promise<AttributionRun> {
  const predictions = await classesOf(model, pictures, wish);
  const tasks = pictures.map(({ image }, i): AttributionTask => {
    const best = predictions[i][0];
    if (wish.target !== undefined) return { image, target: classTarget(model, wish.target) };
    if (best === undefined) throw new ArgumentError("the net gives no class scores: say what to explain with --layer and --channel");
    return { image, target: { class: best.index } };
  });
  const maps = pictures.map((): JudgedMap[] => []);
  const skipped: string[] = [];
  // Forgotten weights are the same for every method.
  const blank = wish.sanity === "whole" ? forgotten(model, layersToForget(model)) : undefined;
  let interrupted: readonly AttributionMethod[] | undefined;
  let finished = 0;
  try {
    for (const [m, method] of wish.methods.entries()) {
      const step = (share: number, detail: string): void => bar.update(m + share, wish.methods.length, `${method}${detail}`);
      const before = now();
      step(0, "");
      try {
        const judged = await judge(model, blank, tasks, method, wish, step);
        judged.forEach((map, i) => void maps[i].push(map));
        bar.finish(`${method}: ${showDuration((now() - before) / 1000)}`);
      } catch (error) {
        if (!wish.tolerant || !(error instanceof ArgumentError)) throw error;
        skipped.push(`${method} is left out: ${error.message}`);
      }
      finished = m + 1;
    }
  } catch (error) {
    if (!wish.signal.aborted) throw error;
    // What is finished is kept; with nothing finished there is nothing to keep.
    if (maps.every((own) => own.length === 0)) {
      bar.finish("stopped; no method was finished, so nothing is written");
      throw error;
    }
    interrupted = wish.methods.slice(finished);
  }
  return {
    pictures: pictures.map(({ name, image }, i) => ({ name, image, classes: predictions[i].slice(0, 5), maps: maps[i] })),
    skipped,
    interrupted,
  };
}

/** What to say at the end of a run that was stopped. */
export function stoppedWords(missing: readonly AttributionMethod[], out: string): string {
  return `stopped; what was finished is in ${out}. Not finished: ${missing.join(", ")}\n`;
}

type Ranked = readonly (ExplainedPicture["classes"][number] & { readonly index: number })[];

/** Per picture the classes, most probable first; nothing for nets that are no classifiers. */
async function classesOf(model: Model, pictures: readonly NamedPicture[], { machine }: AttributionWish): Promise<Ranked[]> {
  if (model.trace({ batch: 1 }).output.rank !== 2) return pictures.map(() => []);
  const { probabilities } = await predict(
    model,
    pictures.map(({ image }) => image),
    machine,
  );
  return pictures.map((_, i) =>
    Array.from(probabilities.entry(i).data, (probability, index) => ({
      index,
      name: model.classes?.[index] ?? String(index),
      probability,
    })).sort((a, b) => b.probability - a.probability || a.index - b.index),
  );
}

async function judge(
  model: Model,
  blank: Model | undefined,
  tasks: readonly AttributionTask[],
  method: AttributionMethod,
  wish: AttributionWish,
  step: (share: number, detail: string) => void,
): Promise<JudgedMap[]> {
  const { at, seed, machine, signal, sets, trust, sanity } = wish;
  const options = { method, seed, ...settingsFor(sets, method, tasks[0].image), ...(at !== undefined && { at }), ...machine, signal };
  // Maps take one share of the bar; each way of judging them another.
  const parts = 1 + (trust === undefined ? 0 : 1) + (sanity === undefined ? 0 : 1);
  const part =
    (k: number, detail: string) =>
    ({ done, total }: { readonly done: number; readonly total: number }): void =>
      step((k + done / total) / parts, detail);
  const before = now();
  const attributions = await attributeEach(model, tasks, { ...options, onProgress: part(0, "") });
  const seconds = (now() - before) / 1000 / tasks.length;
  const unread = blank && (await attributeEach(blank, tasks, options));
  const judged: JudgedMap[] = [];
  for (const [i, attribution] of attributions.entries()) {
    signal.throwIfAborted();
    const { image, target } = tasks[i];
    const settled = { ...target, ...machine, signal };
    part(1, ", deletion and insertion")({ done: i, total: tasks.length });
    const curves =
      trust === undefined
        ? undefined
        : await faithfulness(model, image, attribution.map, { ...settled, ...(trust !== "row" && { step: trust }) });
    const strip =
      sanity === "strip"
        ? await sanityCheck(model, image, {
            ...options,
            ...target,
            onProgress: ({ done, total }) => part(parts - 1, ", forgetting weights")({ done: i + done / total, total: tasks.length }),
          } as Parameters<typeof sanityCheck>[2])
        : undefined;
    judged.push({
      attribution,
      seconds,
      ...(curves && { faithfulness: curves }),
      ...(strip && { sanity: strip }),
      ...(unread && { forgotten: { spearmanAbsolute: similarity(attribution, unread[i]) } }),
    });
  }
  return judged;
}

const similarity = (a: Attribution, b: Attribution): number | undefined => compareMaps(a.map, b.map).spearmanAbsolute;
