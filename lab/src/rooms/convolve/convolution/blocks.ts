// Blocks that are built of the convolutions of this room, as nets that the room Network makes from their text.
export const blocks = {
  separableBlock: "net: separable(16 3) relu maxpool(2) globalavg flatten linear",
  shuffleBlock: "net: conv(12 3 pad=1) relu conv(12 1 groups=3) shuffle(3) depthwise(3) relu globalavg flatten linear",
  excitationBlock: "net: conv(16 3 pad=1) relu squeeze maxpool(2) globalavg flatten linear",
  inceptionBlock: "net: conv(16 3 pad=1) relu inception globalavg flatten linear",
  denseBlock: "net: conv(8 3 pad=1) relu dense globalavg flatten linear",
} as const;
