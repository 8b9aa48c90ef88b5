// fovea in one import. The rooms are also there one by one, with all that they have: fovea/tensor, fovea/graph, fovea/ops, fovea/nn, ...
export { type CompileOptions, compile, type Device, type Feeds, type Program, type Results } from "./backends/index.ts";
export * from "./data/index.ts";
export {
  boxOf,
  constant,
  createGraph,
  fill,
  findValue,
  type GradientOptions,
  type Graph,
  gradient,
  input,
  label,
  type Operand,
  receptiveField,
  registeredOps,
  substitute,
  tap,
  Value,
  variable,
} from "./graph/index.ts";
export * from "./io/index.ts";
export * from "./lens/index.ts";
export * from "./nn/index.ts";
export * from "./ops/index.ts";
export * as report from "./report/index.ts";
export * from "./tensor/index.ts";
// Where two rooms use one name, the root has the one that people mean: random tensors, and the progress of training.
export { randomNormal, randomUniform } from "./tensor/index.ts";
export type { Progress } from "./train/index.ts";
export * from "./train/index.ts";
export * as zoo from "./zoo/index.ts";
