// fovea op -> nodes of ONNX. What is not here is written as its expression or its decomposition, or cannot be written.
import type { OnnxWriters } from "../emission.ts";
import { activationWriters } from "./activation.ts";
import { convWriters } from "./conv.ts";
import { indexingWriters } from "./indexing.ts";
import { lossWriters } from "./loss.ts";
import { normWriters } from "./norm.ts";
import { poolWriters } from "./pool.ts";
import { reduceWriters } from "./reduce.ts";
import { resampleWriters } from "./resample.ts";
import { shapeWriters } from "./shape.ts";

export const onnxWriters: OnnxWriters = {
  ...activationWriters,
  ...convWriters,
  ...indexingWriters,
  ...lossWriters,
  ...normWriters,
  ...poolWriters,
  ...reduceWriters,
  ...resampleWriters,
  ...shapeWriters,
};
