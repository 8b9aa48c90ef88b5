// Mixed units as people write them, and a direction as the worker is asked for it.
import { session } from "../../state/session.svelte.ts";
import { classesOfData } from "./data.ts";
import type { Located } from "./located.ts";
import { pictureOf } from "./picture-link.ts";
import { view } from "./state.ts";
import type { DirectionWish } from "./tasks/maximise.ts";

export type Mix = { readonly weights: readonly (readonly [channel: number, weight: number])[] } | { readonly bad: string };

/** "5, 7*0.5, -2": a unit with weight 1, one with a half, one with -1. */
export function readMix(text: string, units: number): Mix {
  const parts = text.split(/[,;，；]/).flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
  const weights: [number, number][] = [];
  for (const part of parts) {
    const found = /^([+-]?)\s*(\d+)\s*(?:[*×:]\s*([+-]?\d*\.?\d+))?$/.exec(part.replaceAll("−", "-"));
    const channel = Number(found?.[2]);
    const weight = Number(found?.[3] ?? 1) * (found?.[1] === "-" ? -1 : 1);
    if (found === null || !(channel < units) || !Number.isFinite(weight)) return { bad: part };
    weights.push([channel, weight]);
  }
  return { weights };
}

/** What the settings say; undefined where they say nothing that can be asked for. */
export function directionWish({ net, picture, layer, data }: Located): DirectionWish | undefined {
  const most = classesOfData(data.kind, net).length - 1;
  if (view.toward === "classes" && most > 0) return { by: "classes", towards: Math.min(view.plus, most), from: Math.min(view.minus, most) };
  if (view.toward === "units") {
    const mix = readMix(view.mix, layer.outputShape[0]);
    return "weights" in mix && mix.weights.length > 0 ? { by: "units", weights: mix.weights } : undefined;
  }
  const away = pictureOf(view.away, net.samples, session.pictures)?.picture;
  return away === undefined ? undefined : { by: "pictures", towards: picture.pixels, from: away.pixels };
}
