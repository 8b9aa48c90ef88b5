// Nets as text: what is written is read back, every word builds, and mistakes are said where they are.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readModel, writeModel } from "../../src/io/index.ts";
import { activations } from "../../src/lens/index.ts";
import { createModel } from "../../src/nn/index.ts";
import { Tensor } from "../../src/tensor/index.ts";
import {
  architecture,
  buildNet,
  type LayerOption,
  type LayerValues,
  layerValues,
  layerVocabulary,
  readNet,
  type WrittenLayer,
  writeNet,
  writtenLayer,
  zooModel,
} from "../../src/zoo/index.ts";
import { rounds } from "../support/long.ts";

const valueFor = (option: LayerOption): fc.Arbitrary<number | string> => {
  const { kind, least = 0, usual = 8, words = [] } = option;
  if (kind === "choice") return fc.constantFrom(...words);
  const number =
    kind === "count"
      ? fc.integer({ min: least, max: usual })
      : fc.integer({ min: 0, max: 16 }).map((n) => least + (n / 16) * (usual - least));
  return words.length === 0 ? number : fc.oneof(number, fc.constantFrom(...words));
};

const simple = layerVocabulary.filter(({ branches }) => branches === undefined);
const valued = fc
  .constantFrom(...simple)
  .chain(({ kind, options }) =>
    fc
      .record(Object.fromEntries(options.map((option) => [option.name, valueFor(option)])))
      .map((values): [string, LayerValues] => [kind, values]),
  );
const layer: fc.Arbitrary<WrittenLayer> = fc.letrec<{ layer: WrittenLayer }>((tie) => ({
  layer: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    valued.map(([kind, values]) => writtenLayer(kind, values)),
    fc.array(tie("layer"), { maxLength: 3 }).map((part): WrittenLayer => ({ kind: "residual", given: [], named: {}, parts: [part] })),
    fc
      .tuple(fc.constantFrom("concat", "add"), fc.array(fc.array(tie("layer"), { maxLength: 2 }), { minLength: 2, maxLength: 3 }))
      .map(([kind, parts]): WrittenLayer => ({ kind, given: [], named: {}, parts })),
  ),
})).layer;

describe("LF3 text", () => {
  test("reading is the inverse of writing", () => {
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 8 }), (net) => {
        const text = writeNet(net);
        expect(readNet(text)).toEqual(net);
        expect(writeNet(readNet(`net: ${text}`))).toBe(text);
      }),
      { numRuns: rounds(200) },
    );
  });

  test("a layer written from its values has these values, and is no longer than it need be", () => {
    fc.assert(
      fc.property(valued, ([kind, values]) => {
        const written = writtenLayer(kind, values);
        expect(layerValues(written)).toEqual(values);
        expect(layerValues(readNet(writeNet([written]))[0])).toEqual(values);
      }),
      { numRuns: rounds(300) },
    );
    expect(writeNet([writtenLayer("conv", { maps: 8, pad: 1 })])).toBe("conv(8 pad=1)");
    expect(writeNet([writtenLayer("conv", { maps: 8, kernel: 5 })])).toBe("conv(8 5)");
    expect(writeNet([writtenLayer("linear")])).toBe("linear");
    expect(writeNet([writtenLayer("maxpool", { stride: 1 })])).toBe("maxpool(stride=1)");
  });

  test("anything that is not a net is refused with a typed error, and fast", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        try {
          readNet(text);
        } catch (error) {
          expect((error as Error).name).toBe("ModelFormatError");
        }
      }),
      { numRuns: rounds(300) },
    );
  });

  it.each([
    ["", "the net has no layers"],
    ["conv(8 3", 'net, character 9: the text ends; expected ")"'],
    ["conv(8 3) )", 'net, character 11: ")"; expected a layer, or the end'],
    ["conv(8 $)", 'net, character 8: "$" is neither a word nor a number'],
    ["conv", "conv: maps is missing; for example conv(8)"],
    ["convv(8)", 'no layer is called "convv" (did you mean "conv"?)'],
    ["conv(8 strid=2)", 'conv: unknown option "strid"'],
    ["conv(8 pad=-1)", "conv: pad is -1; expected an integer >= 0"],
    ["conv(8.5)", "conv: maps is 8.5; expected an integer >= 1"],
    ["conv(8 maps=9)", "conv: maps is given twice, as 8 and as 9"],
    ["conv(8 bias=maybe)", "conv: bias is maybe; expected on, off"],
    ["residual", 'expected "(" and what residual holds'],
    ["concat(relu)", "concat: holds one branch; expected at least two, separated by |"],
    ["relu | relu", 'net, character 6: "|"; expected a layer, or the end'],
    [`${"residual(".repeat(30)}`, "at most 16 layers inside each other"],
    ["relu ".repeat(501), "more than 500 layers"],
    ["x".repeat(20_001), "at most 20000 are read"],
  ])("%s", (text, message) => {
    expect(() => readNet(text)).toThrow(message);
  });

  test("layers that do not fit say where and why", () => {
    const build = (text: string) => () => createModel(buildNet(readNet(text), 10), [3, 16, 16]);
    expect(build("conv(8 3) residual(conv(4 3 pad=1))")).toThrow(/residual1/);
    expect(build("conv(8 20)")).toThrow(/conv1.*20/s);
    expect(build("conv(8 3 groups=2)")).toThrow(/groups 2|divisible|divide/);
    expect(build("concat(conv(4 3) | identity)")).toThrow(/concat1/);
    expect(build("conv(8 3) linear")).toThrow('linear "linear1": 8 maps of 14 x 14 come in');
  });
});

describe("LF3 nets", () => {
  it.each(layerVocabulary.map(({ kind }) => kind))("%s builds with its least, and runs", async (kind) => {
    const { options, branches } = layerVocabulary.find((w) => w.kind === kind)!;
    const needed = options.filter((o) => o.default === undefined).map((o) => `${o.name}=${kind === "shuffle" ? 2 : 4}`);
    const inside = branches === undefined ? needed.join(" ") : branches === "one" ? "identity" : "identity | identity";
    const model = createModel(buildNet(readNet(`${kind === "linear" ? "flatten " : ""}${kind}(${inside}) flatten linear`), 3), [4, 8, 8], {
      seed: 1,
      classes: ["a", "b", "c"],
    });
    const scores = (await activations(model, new Tensor(new Float32Array(256).fill(0.5), [4, 8, 8]))).get(
      model.summary().layers.at(-1)!.name,
    )!;
    expect(scores.shape).toEqual([3]);
    expect([...scores.data].every(Number.isFinite)).toBe(true);
  });

  test("a written net is a net of the zoo, and its file opens again", () => {
    const name = "net: conv(4 3 pad=1) relu residual(conv(4 3 pad=1)) globalavg flatten linear";
    const model = zooModel(name, { inputShape: [1, 12, 12], outputs: 5, seed: 3 });
    expect(model.summary().layers.at(-1)?.outputShape).toEqual([5]);
    const again = readModel(writeModel(model, name));
    expect(again.architecture).toBe(name);
    expect([...again.model.state().keys()]).toEqual([...model.state().keys()]);
    for (const [key, tensor] of model.state()) expect([...again.model.state().get(key)!.data]).toEqual([...tensor.data]);
    expect(architecture("net:relu   flatten linear").name).toBe("net: relu flatten linear");
  });

  test("the command line trains it", () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-written-"));
    try {
      const entry = join(import.meta.dirname, "../../src/cli/main.ts");
      const flags = [
        "--dataset",
        "synthetic",
        "--net",
        "net: conv(4 3) relu globalavg flatten linear",
        "--epochs",
        "1",
        "--limit",
        "64",
        "--no-report",
      ];
      const { stderr, stdout, status } = spawnSync(
        process.execPath,
        ["--import", "tsx", entry, "train", ...flags, "--out", join(folder, "run")],
        {
          encoding: "utf8",
        },
      );
      expect(`${status} ${stderr} ${stdout}`).toMatch(/^0 /);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
