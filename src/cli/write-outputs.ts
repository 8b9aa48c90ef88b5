// What a network gave, as .npy files and an index that says which is which: names of values may have slashes, colons and worse in them.
import { joinPath, writeFileAtomically } from "#platform";
import type { Results } from "../graph/program.ts";
import { writeNpy } from "../io/npy.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface WrittenOutput {
  readonly name: string;
  readonly file: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Least and greatest of the numbers that are finite; null where there is none. */
  readonly range: { readonly low: number; readonly high: number } | null;
  /** How many are infinite or not a number. */
  readonly notFinite: number;
}

/** Writes each output, then `index.json`, which is complete or not there at all. */
export async function writeOutputs(folder: string, model: string, results: Results): Promise<readonly WrittenOutput[]> {
  const taken = new Set<string>();
  const outputs: WrittenOutput[] = [];
  for (const [name, tensor] of Object.entries(results)) {
    const file = fileName(name, taken);
    await writeFileAtomically(joinPath(folder, file), writeNpy(tensor));
    outputs.push({ name, file, shape: tensor.shape, dtype: tensor.dtype, ...rangeOf(tensor) });
  }
  await writeFileAtomically(joinPath(folder, "index.json"), `${JSON.stringify({ model, outputs }, null, 2)}\n`);
  return outputs;
}

/** Letters, digits, "_", "-" and "." only, at most 100 of them and `ending`, and different from all others where case is ignored. */
export function fileName(name: string, taken: Set<string>, ending = ".npy"): string {
  const stem =
    name
      .replace(/[^\w.-]+/g, "_")
      .replace(/^[._]+|[._]+$/g, "")
      .slice(0, 100) || "output";
  let free = stem;
  for (let n = 2; taken.has(free.toLowerCase()); n++) free = `${stem}-${n}`;
  taken.add(free.toLowerCase());
  return `${free}${ending}`;
}

function rangeOf({ data }: Tensor): Pick<WrittenOutput, "range" | "notFinite"> {
  let [low, high, notFinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of data) {
    if (!Number.isFinite(value)) notFinite++;
    else {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return { range: low > high ? null : { low, high }, notFinite };
}
