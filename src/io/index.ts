export * from "./gzip.ts";
export * from "./image.ts";
export * from "./model-file.ts";
export { isNpy, type ReadNpyOptions, readNpy, writeNpy } from "./npy.ts";
export { type ReadNpzOptions, readNpz, type WriteNpzOptions, writeNpz } from "./npz.ts";
export { type PictureToTensorOptions, pictureToTensor, type TensorToPictureOptions, tensorToPicture } from "./picture.ts";
export * from "./prepare.ts";
export * from "./resample.ts";
export * from "./safetensors.ts";
