// The layer table of `fovea inspect` in a terminal: it fits, and says the same.
import { describe, expect, test } from "vitest";
import { layerTable } from "../../src/cli/layer-table.ts";
import { shortenMiddle } from "../../src/cli/table.ts";
import { zooModel } from "../../src/zoo/index.ts";

const longest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

describe("the layer table fits its terminal", () => {
  test.each(["lenet5", "googlenet", "resnet50", "unet", "efficientnet-b0", "convnext-tiny", "inception-v3"])("%s in 80 columns", (name) => {
    const summary = zooModel(name).summary();
    const table = layerTable(summary, 80);
    expect(longest(table)).toBeLessThanOrEqual(80);
    const rows = table.split("\n").slice(2, 2 + summary.layers.length);
    summary.layers.forEach(({ name: layer, outputShape }, i) => {
      const [path] = rows[i].split(" ");
      const [head, tail = ""] = path.split("...");
      expect(layer.startsWith(head) && layer.endsWith(tail), `${layer} as ${path}`).toBe(true);
      if (longest(summary.toString()) > 80) expect(rows[i]).toContain(` ${outputShape.join("x")} `);
    });
    expect(table).toContain(summary.total.parameters.toLocaleString("en-US"));
    expect(table).toContain(summary.total.macs.toLocaleString("en-US"));
  });

  test("what has room, or goes into a file, is as it is", () => {
    const summary = zooModel("googlenet").summary();
    expect(longest(summary.toString())).toBeGreaterThan(80);
    expect(layerTable(summary, 120)).toBe(summary.toString());
    expect(layerTable(summary)).toBe(summary.toString());
  });

  test("counts keep three digits, and those that round up change their unit", () => {
    const of = (n: number): string => {
      const layer = {
        name: "l".repeat(90),
        kind: "conv2d",
        outputShape: [1],
        field: { status: "misaligned", axes: [], reason: "" },
      } as const;
      const layers = [{ ...layer, parameters: n, macs: 0, activations: 1 }];
      const summary = { layers, total: { parameters: n, macs: 0, activations: 1 }, toString: () => "l".repeat(100) };
      return layerTable(summary, 80).split("\n")[2].split(/\s+/).at(-2) as string;
    };
    expect([0, 999, 1000, 9408, 999_499, 999_950, 118_013_952, 11_893_211_136].map(of)).toEqual([
      "0",
      "999",
      "1.00k",
      "9.41k",
      "999k",
      "1.00M",
      "118M",
      "11.9G",
    ]);
  });

  test("long words lose their middle", () => {
    expect(shortenMiddle("layer4.2.conv1", 14)).toBe("layer4.2.conv1");
    expect(shortenMiddle("layer4.2.conv1", 11)).toBe("laye...onv1");
    expect(shortenMiddle("layer4.2.conv1", 10)).toBe("lay...onv1");
  });
});
