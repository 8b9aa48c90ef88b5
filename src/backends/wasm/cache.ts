// Where this engine keeps what it can make again: one folder in Node, nowhere in browsers.
import { cacheFolder, environmentVariable, joinPath } from "#platform";

/** What is kept depends on the generators of code, so it is not carried over to another version. */
export const foveaVersion = "0.1.0";

/** A file in the folder that `FOVEA_CACHE` names, or in the system's; undefined when it is "off" and where there are no files. */
export function cachePath(file: string): string | undefined {
  const named = environmentVariable("FOVEA_CACHE");
  if (named === "off") return undefined;
  if (named !== undefined && named !== "") return joinPath(named, file);
  const base = cacheFolder();
  return base === undefined ? undefined : joinPath(base, "fovea", file);
}

/** 64 bits of a hash, as 16 hexadecimal digits: two multiplicative hashes of 32 bits side by side. Against accidents, not against forgery. */
export function hash(codes: ArrayLike<number>): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
    b ^= b >>> 15;
  }
  const digits = (n: number): string => (n >>> 0).toString(16).padStart(8, "0");
  return digits(a ^ (a >>> 16)) + digits(b ^ a);
}

export function hashText(text: string): string {
  const codes = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) codes[i] = text.charCodeAt(i);
  return hash(codes);
}
