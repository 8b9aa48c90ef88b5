// The whole training as TypeScript on fovea: the same data, net, settings and changes on the way give the same steps.
import type { Change, Experiment, Knobs } from "../experiment.ts";
import { knobsOf } from "../experiment.ts";

const given = (entries: Readonly<Record<string, string | number | boolean | undefined>>): string =>
  Object.entries(entries)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
    .join(", ");

function optimiserCode({ optimiser, rate, momentum, decay }: Knobs): string {
  const weightDecay = decay === 0 ? undefined : decay;
  switch (optimiser) {
    case "sgd":
      return `sgd(${rate}, { ${given({ momentum, weightDecay })} })`;
    case "nesterov":
      return `sgd(${rate}, { ${given({ momentum, weightDecay, nesterov: true })} })`;
    case "rmsProp":
      return `rmsProp(${rate}, { ${given({ momentum, weightDecay })} })`;
    default:
      // Weight decay stands even where it is 0: adamW's own default is another.
      return `${optimiser}(${rate}, { ${given({ betas: `[${momentum}, 0.999]`, weightDecay: decay })} })`;
  }
}

const augmentations: Readonly<Record<Knobs["augment"], string | undefined>> = {
  none: undefined,
  shift: 'randomTranslation({ pixels: 2, fill: "edge" })',
  flip: "randomFlip()",
  "shift and flip": 'compose(randomTranslation({ pixels: 2, fill: "edge" }), randomFlip())',
  turn: 'randomAffine({ rotation: 10, scale: [0.9, 1.1], fill: "edge" })',
};

function dataCode({ data, dataSeed, pictures }: Experiment): string[] {
  switch (data) {
    case "shapes":
      return [`const { train, test } = await synthetic({ size: 32, channels: 3, seed: ${dataSeed}, train: ${pictures}, test: 500 });`];
    case "grey":
      return [`const { train, test } = await synthetic({ size: 28, channels: 1, seed: ${dataSeed}, train: ${pictures}, test: 500 });`];
    case "mnist":
    case "fashion":
      return [
        `const { train: all, test } = await ${data === "mnist" ? "mnist" : "fashionMnist"}();`,
        `const train = firstOf(all, ${pictures});`,
      ];
    case "own":
      return [
        "// The pictures that the run was trained on: a folder with one folder per class.",
        `const { train, test } = await openDataset("pictures", { seed: ${dataSeed} });`,
      ];
  }
}

/** Trains as the run did, up to `step`. */
export function trainingCode(experiment: Experiment, changes: readonly Change[], step: number, machine: string): string {
  const { net, batch, seed, threads } = experiment;
  const settings = (knobs: Knobs): string[] => [
    `optimiser: ${optimiserCode(knobs)},`,
    `batchSize: ${knobs.batch},`,
    ...(augmentations[knobs.augment] === undefined ? [] : [`augment: ${augmentations[knobs.augment]},`]),
  ];
  const turned = changes.filter((change) => change.step < step);
  const first = settings({ ...knobsOf(experiment), batch });
  const body = [
    ...dataCode(experiment),
    `const net = zoo.buildNet(zoo.readNet(${JSON.stringify(net)}), train.classes.length);`,
    "const training = await openTraining(net, train, {",
    ...[...first, `seed: ${seed},`, ...(threads > 0 ? [`threads: ${threads},`] : [])].map((line) => `  ${line}`),
    "});",
    `while (training.state.step < ${step}) {`,
    ...turned.flatMap(({ step: at, knobs }) => [
      `  if (training.state.step === ${at}) {`,
      "    await training.change({",
      ...settings(knobs).map((line) => `      ${line}`),
      ...(augmentations[knobs.augment] === undefined ? ["      augment: undefined,"] : []),
      "    });",
      "  }",
    ]),
    "  const { step, loss, accuracy } = await training.step();",
    "  console.log(step, loss, accuracy);",
    "}",
    "const { loss, accuracy } = await training.measure(test);",
    'console.log("test", loss, accuracy);',
    "export const model = training.model();",
  ].join("\n");
  const names = [
    "adam",
    "adamW",
    "compose",
    "fashionMnist",
    "firstOf",
    "mnist",
    "nadam",
    "openDataset",
    "openTraining",
    "randomAffine",
    "randomFlip",
    "randomTranslation",
    "rmsProp",
    "sgd",
    "synthetic",
    "zoo",
  ].filter((name) => new RegExp(`\\b${name}[(.]`).test(body));
  return `// Written by the fovea lab: this training as a program. Same threads, same engine (${machine}): same bits.\nimport { ${names.join(", ")} } from "fovea";\n\n${body}\n`;
}
