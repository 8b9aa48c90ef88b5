// fovea conv: the arithmetic of one convolution or pooling - size, receptive field, cost, each with its formula - and its picture, in the
// terminal, as SVG or as GIF.
import type { CAC } from "cac";
import { writeFileAtomically } from "#platform";
import { type Explained, explanationLines } from "../arithmetic/explained.ts";
import { drawGif } from "../report/animation/gif.ts";
import type { Drawing } from "../report/convolution/drawing.ts";
import { matrixPicture } from "../report/convolution/matrix.ts";
import { drawnSize, isPooling, mostDrawn } from "../report/convolution/options.ts";
import { drawSteps, middleFrame, pictureLimits } from "../report/convolution/picture.ts";
import { describeSteps, type Frame, type Steps } from "../report/convolution/steps.ts";
import { drawSvg } from "../report/convolution/svg.ts";
import { drawTerminal, drawTerminalMatrix, terminalLegend } from "../report/convolution/terminal.ts";
import { showSample, showSum, showUnused } from "../report/convolution/words.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { factsOf, type WindowFacts } from "./conv-facts.ts";
import { answerInverse } from "./conv-inverse.ts";
import { numberOption, textOption } from "./options.ts";
import { showCount } from "./progress.ts";
import { readQuestion, type WindowQuestion } from "./window-options.ts";

export function addConvCommand(cli: CAC, signal: AbortSignal): void {
  cli
    .command("conv", "Explain and draw a convolution or pooling: sizes, formulas, receptive field, cost, every window")
    .option("--input <size>", "Input: 5x5, 7 for a sequence, 8x8x8 (default: 5x5)")
    .option("--kernel <size>", 'Kernel: 3, 3x5, numbers "1 0 -1; 2 0 -2; 1 0 -1", or a name such as sobel-x (default: 3)')
    .option("--stride <n>", "Step of the window (default: 1; for --pool the kernel)")
    .option("--padding <p>", "1, before and after 1,2, per axis 1x2, or valid, same, same-lower, full, causal (default: 0)")
    .option("--dilation <n>", "Distance between taps (default: 1)")
    .option("--channels <in,out>", "Channels in and out (default: 1,1)")
    .option("--groups <n>", "Groups of channels that do not meet (default: 1)")
    .option("--no-bias", "Count parameters without biases")
    .option("--transposed", "A transposed convolution, drawn as a convolution over the stretched input")
    .option("--output-padding <n>", "Transposed: rows and columns at the bottom and the right (default: 0)")
    .option("--deformable", "A deformable convolution: taps read between cells, where offsets put them")
    .option("--offset <rows,columns>", "Deformable: one offset for all taps, such as 0,0.5 (default: many, from --seed)")
    .option("--pool <kind>", "max or average pooling instead of a convolution")
    .option("--ceil", "Pooling: round the number of windows up")
    .option("--output-size <n>", "The inverse question: which inputs (given --kernel) or settings (given --input) give this output?")
    .option("--frame <n>", "Show the n-th window, from 1 (default: one in the middle)")
    .option("--step", "Show every window, one after the other")
    .option("--matrix", "Show the convolution as its sparse matrix")
    .option("--svg <file>", "Write the picture as SVG: moving, or still with --frame")
    .option("--gif <file>", "Write the picture as animated GIF")
    .option("--seconds <n>", "Seconds per frame of SVG and GIF (default: 1)")
    .option("--seed <n>", "Seed of the numbers in the picture (default: 0)")
    .option("--json", "Print everything as JSON")
    .example("fovea conv --input 5x5 --kernel 3 --stride 2 --padding 1")
    .example("fovea conv --input 3x3 --transposed --stride 2 --padding 1 --output-padding 1 --svg up.svg")
    .example("fovea conv --kernel 3 --stride 2 --padding 1 --output-size 3")
    .action((options: Readonly<Record<string, unknown>>) => conv(options, signal));
}

async function conv(options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const question = readQuestion(options);
  const wish = {
    frame: numberOption("frame", options.frame, { min: 1, integer: true }),
    seconds: numberOption("seconds", options.seconds, { min: 0.4 }) ?? 1,
    svg: textOption("svg", options.svg),
    gif: textOption("gif", options.gif),
    matrix: options.matrix === true,
    step: options.step === true,
  };
  if (question.outputSize !== undefined) {
    const drawn = (["svg", "gif", "matrix", "step", "frame"] as const).find((name) => options[name] !== undefined);
    if (drawn !== undefined)
      throw new ArgumentError(`--output-size asks for sizes or settings, of which there is no picture: leave --${drawn} out`);
    const { lines, json } = answerInverse(question);
    process.stdout.write(
      `${options.json === true ? JSON.stringify(json, null, 2) : lines.flatMap((line) => breakLine(line, screenWidth())).join("\n")}\n`,
    );
    return;
  }
  const facts = factsOf(question, { bias: options.bias !== false });
  // A picture of so many cells is neither made nor missed.
  const steps = facts.picture === undefined || drawnSize(facts.picture) > mostDrawn ? undefined : describeSteps(facts.picture);
  const frame = chooseFrame(steps, wish.frame);
  if (options.json === true)
    process.stdout.write(`${JSON.stringify(plain(facts, question, steps, wish.frame === undefined ? undefined : frame), null, 2)}\n`);
  else print(facts, question, steps, frame, wish);
  if (wish.svg === undefined && wish.gif === undefined) return;
  const drawing = drawingOf(steps, facts, wish.matrix);
  if (wish.svg !== undefined) {
    const still = wish.frame === undefined ? { animate: true } : { frame: wish.frame - 1 };
    await writeFileAtomically(wish.svg, drawSvg(drawing, { ...still, seconds: wish.seconds }));
    process.stderr.write(`wrote ${wish.svg}: ${drawing.frames} ${drawing.frames === 1 ? "frame" : "frames"}\n`);
  }
  if (wish.gif !== undefined) {
    const bytes = await drawGif(drawing, { seconds: wish.seconds, signal });
    await writeFileAtomically(wish.gif, bytes);
    process.stderr.write(`wrote ${wish.gif}: ${drawing.frames} frames, ${showCount(bytes.length / 1024)} KiB\n`);
  }
}

function drawingOf(steps: Steps | undefined, facts: WindowFacts, matrix: boolean): Drawing {
  if (steps === undefined) throw new ArgumentError(`${facts.input.join("x")} is too large, or has too many axes, for a picture`);
  return matrix ? matrixPicture(steps.plan) : drawSteps(steps);
}

function chooseFrame(steps: Steps | undefined, wanted: number | undefined): Frame | undefined {
  if (steps === undefined) return undefined;
  if (wanted !== undefined && wanted > steps.frames.length)
    throw new ArgumentError(`--frame is ${wanted}; there are ${steps.frames.length} windows, one per output`);
  return steps.frames[wanted === undefined ? middleFrame(steps) : wanted - 1];
}

const screenWidth = (): number => Math.max(40, process.stdout.columns ?? 80);

interface Wish {
  readonly matrix: boolean;
  readonly step: boolean;
}

function print(facts: WindowFacts, question: WindowQuestion, steps: Steps | undefined, frame: Frame | undefined, wish: Wish): void {
  const columns = screenWidth();
  const colour = process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";
  // Sizes are held together by spaces that do not break; searching the output should find them by plain ones.
  const say = (text: string): void => void process.stdout.write(`${text.replaceAll("\u00a0", " ")}\n`);
  const sayWrapped = (line: string): void => (line.length > columns ? breakLine(line, columns) : [line]).forEach(say);
  headline(facts, question).forEach(sayWrapped);
  say("");
  for (const [name, lines] of factLines(facts)) say(labelled(name, lines, columns));
  // The formula's own note says it where the stride leaves a border over.
  const unused = steps === undefined || facts.sizes.some((s) => s.note !== undefined) ? undefined : showUnused(steps);
  if (unused !== undefined) say(labelled("unused", [unused], columns));
  say("");
  if (steps === undefined || frame === undefined) {
    sayWrapped(`(not drawn: ${facts.picture === undefined ? "pictures have one or two axes" : "too large"})`);
    return;
  }
  if (wish.matrix) {
    drawTerminalMatrix(steps.plan, columns).split("\n").forEach(sayWrapped);
    return;
  }
  const drawn = drawTerminal(steps, frame, { columns, colour });
  if (drawn === undefined) {
    sayWrapped(`(not drawn: ${whyNotDrawn(steps, columns)})`);
    for (const f of wish.step ? steps.frames : [frame]) say(sumLine(steps, f, columns));
    return;
  }
  if (!wish.step) {
    say(drawn);
    sayWrapped(terminalLegend(steps));
    say(`\n${sumLine(steps, frame, columns)}`);
    return;
  }
  for (const f of steps.frames) say(`${drawTerminal(steps, f, { columns, colour })}\n${sumLine(steps, f, columns)}\n`);
  sayWrapped(terminalLegend(steps));
}

function whyNotDrawn({ grid, plan, frames }: Steps, columns: number): string {
  const channels = plan.inChannels > 1 ? ` in ${plan.inChannels} channels` : "";
  const fits = Math.max(grid.rows, grid.columns) <= pictureLimits.cells && frames.length <= pictureLimits.frames;
  return `${grid.rows} × ${grid.columns} cells with padding${channels} do not fit ${columns} characters${fits ? "; --svg draws them" : ""}`;
}

function sumLine(steps: Steps, frame: Frame, columns: number): string {
  const { row, column, channel } = frame.output;
  const { plan } = steps;
  const place = [...(plan.outChannels > 1 ? [channel] : []), ...(plan.rank === 1 ? [] : [row]), column].join(", ");
  const number = steps.frames.indexOf(frame) + 1;
  const lines = [`output(${place}) = ${showSum(steps, frame)}`, showSample(steps, frame.taps)].filter((line) => line !== undefined);
  return labelled(`window ${number} of ${steps.frames.length}`, lines, columns);
}

const by = (sizes: readonly number[]): string => sizes.join("\u00a0×\u00a0");
/** "2", or "2 × 1" where the axes differ. */
const alike = (values: readonly (number | string)[]): string => (new Set(values).size === 1 ? String(values[0]) : values.join(" × "));

function headline(
  { kind, input, kernel, stride, dilation, padding, outputPadding, output }: WindowFacts,
  question: WindowQuestion,
): string[] {
  const { inChannels, outChannels, groups, ceilMode } = question;
  const pads = padding.map(([before, after]) => (before === after ? String(before) : `${before},${after}`));
  const parts = [
    `kernel ${by(kernel)}`,
    `stride ${alike(stride)}`,
    `padding ${alike(pads)}`,
    dilation.some((d) => d !== 1) && `dilation ${alike(dilation)}`,
    outputPadding.some((a) => a !== 0) && `output padding ${alike(outputPadding)}`,
    ceilMode && "ceil mode",
    (inChannels > 1 || outChannels > 1) && !isPooling(kind) && `${inChannels} to ${outChannels} channels`,
    groups > 1 && `${groups} groups`,
  ].filter((part) => part !== false);
  const name = {
    convolution: "Convolution",
    transposed: "Transposed convolution",
    deformable: "Deformable convolution",
    "average pooling": "Average pooling",
    "max pooling": "Max pooling",
    "L2 pooling": "L2 pooling",
  }[kind];
  return [`${name} of ${by(input)} → ${by(output)}`, parts.join(", ")];
}

type Fact = readonly [name: string, lines: readonly string[]];

function factLines({ kind, sizes, field, cost, offsetCost, kernel, stride, dilation }: WindowFacts): Fact[] {
  const size = sizes.map((s) => explanationLines(s).map((line) => line.trim()));
  const same = new Set(size.map((lines) => lines.join("\n"))).size === 1;
  const facts: Fact[] = same ? [["size", size[0]]] : size.map((lines, axis) => [`size, axis ${axis}`, lines] as const);
  if (field !== undefined) {
    const step = alike(field.map((f) => f.stride.value));
    const centre = field.map((f) => f.centre.value).join(", ");
    facts.push([
      "field",
      [
        `every output sees ${by(field.map((f) => f.size.value))} of the input${kind === "deformable" ? " before its offsets move it" : ""}`,
        `neighbours see ${step} apart; the first is centred on (${centre})`,
      ],
    ]);
  } else {
    const most = kernel.map((k, axis) => (dilation[axis] === 1 ? Math.ceil(k / stride[axis]) : k));
    facts.push(["field", [`every input touches ${by(kernel)} outputs; every output sees at most ${by(most)} of the input`]]);
  }
  const count = (e: Explained): string =>
    e.value === 0 ? "0" : `${showCount(e.value)} = ${e.formula.replace(/^\w+ = /, "")} = ${e.substituted.replace(/ [=≈] [^=≈]*$/, "")}`;
  facts.push(["parameters", [count(cost.parameters)]], ["multiply-adds", [count(cost.macs)]], ["outputs", [count(cost.activations)]]);
  if (offsetCost !== undefined)
    facts.push([
      "offsets",
      [
        `a second convolution makes ${showCount(2 * kernel.reduce((p, k) => p * k, 1))} maps of offsets: ${showCount(offsetCost.parameters.value)} parameters, ${showCount(offsetCost.macs.value)} multiply-adds`,
      ],
    ]);
  return facts;
}

const labelWidth = 15;

/** A name in front, and its lines beside it, broken at spaces. */
function labelled(name: string, lines: readonly string[], columns: number): string {
  const width = Math.max(labelWidth, name.length + 1);
  const broken = lines.flatMap((line) => breakLine(line, columns - width - 2));
  return broken.map((line, i) => `  ${(i === 0 ? name : "").padEnd(width - 1)} ${line}`.trimEnd()).join("\n");
}

/** Breaks a line at spaces, but not before a number that ends a bracket, as in (relationship 6). No line ends in a space. */
export function breakLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ (?!\d+\))/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line.trimEnd());
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line.trimEnd()];
}

function plain(facts: WindowFacts, question: WindowQuestion, steps: Steps | undefined, frame: Frame | undefined): object {
  const { inChannels, outChannels, groups } = question;
  const { picture: _, ...rest } = facts;
  return {
    ...rest,
    channels: isPooling(facts.kind) ? [inChannels, inChannels] : [inChannels, outChannels],
    groups,
    ...(steps !== undefined && { unused: steps.unused, windows: steps.frames.length, values: steps.output }),
    ...(frame !== undefined && steps !== undefined && { frame: { ...frame, sum: showSum(steps, frame) } }),
  };
}
