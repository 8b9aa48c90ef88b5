// A square convolution as settings of the room Convolve, written as in the address, and what there is to hide.
import type { Live } from "../lesson.ts";

export interface SquareWindow {
  readonly i: number;
  readonly k: number;
  readonly s?: number;
  readonly p?: number;
  readonly d?: number;
}

const pair = (n: number): string => `${n},${n}`;

export function windowSettings({ i, k, s = 1, p = 0, d = 1 }: SquareWindow): Record<string, string> {
  return {
    ...{ tab: "convolution", variant: d > 1 ? "dilated" : "plain", size: pair(i), kernel: pair(k), stride: pair(s), dilation: pair(d) },
    ...{ padding: "numbers", pads: `${p},${p},${p},${p}`, channels: "1,1,1" },
  };
}

/** Settings that no problem about sizes needs. */
export const besides: readonly string[] = ["variant", "view", "channels", "bias", "kernel-named", "matrix"];

/** Everything that shows how large the output is. */
export const outputs: readonly string[] = ["numbers-output", "transport", "sizes", "table", "save"];

export function windowLive(window: SquareWindow): Live {
  return { room: "convolve", query: windowSettings(window), hide: besides, secret: outputs };
}
