// The chapters of docs/ that are for readers of the lab, in the order in which they are best read. The build reads this list, too.

const shelves = {
  convolution: ["arithmetic", "receptive-fields", "three-ideas", "pooling", "activations", "learning", "variants", "convolution-pictures"],
  inside: ["attribution", "maximisation", "seeing-inside", "captions"],
  use: ["lab", "command-line", "weights", "onnx", "exporting"],
} as const;
export const chapterNames = [...shelves.convolution, ...shelves.inside, ...shelves.use] as const;
export type ChapterName = (typeof chapterNames)[number];
/** The same by subject. */
export const chapterShelves: Readonly<Record<keyof typeof shelves, readonly ChapterName[]>> = shelves;
