"""Small networks as PyTorch exports them, with what PyTorch computes in them, into test/golden/onnx-nets/.

Run: /usr/bin/python3 tools/golden_onnx_nets.py
"""
import json
import os
import warnings

import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")
folder = os.path.join(os.path.dirname(__file__), "..", "test", "golden", "onnx-nets")


def conv(i, o, k=3, s=1, **rest):
    return nn.Sequential(nn.Conv2d(i, o, k, s, rest.pop("padding", k // 2), bias=False, **rest), nn.BatchNorm2d(o))


class Residual(nn.Module):
    """Residual blocks with a projection, maximum pooling, a dense head."""

    def __init__(self):
        super().__init__()
        self.stem, self.pool = conv(3, 8, 5, 2), nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        self.a, self.b, self.short = conv(8, 12, s=2), conv(12, 12), conv(8, 12, 1, 2)
        self.relu, self.drop, self.head = nn.ReLU(), nn.Dropout(0.2), nn.Linear(12, 5)

    def forward(self, x):
        x = self.pool(self.relu(self.stem(x)))
        x = F.relu(self.b(F.relu(self.a(x))) + self.short(x))
        return self.head(self.drop(F.adaptive_avg_pool2d(x, 1).flatten(1)))


class Mobile(nn.Module):
    """Depthwise convolutions, squeeze and excitation, hard swish."""

    def __init__(self):
        super().__init__()
        self.expand, self.depth, self.project = conv(3, 12, 1), conv(12, 12, 5, 2, groups=12), conv(12, 8, 1)
        self.squeeze, self.excite = nn.Conv2d(12, 4, 1), nn.Conv2d(4, 12, 1)
        self.act, self.gate, self.relu6, self.last = nn.Hardswish(), nn.Hardsigmoid(), nn.ReLU6(), nn.Conv2d(8, 6, 1)

    def forward(self, x):
        x = self.act(self.depth(self.relu6(self.expand(x))))
        x = x * self.gate(self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))
        return self.last(self.project(x)).mean((2, 3)).log_softmax(1)


class Hourglass(nn.Module):
    """Down and up again: transposed convolution, resizing by two rules, skips, padding by reflection, sub-pixels."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.up = nn.Conv2d(3, 6, 3, 2, 1), nn.Conv2d(6, 8, 3, 2, 1), nn.ConvTranspose2d(8, 6, 4, 2, 1)
        self.pad, self.mix, self.out = nn.ReflectionPad2d(1), nn.Conv2d(12, 12, 3), nn.Conv2d(3 + 3 + 6, 2, 1)
        self.slope, self.leaky, self.shuffle = nn.PReLU(6), nn.LeakyReLU(0.2), nn.PixelShuffle(2)

    def forward(self, x):
        one = self.slope(self.down1(x))
        two = self.leaky(self.down2(one))
        up = torch.cat([self.up(two), one], 1)
        fine = self.shuffle(self.mix(self.pad(up)))
        wide = F.interpolate(one, size=x.shape[2:], mode="bilinear", align_corners=False)
        return torch.sigmoid(self.out(torch.cat([fine, x, F.interpolate(wide, scale_factor=1.0, mode="nearest")], 1)))


class Tokens(nn.Module):
    """Patches as tokens with a class token, attention, layer norms, GELU."""

    def __init__(self, width=16, heads=2):
        super().__init__()
        self.heads, self.patch = heads, nn.Conv2d(3, width, 8, 8)
        self.token, self.place = nn.Parameter(torch.randn(1, 1, width)), nn.Parameter(torch.randn(1, 17, width))
        self.norm, self.qkv, self.proj = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm2, self.up, self.act, self.down = nn.LayerNorm(width), nn.Linear(width, 32), nn.GELU(), nn.Linear(32, width)
        self.head = nn.Linear(width, 4)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.place
        n, t, c = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = (q @ k.transpose(-2, -1) * (c // self.heads) ** -0.5).softmax(-1) @ v
        x = x + self.proj(mixed.transpose(1, 2).reshape(n, t, c))
        x = x + self.down(self.act(self.up(self.norm2(x))))
        return self.head(x[:, 0])


class Mixed(nn.Module):
    """Group, instance and local response norms, channel shuffle, odd pools, grouped and dilated convolutions, a sampling grid."""

    def __init__(self, sampled):
        super().__init__()
        self.sampled, self.conv, self.dilated = sampled, nn.Conv2d(3, 8, 3, groups=1), nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4)
        self.group, self.instance, self.local = nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True), nn.LocalResponseNorm(3)
        self.average, self.soft, self.head = nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), nn.Softplus(), nn.Linear(8 * 4, 3)

    def forward(self, x):
        x = self.local(self.group(self.conv(x)))
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        a, b = self.instance(self.dilated(x)).chunk(2, 1)
        x = self.average(self.soft(torch.cat([b, a], 1)))
        if self.sampled:
            grid = torch.stack([x[:, 0], x[:, 1]], -1).tanh() * 1.2
            x = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
        return self.head(F.max_pool2d(x, 7, 7).flatten(1))


def picture(batch):
    """Numbers in -1..1 that any language computes alike."""
    index = torch.arange(batch * 3 * 32 * 32, dtype=torch.int64)
    return (((index * 7919) % 2003).double() / 1001.5 - 1).float().reshape(batch, 3, 32, 32)


def write(name, net, opset, kept):
    torch.manual_seed(1)
    for p in net.parameters():
        nn.init.normal_(p, std=0.3)
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.running_mean, -0.5, 0.5)
            nn.init.uniform_(m.running_var, 0.5, 2)
    net.eval()
    inside, hooks = {}, []
    for path, module in net.named_modules():
        if path and not list(module.children()) and not isinstance(module, nn.Dropout):

            def hook(_, __, out, path=path):
                inside[path] = {"mean": out.double().mean().item(), "deviation": out.double().std(unbiased=False).item()}

            hooks.append(module.register_forward_hook(hook))
    x = picture(2)
    with torch.no_grad():
        y = net(x)
    for each in hooks:
        each.remove()
    torch.onnx.export(
        net,
        picture(1),
        os.path.join(folder, f"{name}.onnx"),
        input_names=["x"],
        output_names=["y"],
        opset_version=opset,
        dynamic_axes={"x": {0: "N"}},
        training=torch.onnx.TrainingMode.PRESERVE if kept else torch.onnx.TrainingMode.EVAL,
        do_constant_folding=not kept,
    )
    values = [float(f"{v:.7g}") for v in y.flatten()[:: max(1, y.numel() // 500)].tolist()]
    return {
        "file": f"{name}.onnx",
        "parameters": sum(p.numel() for p in net.parameters()),
        "kept": kept,
        "every": max(1, y.numel() // 500),
        "output": {"shape": list(y.shape), "values": values},
        "inside": inside,
    }


os.makedirs(folder, exist_ok=True)
results = []
for opset in (11, 17):
    for kept in (False, True):
        tail = f"{opset}{'-kept' if kept else ''}"
        results.append(write(f"residual-{tail}", Residual(), opset, kept))
        results.append(write(f"mobile-{tail}", Mobile(), opset, kept))
    results.append(write(f"hourglass-{opset}", Hourglass(), opset, False))
    results.append(write(f"tokens-{opset}", Tokens(), opset, False))
    results.append(write(f"mixed-{opset}", Mixed(opset >= 16), opset, False))
with open(os.path.join(folder, "nets.json"), "w") as out:
    json.dump(results, out)
    out.write("\n")
