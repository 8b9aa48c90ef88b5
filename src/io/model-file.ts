// A trained model as one file: safetensors, readable by everybody, whose metadata say which net of the zoo the numbers belong to.
import { createModel, expectModel, type Model, type Preprocessing } from "../nn/model.ts";
import { ArgumentError, FoveaError, ModelFormatError } from "../tensor/errors.ts";
import { architecture } from "../zoo/registry.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";

/** What the file says beside the numbers. */
interface Description {
  readonly architecture: string;
  readonly inputShape: readonly number[];
  readonly outputs: number;
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

const key = "fovea";

/** The model as bytes. `name` is the zoo's name of its net, so that `readModel` can build it again. Same model, same bytes. */
export function writeModel(model: Model, name: string): Uint8Array {
  expectModel("writeModel", model);
  architecture(name);
  const description: Description = {
    architecture: name,
    inputShape: model.inputShape,
    outputs: model.trace().output.shape[1],
    ...(model.classes && { classes: model.classes }),
    ...(model.preprocessing && { preprocessing: model.preprocessing }),
  };
  return writeSafetensors(model.state(), { metadata: { format: "pt", [key]: JSON.stringify(description) } });
}

/** The inverse of `writeModel`. Throws `ModelFormatError` when the bytes are damaged, or are not a fovea model. */
export function readModel(bytes: Uint8Array, fileName = "model"): { readonly model: Model; readonly architecture: string } {
  const { tensors, metadata } = readSafetensors(bytes, { name: fileName });
  const described = metadata[key];
  if (described === undefined) {
    throw new ModelFormatError(
      `${fileName}: these are tensors, but not which net they belong to; build the net and give them to createModel`,
      { reason: { kind: "weights of no net", file: fileName } },
    );
  }
  try {
    const { architecture: name, inputShape, outputs, classes, preprocessing } = checkDescription(JSON.parse(described));
    const model = createModel(architecture(name).build(inputShape, outputs), inputShape, {
      parameters: tensors,
      ...(classes && { classes }),
      ...(preprocessing && { preprocessing }),
    });
    return { model, architecture: name };
  } catch (cause) {
    const told = cause instanceof FoveaError || cause instanceof SyntaxError ? cause.message : String(cause);
    const reason = cause instanceof FoveaError ? cause.reason : undefined;
    throw new ModelFormatError(`${fileName}: ${told}`, {
      cause,
      reason: reason ?? { kind: "damaged file", file: fileName, format: "fovea" },
    });
  }
}

function checkDescription(given: Partial<Description> | null): Description {
  const { architecture: name, inputShape, outputs, classes } = given ?? {};
  const wholes = (list: unknown): boolean => Array.isArray(list) && list.every((n) => Number.isInteger(n) && n >= 1 && n <= 65536);
  if (typeof name !== "string") throw new ArgumentError("its description does not name an architecture");
  if (!wholes(inputShape) || !wholes([outputs])) throw new ArgumentError("its description has no sensible inputShape and outputs");
  if (classes !== undefined && !(Array.isArray(classes) && classes.length === outputs)) {
    throw new ArgumentError(`its description names ${Array.isArray(classes) ? classes.length : "no"} classes for ${outputs} outputs`);
  }
  return given as Description;
}
