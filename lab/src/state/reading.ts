// The way from a card to its formula and back: the card's whole view goes along in the address, and whoever returns stands where they left.
import { addressVersion, type Query, upgraded } from "./address.ts";
import { openAddress, viewQuery, visit } from "./rooms.svelte.ts";

let left: string | undefined;

/** Opens the documentation at a formula; the reading room offers the way back to the view of now. */
export function readAbout(key: string, { page, part }: { readonly page: string; readonly part: string }): void {
  left = key;
  visit("reading", { page, part, from: new URLSearchParams({ v: String(addressVersion), ...viewQuery() }).toString() });
}

/** An address as it stands in a link. */
export function queryFrom(written: string): Query {
  const { v: _, ...query } = upgraded(Object.fromEntries(new URLSearchParams(written)));
  return query;
}

/** Opens the view again that `readAbout` was called in. */
export function returnTo(from: string): void {
  openAddress(queryFrom(from));
}

/** True once, for the link that the reader left the card by. */
export function cameBackTo(key: string): boolean {
  if (left !== key) return false;
  left = undefined;
  return true;
}
