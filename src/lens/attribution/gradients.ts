// Which pixels mattered, by gradients: plain, times input, guided, deconvnet, averaged over noise, integrated along a path.
// Simonyan 2014 (gradient), Springenberg 2015 (guided), Zeiler & Fergus 2014 (deconvnet), Smilkov 2017 (SmoothGrad), Adebayo 2018
// (VarGrad), Sundararajan 2017 (integrated gradients).
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { random } from "../../tensor/random.ts";
import { type Shape, sameShape, showShape } from "../../tensor/shape.ts";
import { full, type Tensor, zeros } from "../../tensor/tensor.ts";
import { onePicture, usualBatch } from "../batch.ts";
import { diagnoseMap } from "../diagnose.ts";
import { type GradientProgram, gradientProgram } from "../gradient-program.ts";
import { quadrature } from "../quadrature.ts";
import { rangeOfValues } from "../range.ts";
import type { ReluRule } from "../rules.ts";
import { type Aim, aim } from "./aim.ts";
import { type Finding, type Method, type MethodSettings, plainBaseline, zip } from "./method.ts";

/** What becomes of the gradient at the picture, or of several of them. */
type MapOf = (program: GradientProgram, aim: Aim, options: MethodSettings, tell: (share: number) => void) => Promise<Mapped>;
interface Mapped {
  readonly map: Tensor;
  readonly figures?: Readonly<Record<string, number>>;
}

interface GradientMethod {
  readonly title: string;
  readonly cites: string;
  readonly caveat?: string;
  /** What passes a ReLU (default: the gradient). */
  readonly rule?: ReluRule;
  /** Runs per picture (default 1). */
  readonly evaluations?: (options: MethodSettings) => number;
  /** For the record (default: there are none). */
  readonly settings?: (options: MethodSettings) => Readonly<Record<string, unknown>>;
  readonly random?: boolean;
  /** Default true. */
  readonly signed?: boolean;
  readonly mapOf: MapOf;
}

const atThePicture: MapOf = async (_, { gradient }) => ({ map: gradient });

const noiseOf = ({ samples = 25, spread = 0.15 }: MethodSettings) => ({ samples, spread });
const noisy = { random: true, evaluations: (options: MethodSettings): number => noiseOf(options).samples, settings: noiseOf } as const;

const pathOf = ({ points = 50, quadrature: rule = "gaussLegendre", baseline }: MethodSettings) => ({ points, quadrature: rule, baseline });

function gradientMethod<Name extends string>(name: Name, given: GradientMethod): Method<Name> {
  const { rule = "gradient", evaluations = () => 1, settings = () => ({}), mapOf, signed = true, ...described } = given;
  return {
    ...described,
    name,
    signed,
    rule,
    async attribute(model, tasks, options) {
      const { shape } = onePicture(tasks[0].image);
      const { batchSize = usualBatch(shape, 16), onProgress } = options;
      expectSettings(name, options, shape);
      const batch = Math.min(batchSize, tasks.length * evaluations(options));
      const program = await gradientProgram(model, tasks[0].target, rule, batch, shape, options);
      try {
        const findings: Finding[] = [];
        for (let start = 0; start < tasks.length; start += program.batch) {
          const part = tasks.slice(start, start + program.batch).map(({ image, target }) => ({ image: onePicture(image), target }));
          // One after the other: a program does one run at a time.
          for (const aimed of await aim(model, program, part)) {
            const before = findings.length;
            const tell = (share: number): void => onProgress?.({ done: before + share, total: tasks.length });
            const { map, figures } = await mapOf(program, aimed, options, tell);
            const { score, position } = aimed;
            findings.push({
              map,
              score,
              position,
              ...(figures && { figures }),
              settings: settings(options),
              warnings: diagnoseMap(map, score, name, program.relus),
            });
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

function expectSettings(name: string, { samples, points, spread, baseline }: MethodSettings, shape: Shape): void {
  for (const [setting, given] of Object.entries({ samples, points })) {
    if (given !== undefined && !(Number.isInteger(given) && given >= 1)) {
      throw new ArgumentError(`${name}: ${setting} is ${given}; expected a whole number, at least 1`);
    }
  }
  if (spread !== undefined && !(spread >= 0 && spread < Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(`${name}: spread is ${spread}; expected a share of the picture's range, at least 0`);
  }
  if (baseline !== undefined && !sameShape(baseline.shape, shape)) {
    throw new ShapeError(`${name}: the baseline has shape ${showShape(baseline.shape)}, the picture ${showShape(shape)}`);
  }
}

const guidedCaveat =
  "hardly depends on the weights of the layers above: it shows what the picture offers rather than why the net decided; see the sanity strip";

export const guidedMaps: Method<"guided"> = gradientMethod("guided", {
  title: "Guided backpropagation",
  cites: "Springenberg, Dosovitskiy, Brox, Riedmiller 2015",
  caveat: guidedCaveat,
  rule: "guided",
  mapOf: atThePicture,
});

export type GradientMethodName =
  | "gradient"
  | "gradientInput"
  | "guided"
  | "deconvnet"
  | "smoothGrad"
  | "smoothGradSquared"
  | "varGrad"
  | "integratedGradients";

export const gradientMethods: readonly Method<GradientMethodName>[] = [
  gradientMethod("gradient", { title: "Gradient", cites: "Simonyan, Vedaldi, Zisserman 2014", mapOf: atThePicture }),
  gradientMethod("gradientInput", {
    title: "Gradient x input",
    cites: "Shrikumar, Greenside, Kundaje 2016",
    mapOf: async (_, { gradient, image }) => ({ map: zip(gradient, image, (g, x) => g * x) }),
  }),
  guidedMaps,
  gradientMethod("deconvnet", {
    title: "Deconvnet",
    cites: "Zeiler, Fergus 2014",
    caveat: guidedCaveat,
    rule: "deconvnet",
    mapOf: atThePicture,
  }),
  gradientMethod("smoothGrad", {
    title: "SmoothGrad",
    cites: "Smilkov, Thorat, Kim, Viegas, Wattenberg 2017",
    ...noisy,
    mapOf: async (...given) => ({ map: average(await overNoise("smoothGrad", ...given), (g) => g) }),
  }),
  gradientMethod("smoothGradSquared", {
    title: "SmoothGrad squared",
    cites: "Hooker, Erhan, Kindermans, Kim 2019",
    signed: false,
    ...noisy,
    mapOf: async (...given) => ({ map: average(await overNoise("smoothGradSquared", ...given), (g) => g * g) }),
  }),
  gradientMethod("varGrad", {
    title: "VarGrad",
    cites: "Adebayo, Gilmer, Goodfellow, Kim 2018",
    signed: false,
    ...noisy,
    async mapOf(...given) {
      const gradients = await overNoise("varGrad", ...given);
      const mean = average(gradients, (g) => g);
      return { map: average(gradients, (g, p) => (g - mean.data[p]) ** 2) };
    },
  }),
  gradientMethod("integratedGradients", {
    title: "Integrated gradients",
    cites: "Sundararajan, Taly, Yan 2017",
    evaluations: (options) => pathOf(options).points,
    settings: (options) => ({ ...pathOf(options), baseline: plainBaseline(options.baseline) }),
    mapOf: alongPath,
  }),
];

/** The gradients of noisy copies. */
async function overNoise(
  name: string,
  program: GradientProgram,
  { image, mask }: Aim,
  options: MethodSettings,
  tell: (share: number) => void,
): Promise<Tensor[]> {
  const { samples, spread } = noiseOf(options);
  const { seed = 0 } = options;
  const generator = random(seed).fork(name);
  const { low, high } = rangeOfValues(image.data);
  const deviation = spread * (high - low);
  const gradients: Tensor[] = [];
  // Noise for hundreds of photographs takes seconds: it is drawn as it is needed, so that the work can be stopped in between.
  for (let start = 0; start < samples; start += program.batch) {
    const noisy = Array.from({ length: Math.min(program.batch, samples - start) }, () => {
      const copy = image.clone();
      for (let p = 0; p < copy.size; p++) copy.data[p] += deviation * generator.normal();
      return copy;
    });
    const run = await program.run(
      noisy,
      noisy.map(() => mask),
    );
    gradients.push(...run.gradients);
    tell(gradients.length / samples);
  }
  return gradients;
}

function average(maps: readonly Tensor[], of: (value: number, index: number) => number): Tensor {
  const sum = zeros(maps[0].shape, "float64");
  for (const { data } of maps) for (let p = 0; p < sum.size; p++) sum.data[p] += of(data[p], p) / maps.length;
  return sum.cast(maps[0].dtype);
}

async function alongPath(
  program: GradientProgram,
  { image, mask, score }: Aim,
  options: MethodSettings,
  tell: (share: number) => void,
): Promise<Mapped> {
  const { points, quadrature: rule, baseline = full(image.shape, 0, image.dtype) } = pathOf(options);
  const path = quadrature(rule, points);
  // The way ends at the baseline itself, whose score alone is wanted.
  const way = [...path, { at: 0, weight: 0 }];
  const mean = zeros(image.shape, "float64");
  let atBaseline = 0;
  for (let start = 0; start < way.length; start += program.batch) {
    const part = way.slice(start, start + program.batch);
    const { gradients, scores } = await program.run(
      part.map(({ at }) => zip(image, baseline, (x, b) => b + at * (x - b))),
      part.map(() => mask),
    );
    for (const [k, { weight }] of part.entries()) {
      if (weight !== 0) for (let p = 0; p < mean.size; p++) mean.data[p] += weight * gradients[k].data[p];
    }
    atBaseline = scores[part.length - 1];
    tell((start + part.length) / way.length);
  }
  const exact = zip(zip(image, baseline, (x, b) => x - b).cast("float64"), mean, (d, g) => d * g);
  let sum = 0;
  for (const v of exact.data) sum += v;
  // Completeness: the contributions should add up to what the score gained on the way.
  return { map: exact.cast(image.dtype), figures: { sum, completenessGap: Math.abs(sum - (score - atBaseline)) } };
}
