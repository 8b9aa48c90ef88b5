// What training minimises. A loss gives one number per picture, so that training can average and evaluation can find the worst.
import type { Value } from "../graph/value.ts";
import { add, crossEntropy, logSoftmax, mean, mul, neg, oneHot, reshape, square, sub, sum } from "../ops/index.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { sameShape, showShape } from "../tensor/shape.ts";

export interface Loss {
  readonly name: string;
  /** Whatever else decides its numbers, as plain data. A checkpoint stores it, and training resumes only with the same. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** `output` [N, ...] of the net and `target` (int32 labels [N], or numbers of the output's shape) → [N]. */
  perPicture(output: Value, target: Value): Value;
}

export interface CrossEntropyOptions {
  /** This share of the target is spread evenly over all classes (default 0). Szegedy et al. 2016. */
  readonly labelSmoothing?: number;
}

/** −log softmax(output)[label]. The output are logits [N, classes]. */
export function crossEntropyLoss(options: CrossEntropyOptions = {}): Loss {
  checkOptions("crossEntropyLoss", options, ["labelSmoothing"]);
  const { labelSmoothing = 0 } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new ArgumentError(`crossEntropyLoss: labelSmoothing is ${labelSmoothing}; expected a share in [0, 1)`);
  }
  return {
    name: "crossEntropy",
    settings: { labelSmoothing },
    perPicture(output, target) {
      if (output.rank !== 2) {
        throw new ShapeError(
          `crossEntropyLoss: the net gives ${showShape(output.shape)}; expected one row of logits per picture, [N, classes]`,
        );
      }
      if (output.op.name === "softmax") {
        throw new ArgumentError(
          "crossEntropyLoss: the net ends in a softmax, but the loss takes logits and applies it itself; leave the last layer out",
        );
      }
      const hard = crossEntropy(output, target, { reduction: "none" });
      if (labelSmoothing === 0) return hard;
      const even = neg(mean(logSoftmax(output, { axis: 1 }), { axes: [1] }));
      return add(mul(hard, 1 - labelSmoothing), mul(even, labelSmoothing));
    },
  };
}

/** Mean over the outputs of (output − target)²; labels count as one-hot rows. */
export function meanSquaredError(): Loss {
  return squared("meanSquaredError", (x, axes) => mean(x, { axes }));
}

/** Half the sum over the outputs of (output − target)²: the form whose gradient is output − target. */
export function halfSquaredError(): Loss {
  return squared("halfSquaredError", (x, axes) => mul(sum(x, { axes }), 0.5));
}

function squared(name: string, reduce: (x: Value, axes: readonly number[]) => Value): Loss {
  return {
    name,
    perPicture(output, target) {
      const wanted =
        target.dtype === "int32" && output.rank === 2 ? oneHot(target, { classes: output.shape[1], dtype: output.dtype }) : target;
      if (!sameShape(wanted.shape, output.shape)) {
        throw new ShapeError(`${name}: the net gives ${showShape(output.shape)}, but the targets are ${showShape(target.shape)}`);
      }
      const n = output.shape[0];
      return reduce(square(sub(reshape(output, [n, -1]), reshape(wanted, [n, -1]))), [1]);
    },
  };
}
