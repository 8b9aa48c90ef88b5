// What of the public ONNX vectors fovea refuses, and why: an operator or a case that is refused and is not listed here fails the tests, and so does
// one that is listed and passes.

const text = "works on texts";
const sequence = "works on sequences or optionals, which are no tensors";
const control = "control flow: which nodes run is decided by data, and a fovea graph is static";
const training = "a training operator of a preview domain; fovea trains with its own graph";
const quantised = "computes with quantised numbers; fovea computes with floats";
const recurrent = "recurrent networks are out of scope";
const signal = "signal processing, out of scope";
const random = "draws random numbers of its own generator, so there is nothing to compare";
const dataSized = "the size of its result depends on the data, and shapes in fovea are static";

/** Operators that fovea does not read. */
export const operatorsOutOfScope: Readonly<Record<string, string>> = {
  StringNormalizer: text,
  TfIdfVectorizer: text,
  ConcatFromSequence: sequence,
  OptionalGetElement: sequence,
  OptionalHasElement: sequence,
  SequenceAt: sequence,
  SequenceConstruct: sequence,
  SequenceEmpty: sequence,
  SequenceErase: sequence,
  SequenceInsert: sequence,
  SequenceLength: sequence,
  SequenceMap: sequence,
  SplitToSequence: sequence,
  Loop: control,
  Scan: control,
  "ai.onnx.preview.training:Adagrad": training,
  "ai.onnx.preview.training:Adam": training,
  "ai.onnx.preview.training:Gradient": training,
  "ai.onnx.preview.training:Momentum": training,
  ConvInteger: quantised,
  DequantizeLinear: quantised,
  DynamicQuantizeLinear: quantised,
  MatMulInteger: quantised,
  QLinearConv: quantised,
  QLinearMatMul: quantised,
  QuantizeLinear: quantised,
  GRU: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
  ReverseSequence: recurrent,
  BlackmanWindow: signal,
  DFT: signal,
  HammingWindow: signal,
  HannWindow: signal,
  MelWeightMatrix: signal,
  STFT: signal,
  Bernoulli: random,
  RandomUniformLike: random,
  NonMaxSuppression: dataSized,
  Unique: dataSized,
  Det: "determinants of matrices, out of scope",
};

const bits = "shifts numbers without a sign of 32 or 64 bits; fovea computes them as int32";

/** Cases of operators that fovea does read, in forms that it does not. */
const casesOutOfScope: Readonly<Record<string, string>> = {
  test_bitshift_left_uint32: bits,
  test_bitshift_left_uint64: bits,
  test_bitshift_right_uint32: bits,
  test_bitshift_right_uint64: bits,
  test_cast_FLOAT_to_STRING: text,
  test_cast_STRING_to_FLOAT: text,
  test_castlike_FLOAT_to_STRING: text,
  test_castlike_FLOAT_to_STRING_expanded: text,
  test_castlike_STRING_to_FLOAT: text,
  test_castlike_STRING_to_FLOAT_expanded: text,
  test_identity_opt: sequence,
  test_identity_sequence: sequence,
  test_if_opt: sequence,
  test_if_seq: sequence,
  test_training_dropout: random,
  test_training_dropout_default: random,
  test_training_dropout_default_mask: random,
  test_training_dropout_mask: random,
};

/** Why fovea may refuse a case; undefined for one that it must pass. */
export function whyOutOfScope({ name, operators }: { readonly name: string; readonly operators: readonly string[] }): string | undefined {
  const operator = operators.find((o) => Object.hasOwn(operatorsOutOfScope, o));
  return operator === undefined ? casesOutOfScope[name] : operatorsOutOfScope[operator];
}
