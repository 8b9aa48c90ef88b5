// What `import ... from "fovea"` offers is a promise to users. A new name is a decision: it gets its place in this list.
import { expect, it } from "vitest";
import { registeredOps } from "../../src/graph/index.ts";
import * as fovea from "../../src/index.ts";
import * as ops from "../../src/ops/index.ts";
import { Tensor } from "../../src/tensor/index.ts";

const promised = `
ArgumentError DTypeError DataError FileError FoveaError GraphError ModelFormatError ShapeError Tensor TrainingError
UnsupportedOpError Value abs accuracy activationLayers activationTable activations adam adamW adaptiveAvgPool1d
adaptiveAvgPool2d adaptiveAvgPool3d adaptiveMaxPool1d adaptiveMaxPool2d adaptiveMaxPool3d adaptiveMaxPoolIndices add affine
affineGrid and arange argMax argMin arraysDataset atan attribute attributeEach attributionMethod attributionMethods avgPool1d
avgPool2d avgPool3d batchNorm batchNormTraining blocks boxOf broadcastTo cast ceil celu centreCrop channelMean channelShuffle
channelVariance cifar10 cifar10Classes classCounts classMetrics clip compile compose concat confusionMatrix constant
constantRate constantWarmUp conv1d conv2d conv3d convTranspose1d convTranspose2d convTranspose3d cos cosine cosineRestarts
costOf coverImage createGraph createModel crossEntropy crossEntropyLoss cumSum cyclic datasetNames decodeCheckpoint
decodeImage defineModule deformConv2d depthNet depthSweep describePreprocessing div dropout effectiveField einsum elu
encodePng eq equivariance erf evaluate examples exp expm1 exponential expression fashionClasses fashionMnist fill filters
findValue firstOf fit flatten flip floor fmod fold fractionalMaxPool2d fractionalMaxPool3d full gather gatherElements
gatherNd ge gelu globalAvgPool globalLpPool globalMaxPool glu gradient gradientFlow gridSample groupNorm gt gunzip
halfSquaredError hardmax hardSigmoid hardSwish hardTanh hardshrink identity idxDataset idxDatasetFromFiles inSequence
initialise input installWasmEvaluator instanceNorm invariance inverseTime isInf isNan l1Norm l2Norm label layerEquivariance
layerNorm le leakyRelu linear linearWarmUp loadCheckpoint loader localResponseNorm locallyConnected1d locallyConnected2d
locallyConnected3d log log1p logSigmoid logSoftmax logSumExp lpPool1d lpPool2d lpPool3d lt map matmul max maxPool1d maxPool2d
maxPool3d maxPoolIndices maxUnpool maximise maximiseEach maximum maxout mean meanSquaredError measureNormalisation mergeConvs
min minimum mish mnist mod mse mul multiStep nadam ne neg nllLoss nn normalise not oneCycle oneHot ones openDataset openOnnx or pad
parseIdx partialConv patternMatch perEpoch permutePixels pictureFolder pictureToTensor pixelPermutation pixelShuffle
pixelUnshuffle polynomial pow predict prelu preparePicture preprocessingProfile preprocessingProfiles prod projectiveField
random randomAffine randomColour randomCrop randomErasing randomFlip randomNoise randomNormal randomTranslation randomUniform
readModel readNpy readNpz readOnnx readSafetensors readTfjs receptiveField reciprocal registeredOps relu relu6 reluRules
removeWasmEvaluator report reshape resize resizeImage rmsNorm rmsProp roiAlign roiPool roll round rsqrt saveCheckpoint
scatterElements scatterNd selu sgd shifted sigmoid sign silu sin slice softmax softplus softshrink softsign split sqrt square
squeeze stepDecay stochasticPool2d stochasticPoolMean2d stopGradient sub subPixelKernel subset substitute sum sweep synthetic
syntheticClasses take tan tanh tanhshrink tap tensor tensorToPicture threshold tile topK topKIndices topKValues trainingStep
transformPicture translate transpose unfold unitMeter unnormalise unsqueeze variable variance where writeFoveaSource
writeModel writeNpy writeNpz writeOnnx writePyTorch writeSafetensors xor zeros zoo compareMaps faithfulness infidelity
pointingGame road sanityCheck sensitivityMax sensitivityN adversarial syntheticConcepts dissect featureEvolution intervene
grating placed tuning dataStatistics examplesOfLayers maximiseBatch standardTransforms adversarialStep adversarialValue dataSanityCheck permuteLabels
alignCaptions captionStep captionVocabulary captionedShapes decodeCaptions describePictures encodeCaptions parseCaption teachCaptions openTfjs readTfjsNetwork datasetFromFiles labelledPictures
calibration learningCurve openTraining timeline
`;

it("the root exports these names and no others", () => {
  expect(Object.keys(fovea).sort()).toEqual(promised.trim().split(/\s+/).sort());
});

it("op objects stay in fovea/ops", () => {
  const isOp = (given: unknown): boolean => (registeredOps() as readonly unknown[]).includes(given);
  expect(Object.values(ops).filter(isOp).length).toBeGreaterThan(100);
  expect(Object.entries(fovea).filter(([, given]) => isOp(given))).toEqual([]);
});

it("the root's ops are those of fovea/ops, and its random tensors those of fovea/tensor", () => {
  expect(fovea.conv2d).toBe(ops.conv2d);
  expect(fovea.randomNormal([2], fovea.random(1))).toBeInstanceOf(Tensor);
});
