// A TensorFlow.js network of two inputs and two outputs at the command line: looked at, and fed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addInspectCommand } from "../../src/cli/inspect.ts";
import { addRunCommand } from "../../src/cli/run.ts";
import { readNpy, writeNpy } from "../../src/io/index.ts";
import { transpose } from "../../src/ops/index.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { run } from "./in-process.ts";

const { networks } = JSON.parse(readFileSync(new URL("../golden/tfjs.json", import.meta.url), "utf8"));
const [, { json, weights, inputs, outputs }] = networks;
const folder = mkdtempSync(join(tmpdir(), "fovea-tfjs-cli-"));
const at = (name: string): string => join(folder, name);
const picture = ({ shape, values }: { shape: number[]; values: number[] }): Tensor =>
  transpose(new Tensor(Float32Array.from(values), shape), { permutation: [0, 3, 1, 2] });

beforeAll(() => {
  writeFileSync(at("model.json"), JSON.stringify(json));
  writeFileSync(at("weights.bin"), Buffer.from(weights, "base64"));
  for (const name of ["left", "right"]) writeFileSync(at(`${name}.npy`), writeNpy(picture(inputs[name])));
});
afterAll(() => rmSync(folder, { recursive: true }));

const machine = ["--device", "reference"];

test("EF1 inspect shows what it compiles to", async () => {
  const { out } = await run(addInspectCommand, ["inspect", folder, ...machine]);
  expect(out).toMatch(/compiled for one run: reference/);
});

test("EF1 run feeds both inputs by name and keeps both outputs", async () => {
  const feeds = ["left", "right"].flatMap((name) => ["--input", `${name}=${at(`${name}.npy`)}`]);
  await run(addRunCommand, ["run", folder, ...feeds, "--out", at("out"), ...machine]);
  const sum = readNpy(readFileSync(at("out/sum.npy")));
  expect(sum.shape).toEqual([2, 2, 4, 3]);
  for (const [i, value] of picture(outputs.sum).data.entries()) expect(sum.data[i]).toBeCloseTo(value, 5);
  const scores = readNpy(readFileSync(at("out/scores.npy")));
  for (const [i, value] of outputs.scores.values.entries()) expect(scores.data[i]).toBeCloseTo(value, 5);
  await expect(run(addRunCommand, ["run", folder, ...feeds, "--all-outputs", "--out", at("all"), ...machine])).rejects.toThrow(
    /--all-outputs/,
  );
});
