// The formulas behind the layer table give the table's own numbers.
import { expect, it } from "vitest";
import { explainLayers } from "../../src/lens/index.ts";
import { zooModel } from "../../src/zoo/index.ts";

it.each(["shapes-net", "digits-net", "lenet5", "vgg11", "resnet18"])(
  "LF15 %s: sizes, fields and costs by formula are those of the table",
  (name) => {
    const model = zooModel(name);
    const explained = explainLayers(model);
    const { layers } = model.summary();
    expect(explained.map((e) => e.name)).toEqual(layers.map((l) => l.name));
    let formulas = 0;
    for (const [i, { output, field, cost }] of explained.entries()) {
      const layer = layers[i];
      if (output !== undefined) expect(output.map((o) => o.value)).toEqual(layer.outputShape.slice(1));
      if (field !== undefined) expect(field.value).toBe(layer.field.axes[0].size);
      if (cost !== undefined) {
        expect(cost.parameters.value).toBe(layer.parameters);
        expect(cost.macs.value).toBe(layer.macs);
      }
      formulas += Number(output !== undefined) + Number(cost !== undefined) + Number(field !== undefined);
    }
    expect(formulas).toBeGreaterThan(8);
    // Behind a join there is no single chain.
    if (name === "resnet18") expect(explained.at(-1)?.field).toBeUndefined();
  },
);
