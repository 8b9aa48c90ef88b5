// Every method of attribution, by family. A new family adds its two lines here, and nowhere else.
import { type GradientMethodName, gradientMethods } from "./gradients.ts";
import type { Method } from "./method.ts";

export type AttributionMethod = GradientMethodName;

/** In the order in which people should meet them. */
export const methods: readonly Method<AttributionMethod>[] = [...gradientMethods];
