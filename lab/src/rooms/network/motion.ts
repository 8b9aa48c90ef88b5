// How a thing on the screen becomes a larger one in the same place, and goes back into it: the element flies from one rectangle to the other.
import { flushSync } from "svelte";
import { cubicInOut } from "svelte/easing";
import type { TransitionConfig } from "svelte/transition";
import { motion } from "../../state/settings.svelte.ts";

export interface GrowOptions {
  /** Finds what it grows out of or shrinks into; where there is none, it only fades. */
  readonly from: () => Element | null | undefined;
  /** Milliseconds; nothing moves under reduced motion. */
  readonly duration: number;
}

/** For Svelte's `in:` and `out:`. */
export function grow(node: Element, { from, duration }: GrowOptions): TransitionConfig {
  const own = node.getBoundingClientRect();
  const source = from()?.getBoundingClientRect();
  const seen = source !== undefined && source.width > 0 && own.width > 0;
  const [dx, dy] = seen ? [source.left - own.left, source.top - own.top] : [0, 0];
  const [sx, sy] = seen ? [source.width / own.width, source.height / own.height] : [0.96, 0.96];
  return {
    duration: motion.reduced ? 0 : duration,
    easing: cubicInOut,
    css: (t, u) =>
      `transform-origin: 0 0; transform: translate(${dx * u}px, ${dy * u}px) scale(${sx + (1 - sx) * t}, ${sy + (1 - sy) * t}); opacity: ${Math.min(1, 0.25 + 1.5 * t)}`,
  };
}

/** What was in front recedes while something grows out of it, and comes forward again. */
export function recede(_node: Element, { duration }: { readonly duration: number }): TransitionConfig {
  return {
    duration: motion.reduced ? 0 : duration,
    easing: cubicInOut,
    css: (t, u) => `transform: scale(${1 - 0.04 * u}); opacity: ${t}; filter: blur(${3 * u}px); pointer-events: none`,
  };
}

/** Work that waits for a free moment, the last for each element. */
const waiting = new Map<Element, () => void>();

/** Does it within a few frames: where many elements have something to do at once, a few at a time, so that the page stays quick. */
export function doSoon(element: Element, work: () => void): void {
  if (waiting.size === 0) requestAnimationFrame(doSome);
  waiting.set(element, work);
}

function doSome(): void {
  const end = performance.now() + 8;
  for (const [element, work] of waiting) {
    waiting.delete(element);
    // What it changes is brought to the page at once, and counts.
    flushSync(work);
    if (performance.now() > end) break;
  }
  if (waiting.size > 0) requestAnimationFrame(doSome);
}
