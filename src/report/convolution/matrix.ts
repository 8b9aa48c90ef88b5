// A convolution as its sparse matrix: every kernel entry has a colour, and the same colour along a diagonal is the same parameter. What is
// blank is not connected. Row by row, the product with the input makes the output.
import { applyMatrix, type ConvMatrix, convMatrix, transposeMatrix, weightUses } from "../../arithmetic/conv-matrix.ts";
import type { WindowAxis } from "../../arithmetic/sizes.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { luminance, type Rgb, sequential, toHex } from "../colour.ts";
import { type Drawing, type Mark, widthOf, wrap } from "./drawing.ts";
import type { WindowPlan } from "./options.ts";
import { english, type PictureWords, type Worded, wordsOf } from "./wording.ts";
import { showNumber, showTitle } from "./words.ts";

/** A matrix to look at: larger ones are grey dust. */
const most = 144;

export interface PlanMatrix {
  readonly matrix: ConvMatrix;
  readonly kernel: ArrayLike<number>;
  /** Sizes of the blocks: one row of the output, one row of the input. */
  readonly block: { readonly rows: number; readonly columns: number };
  readonly transposed: boolean;
}

/** The matrix of a planned operation. Throws `ArgumentError` for those that are not linear in a fixed kernel. */
export function matrixOf(plan: WindowPlan): PlanMatrix {
  const { kind, axes, inChannels, outChannels, groups, weights } = plan;
  if (kind !== "convolution" && kind !== "transposed")
    throw new ArgumentError(`${kind} has no matrix of shared weights; convolution and transposed convolution have`);
  if (kind === "convolution")
    return {
      matrix: convMatrix({ axes, inChannels, outChannels, groups }, plan.border === "circular"),
      kernel: weights,
      block: { rows: axes[1].output, columns: axes[1].input },
      transposed: false,
    };
  // The transpose of the convolution that goes the other way: from this operation's output back to its input.
  const forward = axes.map(
    ({ kernel, dilation, output, given }): WindowAxis => ({
      input: output,
      kernel,
      dilation,
      stride: given.stride,
      before: given.before,
      after: given.after,
      output: given.input,
    }),
  );
  return {
    matrix: transposeMatrix(convMatrix({ axes: forward, inChannels: outChannels, outChannels: inChannels, groups })),
    kernel: weights,
    block: { rows: axes[1].output, columns: axes[1].given.input },
    transposed: true,
  };
}

/** How sparse a matrix is, and how often its weights are used. */
export function matrixCounts({ matrix }: PlanMatrix): {
  readonly nonZeros: number;
  readonly entries: number;
  /** "56", "6.3": in percent. */
  readonly share: string;
  readonly parameters: number;
  /** How often the least and the most used weight stands in it. */
  readonly uses: readonly [least: number, greatest: number];
} {
  const { rows, columns, column, parameters } = matrix;
  const uses = weightUses(matrix);
  const share = (100 * column.length) / (rows * columns);
  return {
    ...{ nonZeros: column.length, entries: rows * columns, parameters },
    share: share < 10 ? share.toFixed(1) : String(Math.round(share)),
    uses: [Math.min(...uses), Math.max(...uses)],
  };
}

/** "36 of 64 entries connect (56 %); 9 parameters, each used 4 times". */
export function showMatrixCounts(found: PlanMatrix): string {
  return english.matrixCounts(matrixCounts(found));
}

/** The colour of a parameter in the matrix. Neighbours in the kernel differ in lightness, so they are told apart in grey too. */
export function parameterColour(weight: number, parameters: number): Rgb {
  return sequential.at(parameters === 1 ? 0.5 : 0.12 + (0.88 * weight) / (parameters - 1));
}

/** Black or white, whichever can be read on a colour. */
export const inkOn = (colour: Rgb): string => (luminance(colour) > 0.3 ? "#111317" : "#ffffff");

const margin = 24;
const small = 13;

/** The picture of the matrix of `plan`; one frame per row. Throws `ArgumentError` when there is none, or when it is too large to be read. */
export function matrixPicture(plan: WindowPlan, options: Worded = {}): Drawing {
  checkOptions("matrixPicture", options, ["words"]);
  const words = wordsOf("matrixPicture", options);
  const found = matrixOf(plan);
  const { matrix, kernel, block } = found;
  const { rows, columns } = matrix;
  if (rows > most || columns > most)
    throw new ArgumentError(`a matrix of ${rows} × ${columns} cannot be read as a picture; at most ${most} × ${most}`);
  const cell = Math.max(5, Math.min(28, Math.floor(780 / Math.max(columns, rows))));
  const numbers = cell >= 16;
  const x0 = margin;
  const title = plan.title ?? words.matrixOf(found.transposed ? "Cᵀ" : "C", showTitle(plan, words));
  const right = x0 + columns * cell + (numbers ? 2 * cell + 30 : 30);
  const legendWidth = legendColumns(plan) * 30 + 10;
  const width = Math.max(600, right + Math.max(legendWidth, widthOf("kernel", small)) + margin);
  const heading = wrap(title, 16, width - 2 * margin);
  const counts = wrap(`${rows} × ${columns}: ${words.matrixCounts(matrixCounts(found))}`, small, width - 2 * margin);
  const top = margin + heading.length * 22 + counts.length * 19 + 16 + (numbers ? cell + 22 : 0);
  const perChannel = rows / plan.outChannels;
  const y = applyMatrix(matrix, kernel, plan.values).map((v, r) => v + (plan.bias?.[Math.floor(r / perChannel)] ?? 0));

  const marks: Mark[] = [];
  for (const [i, text] of heading.entries())
    marks.push({ shape: "words", role: "ink", size: 16, bold: true, x: x0, y: margin + 4 + i * 22, text });
  for (const [i, text] of counts.entries())
    marks.push({ shape: "words", role: "soft", size: small, x: x0, y: margin + heading.length * 22 + 6 + i * 19, text });

  marks.push({ shape: "rect", role: "border", x: x0, y: top, width: columns * cell, height: rows * cell });
  for (let r = 0; r < rows; r++) {
    for (let e = matrix.rowStart[r]; e < matrix.rowStart[r + 1]; e++) {
      const weight = matrix.weight[e];
      const colour = parameterColour(weight, matrix.parameters);
      const at = { x: x0 + matrix.column[e] * cell, y: top + r * cell };
      marks.push({ shape: "rect", role: "tile", ...at, width: cell, height: cell, fill: toHex(colour) });
      if (numbers) marks.push(numberIn(at.x, at.y, cell, showNumber(kernel[weight]), inkOn(colour)));
    }
  }
  for (let c = block.columns; c < columns; c += block.columns)
    marks.push({ shape: "line", role: "block", from: [x0 + c * cell, top], to: [x0 + c * cell, top + rows * cell] });
  for (let r = block.rows; r < rows; r += block.rows)
    marks.push({ shape: "line", role: "block", from: [x0, top + r * cell], to: [x0 + columns * cell, top + r * cell] });

  if (numbers) marks.push(...vectors(plan, y, { x0, top, cell, rows, columns }, words));
  for (let r = 0; r < rows; r++) {
    const during = [r, r] as const;
    marks.push({ shape: "rect", role: "outline", x: x0, y: top + r * cell, width: columns * cell, height: cell, during });
  }
  marks.push(...legend(plan, found, right, top));
  return {
    width,
    height: Math.max(top + rows * cell, top + legendRows(plan) * 30 + 50) + margin,
    title,
    description: `${counts.join(" ")}. ${words.matrixIs}`,
    marks,
    frames: rows,
    still: 0,
  };
}

function numberIn(x: number, y: number, cell: number, text: string, fill?: string): Mark {
  const size = Math.min(cell * 0.46, (cell * 0.8) / widthOf(text, 1));
  return {
    shape: "words",
    role: "number",
    x: x + cell / 2,
    y: y + cell / 2,
    text,
    size,
    anchor: "middle",
    ...(fill !== undefined && { fill }),
  };
}

interface Place {
  readonly x0: number;
  readonly top: number;
  readonly cell: number;
  readonly rows: number;
  readonly columns: number;
}

/** The input laid over the columns, the output beside the rows. */
function vectors(plan: WindowPlan, y: Float64Array, { x0, top, cell, rows, columns }: Place, words: PictureWords): Mark[] {
  const marks: Mark[] = [{ shape: "words", role: "soft", size: 12, x: x0, y: top - cell - 20, text: words.rowAfterRow(plan.names.input) }];
  for (let c = 0; c < columns; c++) {
    marks.push({ shape: "rect", role: "input", x: x0 + c * cell, y: top - cell - 8, width: cell, height: cell });
    marks.push(numberIn(x0 + c * cell, top - cell - 8, cell, showNumber(plan.values[c])));
  }
  const left = x0 + columns * cell + 10;
  marks.push({ shape: "words", role: "soft", size: 12, x: left, y: top - 10, text: plan.names.output });
  for (let r = 0; r < rows; r++)
    marks.push({ shape: "rect", role: "pending", x: left, y: top + r * cell, width: 1.4 * cell, height: cell });
  for (let r = 0; r < rows; r++) {
    const during = [r, rows - 1] as const;
    const box = { x: left, y: top + r * cell, width: 1.4 * cell, height: cell };
    marks.push({ shape: "rect", role: "output", ...box, during, lasting: true });
    marks.push({ ...numberIn(left + 0.2 * cell, top + r * cell, cell, showNumber(y[r])), during, lasting: true });
    marks.push({ shape: "rect", role: "winner", ...box, during: [r, r] });
  }
  return marks;
}

/** Beyond this the kernels of many channels would need a page of their own. */
const shownKernels = 4;
const legendColumns = ({ axes }: WindowPlan): number => axes[1].kernel;
const kernelCount = ({ axes, weights }: WindowPlan): number => Math.min(shownKernels, weights.length / (axes[0].kernel * axes[1].kernel));
const legendRows = (plan: WindowPlan): number => kernelCount(plan) * (plan.axes[0].kernel + 0.5);

function legend(plan: WindowPlan, { matrix, kernel }: PlanMatrix, x: number, top: number): Mark[] {
  const [{ kernel: kh }, { kernel: kw }] = plan.axes;
  const marks: Mark[] = [{ shape: "words", role: "ink", size: small, x, y: top + 4, text: plan.names.kernel }];
  for (let k = 0; k < kernelCount(plan); k++) {
    for (let t = 0; t < kh * kw; t++) {
      const weight = k * kh * kw + t;
      const colour = parameterColour(weight, matrix.parameters);
      const at = { x: x + (t % kw) * 30, y: top + 18 + (k * (kh + 0.5) + Math.floor(t / kw)) * 30 };
      marks.push({ shape: "rect", role: "tile", ...at, width: 30, height: 30, fill: toHex(colour) });
      marks.push(numberIn(at.x, at.y, 30, showNumber(kernel[weight]), inkOn(colour)));
    }
  }
  return marks;
}
