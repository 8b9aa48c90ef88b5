// Which settings a method reads, and their values in the address.
import type { AttributionMethod } from "fovea";
import type { Located } from "./located.ts";
import { view } from "./state.ts";
import type { MethodWish } from "./tasks/attribution.ts";

export type SettingName = "samples" | "points" | "window" | "masks" | "maps" | "composite";

const read: Readonly<Partial<Record<AttributionMethod, SettingName>>> = {
  smoothGrad: "samples",
  smoothGradSquared: "samples",
  varGrad: "samples",
  integratedGradients: "points",
  occlusion: "window",
  rise: "masks",
  lrp: "composite",
  gradCam: "maps",
  gradCamPlusPlus: "maps",
  hiResCam: "maps",
  layerCam: "maps",
  xGradCam: "maps",
  eigenCam: "maps",
  guidedGradCam: "maps",
  scoreCam: "maps",
  ablationCam: "maps",
};

export function settingOf(method: AttributionMethod): SettingName | undefined {
  return read[method];
}

/** Layers with maps before the one that is asked about: those that class maps can weigh. */
export function layersWithMaps({ facts, layer }: Located): readonly string[] {
  return facts.layers
    .slice(0, facts.layers.indexOf(layer))
    .filter(({ outputShape }) => outputShape.length === 3 && outputShape[1] * outputShape[2] > 1)
    .map(({ name }) => name);
}

/** What the library is told. */
export function settingsFor(method: AttributionMethod, at: Located): MethodWish {
  switch (settingOf(method)) {
    case "samples":
      return { samples: view.samples };
    case "points":
      return { points: view.points };
    case "window":
      return view.window > 0 ? { window: Math.min(view.window, ...at.net.inputShape.slice(1)) } : {};
    case "masks":
      return { masks: view.masks };
    case "composite":
      return { composite: view.composite };
    case "maps":
      return layersWithMaps(at).includes(view.maps) ? { at: view.maps } : {};
    default:
      return {};
  }
}
