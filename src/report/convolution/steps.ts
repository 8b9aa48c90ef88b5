// A window operation step by step, as plain numbers: for every output cell, which cells of the padded input take part and with which
// weights. All pictures - SVG, GIF, terminal - are drawings of this one description.
import { dilatedKernel } from "../../arithmetic/sizes.ts";
import { type DrawnAxis, gridLength, isPooling, planWindow, type WindowKind, type WindowOptions, type WindowPlan } from "./options.ts";

/**
 * What a cell of the drawn grid is. "stretch": a zero between the inputs of a transposed convolution; "extra": the rows and columns a that
 * a transposed convolution has at the bottom and the right; "beyond": where the last window of ceil mode hangs over.
 */
export type CellKind = "input" | "padding" | "stretch" | "extra" | "beyond";

export interface Cell {
  readonly kind: CellKind;
  /** What the operation reads there; padding of max pooling is -Infinity, and nothing is read beyond. */
  readonly value: number;
  /** Circular padding: where in the drawn grid the input cell lies that is read here. */
  readonly twin?: readonly [row: number, column: number];
  /** False where no window reaches: at the border that the stride leaves over, and in gaps between windows. */
  readonly used: boolean;
}

/** One of the four cells around a sampling point, with its bilinear share. */
export interface Neighbour {
  readonly row: number;
  readonly column: number;
  readonly share: number;
  readonly value: number;
}

export interface Tap {
  readonly channel: number;
  /** Position in the drawn grid; not whole for deformable convolutions. */
  readonly row: number;
  readonly column: number;
  /** Where the kernel lies without offsets. */
  readonly regular: readonly [row: number, column: number];
  readonly kernelRow: number;
  readonly kernelColumn: number;
  /** 1 for pooling. */
  readonly weight: number;
  readonly value: number;
  readonly kind: CellKind;
  /** Deformable only: what the value is mixed from. */
  readonly neighbours?: readonly Neighbour[];
}

export interface Frame {
  readonly output: { readonly channel: number; readonly row: number; readonly column: number };
  /** What the (dilated) window spans in the drawn grid, also where it hangs over. */
  readonly window: { readonly row: number; readonly column: number; readonly rows: number; readonly columns: number };
  /** In kernel order, channel by channel. */
  readonly taps: readonly Tap[];
  readonly value: number;
  /** What was added to the sum, where there is a bias. */
  readonly bias?: number;
  /** Average pooling: what the sum is divided by. */
  readonly divisor?: number;
  /** Max pooling: which tap won; the first one of equals. */
  readonly winner?: number;
}

export interface Steps {
  readonly plan: WindowPlan;
  readonly kind: WindowKind;
  /** Size of the drawn grid, and where the input's first element lies in it. */
  readonly grid: { readonly rows: number; readonly columns: number; readonly top: number; readonly left: number };
  /** [channel][row][column] of the drawn grid. */
  readonly cells: readonly (readonly (readonly Cell[])[])[];
  /** kernels[o] has one kernel per input channel of o's group, as it lies on the grid (turned by 180 degrees for "transposed"). Empty for poolings. */
  readonly kernels: readonly (readonly { readonly channel: number; readonly weights: readonly (readonly number[])[] }[])[];
  /** [channel][row][column]. */
  readonly output: readonly (readonly (readonly number[])[])[];
  /** Output channels outermost, then rows, then columns. */
  readonly frames: readonly Frame[];
  /** Whole rows and columns of the drawn grid that no window reads, counted from their edge. */
  readonly unused: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };
}

/** One drawn axis: how many cells, and what each is before anybody asks whether it is read. */
interface GridAxis {
  readonly length: number;
  readonly origin: number;
  kindAt(position: number): CellKind;
  /** Number of the input element at a position of kind "input"; on a ring, at any position. */
  elementAt(position: number): number;
}

const modulo = (n: number, length: number): number => ((n % length) + length) % length;

function gridAxis(axis: DrawnAxis): GridAxis {
  const { input, before, after, stretch, extra } = axis;
  const origin = Math.max(0, before);
  return {
    length: gridLength(axis),
    origin,
    kindAt(position) {
      const i = position - origin;
      if (i >= 0 && i < input) return i % stretch === 0 ? "input" : "stretch";
      if (i >= input + Math.max(0, after)) return "beyond";
      return i >= input + Math.max(0, after) - Math.min(extra, Math.max(0, after)) ? "extra" : "padding";
    },
    elementAt: (position) => (stretch === 1 ? modulo(position - origin, input) : (position - origin) / stretch),
  };
}

/** The kind of a cell is the outermost of its two axes' kinds. */
const outermost: readonly CellKind[] = ["beyond", "extra", "padding", "stretch", "input"];

/** Everything that a picture of this operation shows. Throws like `planWindow`. */
export function describeSteps(options: WindowOptions): Steps {
  const plan = planWindow(options);
  const [rowAxis, columnAxis] = plan.axes;
  const [rows, columns] = [gridAxis(rowAxis), gridAxis(columnAxis)];
  const background = plan.kind === "max pooling" ? Number.NEGATIVE_INFINITY : 0;
  const plane = rowAxis.given.input * columnAxis.given.input;
  const kindAt = (row: number, column: number): CellKind => {
    const kinds = [rows.kindAt(row), columns.kindAt(column)];
    return outermost.find((kind) => kinds.includes(kind)) ?? "input";
  };
  const ring = plan.border === "circular";
  const valueAt = (channel: number, row: number, column: number): number =>
    row >= 0 && column >= 0 && row < rows.length && column < columns.length && (ring || kindAt(row, column) === "input")
      ? plan.values[channel * plane + rows.elementAt(row) * columnAxis.given.input + columns.elementAt(column)]
      : background;

  const twinOf = (row: number, column: number): readonly [number, number] => [
    rows.elementAt(row) + rows.origin,
    columns.elementAt(column) + columns.origin,
  ];

  const used = new Uint8Array(rows.length * columns.length);
  const frames: Frame[] = [];
  const output: number[][][] = [];
  for (let o = 0; o < plan.outChannels; o++) {
    const grid: number[][] = [];
    for (let row = 0; row < rowAxis.output; row++) {
      const line: number[] = [];
      for (let column = 0; column < columnAxis.output; column++) {
        const window = {
          row: row * rowAxis.stride - rowAxis.before + rows.origin,
          column: column * columnAxis.stride - columnAxis.before + columns.origin,
          rows: dilatedKernel(rowAxis.kernel, rowAxis.dilation),
          columns: dilatedKernel(columnAxis.kernel, columnAxis.dilation),
        };
        const taps = tapsOf(plan, o, row, column, { rows, columns, kindAt, valueAt });
        const frame = { output: { channel: o, row, column }, window, taps, ...reduceTaps(plan, taps, o) };
        for (const tap of taps) markUsed(used, tap, rows.length, columns.length);
        if (ring) for (const tap of taps) used[twinOf(tap.row, tap.column).reduce((r, c) => r * columns.length + c)] = 1;
        frames.push(frame);
        line.push(frame.value);
      }
      grid.push(line);
    }
    output.push(grid);
  }
  const cells = Array.from({ length: plan.inChannels }, (_, c) =>
    Array.from({ length: rows.length }, (_, row) =>
      Array.from(
        { length: columns.length },
        (_, column): Cell => ({
          kind: kindAt(row, column),
          value: valueAt(c, row, column),
          ...(ring && kindAt(row, column) !== "input" && { twin: twinOf(row, column) }),
          used: kindAt(row, column) === "beyond" || used[row * columns.length + column] === 1,
        }),
      ),
    ),
  );
  return {
    plan,
    kind: plan.kind,
    grid: { rows: rows.length, columns: columns.length, top: rows.origin, left: columns.origin },
    cells,
    kernels: kernelsOf(plan),
    output,
    frames,
    unused: unusedBorder(cells[0]),
  };
}

/** Weight of a tap as it lies on the grid: a transposed convolution's kernel is turned by 180 degrees. */
function weightOf(plan: WindowPlan, o: number, inGroup: number, r: number, c: number): number {
  const [{ kernel: kh }, { kernel: kw }] = plan.axes;
  if (isPooling(plan.kind)) return 1;
  const outPerGroup = plan.outChannels / plan.groups;
  const inPerGroup = plan.inChannels / plan.groups;
  if (plan.kind !== "transposed") return plan.weights[((o * inPerGroup + inGroup) * kh + r) * kw + c];
  const from = Math.floor(o / outPerGroup) * inPerGroup + inGroup;
  return plan.weights[((from * outPerGroup + (o % outPerGroup)) * kh + (kh - 1 - r)) * kw + (kw - 1 - c)];
}

/** The input channels that output channel o reads. */
function channelsOf(plan: WindowPlan, o: number): number[] {
  const inPerGroup = plan.inChannels / plan.groups;
  const group = Math.floor(o / (plan.outChannels / plan.groups));
  return Array.from({ length: inPerGroup }, (_, i) => group * inPerGroup + i);
}

function kernelsOf(plan: WindowPlan): Steps["kernels"] {
  if (isPooling(plan.kind)) return [];
  const [{ kernel: kh }, { kernel: kw }] = plan.axes;
  return Array.from({ length: plan.outChannels }, (_, o) =>
    channelsOf(plan, o).map((channel, inGroup) => ({
      channel,
      weights: Array.from({ length: kh }, (_, r) => Array.from({ length: kw }, (_, c) => weightOf(plan, o, inGroup, r, c))),
    })),
  );
}

interface Reader {
  readonly rows: GridAxis;
  readonly columns: GridAxis;
  kindAt(row: number, column: number): CellKind;
  valueAt(channel: number, row: number, column: number): number;
}

function tapsOf(plan: WindowPlan, o: number, row: number, column: number, reader: Reader): Tap[] {
  const [rowAxis, columnAxis] = plan.axes;
  const top = row * rowAxis.stride - rowAxis.before + reader.rows.origin;
  const left = column * columnAxis.stride - columnAxis.before + reader.columns.origin;
  const taps: Tap[] = [];
  for (const [inGroup, channel] of channelsOf(plan, o).entries()) {
    for (let r = 0; r < rowAxis.kernel; r++) {
      for (let c = 0; c < columnAxis.kernel; c++) {
        const regular = [top + r * rowAxis.dilation, left + c * columnAxis.dilation] as const;
        const place = { channel, regular, kernelRow: r, kernelColumn: c, weight: weightOf(plan, o, inGroup, r, c) };
        if (plan.offsets !== undefined) {
          const [dy, dx] = offsetOf(plan, r * columnAxis.kernel + c, row * columnAxis.output + column);
          taps.push({ ...place, ...sample(channel, regular[0] + dy, regular[1] + dx, reader) });
          continue;
        }
        const kind = reader.kindAt(...regular);
        // Nothing is there to be read, nor counted, where a window of ceil mode hangs over.
        if (kind !== "beyond")
          taps.push({ ...place, row: regular[0], column: regular[1], kind, value: reader.valueAt(channel, ...regular) });
      }
    }
  }
  return taps;
}

function offsetOf(plan: WindowPlan, tap: number, position: number): readonly [dy: number, dx: number] {
  const outputs = plan.axes[0].output * plan.axes[1].output;
  const at = (map: number): number => plan.offsets?.[map * outputs + position] ?? 0;
  return [at(2 * tap), at(2 * tap + 1)];
}

/** Bilinear sampling with zeros outside: shares g(a, b) = max(0, 1 - |a - b|) of the cells around the point. Dai et al., arXiv 1703.06211, equation 3. */
function sample(
  channel: number,
  row: number,
  column: number,
  { kindAt, valueAt, rows, columns }: Reader,
): Pick<Tap, "row" | "column" | "kind" | "value" | "neighbours"> {
  const neighbours: Neighbour[] = [];
  for (const r of [Math.floor(row), Math.floor(row) + 1]) {
    for (const c of [Math.floor(column), Math.floor(column) + 1]) {
      const share = (1 - Math.abs(row - r)) * (1 - Math.abs(column - c));
      if (share > 0) neighbours.push({ row: r, column: c, share, value: valueAt(channel, r, c) });
    }
  }
  const [r, c] = [Math.round(row), Math.round(column)];
  const inside = r >= 0 && c >= 0 && r < rows.length && c < columns.length;
  return {
    row,
    column,
    kind: inside ? kindAt(r, c) : "padding",
    value: neighbours.reduce((sum, n) => sum + n.share * n.value, 0),
    neighbours,
  };
}

function reduceTaps(plan: WindowPlan, taps: readonly Tap[], o: number): Pick<Frame, "value" | "bias" | "divisor" | "winner"> {
  if (plan.kind === "max pooling") {
    const value = taps.reduce((most, t) => Math.max(most, t.value), Number.NEGATIVE_INFINITY);
    return { value, winner: taps.findIndex((t) => t.value === value) };
  }
  if (plan.kind === "L2 pooling") return { value: Math.sqrt(taps.reduce((total, t) => total + t.value * t.value, 0)) };
  const sum = taps.reduce((total, t) => total + t.weight * t.value, 0);
  if (plan.bias !== undefined) return { value: sum + plan.bias[o], bias: plan.bias[o] };
  if (plan.kind !== "average pooling") return { value: sum };
  const divisor = plan.countIncludePad ? taps.length : taps.filter((t) => t.kind === "input").length;
  return { value: sum / divisor, divisor };
}

function markUsed(used: Uint8Array, tap: Tap, rows: number, columns: number): void {
  for (const { row, column } of tap.neighbours ?? [tap]) {
    if (row >= 0 && column >= 0 && row < rows && column < columns) used[row * columns + column] = 1;
  }
}

function unusedBorder(plane: readonly (readonly Cell[])[]): Steps["unused"] {
  const rowIdle = plane.map((line) => line.every((cell) => !cell.used));
  const columnIdle = plane[0].map((_, c) => plane.every((line) => !line[c].used));
  const leading = (idle: readonly boolean[]): number => Math.max(0, idle.indexOf(false));
  return {
    top: leading(rowIdle),
    bottom: leading(rowIdle.toReversed()),
    left: leading(columnIdle),
    right: leading(columnIdle.toReversed()),
  };
}
