// A number that can say where it comes from: the formula in letters, the same with the numbers put in, and what had to be known first.
import { evaluateFormula, type Letters, substituteFormula } from "./formula.ts";

/** Where the formulas of convolution arithmetic come from. Their numbers are `relationship`. */
export const guide = "Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285";

export interface Explained {
  /** What the number is called in the formula: "o". */
  readonly symbol: string;
  readonly value: number;
  /** In letters: "o = floor((i + 2p - k) / s) + 1". */
  readonly formula: string;
  /** With numbers, and the result: "floor((5 + 2·1 - 3) / 2) + 1 = 3"; "≈ 1.801·10^19" where the result is too large to be exact. */
  readonly substituted: string;
  /** Number of the guide's relationship that applies, where one does. */
  readonly relationship?: number;
  /** What the formula's letters needed first: a dilated kernel, a padding found by convention. */
  readonly steps: readonly Explained[];
  /** What the formula does not say: rows left over, a rule that took effect. */
  readonly note?: string;
  readonly cites: readonly string[];
}

export interface ExplainOptions {
  readonly relationship?: number;
  readonly steps?: readonly Explained[];
  readonly note?: string | undefined;
  readonly cites?: readonly string[];
}

/** `symbol` = `right`, evaluated with `letters` and with the values of `steps` under their symbols. */
export function explain(symbol: string, right: string, letters: Letters, options: ExplainOptions = {}): Explained {
  const { relationship, steps = [], note, cites = relationship === undefined ? [] : [guide] } = options;
  const known = { ...letters, ...Object.fromEntries(steps.map((s) => [s.symbol, s.value])) };
  const value = evaluateFormula(right, known);
  const numbers = substituteFormula(right, known);
  return {
    symbol,
    value,
    formula: `${symbol} = ${right}`,
    substituted: numbers === String(value) ? numbers : isExact(value) ? `${numbers} = ${value}` : `${numbers} ≈ ${showLarge(value)}`,
    ...(relationship !== undefined && { relationship }),
    steps,
    ...(note !== undefined && { note }),
    cites,
  };
}

/** Whole numbers above 2^53 have been rounded on the way; printing all their digits would claim what nobody has computed. */
export function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

/** A number that is not exact, to four digits: "1.801·10^19". */
export function showLarge(value: number): string {
  return value.toExponential(3).replace(/e\+?/, "·10^");
}

/** An explanation as lines of text, what had to be known first in front: "o = floor((i + 2p - k) / s) + 1 = floor((5 + 2·1 - 3) / 2) + 1 = 3". */
export function explanationLines(explained: Explained): string[] {
  const { symbol, formula, substituted, relationship, note, steps } = explained;
  const by = relationship === undefined ? "" : `   (relationship ${relationship})`;
  const own = formula === `${symbol} = ${substituted}` ? formula : `${formula} = ${substituted}`;
  const lines = [...steps.flatMap(explanationLines), `${own}${by}`, ...(note === undefined ? [] : [`  ${note}`])];
  // Several steps may need the same dilated kernel.
  return [...new Set(lines)];
}
