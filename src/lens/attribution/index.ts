// Every method of attribution, by family. A new family adds its two lines here, and nowhere else.
import { type CamMethodName, camMethods } from "./cam.ts";
import { type DeepLiftMethodName, deepLiftMethod } from "./deep-lift.ts";
import { type EdgesMethodName, edgesMethod } from "./edges.ts";
import { type GradientMethodName, gradientMethods } from "./gradients.ts";
import { type MaskedCamMethodName, maskedCamMethods } from "./masked-cam.ts";
import type { Method } from "./method.ts";
import { type OcclusionMethodName, occlusionMethod } from "./occlusion.ts";
import { type ReconstructionMethodName, reconstructionMethod } from "./reconstruction.ts";
import { type LrpMethodName, lrpMethod } from "./relevance/lrp.ts";
import { type RiseMethodName, riseMethod } from "./rise.ts";

export type AttributionMethod =
  | GradientMethodName
  | ReconstructionMethodName
  | CamMethodName
  | MaskedCamMethodName
  | LrpMethodName
  | DeepLiftMethodName
  | OcclusionMethodName
  | RiseMethodName
  | EdgesMethodName;

/** In the order in which people should meet them. */
export const methods: readonly Method<AttributionMethod>[] = [
  ...gradientMethods,
  reconstructionMethod,
  ...camMethods,
  ...maskedCamMethods,
  lrpMethod,
  deepLiftMethod,
  occlusionMethod,
  riseMethod,
  edgesMethod,
];
