# What PyTorch, with hooks written for the purpose, finds in nets of torchvision with weights made by a formula: test/golden/lens-maps.json.
# The formula is golden_zoo.py's. Run: python3 tools/golden_lens.py
import copy
import json
import os

import numpy as np
import torch
import torch.nn.functional as F
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


def copy_of(layer, change):
    """The layer with other weights; a bias that `change` leaves out is none."""
    other = copy.deepcopy(layer)
    weight, bias = change(layer.weight.detach(), layer.bias.detach())
    other.weight.data = weight
    other.bias.data = torch.zeros_like(layer.bias) if bias is None else bias
    return other


def handed_down(parts, relevance, epsilon):
    """Σ sign · a ⊙ (what flows back through the layer when R / Σ sign · z arrives), over parts (sign, layer, a)."""
    operands = [a.detach().clone().requires_grad_() for _, _, a in parts]
    outputs = [sign * layer(a) for (sign, layer, _), a in zip(parts, operands)]
    z = sum(outputs)
    seed = (relevance / (z + epsilon * torch.where(z >= 0, 1.0, -1.0))).detach()
    torch.autograd.backward(outputs, [seed] * len(outputs))
    return sum(a * a.grad for a in operands).detach()


def through(rule, layer, a, relevance, epsilon, box):
    up, down = lambda v: v.clamp(min=0), lambda v: v.clamp(max=0)
    if rule == "epsilon":
        return handed_down([(1, layer, a)], relevance, epsilon)
    if rule == "gamma":
        return handed_down([(1, copy_of(layer, lambda w, b: (w + 0.25 * up(w), b + 0.25 * up(b))), a)], relevance, epsilon)
    if rule == "zPlus":
        return handed_down([(1, copy_of(layer, lambda w, b: (up(w), up(b))), up(a))], relevance, epsilon)
    if rule == "alphaBeta":
        rises = [(1, copy_of(layer, lambda w, b: (up(w), up(b))), up(a)), (1, copy_of(layer, lambda w, b: (down(w), None)), down(a))]
        falls = [(1, copy_of(layer, lambda w, b: (down(w), down(b))), up(a)), (1, copy_of(layer, lambda w, b: (up(w), None)), down(a))]
        return 2 * handed_down(rises, relevance, epsilon) - handed_down(falls, relevance, epsilon)
    if rule == "flat":
        return handed_down([(1, copy_of(layer, lambda w, b: (torch.ones_like(w), None)), torch.ones_like(a))], relevance, epsilon)
    if rule == "wSquare":
        return handed_down([(1, copy_of(layer, lambda w, b: (w * w, None)), torch.ones_like(a))], relevance, epsilon)
    low, high = (torch.full_like(a, v) for v in box)
    plain = copy_of(layer, lambda w, b: (w, None))
    return handed_down(
        [(1, plain, a), (-1, copy_of(layer, lambda w, b: (up(w), None)), low), (-1, copy_of(layer, lambda w, b: (down(w), None)), high)],
        relevance,
        epsilon,
    )


def lrp(layers, x, k, rule_of, epsilon=1e-6, pool="winner"):
    """For a plain row of layers: each hands down by its rule; ReLUs and reshapes pass; of a pooling the winner takes all, or all share."""
    values = [x]
    for layer in layers:
        values.append(layer(values[-1]).detach())
    relevance = torch.zeros_like(values[-1])
    relevance[0, k] = values[-1][0, k]
    for index, (layer, a) in reversed(list(enumerate(zip(layers, values[:-1])))):
        if isinstance(layer, torch.nn.ReLU):
            continue
        if isinstance(layer, torch.nn.MaxPool2d) and pool == "average":
            relevance = handed_down([(1, torch.nn.AvgPool2d(layer.kernel_size, layer.stride), a)], relevance, epsilon)
        elif isinstance(layer, (torch.nn.Flatten, torch.nn.MaxPool2d)):
            a = a.detach().clone().requires_grad_()
            layer(a).backward(relevance)
            relevance = a.grad
        else:
            relevance = through(rule_of(index, layer), layer, a, relevance, epsilon, (x.min().item(), x.max().item()))
    return relevance[0]


def by_place(first, conv, dense):
    return lambda index, layer: first if index == 0 else conv if isinstance(layer, torch.nn.Conv2d) else dense


def relevances(layers, x, k):
    found = {f"rule {rule}": lrp(layers, x, k, lambda *_: rule) for rule in ("epsilon", "gamma", "zPlus", "alphaBeta", "flat", "wSquare")}
    for name, places in {
        "epsilonPlus": ("zPlus", "zPlus", "epsilon"),
        "epsilonGammaBox": ("zBox", "gamma", "epsilon"),
        "epsilonPlusFlat": ("flat", "zPlus", "epsilon"),
    }.items():
        found[f"composite {name}"] = lrp(layers, x, k, by_place(*places))
    found["maxPool average"] = lrp(layers, x, k, by_place("zPlus", "zPlus", "epsilon"), pool="average")
    return found


def tried_out(model, layer, x, k):
    """Score-CAM and Ablation-CAM: one run of the net per channel."""
    with torch.no_grad():
        seen = []
        handle = layer.register_forward_hook(lambda module, inputs, output: seen.append(output[0]))
        score = model(x)[0, k]
        handle.remove()
        a = seen[0]
        shown, without = [], []
        for channel in range(a.shape[0]):
            large = F.interpolate(a[None, channel : channel + 1], size=x.shape[2:], mode="bilinear", align_corners=False)
            low, high = large.min(), large.max()
            shown.append(model(x * ((large - low) / (high - low) if high > low else torch.zeros_like(large)))[0, k])

            def off(module, inputs, output):
                output = output.clone()
                output[:, channel] = 0
                return output

            handle = layer.register_forward_hook(off)
            without.append(model(x)[0, k])
            handle.remove()
        weigh = lambda w: (w[:, None, None] * a).sum(0)
        return {"scoreCam": weigh(torch.stack(shown).softmax(0)), "ablationCam": weigh((score - torch.stack(without)) / score)}


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
        maps["lrp"] = lrp(list(net), x, k, lambda *_: "epsilon", epsilon=0.01)
    cases.append(
        {
            "net": name,
            "class": k,
            "shape": list(shape),
            "score": score,
            "maps": {method: rows(m) for method, m in maps.items()},
            "layerMaps": {method: rows(m) for method, m in (cams(net, layer_of(net), x, k) | tried_out(net, layer_of(net), x, k)).items()},
            "relevance": {how: rows(m) for how, m in relevances(list(net), x, k).items()} if name == "lenet" else {},
        }
    )

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../test/golden/lens-maps.json")
with open(path, "w") as file:
    json.dump({"torch": torch.__version__, "torchvision": torchvision.__version__, "cases": cases}, file)
print([(c["net"], c["score"]) for c in cases])
