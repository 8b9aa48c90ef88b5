#!/usr/bin/python3
"""Writes test/golden/onnx-ops.json: what PyTorch computes, in float64, for ops that came with the ONNX readers.

Run on a machine with Debian's python3-torch, on purpose only; the results are checked in.
    /usr/bin/python3 tools/golden_onnx_ops.py
"""
import torch
import torch.nn.functional as F

from golden import normal, row, save


def sampled():
    """gridSample, mode bicubic: every kind of border, in and around the picture."""
    return [
        row(
            "gridSample",
            f"bicubic, {padding}, aligned {align}",
            lambda x, g: F.grid_sample(x, g, "bicubic", padding, align),
            [normal(1, 2, 4, 5), normal(1, 3, 4, 2)],
            options={"mode": "bicubic", "paddingMode": padding, "alignCorners": align},
        )
        for padding in ["zeros", "border", "reflection"]
        for align in [False, True]
    ]


if __name__ == "__main__":
    torch.manual_seed(19)
    save("onnx-ops.json", {"rows": sampled()})
