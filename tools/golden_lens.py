# What PyTorch, with hooks written for the purpose, finds in nets of torchvision with weights made by a formula: test/golden/lens-maps.json.
# The formula is golden_zoo.py's. Run: python3 tools/golden_lens.py
import json
import os

import numpy as np
import torch
import torchvision

from golden_zoo import fill, numbers

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


def filled(model):
    state = model.state_dict()
    # Numbers that float32 holds exactly, so that both sides begin alike.
    model.load_state_dict({k: v if k.endswith("num_batches_tracked") else fill(k, v).float() for k, v in state.items()})
    return model.eval()


class Tap:
    """Keeps a module's output and the gradient that arrives there."""

    def __init__(self, module):
        self.handle = module.register_forward_hook(self.keep)

    def keep(self, module, inputs, output):
        self.value = output
        output.retain_grad()

    def done(self):
        self.handle.remove()
        return self.value.detach()[0], self.value.grad.detach()[0]


def plain(model, x, k):
    x = x.clone().requires_grad_()
    score = model(x)[0, k]
    score.backward()
    return x.grad[0], score.item()


def with_relu_rule(model, x, k, rule):
    """ReLUs whose backward is replaced; every module must be its own, because a functional call has no hooks."""

    class Rule(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z.clamp(min=0)

        @staticmethod
        def backward(ctx, g):
            (z,) = ctx.saved_tensors
            g = g * (g > 0)
            return g * (z > 0) if rule == "guided" else g

    handles = []
    for module in model.modules():
        if isinstance(module, torch.nn.ReLU):
            handles.append(module)
            module.forward = Rule.apply
    x = x.clone().requires_grad_()
    model(x)[0, k].backward()
    for module in handles:
        del module.forward
    return x.grad[0]


def integrated(model, x, k, points=50):
    nodes, weights = np.polynomial.legendre.leggauss(points)
    total = torch.zeros_like(x[0])
    for node, weight in zip(nodes, weights):
        g, _ = plain(model, x * ((node + 1) / 2), k)
        total += weight / 2 * g
    return x[0] * total


def cams(model, layer, x, k):
    tap = Tap(layer)
    model(x.clone().requires_grad_())[0, k].backward()
    a, g = tap.done()
    alpha = g.mean((1, 2))
    plus = torch.where(g == 0, torch.zeros_like(g), g**2 / (2 * g**2 + a.sum((1, 2), keepdim=True) * g**3 + 1e-6))
    weigh = lambda w: (w[:, None, None] * a).sum(0)
    return {
        "gradCam": weigh(alpha),
        "gradCamPlusPlus": weigh((plus * g.clamp(min=0)).sum((1, 2))),
        "hiResCam": (g * a).sum(0),
        "layerCam": (g.clamp(min=0) * a).sum(0),
        "xGradCam": weigh((g * a).sum((1, 2)) / (a.sum((1, 2)) + 1e-7)),
    }


def occlusion(model, x, k, window, stride):
    with torch.no_grad():
        score = model(x)[0, k]
        _, _, h, w = x.shape
        total, count = torch.zeros(h, w), torch.zeros(h, w)
        starts = lambda n: range(0, n - window + 1, stride)
        for top in starts(h):
            for left in starts(w):
                covered = x.clone()
                covered[:, :, top : top + window, left : left + window] = 0
                drop = score - model(covered)[0, k]
                total[top : top + window, left : left + window] += drop
                count[top : top + window, left : left + window] += 1
        return total / count


def lrp_epsilon(layers, x, k, epsilon):
    """For a plain row of layers: each hands down by contribution, ReLUs and reshapes pass, pooling's winners take all."""
    values = [x]
    for layer in layers:
        values.append(layer(values[-1]))
    relevance = torch.zeros_like(values[-1])
    relevance[0, k] = values[-1][0, k]
    for layer, a in reversed(list(zip(layers, values[:-1]))):
        if isinstance(layer, torch.nn.ReLU):
            continue
        a = a.detach().clone().requires_grad_()
        z = layer(a)
        if isinstance(layer, (torch.nn.Flatten, torch.nn.MaxPool2d)):
            z.backward(relevance)
            relevance = a.grad
            continue
        z.backward((relevance / (z + epsilon * torch.where(z >= 0, 1.0, -1.0))).detach())
        relevance = a * a.grad
        relevance = relevance.detach()
    return relevance[0]


def lenet():
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 16), nn.ReLU(), nn.Linear(16, 5)
    )
    return net


def rows(tensor):
    """A few rows are enough to tell maps apart: every seventh, of every channel."""
    t = tensor.detach()
    t = t.reshape(-1, *t.shape[-2:])[:, ::7]
    return {"shape": list(t.shape), "values": [float(f"{v:.6g}") for v in t.flatten()]}


cases = []
nets = [
    ("lenet", lenet(), (1, 20, 20), lambda m: m[4], 3),
    ("resnet18", torchvision.models.resnet18(), (3, 64, 64), lambda m: m.layer3, 281),
    ("squeezenet1_1", torchvision.models.squeezenet1_1(), (3, 64, 64), lambda m: m.features[12], 17),
    ("mobilenet_v2", torchvision.models.mobilenet_v2(), (3, 64, 64), lambda m: m.features[18], 5),
]
for name, net, shape, layer_of, k in nets:
    for module in net.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    with torch.no_grad():
        filled(net)
    x = torch.from_numpy(numbers("picture", int(np.prod(shape)))).float().double().reshape(1, *shape)
    gradient, score = plain(net, x, k)
    maps = {"gradient": gradient, "gradientInput": x[0] * gradient, "integratedGradients": integrated(net, x, k)}
    if name in ("lenet", "squeezenet1_1"):
        # torchvision's ResNet calls one ReLU module twice per block, and MobileNet's are ReLU6.
        maps["guided"] = with_relu_rule(net, x, k, "guided")
        maps["deconvnet"] = with_relu_rule(net, x, k, "deconvnet")
    maps["occlusion"] = occlusion(net, x, k, shape[1] // 4, shape[1] // 4)
    if name == "lenet":
        maps["lrp"] = lrp_epsilon(list(net), x, k, 0.01)
    cases.append(
        {
            "net": name,
            "class": k,
            "shape": list(shape),
            "score": score,
            "maps": {method: rows(m) for method, m in maps.items()},
            "layerMaps": {method: rows(m) for method, m in cams(net, layer_of(net), x, k).items()},
        }
    )

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../test/golden/lens-maps.json")
with open(path, "w") as file:
    json.dump({"torch": torch.__version__, "torchvision": torchvision.__version__, "cases": cases}, file)
print([(c["net"], c["score"]) for c in cases])
