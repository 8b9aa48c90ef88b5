// The size formula of the settings, axis by axis, as the library explains it.

import type { report } from "fovea";
import { type AxisPadding, type Explained, explainConvSize, explainPoolSize, explainTransposedSize } from "fovea/arithmetic";
import { typeset } from "../../../ui/typeset.ts";

/** One explanation per axis; an impossible size is explained, too. */
export function explainSizes(options: report.WindowOptions): readonly Explained[] {
  return options.input.map((input, axis) => {
    const at = (given: number | readonly number[] | undefined, usual: number): number =>
      given === undefined ? usual : typeof given === "number" ? given : given[axis];
    const kernel = at(options.kernel, 1);
    const pooling = options.kind?.endsWith("pooling") ?? false;
    const { padding: given = 0 } = options;
    const padding: AxisPadding = typeof given === "object" ? given[axis] : given;
    const common = { input, kernel, stride: at(options.stride, pooling ? kernel : 1), dilation: at(options.dilation, 1), padding };
    if (pooling) return explainPoolSize({ ...common, ceilMode: options.ceilMode ?? false });
    if (options.kind === "transposed") return explainTransposedSize({ ...common, outputPadding: at(options.outputPadding, 0) });
    // What stands in the formula is what stands in the controls.
    return explainConvSize({ ...common, general: typeof given !== "string" });
  });
}

/** The same in one line, of the first axis on which nothing is left: for the ends of sliders. */
export function impossibleSize(options: report.WindowOptions): string {
  const all = explainSizes(options);
  return typeset((all.find(({ value }) => value < 1) ?? all[0]).substituted);
}
