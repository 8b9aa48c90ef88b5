// Class activation maps: a layer's maps, weighed and summed, say where the evidence was. The members of the family differ in the weights only.
// Zhou 2016 (CAM), Selvaraju 2017 (Grad-CAM), Chattopadhay 2018 (Grad-CAM++), Draelos & Carin 2020 (HiResCAM), Jiang 2021 (LayerCAM),
// Fu 2020 (XGrad-CAM), Muhammad & Yeasin 2020 (Eigen-CAM).
import { topological, type Value } from "../../graph/value.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { allocate, Tensor } from "../../tensor/tensor.ts";
import { onePicture } from "../batch.ts";
import { type GradientProgram, gradientProgram } from "../gradient-program.ts";
import { type Aim, aim } from "./aim.ts";
import { enlarge } from "./enlarge.ts";
import { guidedMaps } from "./gradients.ts";
import type { Finding, Method, MethodSettings } from "./method.ts";
import { placeOf } from "./place.ts";
import { firstDirection } from "./principal.ts";

export type CamMethodName = "cam" | "gradCam" | "gradCamPlusPlus" | "hiResCam" | "layerCam" | "xGradCam" | "eigenCam" | "guidedGradCam";

/** A layer's maps and the target's gradient in them: [K, H, W] each. */
interface Evidence {
  readonly maps: Tensor;
  readonly gradient: Tensor;
  readonly counterfactual: boolean;
}

/** The signed sum, [H, W], before the ReLU. */
type Weighing = (evidence: Evidence) => Tensor;

interface Cam {
  readonly title: string;
  readonly cites: string;
  readonly caveat?: string;
  readonly weigh: Weighing;
  /** For the record, beside the layer (default: there are none). */
  settings?(options: MethodSettings): Readonly<Record<string, unknown>>;
  /** Throws for nets that the method is not defined for. */
  check?(program: GradientProgram): void;
}

const coarse = "as coarse as the layer that it looks at: edges of the coloured area mean nothing";

/** The family's shared work: one run for the maps and gradients, the weighing, the ReLU, the enlargement and a word on empty results. */
export function camMethod<Name extends string>(name: Name, { weigh, check, settings = () => ({}), ...described }: Cam): Method<Name> {
  return {
    caveat: coarse,
    ...described,
    name,
    signed: false,
    async attribute(model, tasks, options) {
      const { at, batchSize = 16, counterfactual = false, onProgress } = options;
      const [, height, width] = onePicture(tasks[0].image).shape;
      const program = await gradientProgram(
        model,
        tasks[0].target,
        "gradient",
        Math.min(batchSize, tasks.length),
        onePicture(tasks[0].image).shape,
        options,
        { place: (traced, layer) => placeOf(traced, layer, at) },
      );
      try {
        check?.(program);
        const findings: Finding[] = [];
        for (let start = 0; start < tasks.length; start += program.batch) {
          const part = tasks.slice(start, start + program.batch).map(({ image, target }) => ({ image: onePicture(image), target }));
          for (const aimed of await aim(model, program, part)) {
            const layerMap = weigh({ maps: aimed.values, gradient: aimed.gradient, counterfactual });
            findings.push(camFinding(layerMap, aimed, { at: program.at.name, ...settings(options) }, height, width));
          }
          onProgress?.({ done: Math.min(tasks.length, start + program.batch), total: tasks.length });
        }
        return findings;
      } finally {
        program.release();
      }
    },
  };
}

/** From a signed map at the layer's size to what is shown: its positive part, then enlarged, with a diagnosis where nothing is left. */
export function camFinding(
  layerMap: Tensor,
  { score, position }: Pick<Aim, "score" | "position">,
  settings: { readonly at: string },
  height: number,
  width: number,
): Finding {
  const positive = new Tensor(
    layerMap.data.map((v: number) => Math.max(v, 0)),
    layerMap.shape,
  );
  return {
    map: enlarge(positive, height, width),
    signed: enlarge(layerMap, height, width),
    layerMap,
    score,
    position,
    settings,
    warnings: diagnose(layerMap, settings.at),
  };
}

function diagnose({ data }: Tensor, layer: string): string[] {
  if (data.some(Number.isNaN)) return ["the map has numbers that are not numbers: the net overflows on this picture"];
  if (data.every((v) => v === 0)) {
    return [
      `the map is zero everywhere: the target has no gradient in "${layer}" (a dead layer, a saturated value, or weights that are zero)`,
    ];
  }
  if (data.every((v) => v <= 0)) {
    return [
      `the map is zero everywhere because every weighted sum in "${layer}" is negative: what the layer found speaks against the target; look at the signed map`,
    ];
  }
  return [];
}

/** Sums over channels: out[p] = Σ_k of(k, k · plane + p). */
function sumOver({ maps }: Evidence, of: (k: number, i: number) => number): Tensor {
  const [channels, height, width] = maps.shape;
  const plane = height * width;
  const out = allocate(maps.dtype === "float64" ? "float64" : "float32", plane);
  for (let p = 0; p < plane; p++) {
    let sum = 0;
    for (let k = 0; k < channels; k++) sum += of(k, k * plane + p);
    out[p] = sum;
  }
  return new Tensor(out, [height, width]);
}

/** One weight per channel, from sums over its positions. */
function perChannel({ maps }: Evidence, weight: (indices: { readonly from: number; readonly to: number }) => number): Float64Array {
  const [channels, height, width] = maps.shape;
  const plane = height * width;
  return Float64Array.from({ length: channels }, (_, k) => weight({ from: k * plane, to: (k + 1) * plane }));
}

function total(of: (i: number) => number, { from, to }: { readonly from: number; readonly to: number }): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += of(i);
  return sum;
}

/** Σ_k w_k A^k. */
function weighted(evidence: Evidence, weights: Float64Array): Tensor {
  const { data } = evidence.maps;
  return sumOver(evidence, (k, i) => weights[k] * data[i]);
}

const gradCam: Weighing = (evidence) => {
  const { data } = evidence.gradient;
  const sign = evidence.counterfactual ? -1 : 1;
  return weighted(
    evidence,
    perChannel(evidence, (range) => (sign * total((i) => data[i], range)) / (range.to - range.from)),
  );
};

const gradCamPlusPlus: Weighing = (evidence) => {
  const [a, g] = [evidence.maps.data, evidence.gradient.data];
  const weights = perChannel(evidence, (range) => {
    const sum = total((i) => a[i], range);
    return total((i) => (g[i] <= 0 ? 0 : (g[i] ** 2 / (2 * g[i] ** 2 + sum * g[i] ** 3 + 1e-6)) * g[i]), range);
  });
  return weighted(evidence, weights);
};

const xGradCam: Weighing = (evidence) => {
  const [a, g] = [evidence.maps.data, evidence.gradient.data];
  return weighted(
    evidence,
    perChannel(evidence, (range) => total((i) => g[i] * a[i], range) / (total((i) => a[i], range) + 1e-7)),
  );
};

const hiResCam: Weighing = (evidence) => sumOver(evidence, (_, i) => evidence.gradient.data[i] * evidence.maps.data[i]);

const layerCam: Weighing = (evidence) => sumOver(evidence, (_, i) => Math.max(evidence.gradient.data[i], 0) * evidence.maps.data[i]);

/** Behind global average pooling every position has the gradient w_k / Z, so that the classifier's weights are sums of gradients. */
const cam: Weighing = (evidence) => {
  const { data } = evidence.gradient;
  return weighted(
    evidence,
    perChannel(evidence, (range) => total((i) => data[i], range)),
  );
};

const eigenCam: Weighing = (evidence) => {
  const { maps } = evidence;
  return weighted(evidence, firstDirection(maps));
};

/** What may stand between the maps and the logits for CAM to be defined: the mean over positions, and a linear map of it. */
const linearHead: ReadonlySet<string> = new Set([
  "linear",
  "matmul",
  "reshape",
  "identity",
  "add",
  "mean",
  "globalAvgPool",
  "adaptiveAvgPool",
  "avgPool",
  "conv",
]);

const averages: ReadonlySet<string> = new Set(["mean", "globalAvgPool", "adaptiveAvgPool", "avgPool"]);

function checkPooledHead({ at, layer }: GradientProgram): void {
  const between = valuesBetween(at.value, layer.value);
  const strange = between.find((v) => !linearHead.has(v.op.name) || isSpread(v));
  const pooled = between.some((v) => averages.has(v.op.name) && positionsOf(v) === 1);
  if (pooled && strange === undefined) return;
  throw new ArgumentError(
    `cam needs a net whose class scores are a linear map of "${at.name}" averaged over all of its positions; ${
      strange === undefined
        ? "there is no average over all of them"
        : `between them is ${strange.op.name}${isSpread(strange) ? " that mixes positions" : ""}`
    }. gradCam has no such condition`,
    { reason: { kind: "no global average", layer: at.name } },
  );
}

const positionsOf = ({ shape }: Value): number => shape.slice(2).reduce((product, n) => product * n, 1);

/** A convolution that sees its neighbours, or skips some of them: then positions do not all count the same. */
function isSpread(value: Value): boolean {
  if (value.op.name !== "conv") return false;
  const [x, weight] = value.inputs;
  return positionsOf(weight) > 1 || positionsOf(x) !== positionsOf(value);
}

/** Everything on a path from `from` to `to`, `from` left out. */
function valuesBetween(from: Value, to: Value): Value[] {
  const leads = new Set<Value>([from]);
  for (const value of topological([to])) if (value.inputs.some((v) => leads.has(v))) leads.add(value);
  return [...leads].slice(1);
}

const plainGradCam = camMethod("gradCam", {
  title: "Grad-CAM",
  cites: "Selvaraju et al. 2017",
  weigh: gradCam,
  settings: ({ counterfactual = false }) => ({ counterfactual }),
});

export const camMethods: readonly Method<CamMethodName>[] = [
  plainGradCam,
  camMethod("cam", { title: "CAM", cites: "Zhou, Khosla, Lapedriza, Oliva, Torralba 2016", weigh: cam, check: checkPooledHead }),
  camMethod("gradCamPlusPlus", {
    title: "Grad-CAM++",
    cites: "Chattopadhay, Sarkar, Howlader, Balasubramanian 2018",
    caveat: `${coarse}; depends on the scale of the logits`,
    weigh: gradCamPlusPlus,
  }),
  camMethod("hiResCam", { title: "HiResCAM", cites: "Draelos, Carin 2020", weigh: hiResCam }),
  camMethod("layerCam", { title: "LayerCAM", cites: "Jiang, Zhang, Hou, Cheng, Wei 2021", weigh: layerCam }),
  camMethod("xGradCam", { title: "XGrad-CAM", cites: "Fu, Hu, Dong, Guo, Gao, Li 2020", weigh: xGradCam }),
  camMethod("eigenCam", {
    title: "Eigen-CAM",
    cites: "Muhammad, Yeasin 2020",
    caveat: `${coarse}; does not depend on the target at all: it shows what the layer saw most of`,
    weigh: eigenCam,
  }),
  {
    name: "guidedGradCam",
    rule: "guided",
    title: "Guided Grad-CAM",
    cites: "Selvaraju et al. 2017",
    signed: true,
    caveat: "its detail is guided backpropagation's, which hardly depends on the weights of the layers above",
    async attribute(model, tasks, options) {
      const coarseMaps = await plainGradCam.attribute(model, tasks, options);
      const fine = await guidedMaps.attribute(model, tasks, options);
      return fine.map((finding, i) => ({ ...finding, ...product(finding.map, coarseMaps[i]) }));
    },
  },
];

function product(
  fine: Tensor,
  { map, layerMap, settings, warnings = [] }: Finding,
): Pick<Finding, "map" | "layerMap" | "settings" | "warnings"> {
  const plane = map.size;
  const out = fine.clone();
  for (let i = 0; i < out.size; i++) out.data[i] *= map.data[i % plane];
  return { map: out, ...(layerMap && { layerMap }), settings, warnings };
}
