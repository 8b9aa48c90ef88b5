// What exactly went wrong, for programs that say it in their own words, in another language for instance. Messages may change, these names and
// numbers do not.

/** The numbers and names of each kind of failure. */
export interface ErrorReasons {
  /** Along one axis the window spans more than the input with its padding. */
  readonly "window does not fit": {
    readonly input: number;
    readonly before: number;
    readonly after: number;
    readonly kernel: number;
    readonly dilation: number;
    /** k + (k - 1)(d - 1). */
    readonly extent: number;
  };
  /** A pooling's padding could hold a whole window. */
  readonly "padding too large": { readonly before: number; readonly after: number; readonly most: number; readonly extent: number };
  /** A transposed convolution's padding crops everything away. */
  readonly "nothing left": { readonly output: number };
  readonly "groups do not divide": { readonly groups: number; readonly inChannels: number; readonly outChannels: number };
  readonly "too large to draw": { readonly size: number; readonly most: number };

  /** A net written as text cannot be read beyond this character, counted from 1; `found` is empty at the end of the text. */
  readonly "net syntax": { readonly at: number; readonly found: string };
  readonly "net without layers": Nothing;
  readonly "no such layer kind": { readonly layer: string; readonly known: readonly string[] };
  readonly "no such layer option": { readonly layer: string; readonly option: string; readonly known: readonly string[] };
  readonly "layer option missing": { readonly layer: string; readonly option: string };
  readonly "too many layer values": { readonly layer: string; readonly given: number; readonly options: readonly string[] };
  /** `words` can be chosen; `least` is the least number, where numbers can. */
  readonly "layer option out of range": {
    readonly layer: string;
    readonly option: string;
    readonly value: number | string;
    readonly least: number | undefined;
    readonly words: readonly string[];
  };
  /** A dense layer reads maps that nobody has flattened. */
  readonly "maps before a dense layer": { readonly layer: string; readonly maps: number; readonly size: readonly number[] };
  readonly "no such layer": { readonly layer: string; readonly known: readonly string[] };

  /** The file's contents are not of the format that was asked for. */
  readonly "not this format": { readonly file: string; readonly format: string };
  /** The file begins as it should, and is damaged or cut off. */
  readonly "damaged file": { readonly file: string; readonly format: string };
  readonly "unpacks to too much": { readonly file: string; readonly limit: number };
  readonly "picture too large": { readonly file: string; readonly width: number; readonly height: number; readonly most: number };
  /** Names that a list of parameters lacks, has too many, or has in another shape. */
  readonly "other parameters": {
    readonly missing: readonly string[];
    readonly unknown: readonly string[];
    readonly misshapen: readonly string[];
  };
  readonly "weights of no net": { readonly file: string };
  readonly "operators not read": { readonly operators: readonly string[] };
  readonly "version not read": { readonly version: number; readonly from: number; readonly to: number };
  readonly "no class names": { readonly file: string };
  readonly "channels of no picture": { readonly shape: readonly number[] };

  readonly "no data set": { readonly file: string };
  readonly "no class of the net": { readonly name: string; readonly classes: readonly string[] };
  /** "NaN" or "infinite" after this step. */
  readonly "loss not finite": { readonly loss: "NaN" | "infinite"; readonly step: number; readonly learningRate: number };
  /** The class activation maps of 2016 need an average over all positions and one dense layer. */
  readonly "no global average": { readonly layer: string };
  readonly "no maps before": { readonly target: string };
  /** A norm takes mean and variance from every cell: what it hands back is not written out cell by cell. */
  readonly "no sum over cells": { readonly layer: string };
}

type Nothing = Readonly<Record<never, never>>;
export type ErrorReasonKind = keyof ErrorReasons;

/** A kind of failure with its numbers and names; plain data. */
export type ErrorReason = { readonly [K in ErrorReasonKind]: { readonly kind: K } & ErrorReasons[K] }[ErrorReasonKind];
