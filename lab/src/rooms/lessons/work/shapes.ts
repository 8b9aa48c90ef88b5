// Pictures for the lessons that look into the net that knows shapes: new ones of the kind it was trained on.
import type { Dataset, Model } from "fovea";
import { synthetic, unnormalise } from "fovea/data";
import type { Tensor } from "fovea/tensor";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";

let kept: { readonly count: number; readonly made: Promise<Dataset> } | undefined;

/** Test pictures, normalised as the net was trained. */
export function shapesFor({ inputShape: [channels, size] }: Model, count: number): Promise<Dataset> {
  if (kept?.count !== count) {
    const made = synthetic({ train: 1, test: count, size, channels: channels === 1 ? 1 : 3, noise: 0.03 });
    kept = { count, made: made.then(({ test }) => test) };
  }
  return kept.made;
}

/** One picture as a data set, so that it can be asked about like any other. */
export function only(picture: Tensor, like: Dataset): Dataset {
  const label = (): number => 0;
  return {
    ...{ name: "one", size: 1, imageShape: picture.shape, classes: like.classes, normalisation: like.normalisation },
    ...{ image: () => picture, label },
    batch: (indices) => {
      const { y } = like.batch(Array.from(indices, label));
      return { x: picture.reshape([1, ...picture.shape]), y };
    },
  };
}

/** What the net sees as pixels 0..1 again. */
export function pixelsOf({ preprocessing }: Model, image: Tensor): Numbers {
  return toNumbers(preprocessing === undefined ? image : unnormalise(image, preprocessing));
}
