// What the worker computes for this room: whole pictures through a kernel.
import { mean, report } from "fovea";
import { type ActivationLayerStudy, studyActivations } from "fovea/lens";
import type { TaskContext } from "../../engine/context.ts";
import { inputOf } from "../../engine/look.ts";
import type { NetRef } from "../../engine/nets.ts";
import { type Numbers, toNumbers, toTensor } from "../../engine/tensors.ts";

export interface Response {
  readonly values: Numbers;
  /** Raw values of the darkest and the lightest colour. */
  readonly shown: { readonly low: number; readonly high: number };
  /** The least and the greatest value. */
  readonly range: { readonly low: number; readonly high: number };
  readonly meanSize: number;
}

export interface FilterInput {
  readonly picture: Numbers;
  /** What the kernel is called in files. */
  readonly name: string;
  readonly matrix: readonly (readonly number[])[];
  readonly signed: boolean;
  readonly flip: boolean;
}

/** Words cannot cross to the worker as functions: "{low}" and "{high}" stand for the numbers. */
export type FilterWords = { readonly [K in keyof report.FilterFigureWords]: string };

function filtered({ picture, name, matrix, signed, flip }: FilterInput): report.FilteredPicture {
  const given = toTensor(picture);
  const seen = signed && given.shape[0] > 1 ? mean(given, { axes: [0], keepDims: true }) : given;
  return report.filterPicture(seen, { name, description: "", matrix, signed }, { flipKernel: flip });
}

/** What a net's activation functions meet on some pictures, and what it says to each. */
export interface StudiedNet {
  readonly layers: readonly ActivationLayerStudy[];
  /** [pictures][classes]; empty for nets that are no classifiers. */
  readonly probabilities: readonly (readonly number[])[];
}

export const tasks = {
  /** The net as it is, and with `swap` in the place of its activation functions. */
  async activations(
    {
      net,
      pictures,
      swap,
      slope,
    }: { readonly net: NetRef; readonly pictures: readonly Numbers[]; readonly swap?: report.CurveName; readonly slope: number },
    { open, signal }: TaskContext,
  ): Promise<{ readonly own: StudiedNet; readonly swapped: StudiedNet | undefined }> {
    const model = await open(net);
    const inputs = pictures.map((pixels) => inputOf(model, pixels));
    const study = async (given: { readonly swap?: report.CurveName }): Promise<StudiedNet> => {
      const { layers, probabilities } = await studyActivations(model, inputs, { ...given, negativeSlope: slope, signal });
      return { layers, probabilities: probabilities.map(({ data }) => Array.from(data)) };
    };
    return { own: await study({}), swapped: swap && (await study({ swap })) };
  },

  /** A picture, pixels 0..1, through one kernel: every channel, or for a signed answer its brightness, because colours have no neutral middle. */
  filter(input: FilterInput): Response {
    const { response, shown, range, meanSize } = filtered(input);
    return { values: toNumbers(response), shown: { ...shown }, range: { ...range }, meanSize };
  },

  /** The same as a file: picture, kernel and response in one SVG. */
  filterSvg({ words, ...input }: FilterInput & { readonly words: FilterWords }): string {
    const { range, ...rest } = words;
    const said = { ...rest, range: (low: string, high: string) => range.replace("{low}", low).replace("{high}", high) };
    return report.filterFigure(toTensor(input.picture), filtered(input), { words: said });
  },

  /** And moving: the response grows row by row. */
  filterGif(input: FilterInput, { signal }: TaskContext): Promise<Uint8Array> {
    return report.filterGif(toTensor(input.picture), filtered(input), { signal });
  },
};
