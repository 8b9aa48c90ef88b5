// One part after another under a kind of its own: what layers and blocks that are made of layers share.
import { defineModule, type Module } from "../module.ts";

/** The parts that are there, one after the other. */
export function inOrder(kind: string, parts: Readonly<Record<string, Module | undefined>>): Module {
  const present = Object.entries(parts).filter((entry): entry is [string, Module] => entry[1] !== undefined);
  return defineModule(kind, (x, context) => present.reduce((value, [name, part]) => context.child(name, part, value), x));
}
