// What the worker computes for this room: whole pictures through a kernel.
import { report } from "fovea";
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
  /** Every channel of a picture, pixels 0..1, through one kernel. */
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
    const { response, shown, range, meanSize } = report.filterPicture(toTensor(picture), filter, { flipKernel: flip });
    return { values: toNumbers(response), shown: { ...shown }, range: { ...range }, meanSize };
  },
};
