// Every method of attribution, by family. A new family adds its two lines here, and nowhere else.
import { type CamMethodName, camMethods } from "./cam.ts";
import { type EdgesMethodName, edgesMethod } from "./edges.ts";
import { type GradientMethodName, gradientMethods } from "./gradients.ts";
import { type MaskedCamMethodName, maskedCamMethods } from "./masked-cam.ts";
import type { Method } from "./method.ts";
import { type OcclusionMethodName, occlusionMethod } from "./occlusion.ts";
import { type RiseMethodName, riseMethod } from "./rise.ts";

export type AttributionMethod =
  | GradientMethodName
  | CamMethodName
  | MaskedCamMethodName
  | OcclusionMethodName
  | RiseMethodName
  | EdgesMethodName;

/** In the order in which people should meet them. */
export const methods: readonly Method<AttributionMethod>[] = [
  ...gradientMethods,
  ...camMethods,
  ...maskedCamMethods,
  occlusionMethod,
  riseMethod,
  edgesMethod,
];
