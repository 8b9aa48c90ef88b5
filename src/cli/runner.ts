// An opened network that can be fed files: knows its inputs, turns files into tensors for them, and keeps compiled programs for the next run.
import { baseName, readFile } from "#platform";
import { compile } from "../backends/compile.ts";
import { createGraph, type Graph } from "../graph/graph.ts";
import type { Feeds, Program, Results } from "../graph/program.ts";
import { decodeImage, isImageName } from "../io/image.ts";
import { readNpy } from "../io/npy.ts";
import { type OnnxPort, showPort } from "../io/onnx/bind.ts";
import { readOnnxTensor } from "../io/onnx/tensor-file.ts";
import { pictureToInput } from "../io/prepare.ts";
import type { TfjsNetwork } from "../io/tfjs/network.ts";
import type { Model, Preprocessing } from "../nn/model.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { proposal } from "../tensor/options.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { OpenedModel, OpenOptions } from "./open-model.ts";
import type { InputSize, MachineOptions } from "./options.ts";

export interface Runner {
  readonly inputs: readonly OnnxPort[];
  /** How pictures are brought into form; undefined: pixels 0..1. */
  readonly preprocessing: Preprocessing | undefined;
  readonly inputSize: InputSize | undefined;
  /** `all`: every layer's values, too. */
  run(feeds: Feeds, all: boolean): Promise<Results>;
}

export function createRunner(opened: OpenedModel, options: OpenOptions, machine: MachineOptions): Runner {
  const { inputSize, dims } = options;
  const { onnx, tfjs } = opened;
  if (tfjs !== undefined) return tfjsRunner(tfjs, opened.preprocessing, inputSize, machine);
  if (onnx === undefined) return modelRunner(opened.model(), inputSize, machine);
  return {
    inputs: onnx.inputs,
    preprocessing: opened.preprocessing,
    inputSize,
    run: (feeds, all) => onnx.run(feeds, { ...machine, ...(dims && { dims }), ...(all && { outputs: "all" }) }),
  };
}

function tfjsRunner(
  network: TfjsNetwork,
  preprocessing: Preprocessing | undefined,
  inputSize: InputSize | undefined,
  machine: MachineOptions,
): Runner {
  return {
    inputs: network.inputs.map(({ name, shape }) => ({ name, type: "float", shape: ["N", ...shape] })),
    preprocessing,
    inputSize,
    run(feeds, all) {
      if (all) throw new ArgumentError("--all-outputs is for ONNX files and for networks of one input and one output");
      return network.run(feeds, machine);
    },
  };
}

/** Programs kept per model. */
const mostPrograms = 4;

function modelRunner(model: Model, inputSize: InputSize | undefined, machine: MachineOptions): Runner {
  const programs = new Map<string, Program>();
  return {
    inputs: [{ name: "x", type: "float", shape: ["N", ...model.inputShape] }],
    preprocessing: model.preprocessing,
    inputSize,
    async run({ x: given }, all) {
      const single = given.rank === model.inputShape.length;
      const [batch, ...inputShape] = single ? [1, ...given.shape] : given.shape;
      if (inputShape.length !== model.inputShape.length) {
        throw new ShapeError(`the input x is ${showPort(["N", ...model.inputShape])}; ${showShape(given.shape)} was given`);
      }
      const key = JSON.stringify([batch, inputShape, all]);
      const program = programs.get(key) ?? (await compile(graphOf(model, batch, inputShape, all), machine));
      programs.delete(key);
      programs.set(key, program);
      for (const [oldest, old] of programs) {
        if (programs.size <= mostPrograms) break;
        programs.delete(oldest);
        old.release();
      }
      const x = new Tensor(given.data, [batch, ...inputShape]);
      return program.run({ x: x.dtype === "float32" ? x : x.cast("float32") });
    },
  };
}

function graphOf(model: Model, batch: number, inputShape: readonly number[], all: boolean): Graph {
  const { output, layers } = model.trace({ batch, inputShape });
  const named = all ? layers.map(({ name, value }) => [name, value] as const) : [];
  return createGraph({ outputs: new Map([...named, ["y", output]]) });
}

/** Reads `{ input: file }` as tensors. Every input must be given, and nothing else. */
export async function readFeeds(runner: Runner, files: Readonly<Record<string, string>>): Promise<Feeds> {
  const names = runner.inputs.map(({ name }) => name);
  const given = Object.keys(files);
  const unknown = given.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new ArgumentError(`there is no input "${unknown}"${proposal(unknown, names)}; ${listInputs(runner)}`);
  const missing = names.filter((name) => !given.includes(name));
  if (missing.length > 0) throw new ArgumentError(`nothing is given for ${missing.join(", ")}; ${listInputs(runner)}`);
  const feeds: Record<string, Tensor> = {};
  for (const port of runner.inputs) feeds[port.name] = await readInput(files[port.name], port, runner);
  return feeds;
}

const listInputs = ({ inputs }: Runner): string =>
  `the network takes ${inputs.map(({ name, type, shape }) => `${name} ${type ?? "no tensor"} ${showPort(shape)}`).join(", ")}`;

async function readInput(file: string, port: OnnxPort, { preprocessing, inputSize }: Runner): Promise<Tensor> {
  const bytes = await readFile(file);
  if (/\.npy$/i.test(file)) return readNpy(bytes, { name: file });
  if (/\.pb$/i.test(file)) return readOnnxTensor(bytes, { name: file }).tensor;
  if (!isImageName(file)) throw new ArgumentError(`${baseName(file)}: inputs are .npy, .pb, .png or .jpg files`);
  const picture = decodeImage(bytes, { name: file });
  const { shape } = port;
  if (shape !== undefined && shape.length !== 4) {
    throw new ShapeError(`${file} is a picture; the input ${port.name} takes ${showPort(shape)}, which is no [N, C, H, W]`);
  }
  const fixed = (axis: number): number | undefined => (typeof shape?.[axis] === "number" ? shape[axis] : undefined);
  const size = [
    fixed(1) ?? inputSize?.channels ?? 3,
    inputSize?.height ?? fixed(2) ?? picture.height,
    inputSize?.width ?? fixed(3) ?? picture.width,
  ];
  return new Tensor(pictureToInput(picture, size, preprocessing).data, [1, ...size]);
}
