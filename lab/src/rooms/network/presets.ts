// Architectures of the zoo at a size that fits on one screen, as text to begin with.
export const presets: Readonly<Record<string, string>> = {
  shapes: "conv(8 pad=same) relu maxpool conv(12 pad=same) relu maxpool conv(16 pad=same) relu maxpool flatten linear",
  lenet: "conv(6 5) relu maxpool conv(12 5) relu maxpool flatten linear(32) relu linear",
  alexnet:
    "conv(8 5 stride=2 pad=2) relu maxpool(3 stride=2) conv(16 pad=1) relu conv(16 pad=1) relu maxpool flatten dropout linear(32) relu linear",
  vgg: "conv(8 pad=1) relu conv(8 pad=1) relu maxpool conv(16 pad=1) relu conv(16 pad=1) relu maxpool flatten linear(32) relu linear",
  resnet: "conv(8 pad=1) batchnorm relu basic(8) basic(16 stride=2) basic(24 stride=2) globalavg flatten linear",
  inception: "conv(8 pad=1) relu maxpool inception maxpool inception globalavg flatten linear",
  densenet: "conv(8 pad=1) dense(growth=4 layers=2) conv(8 1) avgpool dense(growth=4 layers=2) batchnorm relu globalavg flatten linear",
  mobilenet: "conv(8 stride=2 pad=1) batchnorm relu6 inverted(8) inverted(12 stride=2) inverted(12) globalavg flatten linear",
  xception:
    "conv(8 pad=1) relu separable(12 pad=1) relu maxpool residual(separable(12 pad=1) relu separable(12 pad=1)) globalavg flatten linear",
  shufflenet:
    "conv(8 stride=2 pad=1) relu residual(conv(8 1 groups=2) relu shuffle(2) depthwise(pad=1) conv(8 1 groups=2)) relu globalavg flatten linear",
  senet: "conv(8 pad=1) relu residual(conv(8 pad=1) relu conv(8 pad=1) squeeze) relu maxpool conv(16 pad=1) relu globalavg flatten linear",
};
