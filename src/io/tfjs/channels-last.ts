// TensorFlow counts [batch, height, width, channels] where fovea keeps [batch, channels, height, width]. A value here is one tensor with both
// readings, each made when it is first asked for: a chain of convolutions never leaves fovea's order, and a reshape sees TensorFlow's.
import type { Operand } from "../../graph/record.ts";
import { transpose } from "../../ops/transpose.ts";
import type { Shape } from "../../tensor/shape.ts";

/** A tensor of a TensorFlow graph. Of rank 3 and up, the last axis is taken for channels wherever fovea's order is asked for. */
export class ChannelsLast {
  #last: Operand | undefined;
  #first: Operand | undefined;

  private constructor(last: Operand | undefined, first: Operand | undefined) {
    this.#last = last;
    this.#first = first;
  }

  /** From a tensor in TensorFlow's own order. */
  static of(operand: Operand): ChannelsLast {
    return new ChannelsLast(operand, undefined);
  }

  /** From [N, C, spatial axes...]. */
  static ofChannelsFirst(operand: Operand): ChannelsLast {
    return operand.rank < 3 ? ChannelsLast.of(operand) : new ChannelsLast(undefined, operand);
  }

  /** Whether fovea's order is at hand. */
  get isChannelsFirst(): boolean {
    return this.#first !== undefined;
  }

  /** The tensor in an order in which it exists already. */
  atHand(): Operand {
    return this.#first ?? (this.#last as Operand);
  }

  get rank(): number {
    return (this.#last ?? (this.#first as Operand)).rank;
  }

  /** In TensorFlow's order. */
  get shape(): Shape {
    if (this.#last !== undefined) return this.#last.shape;
    const [batch, channels, ...spatial] = (this.#first as Operand).shape;
    return [batch, ...spatial, channels];
  }

  /** The tensor in TensorFlow's order. */
  last(): Operand {
    if (this.#last === undefined) {
      const rank = this.rank;
      const permutation = [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
      this.#last = transpose(this.#first as Operand, { permutation });
    }
    return this.#last;
  }

  /** The tensor in fovea's order; below rank 3 there is only one. */
  first(): Operand {
    const rank = this.rank;
    if (rank < 3) return this.last();
    const permutation = [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
    this.#first ??= transpose(this.last(), { permutation });
    return this.#first;
  }

  /** The place of TensorFlow's axis (negative ones count from the end) in fovea's order. */
  axisInFirst(axis: number): number {
    const at = axis < 0 ? axis + this.rank : axis;
    if (this.rank < 3 || at === 0) return at;
    return at === this.rank - 1 ? 1 : at + 1;
  }
}
