export { readClassNames } from "./class-names.ts";
export * from "./gzip.ts";
export * from "./image.ts";
export * from "./model-file.ts";
export { isNpy, type ReadNpyOptions, readNpy, writeNpy } from "./npy.ts";
export { type ReadNpzOptions, readNpz, type WriteNpzOptions, writeNpz } from "./npz.ts";
export * from "./onnx/index.ts";
export { type WriteOnnxOptions, writeOnnx } from "./onnx/write/write.ts";
export { type PictureToTensorOptions, pictureToTensor, type TensorToPictureOptions, tensorToPicture } from "./picture.ts";
export * from "./prepare.ts";
export { likelyPreprocessing, preprocessingProfile, preprocessingProfiles } from "./profiles.ts";
export { type FileKind, recogniseFile } from "./recognise.ts";
export { type FilesUse, isLeftBehind, type RecognisedFiles, recogniseFiles } from "./recognise-files.ts";
export * from "./resample.ts";
export * from "./safetensors.ts";
export { writeFoveaSource } from "./source/fovea.ts";
export { type WritePyTorchOptions, writePyTorch } from "./source/python.ts";
export {
  openTfjs,
  readTfjsNetwork,
  type TfjsGraphOptions,
  type TfjsModelOptions,
  type TfjsNetwork,
} from "./tfjs/network.ts";
export { type ReadTfjsOptions, readTfjs } from "./tfjs/read.ts";
export type { TfjsPort } from "./tfjs/read-net.ts";
export type { ReadShard } from "./tfjs/weights.ts";
export { isZip, type ReadZipOptions, readZip, type WriteZipOptions, writeZip } from "./zip.ts";
