#!/usr/bin/python3
"""Writes test/golden/onnx-ops.json and test/golden/onnx-nodes.json: what PyTorch and torchvision compute, in float64, for ops that came with
the ONNX readers, and for ONNX operators that are newer than the public vectors.

Run on a machine with Debian's python3-torch and python3-torchvision, on purpose only; the results are checked in.
    /usr/bin/python3 tools/golden_onnx_ops.py
"""
import torch
import torch.nn.functional as F
from torchvision.ops import deform_conv2d

from golden import normal, plain, positive, row, save


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


def node(operator, opset, inputs, outputs, **attributes):
    """One node: tensors are fed, lists of whole numbers stored in the file as int64, lists of others as floats, None is absent."""

    def operand(given):
        return {"stored": given} if isinstance(given, list) else given if given is None else plain(given)

    return {
        "operator": operator,
        "opset": opset,
        "attributes": attributes,
        "inputs": [operand(i) for i in inputs],
        "outputs": [plain(o) for o in outputs],
    }


def deformed(x, w, offset, bias=None, mask=None, **attributes):
    pads = attributes.get("pads", [0, 0, 0, 0])
    options = {"stride": attributes.get("strides", [1, 1]), "padding": pads[:2], "dilation": attributes.get("dilations", [1, 1])}
    return node("DeformConv", 19, [x, w, offset, bias, mask], [deform_conv2d(x, offset, w, bias, mask=mask, **options)], **attributes)


def grouped(opset, groups, x, scale, bias, **attributes):
    """Versions 18 to 20 have one scale and bias per group."""
    repeat = x.shape[1] // len(scale)
    y = F.group_norm(x, groups, scale.repeat_interleave(repeat), bias.repeat_interleave(repeat), attributes.get("epsilon", 1e-5))
    return node("GroupNormalization", opset, [x, scale, bias], [y], num_groups=groups, **attributes)


def on_grid(opset, mode, padding, align, x, grid):
    torch_mode = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    y = F.grid_sample(x, grid, torch_mode, padding, align)
    return node("GridSample", opset, [x, grid], [y], mode=mode, padding_mode=padding, align_corners=int(align))


def affine(theta, size, align):
    return node("AffineGrid", 20, [theta, size], [F.affine_grid(theta, size, align_corners=align)], align_corners=int(align))


def resized(x, size, mode, **attributes):
    """PyTorch leaves out what an antialiased kernel covers beyond the picture, and its antialiased cubic has a = -1/2."""
    y = F.interpolate(x, size=size, mode={"linear": "bilinear", "cubic": "bicubic"}[mode], antialias=True, align_corners=False)
    return node("Resize", 18, [x, None, None, size], [y], mode=mode, axes=[2, 3], antialias=1, exclude_outside=1, **attributes)


def folded(x, size, block, **attributes):
    pads = attributes.get("pads", [0, 0, 0, 0])
    options = {"stride": attributes.get("strides", [1, 1]), "padding": pads[:2], "dilation": attributes.get("dilations", [1, 1])}
    return node("Col2Im", 18, [x, size, block], [F.fold(x, size, block, **options)], **attributes)


def dilated_pool(operator, x, kernel, dilation, stride, padding, combine, opset, **attributes):
    """PyTorch dilates neither average nor Lp pooling, but it unfolds with dilation."""
    n, c, h, w = x.shape
    out = [(size + 2 * p - d * (k - 1) - 1) // s + 1 for size, p, d, k, s in zip((h, w), padding, dilation, kernel, stride)]
    columns = F.unfold(x, kernel, dilation, padding, stride).reshape(n, c, kernel[0] * kernel[1], -1)
    counted = F.unfold(torch.ones_like(x), kernel, dilation, padding, stride).reshape(n, c, kernel[0] * kernel[1], -1)
    y = combine(columns, counted).reshape(n, c, *out)
    return node(operator, opset, [x], [y], kernel_shape=kernel, dilations=dilation, strides=stride, pads=[*padding, *padding], **attributes)


def trained(opset, x, scale, bias, mean, variance, momentum):
    """The running variance moves by the population variance of the batch, which PyTorch's own does not."""
    y = F.batch_norm(x, None, None, scale, bias, training=True, eps=1e-5)
    axes = [0, *range(2, x.dim())]
    batch_mean, batch_variance = x.mean(axes), x.var(axes, unbiased=False)
    moved = [momentum * old + (1 - momentum) * new for old, new in [(mean, batch_mean), (variance, batch_variance)]]
    own = [batch_mean, batch_variance] if opset < 14 else []
    flag = {"training_mode": 1} if opset >= 14 else {}
    return node("BatchNormalization", opset, [x, scale, bias, mean, variance], [y, *moved, *own], momentum=momentum, **flag)


def nodes():
    average = lambda columns, _: columns.mean(2)
    average_of_real = lambda columns, counted: columns.sum(2) / counted.sum(2)
    cubes = lambda columns, _: columns.abs().pow(3).sum(2).pow(1 / 3)
    return [
        deformed(normal(1, 3, 5, 4), normal(4, 3, 3, 3), normal(1, 18, 3, 2), normal(4)),
        deformed(normal(1, 4, 7, 6), normal(6, 2, 2, 3), normal(1, 24, 4, 3), None, positive(1, 12, 4, 3), group=2, offset_group=2, strides=[2, 2], pads=[1, 2, 1, 2], dilations=[1, 2]),
        grouped(18, 3, normal(2, 6, 3, 2), normal(3), normal(3)),
        grouped(21, 3, normal(2, 6, 3, 2), normal(6), normal(6), epsilon=0.125),
        *[
            on_grid(20, mode, padding, align, normal(1, 2, 4, 5), normal(1, 3, 4, 2))
            for mode, padding, align in [
                ("linear", "zeros", False),
                ("linear", "border", True),
                ("linear", "reflection", False),
                ("nearest", "zeros", True),
                ("nearest", "reflection", False),
                ("cubic", "zeros", False),
                ("cubic", "border", False),
                ("cubic", "reflection", True),
            ]
        ],
        on_grid(16, "bicubic", "border", True, normal(1, 2, 4, 5), normal(1, 3, 4, 2)),
        on_grid(20, "linear", "border", False, normal(1, 1, 3, 4, 3), normal(1, 2, 2, 2, 3)),
        affine(normal(2, 2, 3), [2, 1, 3, 4], False),
        affine(normal(1, 3, 4), [1, 1, 2, 3, 2], True),
        resized(normal(1, 2, 9, 5), [4, 7], "linear"),
        resized(normal(1, 1, 11, 6), [4, 9], "cubic", cubic_coeff_a=-0.5),
        folded(normal(2, 18, 6), [5, 4], [3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        folded(normal(1, 12, 6), [4, 5], [2, 3], dilations=[2, 1]),
        dilated_pool("AveragePool", normal(1, 2, 7, 8), [3, 2], [2, 3], [2, 1], [2, 1], average, 19, count_include_pad=1),
        dilated_pool("AveragePool", normal(1, 2, 7, 8), [3, 2], [2, 3], [2, 1], [2, 1], average_of_real, 19),
        dilated_pool("LpPool", normal(1, 2, 7, 8), [3, 2], [2, 3], [2, 1], [2, 1], cubes, 18, p=3),
        trained(9, normal(2, 3, 4, 2), normal(3), normal(3), normal(3), positive(3), 0.75),
        trained(14, normal(4, 3), normal(3), normal(3), normal(3), positive(3), 0.875),
    ]


if __name__ == "__main__":
    torch.manual_seed(19)
    save("onnx-ops.json", {"rows": sampled()})
    save("onnx-nodes.json", {"rows": nodes()})
