// Formulas as texts that can be evaluated: what is printed in letters is what is computed, so an explanation cannot disagree with its
// value. The notation is the guide's: implied products as in 2p, (k - 1)(d - 1) and s(i' - 1); floor, ceil, max and min; mod.
import { ArgumentError } from "../tensor/errors.ts";

/** Numbers for a formula's letters. */
export type Letters = Readonly<Record<string, number>>;

interface Token {
  readonly kind: "number" | "name" | "function" | "symbol" | "end";
  readonly text: string;
  /** The blank before it, kept so that the text with numbers looks like the one with letters. */
  readonly space: string;
  /** A product that the text leaves to the reader. */
  readonly implied?: boolean;
}

const functions: Readonly<Record<string, (...numbers: number[]) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  max: Math.max,
  min: Math.min,
};

const tokenPattern = /(\s*)(?:(\d+(?:\.\d+)?)|([\p{L}_][\p{L}\p{M}\p{N}_]*'*)|([-+·/(),]))/uy;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const from = tokenPattern.lastIndex;
    const found = tokenPattern.exec(text);
    if (found === null) throw new ArgumentError(`formula "${text}": cannot read "${text.slice(from)}"`);
    const [, space, number, word, symbol] = found;
    const kind =
      number !== undefined
        ? "number"
        : symbol !== undefined || word === "mod"
          ? "symbol"
          : Object.hasOwn(functions, word)
            ? "function"
            : "name";
    const before = tokens.at(-1);
    const starts = kind === "number" || kind === "name" || kind === "function" || symbol === "(";
    if (starts && (before?.kind === "number" || before?.kind === "name" || before?.text === ")")) {
      tokens.push({ kind: "symbol", text: "·", space: "", implied: true });
    }
    tokens.push({ kind, text: number ?? word ?? symbol, space });
  }
  return [...tokens, { kind: "end", text: "the end", space: "" }];
}

function numberOf(name: string, letters: Letters, text: string): number {
  if (!Object.hasOwn(letters, name)) {
    throw new ArgumentError(`formula "${text}": ${name} has no value; given are ${Object.keys(letters).join(", ") || "none"}`);
  }
  return letters[name];
}

const products: Readonly<Record<string, (a: number, b: number) => number>> = {
  "·": (a, b) => a * b,
  "/": (a, b) => a / b,
  // Never negative, as in the guide: -1 mod 3 = 2.
  mod: (a, b) => ((a % b) + b) % b,
};

/** The value of a formula. Throws `ArgumentError` for texts that are no formula and for letters without a number. */
export function evaluateFormula(text: string, letters: Letters = {}): number {
  const tokens = tokensOf(text);
  let at = 0;
  const expect = (symbol: string): void => {
    if (tokens[at].text !== symbol) throw new ArgumentError(`formula "${text}": expected "${symbol}" before ${tokens[at].text}`);
    at++;
  };
  const atom = (): number => {
    const { kind, text: word } = tokens[at++];
    if (kind === "number") return Number(word);
    if (kind === "name") return numberOf(word, letters, text);
    if (word === "-") return -product();
    if (kind !== "function" && word !== "(") throw new ArgumentError(`formula "${text}": expected a number, a letter or "(", not ${word}`);
    if (kind === "function") expect("(");
    const inner = [sum()];
    while (kind === "function" && tokens[at].text === ",") {
      at++;
      inner.push(sum());
    }
    expect(")");
    return kind === "function" ? functions[word](...inner) : inner[0];
  };
  const product = (): number => {
    let value = atom();
    while (tokens[at].kind === "symbol" && Object.hasOwn(products, tokens[at].text)) value = products[tokens[at++].text](value, atom());
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at].text === "+" || tokens[at].text === "-") value += tokens[at++].text === "+" ? product() : -product();
    return value;
  };
  const value = sum();
  if (tokens[at].kind !== "end") throw new ArgumentError(`formula "${text}": "${tokens[at].text}" is left over`);
  // Adding 0 turns the -0 that rounding may give into 0.
  return value + 0;
}

/** The formula with its numbers put in: "i + 2p" becomes "5 + 2·1". Negative numbers get parentheses. */
export function substituteFormula(text: string, letters: Letters): string {
  const tokens = tokensOf(text).filter((t) => t.kind !== "end");
  return tokens
    .map(({ kind, text: word, space }, i) => {
      if (kind !== "name") return space + word;
      const value = numberOf(word, letters, text);
      const first = i === 0 || tokens[i - 1].text === "(" || tokens[i - 1].text === ",";
      return space + (value < 0 && !first ? `(${value})` : String(value));
    })
    .join("");
}
