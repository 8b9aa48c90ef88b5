// fovea op -> a call of its public function. Ops without one, which gradients are made of, are recorded by name.
import type { Value } from "../../graph/value.ts";
import { Tensor } from "../../tensor/tensor.ts";

export interface FoveaCall {
  readonly text: string;
  /** Names to import, by the room that has them. */
  readonly imports: readonly (readonly [room: "fovea" | "fovea/graph", name: string])[];
}

/** An attribute as source code. */
export function literal(value: unknown): string {
  if (value instanceof Tensor) return `tensor([${Array.from(value.data, literal).join(", ")}], ${literal(value.shape)}, "${value.dtype}")`;
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && value !== null) return object(value as Record<string, unknown>);
  if (typeof value === "number") return number(value);
  return value === undefined ? "undefined" : JSON.stringify(value);
}

function number(n: number): string {
  if (Number.isNaN(n)) return "Number.NaN";
  if (!Number.isFinite(n)) return n > 0 ? "Number.POSITIVE_INFINITY" : "Number.NEGATIVE_INFINITY";
  return Object.is(n, -0) ? "-0" : String(n);
}

/** `{ stride: 2 }`; absent attributes are left out. */
export function object(given: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? "{}" : `{ ${entries.map(([name, value]) => `${name}: ${literal(value)}`).join(", ")} }`;
}

/** One number where it stands for all axes, and one per axis where before and after are the same. */
export function compact(value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0) return value;
  if (value.every((n) => typeof n === "number")) return value.every((n) => n === value[0]) ? value[0] : value;
  const isPair = (p: unknown): p is [number, number] => Array.isArray(p) && p.length === 2 && p[0] === p[1];
  return value.every(isPair) ? compact(value.map(([before]) => before)) : value;
}

/** Attributes that are not their defaults, as users write them. */
export function options({ attrs, op, inputs }: Value, leaveOut: readonly string[] = []): Record<string, unknown> {
  const spatialRank = Math.max(0, (inputs[0]?.rank ?? 0) - 2);
  const given = Object.entries(attrs).filter(([name, value]) => {
    if (value === undefined || leaveOut.includes(name)) return false;
    return !isDefault(() => op.attrs[name].parse(undefined, { where: op.name, spatialRank }), value);
  });
  return Object.fromEntries(
    given.map(([name, value]) => [name, perAxis.includes(name) && op.name !== "affineGrid" ? compact(value) : value]),
  );
}

/** Attributes for which a number may stand for all axes; affineGrid's sizes are what tells how many there are. */
const perAxis: readonly string[] = ["stride", "dilation", "padding", "kernelSize", "outputSize", "size", "scale"];

/** An attribute without a default throws when it is asked for one. */
function isDefault(fallback: () => unknown, value: unknown): boolean {
  try {
    return JSON.stringify(fallback()) === JSON.stringify(value);
  } catch {
    return false;
  }
}

type FoveaWriter = (value: Value, x: readonly string[]) => string | undefined;

const withOptions = (name: string, operands: readonly string[], given: Readonly<Record<string, unknown>>): string =>
  `${name}(${[...operands, ...(Object.keys(given).length > 0 ? [object(given)] : [])].join(", ")})`;

const windowed =
  (name: string): FoveaWriter =>
  (value, x) => {
    const { kernelSize, ...rest } = options(value);
    return withOptions(`${name}${value.rank - 2}d`, [...x, literal(kernelSize ?? compact(value.attrs.kernelSize))], rest);
  };

/** Batches change, so a first size that stays is read off the operand. */
const reshape: FoveaWriter = ({ shape, inputs: [input] }, [x]) => {
  if (input.rank > 1 && shape.length === 2 && input.shape[0] === shape[0]) return `flatten(${x})`;
  const first = input.rank > 0 && input.shape[0] === shape[0] ? `${x}.shape[0]` : "-1";
  return shape.length === 0 ? `reshape(${x}, [])` : `reshape(${x}, [${[first, ...shape.slice(1)].join(", ")}])`;
};

const special: Readonly<Record<string, FoveaWriter>> = {
  conv: (value, x) => withOptions(`conv${value.rank - 2}d`, x, options(value)),
  maxPool: windowed("maxPool"),
  avgPool: windowed("avgPool"),
  adaptiveAvgPool: ({ attrs, rank }, [x]) => `adaptiveAvgPool${rank - 2}d(${x}, ${literal(compact(attrs.outputSize))})`,
  adaptiveMaxPool: ({ attrs, rank }, [x]) => `adaptiveMaxPool${rank - 2}d(${x}, ${literal(compact(attrs.outputSize))})`,
  reshape,
  broadcastTo: ({ shape, inputs: [input] }, [x]) =>
    input.shape[0] === shape[0] ? `broadcastTo(${x}, [${[`${x}.shape[0]`, ...shape.slice(1)].join(", ")}])` : undefined,
  concat: ({ attrs }, x) => `concat([${x.join(", ")}], { axis: ${String(attrs.axis)} })`,
  map: ({ attrs }, x) => `map(${literal(attrs.expression)}, [${x.join(", ")}])`,
  pad: (value, [x]) => withOptions("pad", [x, literal(value.attrs.pads)], options(value, ["pads"])),
};

/** Public functions that take their operands in order, and then the attributes as options. */
const plain: readonly string[] = [
  ..."relu relu6 leakyRelu elu selu celu gelu silu mish softplus softsign sigmoid logSigmoid tanh tanhshrink softshrink hardshrink".split(
    " ",
  ),
  ..."hardTanh hardSigmoid hardSwish threshold add sub mul div pow maximum minimum lt le gt ge eq ne where neg abs sign exp expm1 log".split(
    " ",
  ),
  ..."log1p sqrt rsqrt reciprocal square sin cos tan atan erf floor ceil round clip identity stopGradient linear softmax logSoftmax".split(
    " ",
  ),
  ..."batchNorm layerNorm rmsNorm groupNorm instanceNorm localResponseNorm globalAvgPool globalMaxPool globalLpPool prelu maxout glu".split(
    " ",
  ),
  ..."channelShuffle pixelShuffle pixelUnshuffle gridSample affineGrid resize transpose slice flip roll cast matmul sum mean max min".split(
    " ",
  ),
];

/** The value as a call on the expressions `x`. `batch` is given where a table is stretched to as many pictures. */
export function foveaCall(value: Value, x: readonly string[], batch?: string): FoveaCall {
  if (batch !== undefined) {
    return { text: `broadcastTo(${x[0]}, [${[batch, ...value.shape.slice(1)].join(", ")}])`, imports: [["fovea", "broadcastTo"]] };
  }
  const written =
    special[value.op.name]?.(value, x) ?? (plain.includes(value.op.name) ? withOptions(value.op.name, x, options(value)) : undefined);
  if (written !== undefined) return { text: written, imports: [["fovea", written.slice(0, written.indexOf("("))]] };
  const attrs = Object.fromEntries(Object.entries(value.attrs).filter(([, given]) => given !== undefined));
  return {
    text: `record(findOp("${value.op.name}") as Op, [${x.join(", ")}], ${object(attrs)})`,
    imports: [
      ["fovea/graph", "record"],
      ["fovea/graph", "findOp"],
      ["fovea/graph", "type Op"],
    ],
  };
}
