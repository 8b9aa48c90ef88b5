// The parts that the R-CNN family is made of. RoI pooling and RoI align are ops (`roiPool`, `roiAlign`).
export { type AnchorOptions, anchorGrid, anchors } from "./anchors.ts";
export { type BoxChange, clipBox, type DetectionBox, decodeBox, encodeBox, overlap, suppress } from "./boxes.ts";
export { type Proposal, type ProposalOptions, proposals, warpBox } from "./proposals.ts";
