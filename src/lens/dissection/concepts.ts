// Pictures with pixel-exact concepts: what a unit is compared with when one asks what it stands for.
import type { SyntheticDataset } from "../../data/synthetic.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface ConceptSet {
  readonly name: string;
  readonly size: number;
  readonly concepts: readonly string[];
  /** Groups of concepts that exclude each other ("shape", "brightness"), by concept; for the union that published tables restrict. */
  readonly categories: readonly string[];
  /** [C, H, W], as the net sees it. */
  image(i: number): Tensor;
  /** Which pixels of picture `i` show a concept, [H·W] of 0 and 1; undefined where the picture has none of it. */
  mask(i: number, concept: number): Uint8Array | undefined;
}

/** Concepts of the synthetic data set: each figure by its name, the direction of strokes and edges, and what is brighter or darker than its ground. */
export function syntheticConcepts(dataset: SyntheticDataset): ConceptSet {
  const figures = dataset.classes.map((name) => ({ name, category: "figure" }));
  const directions = ["horizontal", "rising", "vertical", "falling"].map((name) => ({ name: `${name} line`, category: "direction" }));
  const tones = ["brighter than its ground", "darker than its ground"].map((name) => ({ name, category: "tone" }));
  const all = [...figures, ...directions, ...tones];
  const toneOf = (colour: readonly number[]): number => colour.reduce((a, b) => a + b, 0);
  const shows = (i: number, concept: number): boolean => {
    const { className, label, orientation, figure, background } = dataset.groundTruth(i);
    if (concept < figures.length) return concept === label;
    const rest = concept - figures.length;
    if (rest < directions.length) {
      const isLine = /stroke|edge/.test(className);
      return isLine && Math.round((((orientation % 180) + 180) % 180) / 45) % 4 === rest;
    }
    return toneOf(figure) > toneOf(background) === (rest === directions.length);
  };
  return {
    name: dataset.name,
    size: dataset.size,
    concepts: all.map(({ name }) => name),
    categories: all.map(({ category }) => category),
    image: (i) => dataset.image(i),
    mask(i, concept) {
      if (!(concept >= 0 && concept < all.length)) throw new ArgumentError(`${dataset.name}: there is no concept ${concept}`);
      if (!shows(i, concept)) return undefined;
      const { mask } = dataset.groundTruth(i);
      return mask.data as Uint8Array;
    },
  };
}
