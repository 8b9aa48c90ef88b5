// A square convolution as settings of the room Convolve.

export interface SquareWindow {
  readonly i: number;
  readonly k: number;
  readonly s?: number;
  readonly p?: number;
  readonly d?: number;
}

export function windowSettings({ i, k, s = 1, p = 0, d = 1 }: SquareWindow): Record<string, unknown> {
  return {
    ...{ tab: "convolution", variant: d > 1 ? "dilated" : "plain", size: [i, i], kernel: [k, k], stride: [s, s], dilation: [d, d] },
    ...{ padding: "numbers", pads: [p, p, p, p], channels: [1, 1, 1], matrix: false, at: -1, pin: "", x: [], w: [], b: [] },
  };
}
