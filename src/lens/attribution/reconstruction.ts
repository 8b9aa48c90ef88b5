// What a map saw, projected back: everything but one map is set to zero, and its values go down through unpooling by the switches, rectification and
// the transposed filters. Zeiler, Fergus 2014, section 2.1. Unlike the deconvnet rule above one unit, the whole map speaks, each unit by its value.
import { gradient } from "../../graph/grad.ts";
import { mul } from "../../ops/index.ts";
import { allocate } from "../../tensor/tensor.ts";
import { onePicture } from "../batch.ts";
import { diagnoseMap } from "../diagnose.ts";
import { gradientProgram } from "../gradient-program.ts";
import { reluRules } from "../rules.ts";
import { channelOf, checkPosition, fillDirection } from "../target.ts";
import type { Finding, Method } from "./method.ts";

export type ReconstructionMethodName = "zeilerFergus";

export const reconstructionMethod: Method<ReconstructionMethodName> = {
  name: "zeilerFergus",
  title: "Zeiler-Fergus reconstruction",
  cites: "Zeiler, Fergus 2014",
  signed: true,
  rule: "deconvnet",
  caveat: "shows what the switches let through: much of its detail is where the maxima were, not what the unit wants",
  async attribute(model, tasks, options) {
    const { batchSize = 16, dtype = "float32", onProgress } = options;
    const shape = onePicture(tasks[0].image).shape;
    const program = await gradientProgram(model, tasks[0].target, "deconvnet", Math.min(batchSize, tasks.length), shape, options, {
      backward: (target, pixels, mask) => gradient(target, [pixels], { seed: mul(mask, target), rules: reluRules("deconvnet") })[0],
    });
    const { layer } = program;
    const plane = layer.height * layer.width;
    try {
      const findings: Finding[] = [];
      for (let start = 0; start < tasks.length; start += program.batch) {
        const part = tasks.slice(start, start + program.batch);
        const masks = part.map(({ target }) => {
          const mask = allocate(dtype, layer.channels * plane);
          if (target.direction !== undefined) {
            fillDirection(mask, layer, target.direction);
            return mask;
          }
          const channel = channelOf(model, target, layer);
          if (target.position === undefined) mask.fill(1, channel * plane, (channel + 1) * plane);
          else {
            checkPosition(layer, target.position);
            mask[channel * plane + target.position[0] * layer.width + target.position[1]] = 1;
          }
          return mask;
        });
        const { scores, gradients } = await program.run(
          part.map(({ image }) => onePicture(image)),
          masks,
        );
        gradients.forEach((map, i) => {
          const { position } = part[i].target;
          findings.push({
            map,
            score: scores[i],
            position,
            settings: {},
            warnings: diagnoseMap(map, scores[i], "deconvnet", program.relus),
          });
        });
        onProgress?.({ done: start + part.length, total: tasks.length });
      }
      return findings;
    } finally {
      program.release();
    }
  },
};
