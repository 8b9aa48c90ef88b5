// The receptive field of a path of layers, explained: the three sums with their numbers, and how they grow layer by layer.
// Formulas: Araujo, Norris & Sim, "Computing receptive fields of convolutional neural networks", Distill 2019.
import { type Explained, explain } from "./explained.ts";
import { centreOfAxis, type FieldAxis, pathField } from "./receptive-field.ts";
import { dilatedKernel } from "./sizes.ts";

const cites = ["Araujo, Norris & Sim, Computing receptive fields of convolutional neural networks, Distill 2019"];

export interface FieldLayer {
  /** Default "layer 1", "layer 2", ... */
  readonly name?: string;
  readonly kernel: number;
  readonly stride?: number;
  /** Positions in front. */
  readonly padding?: number;
  readonly dilation?: number;
}

export interface ExplainedField {
  /** R = 1 + Σ (k_l - 1)·s_1…s_(l-1). */
  readonly size: Explained;
  /** S = s_1·s_2…, the distance between the fields of neighbours. */
  readonly stride: Explained;
  /** P = Σ p_l·s_1…s_(l-1), how far the first field reaches out of the input. */
  readonly padding: Explained;
  /** Centre of position y: x = -P + y·S + (R - 1)/2; given for y = 0. */
  readonly centre: Explained;
  /** The field behind each layer, so that its growth shows. */
  readonly layers: readonly (FieldAxis & { readonly name: string })[];
}

/** One axis of a path of layers, the first one nearest to the input. A dilated kernel counts as k̂ = d(k - 1) + 1. */
export function explainField(path: readonly FieldLayer[]): ExplainedField {
  const extents = path.map(({ kernel, dilation = 1 }) => dilatedKernel(kernel, dilation));
  const strides = path.map(({ stride = 1 }) => stride);
  const paddings = path.map(({ padding = 0 }) => padding);
  // The sums have one term per layer, so they are written out in indexed letters: k1, k2, ... s1, s2, ...
  const before = (l: number): string =>
    strides
      .slice(0, l)
      .map((_, i) => `·s${i + 1}`)
      .join("");
  const letters = Object.fromEntries([
    ...extents.map((k, l) => [`k${l + 1}`, k]),
    ...strides.map((s, l) => [`s${l + 1}`, s]),
    ...paddings.map((p, l) => [`p${l + 1}`, p]),
  ]) as Record<string, number>;
  const sum = (term: (l: number) => string): string => path.map((_, l) => `${term(l)}${before(l)}`).join(" + ");
  const size = explain("R", path.length === 0 ? "1" : `1 + ${sum((l) => `(k${l + 1} - 1)`)}`, letters, { cites });
  const stride = explain("S", path.length === 0 ? "1" : strides.map((_, l) => `s${l + 1}`).join("·"), letters, { cites });
  const padding = explain("P", path.length === 0 ? "0" : sum((l) => `p${l + 1}`), letters, { cites });
  const known = { R: size.value, S: stride.value, P: padding.value, y: 0 };
  return {
    size,
    stride,
    padding,
    centre: explain("x", "-P + y·S + (R - 1) / 2", known, { cites }),
    layers: path.map(({ name = "" }, l) => ({ name: name === "" ? `layer ${l + 1}` : name, ...pathField(path.slice(0, l + 1)) })),
  };
}

/** Where the field of position y lies: first and last input position and their centre, explained. They may lie outside the input. */
export function explainBox(
  field: FieldAxis,
  y: number,
): { readonly first: Explained; readonly last: Explained; readonly centre: Explained } {
  const known = { R: field.size, S: field.stride, P: field.padding, y };
  const first = explain("first", "-P + y·S", known, { cites });
  const last = explain("last", "first + R - 1", { ...known, first: first.value }, { cites });
  const centre = explain("x", "-P + y·S + (R - 1) / 2", known, {
    cites,
    note: Number.isInteger(centreOfAxis(field, y)) ? undefined : "between two positions: the field is of even size",
  });
  return { first, last, centre };
}
