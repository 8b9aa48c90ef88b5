// What the worker computes for this room: whole pictures through a kernel.
import { mean, report } from "fovea";
import { type Numbers, toNumbers, toTensor } from "../../engine/tensors.ts";

export interface Response {
  readonly values: Numbers;
  /** Raw values of the darkest and the lightest colour. */
  readonly shown: { readonly low: number; readonly high: number };
  /** The least and the greatest value. */
  readonly range: { readonly low: number; readonly high: number };
  readonly meanSize: number;
}

export const tasks = {
  /** A picture, pixels 0..1, through one kernel: every channel, or for a signed answer its brightness, because colours have no neutral middle. */
  filter({
    picture,
    matrix,
    signed,
    flip,
  }: {
    readonly picture: Numbers;
    readonly matrix: readonly (readonly number[])[];
    readonly signed: boolean;
    readonly flip: boolean;
  }): Response {
    const filter = { name: "kernel", description: "", matrix, signed };
    const given = toTensor(picture);
    const seen = signed && given.shape[0] > 1 ? mean(given, { axes: [0], keepDims: true }) : given;
    const { response, shown, range, meanSize } = report.filterPicture(seen, filter, { flipKernel: flip });
    return { values: toNumbers(response), shown: { ...shown }, range: { ...range }, meanSize };
  },
};
