// Where a layer's numbers come from: its output size and its receptive field as formulas with numbers, beside the costs. Layers that are no
// windows, or lie behind several branches, have no such formula and get none.
import type { ExplainedCost } from "../../arithmetic/explain-costs.ts";
import { explainField, type FieldLayer } from "../../arithmetic/explain-field.ts";
import { explainConvSize, explainPoolSize } from "../../arithmetic/explain-sizes.ts";
import type { Explained } from "../../arithmetic/explained.ts";
import type { WindowAxis } from "../../arithmetic/sizes.ts";
import { constantOp, inputOp } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { type ConvAttrs, convGeometry } from "../../ops/conv.ts";
import { expressionOf } from "../../ops/elementwise.ts";
import { type PoolAttrs, poolGeometry } from "../../ops/pool-geometry.ts";
import { costOf } from "./cost.ts";

export interface ExplainedLayer {
  readonly name: string;
  /** Per spatial axis, for convolutions and poolings. */
  readonly output?: readonly Explained[];
  /** Size of the receptive field along the first spatial axis, where one chain of windows leads to the input. */
  readonly field?: Explained;
  readonly cost?: ExplainedCost;
}

const pools: ReadonlySet<string> = new Set(["maxPool", "avgPool", "lpPool"]);

/** The formulas behind the layer table of a model, in its order. */
export function explainLayers(model: Model): ExplainedLayer[] {
  const traced = model.trace();
  const costs = new Map(costOf(model).layers.map((layer) => [layer.name, layer.explained]));
  const values = new Map(traced.layers.map(({ name, value }) => [name, value]));
  return model.summary().layers.map(({ name }): ExplainedLayer => {
    const value = values.get(name);
    const output = value && explainOutput(value);
    const path = value && pathOf(value);
    const cost = costs.get(name);
    return {
      name,
      ...(output && { output }),
      ...(path && path.length > 0 && { field: explainField(path).size }),
      ...(cost && { cost }),
    };
  });
}

function axesOf({ op, inputs, attrs }: Value): readonly WindowAxis[] | undefined {
  if (op.name === "conv") return convGeometry(inputs[0].shape, inputs[1].shape, attrs as unknown as ConvAttrs).axes;
  return pools.has(op.name) ? poolGeometry(inputs[0].shape, attrs as unknown as PoolAttrs).axes : undefined;
}

function explainOutput(value: Value): Explained[] | undefined {
  return axesOf(value)?.map(({ input, kernel, stride, dilation, before, after }) => {
    const padding = before === after ? before : ([before, after] as const);
    const settings = { input, kernel, stride, dilation, padding };
    return value.op.name === "conv" ? explainConvSize(settings) : explainPoolSize({ ...settings, ceilMode: value.attrs.ceilMode === true });
  });
}

/** The windows from the input to a value; undefined where there are branches, or something else than windows and pointwise layers. */
function pathOf(value: Value): FieldLayer[] | undefined {
  const path: FieldLayer[] = [];
  for (let at = value; at.op !== inputOp; at = at.inputs[0]) {
    const moving = at.inputs.filter(({ op }) => op !== constantOp);
    if (moving.length !== 1 || at.inputs[0] !== moving[0]) return undefined;
    const axis = axesOf(at)?.[0];
    if (axis !== undefined) path.unshift({ kernel: axis.kernel, stride: axis.stride, dilation: axis.dilation, padding: axis.before });
    else if (expressionOf(at) === undefined && !["batchNorm", "identity"].includes(at.op.name)) return undefined;
  }
  return path;
}
