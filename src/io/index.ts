export * from "./gzip.ts";
export * from "./image.ts";
export * from "./model-file.ts";
export { type PictureToTensorOptions, pictureToTensor, type TensorToPictureOptions, tensorToPicture } from "./picture.ts";
export * from "./prepare.ts";
export * from "./resample.ts";
export * from "./safetensors.ts";
