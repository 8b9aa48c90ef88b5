// The little language of captions: "red square left of circle". Small enough that every sentence can be checked against its picture, so a net
// that speaks it is marked by what is true and not by what is likely.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { expectList, expectTensor, expectText } from "../tensor/expect.ts";
import { showGiven } from "../tensor/options.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export const captionColours = ["red", "green", "blue", "yellow"] as const;
export const captionShapes = ["circle", "square", "triangle", "cross"] as const;
export const captionRelations = ["left of", "right of", "above", "below"] as const;
export type CaptionColour = (typeof captionColours)[number];
export type CaptionShape = (typeof captionShapes)[number];
export type CaptionRelation = (typeof captionRelations)[number];

/** caption = colour shape relation shape. */
export interface Caption {
  readonly colour: CaptionColour;
  readonly shape: CaptionShape;
  readonly relation: CaptionRelation;
  /** The shape that the first one is left of, right of, above or below. */
  readonly other: CaptionShape;
}

/** Every word by its number. Number 0 is the end of a caption, and fills up what follows. */
export const captionVocabulary: readonly string[] = [
  "",
  ...new Set([...captionColours, ...captionShapes, ...captionRelations.flatMap((relation) => relation.split(" "))]),
];

/** Words of the longest caption and its end. */
export const captionLength = 6;

export const showCaption = ({ colour, shape, relation, other }: Caption): string => `${colour} ${shape} ${relation} ${other}`;

/** The caption that a text is; undefined when it is none of the language. */
export function parseCaption(text: string): Caption | undefined {
  // An empty text is one that a net may well say.
  if (typeof text !== "string") throw new ArgumentError(`parseCaption: the text is ${showGiven(text)}; expected a string`);
  const match = /^(\w+) (\w+) (left of|right of|above|below) (\w+)$/.exec(text);
  if (match === null) return undefined;
  const colour = captionColours.find((word) => word === match[1]);
  const shape = captionShapes.find((word) => word === match[2]);
  const relation = captionRelations.find((words) => words === match[3]);
  const other = captionShapes.find((word) => word === match[4]);
  return colour && shape && relation && other && { colour, shape, relation, other };
}

/** int32 [n, captionLength]: the numbers of the words of n texts. Throws `ArgumentError` for words that are not in the vocabulary and longer texts. */
export function encodeCaptions(texts: readonly string[]): Tensor {
  expectList("encodeCaptions", "texts", texts, "texts");
  const numbers = new Int32Array(texts.length * captionLength);
  texts.forEach((text, n) => {
    expectText("encodeCaptions", "a caption", text);
    const words = text.split(" ");
    if (words.length >= captionLength)
      throw new ArgumentError(`encodeCaptions: "${text}" has ${words.length} words; a caption has at most ${captionLength - 1}`);
    words.forEach((word, t) => {
      const number = captionVocabulary.indexOf(word);
      if (number < 1)
        throw new ArgumentError(`encodeCaptions: "${word}" in "${text}" is not one of ${captionVocabulary.slice(1).join(", ")}`);
      numbers[n * captionLength + t] = number;
    });
  });
  return new Tensor(numbers, [texts.length, captionLength]);
}

/** The texts of word numbers [n, words], each up to its end. */
export function decodeCaptions(words: Tensor): string[] {
  expectTensor("decodeCaptions", "the words", words);
  if (words.rank !== 2) throw new ShapeError(`decodeCaptions: the words are ${showShape(words.shape)}; expected [captions, places]`);
  const [count, length] = words.shape;
  return Array.from({ length: count }, (_, n) => {
    const numbers = [...words.data.subarray(n * length, (n + 1) * length)];
    const end = numbers.indexOf(0);
    return numbers
      .slice(0, end < 0 ? length : end)
      .map((number) => captionVocabulary[number])
      .join(" ");
  });
}
