#!/usr/bin/python3
"""Writes test/golden/zoo.json: what the nets of fovea's zoo must share with torchvision's.

names     per net: number of tensors, of parameters, and a hash over the sorted lines "name [shape]" of its state_dict
lines     those lines in full, for a few small nets, so that a difference can be seen
outputs   scores of ten classes, with weights and a picture that both sides make by the same rule (see `numbers`)

Run on a machine with Debian's python3-torchvision, on purpose only.
    /usr/bin/python3 tools/golden_zoo.py
"""
import hashlib
import json
import math
import pathlib

import numpy
import torch
import torchvision

OUT = pathlib.Path(__file__).resolve().parent.parent / "test" / "golden" / "zoo.json"

NETS = {
    "alexnet": "alexnet",
    **{f"vgg{n}{b}": f"vgg{n}{b.replace('-', '_')}" for n in (11, 13, 16, 19) for b in ("", "-bn")},
    "googlenet": "googlenet",
    "inception-v3": "inception_v3",
    **{f"resnet{n}": f"resnet{n}" for n in (18, 34, 50, 101, 152)},
    "resnext50-32x4d": "resnext50_32x4d",
    "resnext101-32x8d": "resnext101_32x8d",
    "wide-resnet50-2": "wide_resnet50_2",
    "wide-resnet101-2": "wide_resnet101_2",
    **{f"densenet{n}": f"densenet{n}" for n in (121, 161, 169, 201)},
    "squeezenet1.0": "squeezenet1_0",
    "squeezenet1.1": "squeezenet1_1",
    "mobilenet-v2": "mobilenet_v2",
    "mobilenet-v3-large": "mobilenet_v3_large",
    "mobilenet-v3-small": "mobilenet_v3_small",
    **{f"shufflenet-v2-x{s}": f"shufflenet_v2_x{s.replace('.', '_')}" for s in ("0.5", "1.0", "1.5", "2.0")},
    "efficientnet-b0": "efficientnet_b0",
    "convnext-tiny": "convnext_tiny",
}
SHOWN = ["resnet18", "squeezenet1.1", "vgg11-bn"]
SIZES = {"inception-v3": 96, "alexnet": 96}
TOO_LARGE = {"vgg13", "vgg16", "vgg19", "vgg13-bn", "vgg16-bn", "vgg19-bn", "resnext101-32x8d", "wide-resnet101-2", "resnet152"}


def build(name, classes):
    extra = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return getattr(torchvision.models, name)(weights=None, num_classes=classes, **extra).double().eval()


def numbers(name, count):
    """In [-1, 1), the same bits everywhere: multiplications and remainders of doubles are exactly rounded."""
    i = numpy.arange(count, dtype=numpy.float64)
    return 2 * numpy.fmod(i * i * 0.6180339887498949 + sum(map(ord, name)) * 0.01, 1) - 1


def fill(name, tensor):
    shape = list(tensor.shape)
    u = torch.from_numpy(numbers(name, tensor.numel())).reshape(shape)
    if name.endswith("running_var"):
        return 1 + 0.5 * u
    if "layer_scale" in name or (len(shape) == 1 and name.endswith(".weight")):
        return 1 + 0.2 * u
    if len(shape) < 2:
        return 0.1 * u
    return u * math.sqrt(6 / (tensor.numel() / shape[0]))


def lines(net):
    return sorted(f"{name} [{', '.join(map(str, tensor.shape))}]" for name, tensor in net.state_dict().items())


def main():
    names, shown, outputs = {}, {}, {}
    for name, theirs in NETS.items():
        net = build(theirs, 1000)
        text = lines(net)
        names[name] = {
            "tensors": len(text),
            "parameters": sum(p.numel() for p in net.parameters()),
            "hash": hashlib.sha256("\n".join(text).encode()).hexdigest()[:32],
        }
        if name in SHOWN:
            shown[name] = text
        if name in TOO_LARGE:
            continue
        net = build(theirs, 10)
        state = net.state_dict()
        net.load_state_dict({k: v if k.endswith("num_batches_tracked") else fill(k, v) for k, v in state.items()})
        size = SIZES.get(name, 64)
        picture = torch.from_numpy(numbers("picture", 3 * size * size)).reshape(1, 3, size, size)
        with torch.no_grad():
            scores = net(picture)[0].tolist()
        outputs[name] = {"size": size, "scores": [float(f"{s:.7g}") for s in scores]}
        print(name, [f"{s:.4g}" for s in scores[:4]])
    parts = [f'"torchvision":{json.dumps(torchvision.__version__)}']
    for key, table in (("names", names), ("lines", shown), ("outputs", outputs)):
        rows = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in table.items())
        parts.append(f'"{key}":{{\n{rows}\n}}')
    OUT.write_text("{" + ",\n".join(parts) + "}\n")


if __name__ == "__main__":
    main()
