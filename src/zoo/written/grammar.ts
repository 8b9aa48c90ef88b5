// Nets as text: "conv(8 3 pad=1) relu maxpool(2) flatten linear(out)". Short enough for an address bar and a command line, and read back
// exactly. This file knows the grammar alone; what the words mean is the vocabulary's.
import { ModelFormatError } from "../../tensor/errors.ts";

/** One layer as written. Options are as given, unchecked; `parts` are the sequences of a composite layer, one per branch. */
export interface WrittenLayer {
  readonly kind: string;
  /** Numbers and words without a name, in order. */
  readonly given: readonly (number | string)[];
  readonly named: Readonly<Record<string, number | string>>;
  readonly parts?: readonly (readonly WrittenLayer[])[];
}

/** Text longer than this is no net that somebody wrote. */
const mostCharacters = 20_000;
const mostNested = 16;

interface Token {
  readonly text: string;
  readonly at: number;
}

/**
 * net = { layer }; layer = word [ "(" { value | word "=" value } ")" ] for simple layers, word "(" net { "|" net } ")" for those in `composite`.
 * Throws `ModelFormatError` with the place where reading stopped.
 */
export function parseNet(text: string, composite: ReadonlySet<string>): WrittenLayer[] {
  if (typeof text !== "string") throw new ModelFormatError("a net is written as text, such as conv(8 3) relu flatten linear(out)");
  if (text.length > mostCharacters) throw new ModelFormatError(`the net has ${text.length} characters; at most ${mostCharacters} are read`);
  const tokens = tokensOf(text);
  let position = 0;
  const peek = (): Token | undefined => tokens[position];
  const fail = (expected: string): never => {
    const found = peek();
    throw new ModelFormatError(
      `net, character ${(found?.at ?? text.length) + 1}: ${found === undefined ? "the text ends" : `"${found.text}"`}; expected ${expected}`,
      { reason: { kind: "net syntax", at: (found?.at ?? text.length) + 1, found: found?.text ?? "" } },
    );
  };
  const take = (sign: string): void => {
    if (peek()?.text !== sign) fail(`"${sign}"`);
    position++;
  };

  const sequence = (depth: number): WrittenLayer[] => {
    if (depth > mostNested) fail(`at most ${mostNested} layers inside each other`);
    const layers: WrittenLayer[] = [];
    while (peek() !== undefined && peek()?.text !== ")" && peek()?.text !== "|") layers.push(layer(depth));
    return layers;
  };
  const layer = (depth: number): WrittenLayer => {
    const { text: kind } = peek()!;
    if (!/^[a-z]/i.test(kind)) fail("the name of a layer");
    position++;
    if (peek()?.text !== "(") return composite.has(kind) ? fail(`"(" and what ${kind} holds`) : { kind, given: [], named: {} };
    position++;
    const made = composite.has(kind) ? { kind, given: [], named: {}, parts: parts(depth) } : { kind, ...options() };
    take(")");
    return made;
  };
  const parts = (depth: number): WrittenLayer[][] => {
    const branches = [sequence(depth + 1)];
    while (peek()?.text === "|") {
      position++;
      branches.push(sequence(depth + 1));
    }
    return branches;
  };
  const options = (): Pick<WrittenLayer, "given" | "named"> => {
    const given: (number | string)[] = [];
    const named: Record<string, number | string> = {};
    while (peek() !== undefined && !")(|=".includes(peek()!.text)) {
      const word = tokens[position++].text;
      if (peek()?.text !== "=") {
        given.push(readValue(word));
        continue;
      }
      position++;
      if (peek() === undefined || ")(|=".includes(peek()!.text)) fail(`a value of ${word}`);
      if (Object.hasOwn(named, word))
        throw new ModelFormatError(`net, character ${tokens[position].at + 1}: ${word} is given twice`, {
          reason: { kind: "net syntax", at: tokens[position].at + 1, found: word },
        });
      named[word] = readValue(tokens[position++].text);
    }
    return { given, named };
  };

  const net = sequence(0);
  if (peek() !== undefined) fail("a layer, or the end");
  return net;
}

function tokensOf(text: string): Token[] {
  const tokens = [...text.matchAll(/[()|=]|[^\s,()|=]+/g)].map((match) => ({ text: match[0], at: match.index }));
  const strange = tokens.find(({ text: t }) => !/^([()|=]|[A-Za-z][A-Za-z0-9]*|-?\d+(\.\d+)?(e-?\d+)?)$/.test(t));
  if (strange !== undefined)
    throw new ModelFormatError(`net, character ${strange.at + 1}: "${strange.text}" is neither a word nor a number`, {
      reason: { kind: "net syntax", at: strange.at + 1, found: strange.text },
    });
  return tokens;
}

function readValue(text: string): number | string {
  return /^-?\d/.test(text) ? Number(text) : text;
}

/** The text that `parseNet` reads back to the same layers. */
export function showNet(layers: readonly WrittenLayer[]): string {
  return layers.map(showLayer).join(" ");
}

function showLayer({ kind, given, named, parts }: WrittenLayer): string {
  if (parts !== undefined) return `${kind}(${parts.map(showNet).join(" | ")})`;
  const options = [...given.map(String), ...Object.entries(named).map(([name, value]) => `${name}=${value}`)];
  return options.length === 0 ? kind : `${kind}(${options.join(" ")})`;
}
