#!/usr/bin/python3
"""Writes test/golden/variants.json: what PyTorch and torchvision compute, in float64, for the variants of convolution.

Run on a machine with Debian's python3-torch and python3-torchvision, on purpose only; the results are checked in.
    /usr/bin/python3 tools/golden_variants.py
"""
import torch
import torch.nn.functional as F
import torchvision
from torchvision.ops import deform_conv2d, roi_align, roi_pool

from golden import normal, row, save


def deformable(title, x, w, offset, bias=True, mask=True, **options):
    """offset: its shape; the mask has half as many channels."""
    shifts = normal(*offset)
    weights = torch.sigmoid(normal(offset[0], offset[1] // 2, *offset[2:])).mul(1000).round() / 1000 if mask else None
    b = normal(w[0]) if bias else None

    def call(x, offset, weight, *rest):
        rest = list(rest)
        bias_value = rest.pop(0) if bias else None
        mask_value = rest.pop(0) if mask else None
        return deform_conv2d(x, offset, weight, bias_value, mask=mask_value, **options)

    return row("deformConv2d", title, call, [normal(*x), shifts, normal(*w), b, weights], options=options)


def variants():
    torch.manual_seed(11)
    boxes = torch.tensor([[0, 0.3, 1.1, 5.2, 6.4], [1, 2.4, 1.6, 5, 4], [1, -2, 3, 3, 9], [0, 4, 4, 4, 4]])
    corners = torch.tensor([[0.0, 0, 0, 5, 6], [1, 2, 1, 5, 4], [1, 1, 3, 3, 6], [0, 4, 4, 4, 4]])

    def over_boxes(call, title, function, boxes, **options):
        translated = {"output_size": options["outputSize"], "spatial_scale": options.get("spatialScale", 1.0)}
        if call == "roiAlign":
            translated |= {"sampling_ratio": options.get("samplingRatio", -1), "aligned": options.get("aligned", False)}
        # The boxes are an argument, so that no gradient is asked of them.
        return {**row(call, title, lambda x: function(x, boxes, **translated), [normal(2, 3, 8, 7)], options=options), "arguments": [
            {"shape": list(boxes.shape), "data": boxes.reshape(-1).tolist()}]}

    rows = [
        deformable("version 1", (2, 3, 5, 4), (4, 3, 3, 3), (2, 18, 3, 2), mask=False),
        deformable("version 1, no bias, groups, offset groups, stride, padding, dilation", (1, 4, 7, 6), (6, 2, 2, 3), (1, 24, 4, 3), mask=False, bias=False, stride=[2, 2], padding=[1, 2], dilation=[1, 2]),
        deformable("version 2", (2, 3, 5, 4), (4, 3, 3, 3), (2, 18, 5, 4), padding=[1, 1]),
        deformable("version 2, groups, offset groups, stride, padding, dilation", (1, 4, 7, 6), (6, 2, 2, 3), (1, 24, 4, 3), stride=[2, 2], padding=[1, 2], dilation=[1, 2]),
        deformable("version 2, one offset group for two groups, no bias", (1, 4, 4, 4), (2, 2, 2, 2), (1, 8, 3, 3), bias=False),
        deformable("version 2, four offset groups, 1x1", (1, 4, 3, 3), (3, 4, 1, 1), (1, 8, 3, 3)),
        over_boxes("roiPool", "whole corners", roi_pool, corners, outputSize=[2, 2]),
        over_boxes("roiPool", "corners that are rounded, scaled", roi_pool, boxes, outputSize=[3, 2], spatialScale=0.5),
        over_boxes("roiAlign", "as many samples as positions", roi_align, boxes, outputSize=[2, 2]),
        over_boxes("roiAlign", "two samples", roi_align, boxes, outputSize=[3, 2], spatialScale=0.5, samplingRatio=2),
        over_boxes("roiAlign", "aligned", roi_align, boxes, outputSize=[2, 3], samplingRatio=2, aligned=True),
        over_boxes("roiAlign", "aligned, as many samples as positions", roi_align, boxes, outputSize=[2, 3], spatialScale=0.75, aligned=True),
        row("unfold", "stride, padding, dilation", lambda x: F.unfold(x, [2, 3], dilation=[2, 1], padding=[1, 2], stride=[1, 2]), [normal(2, 3, 5, 6)], options={"kernelSize": [2, 3], "dilation": [2, 1], "padding": [1, 2], "stride": [1, 2]}),
        row("fold", "overlapping", lambda x: F.fold(x, [5, 4], 3, stride=2, padding=1), [normal(2, 18, 6)], options={"kernelSize": [3, 3], "outputSize": [5, 4], "padding": [1, 1], "stride": [2, 2]}),
        row("pixelShuffle", "", lambda x: F.pixel_shuffle(x, 2), [normal(1, 8, 2, 3)], options={"factor": 2}),
        row("pixelUnshuffle", "", lambda x: F.pixel_unshuffle(x, 3), [normal(1, 2, 3, 6)], options={"factor": 3}),
    ]
    save("variants.json", {"torchvision": torchvision.__version__, "rows": rows})


if __name__ == "__main__":
    variants()
