// Tours: texts that lead through the live rooms. One file per tour (tours/NAME.tour), in both languages; the build reads them with
// this, and fails where one says what cannot be.
//
//   title en: A convolution by hand          The head: title and about, each in both languages.
//   about en: ...
//
//   step                                     Then the steps. All but the last wait for something.
//   room: convolve                           Where it happens (default: where the step before did).
//   set: stride=1,1 pads=0,0,0,0             Settings that the step begins with, written as in the address.
//   mark: stride                             The names of the controls to act on; they are the names that links hide.
//   until: stride = 2,2 and @step >= 100     When it is done: settings, "room", and with @ what the room tells (state/told).
//   en: Drag the stride to 2.
//   zh: ...

export const tourNames = ["first", "convolve", "network", "train", "neurons", "open"] as const;
export type TourName = (typeof tourNames)[number];

/** Rooms that tours lead to; the same names as the lab's. */
const rooms = ["start", "convolve", "network", "train", "neurons", "open"] as const;
export type TourRoom = (typeof rooms)[number];
type Both = { readonly en: string; readonly zh: string };

const signs = ["=", "!=", ">=", "<=", ">", "<"] as const;

/** `name`: a setting, "room", or "@fact". All but = and != compare numbers. */
export interface Condition {
  readonly name: string;
  readonly sign: (typeof signs)[number];
  readonly value: string;
}

export interface TourStep {
  readonly room: TourRoom;
  readonly set: Readonly<Record<string, string>>;
  readonly mark: readonly string[];
  /** All must hold; empty for the last step alone. */
  readonly until: readonly Condition[];
  readonly says: Both;
}

export interface Tour {
  readonly title: Both;
  readonly about: Both;
  readonly steps: readonly TourStep[];
}

/** Reads a tour. Throws an Error that names the line where the text makes no sense. */
export function parseTour(text: string, name: string): Tour {
  const fail = (line: number, what: string): never => {
    throw new Error(`${name}, line ${line + 1}: ${what}`);
  };
  const head = new Map<string, string>();
  const blocks: { readonly from: number; readonly entries: Map<string, string> }[] = [];
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line === "step") {
      blocks.push({ from: at, entries: new Map() });
      continue;
    }
    const found = /^(title en|title zh|about en|about zh|room|set|mark|until|en|zh):\s*(.+)$/.exec(line);
    const block = blocks.at(-1)?.entries ?? head;
    if (found === null) fail(at, `"${line}" is neither "step" nor "key: text" with a key that tours have`);
    const [, key, value] = found as RegExpExecArray;
    if ((block === head) !== /^(title|about)/.test(key))
      fail(at, `${key} belongs ${block === head ? "into a step" : "in front of the steps"}`);
    if (block.has(key)) fail(at, `${key} is said twice`);
    block.set(key, value);
  }
  const both = (from: ReadonlyMap<string, string>, prefix: string, line: number): Both => {
    const [en, zh] = ["en", "zh"].map((language) => from.get(`${prefix}${language}`));
    return en !== undefined && zh !== undefined ? { en, zh } : fail(line, `${prefix}en or ${prefix}zh is missing`);
  };
  let room: TourRoom = "start";
  const steps = blocks.map(({ from, entries }, n): TourStep => {
    const given = entries.get("room") ?? (n === 0 ? fail(from, "the first step names no room") : room);
    room = rooms.find((one) => one === given) ?? fail(from, `there is no room ${given} for tours, only ${rooms.join(", ")}`);
    const last = n === blocks.length - 1;
    if (entries.has("until") === last)
      fail(from, last ? "the last step has nothing to wait for" : "this step waits for nothing: it needs until");
    const pairs = (entries.get("set") ?? "").split(/\s+/).filter((pair) => pair !== "");
    return {
      room,
      set: Object.fromEntries(
        pairs.map((pair): [string, string] => {
          const cut = pair.indexOf("=");
          return cut > 0 ? [pair.slice(0, cut), pair.slice(cut + 1)] : fail(from, `set: ${pair} is no name=value`);
        }),
      ),
      mark: (entries.get("mark") ?? "").split(/\s+/).filter((mark) => mark !== ""),
      until: (entries.get("until") ?? "")
        .split(/\s+and\s+/)
        .flatMap((one) => (one === "" ? [] : [conditionOf(one, (what) => fail(from, what))])),
      says: both(entries, "", from),
    };
  });
  if (steps.length < 2) fail(0, `a tour has at least 2 steps, not ${steps.length}`);
  return { title: both(head, "title ", 0), about: both(head, "about ", 0), steps };
}

function conditionOf(text: string, fail: (what: string) => never): Condition {
  const [, name, sign, value = ""] = /^(@?\w+)\s+(\S+)(?:\s+(\S+))?$/.exec(text) ?? fail(`until: "${text}" is no "name sign value"`);
  const known = signs.find((one) => one === sign) ?? fail(`until: ${sign} is none of ${signs.join(" ")}`);
  if (known !== "=" && known !== "!=" && (value === "" || !Number.isFinite(Number(value))))
    fail(`until: ${name} ${known} needs a number, not "${value}"`);
  return { name, sign: known, value };
}

/** Whether all conditions hold; what is not known yet holds nothing. */
export function holds(conditions: readonly Condition[], read: (name: string) => string | undefined): boolean {
  return conditions.every(({ name, sign, value }) => {
    const now = read(name);
    if (now === undefined) return false;
    if (sign === "=") return now === value;
    if (sign === "!=") return now !== value;
    const [a, b] = [Number(now), Number(value)];
    return sign === ">=" ? a >= b : sign === "<=" ? a <= b : sign === ">" ? a > b : a < b;
  });
}
