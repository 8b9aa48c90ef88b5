// Dropout, which does nothing when a network is used. Training it again is fovea's business, not the file's.
import { fill } from "../../../graph/record.ts";
import { identity } from "../../../ops/identity.ts";
import type { OnnxNode, OnnxOutput, OnnxReaders } from "../operator.ts";
import { likeInput } from "./reading.ts";

/**
 * In every version the identity, with a mask that lets everything through (of the input's type before version 10, then bool). Since version
 * 12 a file may insist on training, which is refused unless its ratio is 0: which elements it drops is nobody's standard.
 */
function dropout(node: OnnxNode): (OnnxOutput | undefined)[] {
  const training = node.opset >= 12 && node.has(2) && node.integers(2)[0] !== 0;
  const ratio = node.opset >= 12 && node.has(1) && training ? node.floats(1)[0] : 0.5;
  if (training && ratio !== 0) node.unsupported(`training_mode is set, with ratio ${ratio}; fovea reads networks that are to be used`);
  const x = node.operand(0);
  const mask = (): OnnxOutput =>
    node.opset < 10 ? likeInput(node, fill(x.shape, 1, x.dtype)) : { operand: fill(x.shape, 1, "uint8"), onnxType: "bool" };
  return [likeInput(node, identity(x)), node.outputs[1] ? mask() : undefined];
}

export const dropoutReaders: OnnxReaders = { Dropout: dropout };
