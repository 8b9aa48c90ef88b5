import { conv2d, maxPool2d, equivariance as measure, random, randomUniform, transformPicture } from "fovea";
import { explain } from "fovea/arithmetic";
import type { Tensor } from "fovea/tensor";
import type { Shown } from "../lesson.ts";
import type { Equivariance } from "../problems/equivariance.ts";
import { answerOf, lines, plane, type Work } from "./work.ts";

const size = 24;
const pictureOf = ({ seed }: Equivariance): Tensor => randomUniform([1, size, size], random(seed));

export const equivariance: Work<Equivariance> = {
  scene: (p) => [{ name: "picture", values: plane(pictureOf(p)), kind: "grey" }],
  async answer(p) {
    const { layer, s, d, seed } = p;
    const weight = randomUniform([1, 1, s, s], random(seed, 1), -1, 1);
    const map = (picture: Tensor): Tensor => {
      const batch = picture.reshape([1, ...picture.shape]);
      const maps = layer === "pooling" ? maxPool2d(batch, s, { stride: s }) : conv2d(batch, weight, { stride: s });
      return maps.reshape(maps.shape.slice(1));
    };
    const picture = pictureOf(p);
    const shift = { kind: "shift", rows: 0, columns: d } as const;
    const [{ relative, where }] = await measure(map, picture, [shift], { stride: [s, s] });
    const rest = explain("r", "d mod s", { d, s });
    const kind = layer === "pooling" ? "grey" : "diverging";
    const shown: Shown[] = [
      { name: "map", values: plane(map(picture)), kind },
      { name: "moved", values: plane(map(transformPicture(picture, shift))), kind },
      { name: "error", values: plane(where), kind: "sequential" },
    ];
    return answerOf(relative < 1e-6 ? 0 : 1, { working: lines(rest), facts: { rest: rest.value, error: relative }, shown });
  },
};
