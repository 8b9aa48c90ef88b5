// The library's errors in Chinese, made from their reasons: numbers and names, never from their English sentences.
import type { ErrorReason, ErrorReasonKind, ErrorReasons } from "fovea/tensor";

type Sentences = { readonly [K in ErrorReasonKind]: (details: ErrorReasons[K]) => string };

/** So many names of a list; the rest is counted. */
function list(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).join("、");
  return names.length > most ? `${shown} 等 ${names.length} 个` : shown;
}

/** A clause about such names; nothing where there are none. */
const names = (what: string, given: readonly string[]): readonly string[] => (given.length === 0 ? [] : [`${what}：${list(given)}`]);

const sentences: Sentences = {
  "window does not fit": ({ input, before, after, kernel, dilation, extent }) =>
    `窗口放不下：${dilation === 1 ? `核 ${kernel}` : `核 ${kernel} 在空洞率 ${dilation} 下跨越 ${extent}，`}大于输入与填充之和 ${input} + ${before} + ${after} = ${input + before + after}。`,
  "padding too large": ({ before, after, most, extent }) =>
    `填充 [${before}, ${after}] 太大：窗口跨越 ${extent} 时至多为 ${most}，否则会有窗口完全落在填充里。`,
  "nothing left": ({ output }) => `填充把一切都裁掉了：输出大小会是 ${output}。`,
  "groups do not divide": ({ groups, inChannels, outChannels }) =>
    `分组数 ${groups} 必须同时整除输入通道数 ${inChannels} 和输出通道数 ${outChannels}。`,
  "too large to draw": ({ size, most }) => `要画的格子和乘积有 ${size} 个，太多了；至多 ${most} 个。`,
  "net syntax": ({ at, found }) => (found === "" ? "网络的文字还没写完就结束了。" : `网络的文字在第 ${at} 个字符处读不下去：“${found}”。`),
  "net without layers": () => "网络里还没有层；例如可以写 conv(8 3) relu flatten linear(out)。",
  "no such layer kind": ({ layer, known }) => `没有叫 “${layer}” 的层。可用的层：${list(known, 60)}。`,
  "no such layer option": ({ layer, option, known }) =>
    known.length === 0 ? `${layer} 没有任何选项，也就没有 “${option}”。` : `${layer} 没有选项 “${option}”；它的选项：${list(known, 20)}。`,
  "layer option missing": ({ layer, option }) => `${layer} 缺少 ${option}；例如 ${layer}(8)。`,
  "too many layer values": ({ layer, given, options }) =>
    `${layer} 给了 ${given} 个值，但它只接受 ${options.length} 个${options.length === 0 ? "" : `：${list(options, 20)}`}。`,
  "layer option out of range": ({ layer, option, value, least, words }) => {
    const numbers = least === undefined ? [] : [`不小于 ${least} 的数`];
    const allowed = [...numbers, ...words].join("、");
    return `${layer} 的 ${option} 不能是 ${value}${allowed === "" ? "" : `；可以是：${allowed}`}。`;
  },
  "maps before a dense layer": ({ layer, maps, size }) =>
    `全连接层 ${layer} 收到的是 ${maps} 张 ${size.join(" × ")} 的特征图，而不是一行特征；请在它前面放 flatten，或 globalavg flatten。`,
  "no such layer": ({ layer, known }) => `网络里没有叫 “${layer}” 的层；有：${list(known, 20)}。`,
  "not this format": ({ file, format }) => `${file} 不是 ${format} 文件。`,
  "damaged file": ({ file, format }) => `${file} 已损坏或不完整，无法作为 ${format} 读取。`,
  "unpacks to too much": ({ file, limit }) => `${file} 解压后超过 ${limit} 字节的上限。`,
  "picture too large": ({ file, width, height, most }) => `${file} 有 ${width} × ${height} 个像素，超过 ${most} 的上限。`,
  "other parameters": ({ missing, unknown, misshapen }) =>
    `${["这些参数不是这个网络的", ...names("缺少", missing), ...names("网络里没有", unknown), ...names("形状不同", misshapen)].join("；")}。`,
  "weights of no net": ({ file }) => `${file} 里有权重，但没有说明它们属于哪个网络。`,
  "operators not read": ({ operators }) => `这个网络需要 fovea 还读不了的运算：${list(operators, 20)}。`,
  "version not read": ({ version, from, to }) => `文件使用 ONNX 运算的第 ${version} 版；fovea 能读第 ${from} 到第 ${to} 版。`,
  "no class names": ({ file }) => `${file} 不是类别名称：应当每行一个，或是 JSON 字符串数组。`,
  "channels of no picture": ({ shape }) => `网络的输入是 ${shape.join(" × ")}；图片只能变成 1 个或 3 个通道。`,
  "no data set": ({ file }) => `${file} 里没有数据集：需要按类别分文件夹的图片、IDX、CIFAR-10 二进制文件，或像素的 CSV 文件。`,
  "no class of the net": ({ name, classes }) => `“${name}” 不是网络的类别，也不是类别的序号；类别有：${list(classes, 20)}。`,
  "loss not finite": ({ loss, step, learningRate }) =>
    `第 ${step} 步的损失变成了${loss === "NaN" ? "非数（NaN）" : "无穷大"}，学习率为 ${learningRate}；请试试更小的学习率。`,
  "no global average": ({ layer }) => `CAM 要求 ${layer} 之后是对所有位置的平均和一个全连接层，这个网络不是这样；Grad-CAM 没有这个条件。`,
  "no maps before": ({ target }) => `${target} 之前没有带特征图的层；请指定看哪一层，或者看输入。`,
  "no sum over cells": ({ layer }) => `${layer} 的均值和方差由组内所有格子共同决定，因此它的反向传播不是逐格子的求和。`,
};

/** What went wrong, in Chinese. */
export function sayReason(reason: ErrorReason): string {
  const { kind, ...details } = reason;
  return (sentences[kind] as (given: unknown) => string)(details);
}

const kinds: Readonly<Record<string, string>> = {
  ShapeError: "大小对不上",
  DTypeError: "元素类型不合适",
  ArgumentError: "这样的设置行不通",
  UnsupportedOpError: "这里有 fovea 不支持的内容",
  GraphError: "网络的结构有问题",
  MisalignedFieldError: "两条路径的感受野没有对齐",
  ModelFormatError: "这个文件无法作为模型读取",
  FileError: "文件读不到",
  DataError: "数据有问题",
  TrainingError: "训练无法继续",
  WorkerError: "引擎没有启动",
  RangeError: "数值超出范围",
};

/** The kind of an error that has no reason; its own sentence stands below, in English. */
export function sayKind(name: string): string {
  return `${kinds[name] ?? "出错了"}：`;
}
