// Data sets, loaders and augmentation: what training and looking inside take their pictures from.
export {
  type AffineOptions,
  type Augmentation,
  affine,
  compose,
  type Fill,
  type RandomAffineOptions,
  type RandomColourOptions,
  type RandomErasingOptions,
  randomAffine,
  randomColour,
  randomCrop,
  randomErasing,
  randomFlip,
  randomNoise,
  randomTranslation,
  translate,
} from "./augmentation.ts";
export {
  type Caption,
  type CaptionColour,
  type CaptionRelation,
  type CaptionShape,
  captionVocabulary,
  decodeCaptions,
  encodeCaptions,
  parseCaption,
} from "./caption-grammar.ts";
export { type CaptionedFigure, type CaptionedShapes, type CaptionedShapesOptions, captionedShapes } from "./captioned-shapes.ts";
export { cifar10, cifar10Classes } from "./cifar.ts";
export {
  type ArraysDatasetOptions,
  arraysDataset,
  type Batch,
  classCounts,
  type Dataset,
  measureNormalisation,
  type Normalisation,
  normalise,
  type TrainAndTest,
  unnormalise,
} from "./dataset.ts";
export { datasetFromFiles, type FilesDatasetOptions } from "./from-files.ts";
export { parseIdx } from "./idx.ts";
export { type IdxDatasetOptions, type IdxFiles, idxDataset, idxDatasetFromFiles } from "./idx-dataset.ts";
export { type LabelledPictures, labelledPictures } from "./labelled-pictures.ts";
export { type LoadedBatch, type Loader, type LoaderOptions, loader } from "./loader.ts";
export { fashionClasses, fashionMnist, type MnistOptions, mnist } from "./mnist.ts";
export { datasetNames, openDataset } from "./open.ts";
export { type PictureFolderOptions, pictureFolder } from "./picture-folder.ts";
export { firstOf, permuteLabels, type SplitOptions, split, subset } from "./select.ts";
export { type GroundTruth, type SyntheticDataset, type SyntheticOptions, synthetic, syntheticClasses } from "./synthetic.ts";
