// What timed trials found, kept for later programs: in memory, and in Node in one small file per engine. A choice once made stays made, so that
// the same machine goes on computing the same bits. A file that cannot be read, or that is not about this engine, is as good as none.
import { environment, processorModel, readFileNow, writeFileAtomically } from "#platform";
import { cachePath, foveaVersion } from "./cache.ts";

/** Site key -> variant. */
const known = new Map<string, string>();
let loaded = false;
let unsaved = false;

/** What the choices hold for: everything must agree for a file to count. */
interface Header {
  readonly fovea: string;
  readonly v8: string;
  readonly processor: string;
}

function header(): Header {
  return { fovea: foveaVersion, v8: environment().v8?.join(".") ?? "", processor: processorModel() ?? "" };
}

function file(): string | undefined {
  return cachePath(`kernels-v8-${header().v8}.json`);
}

/** Reads the file, once per process. */
export function loadChoices(): void {
  if (loaded) return;
  loaded = true;
  for (const [key, variant] of readChoices()) if (!known.has(key)) known.set(key, variant);
}

function readChoices(): ReadonlyMap<string, string> {
  const path = file();
  const contents = path === undefined ? undefined : readFileNow(path);
  if (contents === undefined) return new Map();
  try {
    const { choices, ...found } = JSON.parse(new TextDecoder().decode(contents)) as Header & {
      readonly choices: Readonly<Record<string, unknown>>;
    };
    const agrees = Object.entries(header()).every(([name, value]) => found[name as keyof Header] === value);
    const entries = Object.entries(choices).filter((entry): entry is [string, string] => typeof entry[1] === "string");
    return new Map(agrees ? entries : []);
  } catch {
    return new Map();
  }
}

/** Whether it is worth asking. */
export function anyChoices(): boolean {
  return known.size > 0;
}

export function choiceFor(key: string): string | undefined {
  return known.get(key);
}

export function rememberChoice(key: string, variant: string): void {
  known.set(key, variant);
  unsaved = true;
}

/** Writes what is new. Other processes may have written meanwhile: what they found first stays. A cache that cannot be written is no error. */
export async function saveChoices(): Promise<void> {
  const path = file();
  if (!unsaved || path === undefined) return;
  unsaved = false;
  const choices = Object.fromEntries([...known, ...readChoices()]);
  try {
    await writeFileAtomically(path, `${JSON.stringify({ ...header(), choices }, undefined, 1)}\n`);
  } catch {
    // A read-only home is no reason to fail.
  }
}

/** For tests: as in a new process. */
export function forgetChoices(): void {
  known.clear();
  loaded = false;
  unsaved = false;
}
