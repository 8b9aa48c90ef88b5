// The receptive fields that papers and the specification tabulate, by graph and by formula; cones of sparse layers.
import { describe, expect, it } from "vitest";
import { connections, windowAxes } from "../../src/arithmetic/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { boxOf, outputsOf, pathField } from "../../src/graph/field.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import { avgPool2d, conv1d } from "../../src/ops/index.ts";
import { zeros } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";
import { alexnetV2, chain, type LayerRow, lenet5, mobilenetV1, resnet50, rsp, type TracedNet, vgg16, zfnet } from "./field-nets.ts";

describe("RF7 H3 tables", () => {
  type Row = readonly [layer: string, size: number, stride: number, padding: number];
  const expectRows = (net: TracedNet, rows: readonly Row[]): void => {
    for (const [layer, ...expected] of rows) {
      const value = net.layers.get(layer);
      if (value === undefined) throw new Error(`the net has no layer "${layer}"`);
      expect(rsp(value, net.input), layer).toEqual([expected, expected]);
    }
  };
  const pathOf = (rows: readonly LayerRow[], upTo: string): number[] => {
    const layers = rows.slice(0, rows.findIndex(([name]) => name === upTo) + 1);
    const field = pathField(layers.map(([, kernel, stride, padding]) => ({ kernel, stride, padding: padding as number })));
    return [field.size, field.stride, field.padding];
  };

  const nets: Readonly<Record<string, readonly [rows: readonly LayerRow[], size: number]>> = {
    alexnet_v2: [alexnetV2, 224],
    vgg_16: [vgg16, 224],
    zfnet: [zfnet, 224],
    lenet5: [lenet5, 32],
  };

  it.each(Object.entries(nets))("RF7 KD10 H3 %s: every row of the fixtures, by graph and by formula", (name, [rows, size]) => {
    const expected = fixture<{ networks: Record<string, Row[]> }>("receptive_fields").networks[name];
    expect(expected.length).toBeGreaterThan(4);
    expectRows(chain(size, rows), expected);
    for (const [layer, ...numbers] of expected) expect(pathOf(rows, layer), layer).toEqual(numbers);
  });

  const mobilenetRows: readonly (readonly [layer: string, size: number, stride: number, at224: number, at321: number])[] = [
    ["conv0", 3, 2, 0, 1],
    ["pointwise 1", 7, 2, 2, 3],
    ["pointwise 2", 11, 4, 2, 5],
    ["pointwise 3", 19, 4, 6, 9],
    ["pointwise 4", 27, 8, 6, 13],
    ["pointwise 5", 43, 8, 14, 21],
    ["pointwise 6", 59, 16, 14, 29],
    ["pointwise 7", 91, 16, 30, 45],
    ["pointwise 8", 123, 16, 46, 61],
    ["pointwise 9", 155, 16, 62, 77],
    ["pointwise 10", 187, 16, 78, 93],
    ["pointwise 11", 219, 16, 94, 109],
    ["pointwise 12", 251, 32, 94, 125],
    ["pointwise 13", 315, 32, 126, 157],
  ];
  it.each([
    [224, 3],
    [321, 4],
  ] as const)("RF7 mobilenet_v1 with SAME padding at %i", (size, column) => {
    expectRows(
      chain(size, mobilenetV1),
      mobilenetRows.map((row) => [row[0], row[1], row[2], row[column]]),
    );
  });

  it.each([
    [224, [15, 47, 143, 239]],
    [321, [17, 49, 145, 241]],
  ] as const)("RF7 resnet_v1_50 at %i", (size, paddings) => {
    const [sizes, strides] = [
      [35, 99, 291, 483],
      [8, 16, 32, 32],
    ];
    expectRows(
      resnet50(size),
      paddings.map((padding, i) => [`block${i + 1}`, sizes[i], strides[i], padding]),
    );
  });

  it("B7 dilation rates 1, 2, 4, 8 see 3, 7, 15, 31", () => {
    const rates = [1, 2, 4, 8];
    const sizes = rates.map((_, i) => pathField(rates.slice(0, i + 1).map((dilation) => ({ kernel: 3, dilation }))).size);
    expect(sizes).toEqual([3, 7, 15, 31]);
    const waveNet = Array.from({ length: 10 }, (_, i) => ({ kernel: 2, dilation: 2 ** i }));
    expect(pathField(waveNet).size).toBe(1024);
  });

  it("ceil-mode pooling adds nothing on the left", () => {
    const x = input("x", [1, 1, 7, 7]);
    expect(rsp(avgPool2d(x, 2, { ceilMode: true }), x)).toEqual(rsp(avgPool2d(x, 2), x));
  });
});

describe("sparse interaction", () => {
  const [axis] = windowAxes({ input: [5], kernel: [3], stride: [1], dilation: [1], padding: [[1, 1]] });
  const field = { status: "exact", axes: [pathField([{ kernel: 3, padding: 1 }])] } as const;

  it("H1 forward cone: x3 touches s2, s3, s4 of five units", () => {
    expect(outputsOf(field, [2], [5])).toEqual([[1, 3]]);
  });

  it("H2 backward cone: s3 is reached from x2, x3, x4; 13 connections against 25", () => {
    expect(boxOf(field, [2])).toEqual([[1, 3]]);
    expect(connections([axis])).toBe(13);
  });

  it("H3 two layers of 3 taps: g3 is reached from x1 to x5", () => {
    const two = {
      status: "exact",
      axes: [
        pathField([
          { kernel: 3, padding: 1 },
          { kernel: 3, padding: 1 },
        ]),
      ],
    } as const;
    expect(boxOf(two, [2])).toEqual([[0, 4]]);
  });

  it("H4 sharing: 3 parameters are used 13 times, the middle one 5 times", () => {
    const x = input("x", [1, 1, 5]);
    const weight = input("weight", [1, 1, 3]);
    const onesInput = zeros([1, 1, 5]);
    onesInput.data.fill(1);
    const [counts] = evaluateValues(gradient(conv1d(x, weight, undefined, { padding: 1 }), [weight]), new Map([[x, onesInput]]));
    expect(Array.from(counts.data)).toEqual([4, 5, 4]);
    expect(Array.from(counts.data).reduce((sum, n) => sum + n, 0)).toBe(connections([axis]));
  });
});
