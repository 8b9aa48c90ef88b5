// Which pixels mattered: one question, many methods (`attribution/`), one answer: a raw signed map with everything that is needed to read,
// repeat and distrust it.
import { expectModel, type Model } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { expectList, expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AttributionMethod, methods } from "./attribution/index.ts";
import { type AttributionTask, type Finding, type Method, type MethodSettings, methodSettingNames } from "./attribution/method.ts";
import { settlerFor } from "./attribution/settle.ts";
import { onePicture } from "./batch.ts";
import { rangeOfValues } from "./range.ts";
import type { Attribution } from "./records.ts";
import { stageOfEnd } from "./stage.ts";
import { describe, plainTarget, type Target, targetNames } from "./target.ts";

export type { AttributionMethod } from "./attribution/index.ts";
export type { AttributionTask } from "./attribution/method.ts";

export const attributionMethods: readonly AttributionMethod[] = methods.map(({ name }) => name);

export interface MethodOptions extends MethodSettings {
  readonly method: AttributionMethod;
}

export type AttributeOptions = MethodOptions & Target;

const methodOptionNames: readonly (keyof MethodOptions)[] = [...methodSettingNames, "method"];

/** What a method is called, where it comes from, and how to read its maps. Throws `ArgumentError` that lists the methods. */
export function attributionMethod(name: AttributionMethod): Omit<Method<AttributionMethod>, "attribute"> {
  return methodOf(name);
}

/**
 * How much each number of `image` [C, H, W] (as the net sees it; another size than its own where the layers allow it) contributed to a target. A target in a layer without a position means
 * the channel's strongest position on this picture. The class score is the logit, never the probability, unless a method says so.
 */
export async function attribute(model: Model, image: Tensor, options: AttributeOptions): Promise<Attribution> {
  expectModel("attribute", model);
  expectTensor("attribute", "the picture", image);
  checkOptions("attribute", options, [...methodOptionNames, ...targetNames]);
  const [result] = await attributeAll(model, [{ image, target: options }], options);
  return result;
}

/** Many pictures, each with its own target in the same layer (or all of classes), in one compiled program. */
export async function attributeEach(model: Model, tasks: readonly AttributionTask[], options: MethodOptions): Promise<Attribution[]> {
  expectModel("attributeEach", model);
  expectList("attributeEach", "the tasks", tasks, "{ image, target }");
  for (const { image } of tasks) expectTensor("attributeEach", "a picture", image);
  checkOptions("attributeEach", options, methodOptionNames);
  for (const { target } of tasks) checkOptions("attributeEach: target", target, targetNames);
  return attributeAll(model, tasks, options);
}

async function attributeAll(model: Model, tasks: readonly AttributionTask[], options: MethodOptions): Promise<Attribution[]> {
  const method = methodOf(options.method);
  if (tasks.length === 0) return [];
  if (tasks.some((t) => t.target.layer !== tasks[0].target.layer)) {
    throw new ArgumentError("attributeEach: the targets lie in different layers; call it once per layer");
  }
  const findings = await method.attribute(model, tasks, options);
  const records: Attribution[] = [];
  for (const [i, finding] of findings.entries()) {
    const record = recordOf(model, tasks[i].target, method, finding, options);
    const stage = await whereItEnds(model, tasks[i], method, finding, options);
    records.push(stage === undefined ? record : { ...record, warnings: [...record.warnings, stage] });
  }
  return records;
}

/** For an empty map, the stage of the net at which the target's gradient ends. */
async function whereItEnds(
  model: Model,
  { image, target }: AttributionTask,
  { name, rule = "gradient" }: Method<AttributionMethod>,
  { map, position }: Finding,
  options: MethodOptions,
): Promise<string | undefined> {
  if (name === "edges" || !map.data.every((v) => v === 0)) return undefined;
  const { onProgress: _, ...run } = options;
  const settler = settlerFor(model, target, onePicture(image).shape, run);
  try {
    const { mask } = await settler.settle({ image: onePicture(image), target: { ...target, ...(position && { position }) } });
    return await stageOfEnd(model, { image, target, mask, rule }, run);
  } finally {
    settler.release();
  }
}

function methodOf(name: AttributionMethod): Method<AttributionMethod> {
  const found = methods.find((method) => method.name === name);
  if (found !== undefined) return found;
  throw new ArgumentError(`attribute: method is "${String(name)}"; expected one of ${attributionMethods.join(", ")}`);
}

function recordOf(model: Model, target: Target, method: Method, finding: Finding, options: MethodOptions): Attribution {
  const { map, score, position, signed, layerMap, figures = {}, settings, warnings = [] } = finding;
  const { device = "auto", threads, dtype = "float32", seed = 0 } = options;
  return {
    map,
    ...(signed && { signed }),
    ...(layerMap && { layerMap }),
    method: method.name,
    target: describe(model, target, position),
    score,
    range: rangeOfValues(map.data),
    figures,
    seed: method.random === true ? seed : undefined,
    options: {
      ...plainTarget(target),
      ...settings,
      ...(method.random === true && { seed }),
      device,
      ...(threads !== undefined && { threads }),
      dtype,
    },
    warnings,
  };
}
