// The chapters' examples, run: every line that ends in "// → text" gives that text.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const rooms: Readonly<Record<string, () => Promise<object>>> = {
  "fovea/arithmetic": () => import("../../src/arithmetic/index.ts"),
  "fovea/backends": () => import("../../src/backends/index.ts"),
  "fovea/data": () => import("../../src/data/index.ts"),
  "fovea/graph": () => import("../../src/graph/index.ts"),
  "fovea/io": () => import("../../src/io/index.ts"),
  "fovea/lens": () => import("../../src/lens/index.ts"),
  "fovea/nn": () => import("../../src/nn/index.ts"),
  "fovea/ops": () => import("../../src/ops/index.ts"),
  "fovea/report": () => import("../../src/report/index.ts"),
  "fovea/tensor": () => import("../../src/tensor/index.ts"),
  "fovea/train": () => import("../../src/train/index.ts"),
  "fovea/zoo": () => import("../../src/zoo/index.ts"),
};

type Check = (value: unknown, expected: string) => void;
const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (
  ...parts: string[]
) => (...given: unknown[]) => Promise<void>;

/** All examples of a chapter as one program; later ones use what earlier ones made. */
async function runChapter(name: string, check: Check): Promise<void> {
  const text = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8");
  const code = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block]) => block).join("\n");
  const given = new Map<string, unknown>();
  for (const [, names, room] of code.matchAll(/^import \{ (.*?) \} from "(.*?)";$/gm)) {
    const exported = (await rooms[room]()) as Record<string, unknown>;
    for (const each of names.split(", ")) {
      expect(exported, `${each} from ${room}`).toHaveProperty(each);
      given.set(each, exported[each]);
    }
  }
  const body = code
    .replace(/^import .*$/gm, "")
    .replace(/^(.*); \/\/ → (.*)$/gm, (_, expression: string, expected: string) => `check(${expression}, ${JSON.stringify(expected)});`);
  await new AsyncFunction("check", ...given.keys(), body)(check, ...given.values());
}

describe("the chapters tell the truth", () => {
  it.each([
    ["arithmetic", 20],
    // The chapters in Chinese have the same examples.
    ["zh/arithmetic", 20],
    ["zh/receptive-fields", 6],
    ["zh/three-ideas", 10],
    ["zh/pooling", 26],
    ["zh/activations", 9],
    ["zh/learning", 10],
    ["zh/variants", 17],
    ["pooling", 26],
    ["receptive-fields", 6],
    ["three-ideas", 10],
    ["variants", 17],
    ["activations", 9],
    ["learning", 10],
    ["onnx", 12],
    ["attribution", 16],
    ["maximisation", 10],
    ["exporting", 6],
    ["weights", 4],
    ["captions", 11],
  ])("docs/%s.md", async (name, atLeast) => {
    let checked = 0;
    await runChapter(name, (value, expected) => {
      checked++;
      expect(String(value)).toBe(expected);
    });
    expect(checked).toBeGreaterThanOrEqual(atLeast);
  });
});
