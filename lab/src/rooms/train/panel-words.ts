import { words } from "../../words/words.ts";

export const panelWords = words({
  en: {
    kind: "Kind",
    weightNorm: "Weights, norm",
    gradientNorm: "Gradient, norm",
    units: "Units",
    dead: "Dead",
    saturated: "Saturated",
    healthNote:
      "Measured on 32 training pictures. A dead unit has no slope for any of them: nothing can change the weights before it. Saturated: slope below 0.05.",
    healthCaption: "Health of every layer",
    takeStep: "Take one step slowly",
    stages: "Stages of the step",
    replayStep: "Replay",
    skip: "Skip to the end",
    forward: "Forward",
    loss: "Loss",
    dw: "Backward: weights",
    dx: "Backward: maps",
    update: "Update",
    forwardSays: (name: string, share: string, layer: string) =>
      `The first picture of the batch is ${name}. These are its maps in ${layer}; at the end its class gets ${share}.`,
    lossSays: (picture: string, batch: string, count: number) =>
      `Below, what the net says of every class: the loss of this picture is minus the logarithm of its class's share, ${picture}; the mean over the ${count} pictures of the batch is ${batch}.`,
    dwSays: (index: string, gradient: string) =>
      `How the batch's loss depends on each weight: the steepest is weight ${index} with ${gradient}.`,
    dxSays: (layer: string) => `How the picture's loss depends on each place of the maps of ${layer}: where it is 0, nothing would change.`,
    updateSays: (index: string, before: string, after: string, rate: string, loss: string) =>
      `With learning rate ${rate} weight ${index} goes from ${before} to ${after}. The picture's loss is now ${loss}.`,
    stage: (at: number, of: number, name: string) => `Stage ${at} of ${of}: ${name}`,
    drawNote:
      "Draw one of the classes, paste or drop a picture, or hold something into the camera; the net answers at once, also while it learns.",
    chooseFile: "Choose a picture",
    camera: "Camera",
    itsClass: "its class",
  },
  zh: {
    kind: "种类",
    weightNorm: "权重范数",
    gradientNorm: "梯度范数",
    units: "单元",
    dead: "死亡",
    saturated: "饱和",
    healthNote: "在 32 张训练图片上测量。死亡单元对任何图片都没有斜率：它之前的权重无法再改变。饱和：斜率低于 0.05。",
    healthCaption: "每一层的健康状况",
    takeStep: "慢速执行一步",
    stages: "这一步的各个阶段",
    replayStep: "重播",
    skip: "跳到最后",
    forward: "前向",
    loss: "损失",
    dw: "反向：权重",
    dx: "反向：特征图",
    update: "更新",
    forwardSays: (name: string, share: string, layer: string) =>
      `这个批量的第一张图片是 ${name}。这是它在 ${layer} 中的特征图；最后它的类别得到 ${share}。`,
    lossSays: (picture: string, batch: string, count: number) =>
      `下面是网络给每个类别的概率：这张图片的损失是它的类别的概率取负对数，${picture}；批量中 ${count} 张图片的平均值是 ${batch}。`,
    dwSays: (index: string, gradient: string) => `批量的损失如何依赖于每个权重：最陡的是权重 ${index}，梯度为 ${gradient}。`,
    dxSays: (layer: string) => `这张图片的损失如何依赖于 ${layer} 特征图的每个位置：为 0 的地方改变了也没有影响。`,
    updateSays: (index: string, before: string, after: string, rate: string, loss: string) =>
      `学习率为 ${rate}，权重 ${index} 从 ${before} 变为 ${after}。这张图片的损失现在是 ${loss}。`,
    stage: (at: number, of: number, name: string) => `第 ${at} 阶段（共 ${of}）：${name}`,
    drawNote: "画出其中一个类别，粘贴或拖入一张图片，或对着摄像头；网络立即回答，学习时也一样。",
    chooseFile: "选择图片",
    camera: "摄像头",
    itsClass: "它的类别",
  },
});
