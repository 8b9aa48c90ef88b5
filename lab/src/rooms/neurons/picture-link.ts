// A picture in the address: the number of one of the net's own, or a brought picture by name and size - with its pixels, where they are few enough for
// a link.
import type { Numbers } from "../../engine/tensors.ts";
import type { Picture } from "../../state/session.svelte.ts";

/** So many numbers fit into a link that all browsers and servers take: 32 x 32 pixels of three channels. */
const mostInLink = 3 * 32 * 32;

export interface Settled {
  /** To look at: of brought pictures as a link would bring them, so that what is looked at here and there is the same to the bit. */
  readonly picture: Picture;
  /** The same as it stands among the pictures that are offered. */
  readonly source: Picture;
  /** Name and size of what the link asks for, where it is not here. */
  readonly missing?: string;
  /** It came out of the link itself, and the session does not have it yet. */
  readonly isNew?: boolean;
}

/** How a picture stands in the address. */
export function linkTo(picture: Picture, samples: readonly Picture[]): string {
  const index = samples.indexOf(picture);
  if (index >= 0) return String(index);
  const { shape, data } = picture.pixels;
  const pixels = data.length <= mostInLink ? toText(Uint8Array.from(data, (v) => Math.round(255 * Math.min(1, Math.max(0, v))))) : "";
  return `own:${encodeURIComponent(picture.name)}:${shape.join("x")}:${pixels}`;
}

const rounded = new WeakMap<Picture, Picture>();

function asLinked(picture: Picture, samples: readonly Picture[]): Picture {
  if (samples.includes(picture) || picture.pixels.data.length > mostInLink) return picture;
  const known = rounded.get(picture);
  if (known !== undefined) return known;
  const data = picture.pixels.data.map((v) => Math.round(255 * Math.min(1, Math.max(0, v))) / 255);
  const made = { ...picture, pixels: { shape: picture.pixels.shape, data } };
  const same = data.every((v, i) => v === picture.pixels.data[i]);
  rounded.set(picture, same ? picture : made);
  return same ? picture : made;
}

/** The picture that a link means; where it is not here the first of the net's own stands in. Undefined where there is none at all. */
export function pictureOf(link: string, samples: readonly Picture[], own: readonly Picture[]): Settled | undefined {
  const all = [...samples, ...own];
  const [first] = all;
  const settle = (source: Picture): Settled => ({ picture: asLinked(source, samples), source });
  const stand = (missing?: string): Settled | undefined => first && { ...settle(first), ...(missing !== undefined && { missing }) };
  if (!link.startsWith("own:")) {
    const index = Number(link);
    return all[index] === undefined ? stand() : settle(all[index]);
  }
  const here = own.find((picture) => linkTo(picture, samples) === link);
  if (here !== undefined) return settle(here);
  const carried = read(link);
  if (carried?.picture !== undefined) return { ...settle(carried.picture), isNew: true };
  return carried === undefined ? stand() : stand(carried.name);
}

const links = new Map<string, ReturnType<typeof readLink>>();

/** The same link gives the same object. */
function read(link: string): ReturnType<typeof readLink> {
  if (!links.has(link)) links.set(link, readLink(link));
  return links.get(link);
}

function readLink(link: string): { readonly name: string; readonly picture?: Picture } | undefined {
  const [, encoded = "", size = "", text = ""] = link.split(":");
  const shape = size.split("x").map(Number);
  const count = shape.reduce((a, b) => a * b, 1);
  if (shape.length !== 3 || !shape.every((n) => Number.isInteger(n) && n > 0)) return undefined;
  let name: string;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    name = encoded;
  }
  const bytes = text === "" || count > mostInLink ? undefined : toBytes(text);
  const full = `${name} (${shape.slice(1).join(" × ")})`;
  if (bytes?.length !== count || (shape[0] !== 1 && shape[0] !== 3)) return { name: full };
  const pixels: Numbers = { shape, data: Float32Array.from(bytes, (v) => v / 255) };
  return { name: full, picture: { name, pixels } };
}

/** Base 64 as addresses take it. */
function toText(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

function toBytes(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}
