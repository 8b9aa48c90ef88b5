#!/usr/bin/python3
"""Writes test/golden/*.json: what PyTorch computes, in float64, for ops, optimisers and schedules that fovea has too.

Run on a machine with Debian's python3-torch, on purpose only; the results are checked in with the version that made them.
    /usr/bin/python3 tools/golden.py
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).resolve().parent.parent / "test" / "golden"
torch.set_default_dtype(torch.float64)


def plain(tensor):
    """{shape, data}: enough digits for 1e-12, short enough for a repository."""
    data = tensor.detach().reshape(-1).tolist()
    return {"shape": list(tensor.shape), "data": [round_to(v, 13) for v in data]}


def round_to(value, digits):
    if isinstance(value, int) or not math.isfinite(value):
        return value
    rounded = float(f"%.{digits}g" % value)
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e9 else rounded


def save(name, content):
    """One line per case, so that diffs are readable and files small."""
    OUT.mkdir(parents=True, exist_ok=True)
    parts = [f'"torch":{json.dumps(torch.__version__)}']
    for key, value in content.items():
        if isinstance(value, list):
            rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in value)
            parts.append(f"{json.dumps(key)}:[\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}")
    text = "{" + ",\n".join(parts) + "}\n"
    json.loads(text)
    (OUT / name).write_text(text)
    print(f"{name}: {len(text)} bytes")


def optimisers():
    """Five steps on sum(sin(w) * target + w^2 / 2) from a fixed start; gradients are part of the file, so no model is needed."""
    torch.manual_seed(7)
    start = torch.randn(6)
    target = torch.randn(6)
    makers = {
        "sgd": (torch.optim.SGD, {"lr": 0.1}),
        "sgd momentum": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
        "sgd momentum dampening": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
        "sgd nesterov": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        "sgd weight decay": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}),
        "adam": (torch.optim.Adam, {"lr": 0.05}),
        "adam weight decay": (torch.optim.Adam, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
        "adam amsgrad": (torch.optim.Adam, {"lr": 0.05, "amsgrad": True}),
        "adamW": (torch.optim.AdamW, {"lr": 0.05}),
        "adamW weight decay": (torch.optim.AdamW, {"lr": 0.05, "weight_decay": 0.2}),
        # Of 1.13's two ways through NAdam this one is the published one; the other multiplies mu into the product of the next step twice.
        "nadam": (torch.optim.NAdam, {"lr": 0.05, "foreach": True}),
        "nadam weight decay": (torch.optim.NAdam, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1, "momentum_decay": 0.5, "foreach": True}),
        "nadam even": (torch.optim.NAdam, {"lr": 0.05, "momentum_decay": 0, "foreach": True}),
        "rmsProp": (torch.optim.RMSprop, {"lr": 0.02}),
        "rmsProp momentum": (torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "momentum": 0.9, "weight_decay": 0.05}),
        "rmsProp centred": (torch.optim.RMSprop, {"lr": 0.02, "centered": True}),
    }
    rows = []
    for name, (make, options) in makers.items():
        w = start.clone().requires_grad_(True)
        optimiser = make([w], **options)
        steps = []
        for _ in range(5):
            optimiser.zero_grad()
            (torch.sin(w) * target + w * w / 2).sum().backward()
            gradient = plain(w.grad)["data"]
            optimiser.step()
            steps.append({"gradient": gradient, "weights": plain(w)["data"]})
        rows.append({"name": name, "options": options, "start": plain(start)["data"], "steps": steps})
    save("optimisers.json", {"optimisers": rows, "schedules": schedules(), "clipping": clipping()})


def schedules():
    """Learning rates before step 0, 1, 2, ..."""
    lr = torch.optim.lr_scheduler
    makers = {
        "step": (lr.StepLR, {"step_size": 4, "gamma": 0.5}),
        "multiStep": (lr.MultiStepLR, {"milestones": [3, 9], "gamma": 0.1}),
        "exponential": (lr.ExponentialLR, {"gamma": 0.9}),
        "cosine": (lr.CosineAnnealingLR, {"T_max": 20, "eta_min": 0.01}),
        "oneCycle": (lr.OneCycleLR, {"max_lr": 0.4, "total_steps": 20}),
        "oneCycle linear": (
            lr.OneCycleLR,
            {"max_lr": 0.4, "total_steps": 20, "pct_start": 0.25, "anneal_strategy": "linear", "div_factor": 10, "final_div_factor": 100},
        ),
        "linearWarmUp": (lr.LinearLR, {"start_factor": 0.1, "end_factor": 1.0, "total_iters": 5}),
        "constantWarmUp": (lr.ConstantLR, {"factor": 0.25, "total_iters": 5}),
    }
    rows = []
    for name, (make, options) in makers.items():
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
        scheduler = make(optimiser, **options)
        rates = []
        for _ in range(20):
            rates.append(round_to(optimiser.param_groups[0]["lr"], 13))
            optimiser.step()
            if len(rates) < 20:
                scheduler.step()
        rows.append({"name": name, "lr": 0.2, "options": options, "rates": rates})
    return rows


def clipping():
    torch.manual_seed(8)
    grads = [torch.randn(3), torch.randn(2, 2)]
    rows = []
    for limit in (0.5, 100.0):
        ps = [torch.zeros_like(g).requires_grad_(True) for g in grads]
        for p, g in zip(ps, grads):
            p.grad = g.clone()
        norm = torch.nn.utils.clip_grad_norm_(ps, limit)
        rows.append({"limit": limit, "norm": round_to(norm.item(), 13), "gradients": [plain(g) for g in grads], "clipped": [plain(p.grad) for p in ps]})
    return rows


def normal(*shape):
    """Three decimals, to keep the files small."""
    return torch.round(torch.randn(shape) * 1000) / 1000


def positive(*shape):
    return normal(*shape).abs() + 0.25


def row(call, title, torch_call, operands, arguments=(), options=None):
    """One call of fovea, `call(...operands, ...arguments, options)`, with what PyTorch says: y, and gradients of sum(y * g)."""
    leaves = [o.clone().requires_grad_(True) if o is not None and o.is_floating_point() else o for o in operands]
    y = torch_call(*[v for v in leaves if v is not None])
    result = {"call": call, "title": title, "operands": [None if o is None else operand(o) for o in operands]}
    if arguments:
        result["arguments"] = list(arguments)
    if options is not None:
        result["options"] = options
    result["y"] = operand(y)
    if y.requires_grad:
        g = normal(*y.shape)
        (y * g).sum().backward()
        result["g"] = plain(g)
        result["gradients"] = [plain(v.grad) if v is not None and v.is_floating_point() and v.grad is not None else None for v in leaves]
    return result


def operand(tensor):
    return plain(tensor) if tensor.is_floating_point() else {**plain(tensor), "dtype": "int32"}


def convolutions():
    torch.manual_seed(1)

    def conv(dimensions, title, x, w, with_bias=True, **options):
        functions = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
        b = normal(w[0]) if with_bias else None
        translated = dict(options)
        mode = translated.pop("paddingMode", None)

        def call(x, w, b=None):
            if mode is not None:
                sides = [side for p in reversed(as_list(translated["padding"], dimensions)) for side in (p, p)]
                x = F.pad(x, sides, mode=mode)
            kwargs = {k: v for k, v in translated.items() if not (mode and k == "padding")}
            return functions[dimensions](x, w, b, **kwargs)

        return row(f"conv{dimensions}d", title, call, [normal(*x), normal(*w), b], options=options)

    def transposed(dimensions, title, x, w, **options):
        functions = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
        renamed = {{"outputPadding": "output_padding"}.get(k, k): v for k, v in options.items()}
        b = normal(w[1] * options.get("groups", 1))
        return row(f"convTranspose{dimensions}d", title, lambda x, w, b: functions[dimensions](x, w, b, **renamed), [normal(*x), normal(*w), b], options=options)

    rows = [
        conv(2, "plain", (2, 3, 6, 5), (4, 3, 3, 3)),
        conv(2, "no bias, 1x1", (1, 4, 3, 3), (2, 4, 1, 1), with_bias=False),
        conv(2, "stride and padding per axis", (1, 2, 7, 8), (3, 2, 3, 2), stride=[2, 3], padding=[1, 2]),
        conv(2, "stride larger than the kernel", (1, 2, 8, 7), (2, 2, 2, 2), stride=3),
        conv(2, "dilation with stride", (1, 2, 9, 8), (2, 2, 3, 3), stride=2, padding=2, dilation=[2, 1]),
        conv(2, "groups", (2, 4, 5, 4), (6, 2, 3, 3), padding=1, groups=2),
        conv(2, "depthwise, multiplier 2", (1, 3, 5, 5), (6, 1, 3, 3), groups=3, padding=1, stride=2),
        conv(2, "same, even kernel", (1, 2, 5, 4), (2, 2, 2, 4), padding="same"),
        conv(2, "same, dilated", (1, 1, 6, 6), (2, 1, 3, 3), padding="same", dilation=2),
        conv(2, "reflect", (1, 2, 4, 5), (2, 2, 3, 3), padding=2, paddingMode="reflect"),
        conv(2, "replicate", (1, 2, 4, 5), (2, 2, 3, 3), padding=[2, 1], paddingMode="replicate"),
        conv(2, "circular", (1, 2, 4, 5), (2, 2, 3, 3), padding=[1, 2], paddingMode="circular", stride=2),
        conv(1, "1-D", (2, 3, 9), (4, 3, 3), stride=2, padding=1),
        conv(1, "1-D, groups, dilation", (1, 4, 10), (4, 2, 3), dilation=3, groups=2),
        conv(1, "1-D, circular", (1, 2, 6), (2, 2, 3), padding=2, paddingMode="circular"),
        conv(3, "3-D", (1, 2, 4, 3, 4), (2, 2, 2, 3, 2), padding=[0, 1, 1], stride=[2, 1, 1]),
        conv(3, "3-D, groups, dilation", (1, 2, 5, 4, 3), (2, 1, 2, 2, 2), groups=2, dilation=[2, 1, 1]),
        transposed(2, "plain", (2, 3, 3, 4), (3, 2, 3, 3)),
        transposed(2, "stride, padding, output padding", (1, 3, 3, 4), (3, 2, 3, 3), stride=2, padding=1, outputPadding=1),
        transposed(2, "groups and dilation", (1, 4, 3, 3), (4, 1, 3, 2), stride=[2, 3], groups=2, dilation=[2, 1], outputPadding=[1, 2]),
        transposed(1, "1-D", (2, 2, 5), (2, 3, 4), stride=2, padding=1),
        transposed(3, "3-D", (1, 2, 2, 3, 2), (2, 1, 2, 3, 2), stride=[1, 2, 2], padding=[0, 1, 0], outputPadding=[0, 1, 1]),
    ]
    save("convolutions.json", {"rows": rows})


def as_list(value, length):
    return value if isinstance(value, list) else [value] * length


def pools():
    torch.manual_seed(2)

    def renamed(options):
        names = {"ceilMode": "ceil_mode", "countIncludePad": "count_include_pad", "divisorOverride": "divisor_override"}
        return {names.get(k, k): v for k, v in options.items()}

    def pool(call, torch_call, title, x, kernel, **options):
        return row(call, title, lambda x: torch_call(x, kernel, **renamed(options)), [normal(*x)], [kernel], options)

    def indices(torch_call, title, x, kernel, **options):
        return row("maxPoolIndices", title, lambda x: torch_call(x, kernel, return_indices=True, **renamed(options))[1], [normal(*x)], [kernel], options)

    def adaptive(call, torch_call, x, size):
        return row(call, f"{list(x)} to {size}", lambda x: torch_call(x, size), [normal(*x)], [size])

    def unpool():
        x = normal(1, 2, 5, 6)
        y, at = F.max_pool2d(x, 2, return_indices=True)
        return row("maxUnpool", "back to an odd size", lambda y: F.max_unpool2d(y, at, 2, output_size=(5, 6)), [y], [operand(at)], {"outputSize": [5, 6]})

    def fractional(dimensions, title, x, kernel, size):
        """PyTorch takes the samples of two axes as (columns, rows), those of three in the order of the axes."""
        call = {2: lambda x, u: F.fractional_max_pool2d(x, kernel, size, _random_samples=u.detach().flip(-1)), 3: lambda x, u: F.fractional_max_pool3d(x, kernel, size, _random_samples=u.detach())}
        samples = torch.round(torch.rand(*x[:2], dimensions) * 900) / 1000
        return row(f"fractionalMaxPool{dimensions}d", title, call[dimensions], [normal(*x), samples], [kernel], {"outputSize": size})

    rows = [
        pool("maxPool2d", F.max_pool2d, "plain", (2, 2, 6, 5), 2),
        pool("maxPool2d", F.max_pool2d, "overlapping, padding", (1, 2, 7, 6), [3, 2], stride=[2, 1], padding=1),
        pool("maxPool2d", F.max_pool2d, "dilation", (1, 2, 8, 7), 3, stride=2, dilation=2),
        pool("maxPool2d", F.max_pool2d, "ceil mode", (1, 2, 7, 8), 3, stride=2, padding=1, ceilMode=True),
        pool("maxPool2d", F.max_pool2d, "ceil mode, last window dropped", (1, 1, 5, 5), 2, stride=3, padding=1, ceilMode=True),
        pool("maxPool1d", F.max_pool1d, "1-D", (2, 2, 9), 3, stride=2, padding=1),
        pool("maxPool3d", F.max_pool3d, "3-D", (1, 2, 4, 5, 4), 2, padding=1),
        indices(F.max_pool2d, "plain", (2, 2, 6, 5), 2),
        indices(F.max_pool2d, "padding, dilation, ceil mode", (1, 2, 9, 8), 3, stride=2, padding=1, dilation=2, ceilMode=True),
        indices(F.max_pool3d, "3-D", (1, 2, 4, 4, 4), 2, stride=1),
        unpool(),
        pool("avgPool2d", F.avg_pool2d, "plain", (2, 2, 6, 5), 2),
        pool("avgPool2d", F.avg_pool2d, "padding counted", (1, 2, 6, 7), 3, stride=2, padding=1),
        pool("avgPool2d", F.avg_pool2d, "padding not counted", (1, 2, 6, 7), 3, stride=2, padding=1, countIncludePad=False),
        pool("avgPool2d", F.avg_pool2d, "ceil mode, padding counted", (1, 2, 8, 7), 3, stride=2, padding=1, ceilMode=True),
        pool("avgPool2d", F.avg_pool2d, "ceil mode, padding not counted", (1, 2, 8, 7), [3, 2], stride=2, padding=1, ceilMode=True, countIncludePad=False),
        pool("avgPool2d", F.avg_pool2d, "divisor override", (1, 2, 6, 6), 3, stride=2, padding=1, divisorOverride=5),
        pool("avgPool1d", F.avg_pool1d, "1-D", (2, 2, 9), 3, stride=2, padding=1),
        pool("avgPool3d", F.avg_pool3d, "3-D", (1, 2, 4, 5, 4), 2, padding=1, countIncludePad=False),
        row("lpPool2d", "p 2", lambda x: F.lp_pool2d(x, 2, 3, stride=2), [normal(1, 2, 7, 6)], [2, 3], {"stride": 2}),
        # Without ceil mode: PyTorch averages and multiplies by the full window, which is wrong for windows that hang over.
        row("lpPool2d", "p 3, positive", lambda x: F.lp_pool2d(x, 3, 2), [positive(1, 2, 5, 6)], [3, 2], {}),
        row("lpPool1d", "p 1, positive", lambda x: F.lp_pool1d(x, 1, 3), [positive(2, 1, 9)], [1, 3], {}),
        adaptive("adaptiveAvgPool2d", F.adaptive_avg_pool2d, (1, 2, 7, 5), [3, 4]),
        adaptive("adaptiveAvgPool1d", F.adaptive_avg_pool1d, (2, 2, 10), 4),
        adaptive("adaptiveAvgPool3d", F.adaptive_avg_pool3d, (1, 1, 3, 5, 4), [2, 3, 1]),
        adaptive("adaptiveMaxPool2d", F.adaptive_max_pool2d, (1, 2, 7, 5), [3, 4]),
        adaptive("adaptiveMaxPool1d", F.adaptive_max_pool1d, (2, 2, 10), 4),
        row("globalAvgPool", "", lambda x: F.adaptive_avg_pool2d(x, 1), [normal(2, 3, 4, 3)]),
        row("globalMaxPool", "", lambda x: F.adaptive_max_pool2d(x, 1), [normal(2, 3, 4, 3)]),
        fractional(2, "2-D", (2, 2, 9, 8), [2, 3], [6, 5]),
        fractional(2, "one row", (1, 2, 7, 7), 3, [1, 4]),
        fractional(3, "3-D", (1, 2, 5, 6, 5), 2, [3, 4, 2]),
    ]
    save("pools.json", {"rows": rows})


def norms():
    torch.manual_seed(3)
    x = normal(3, 4, 2, 3)
    mean, variance, w, b = normal(4), positive(4), normal(4), normal(4)
    rows = [
        row("batchNorm", "evaluation", lambda x, m, v, w, b: F.batch_norm(x, m.detach(), v.detach(), w, b), [x, mean, variance, w, b], options={}),
        row("batchNorm", "evaluation, not affine, eps 0.1", lambda x, m, v: F.batch_norm(x, m.detach(), v.detach(), eps=0.1), [x, mean, variance, None, None], options={"eps": 0.1}),
        row("batchNormTraining", "training", lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), [x, w, b], options={}),
        row("batchNormTraining", "training, rank 2", lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=0.01), [normal(5, 4), w, b], options={"eps": 0.01}),
        row("channelMean", "", lambda x: x.mean((0, 2, 3)), [x]),
        row("channelVariance", "population", lambda x: x.var((0, 2, 3), unbiased=False), [x]),
        row("layerNorm", "last axis", lambda x, w, b: F.layer_norm(x, [5], w, b), [normal(3, 2, 5), normal(5), normal(5)], options={}),
        row("layerNorm", "three axes", lambda x, w, b: F.layer_norm(x, [4, 2, 3], w, b), [x, normal(4, 2, 3), normal(4, 2, 3)], options={"normalisedShape": [4, 2, 3]}),
        row("groupNorm", "2 groups", lambda x, w, b: F.group_norm(x, 2, w, b), [x, w, b], options={"groups": 2}),
        row("groupNorm", "3-D", lambda x, w, b: F.group_norm(x, 2, w, b, eps=0.001), [normal(2, 4, 2, 1, 3), w, b], options={"groups": 2, "eps": 0.001}),
        row("instanceNorm", "affine", lambda x, w, b: F.instance_norm(x, weight=w, bias=b), [x, w, b], options={}),
        row("instanceNorm", "1-D, not affine", lambda x: F.instance_norm(x), [normal(2, 3, 5), None, None], options={}),
        row("localResponseNorm", "odd window", lambda x: F.local_response_norm(x, 3, 0.1, 0.75, 2.0), [normal(2, 6, 2, 2)], options={"size": 3, "alpha": 0.1, "beta": 0.75, "k": 2}),
        row("localResponseNorm", "even window", lambda x: F.local_response_norm(x, 4, 0.5, 0.5, 1.0), [normal(1, 6, 3)], options={"size": 4, "alpha": 0.5, "beta": 0.5, "k": 1}),
    ]
    layer = torch.nn.BatchNorm2d(4, momentum=0.1)
    layer.train()
    batches = [normal(2, 4, 2, 2) for _ in range(3)]
    running = []
    for batch in batches:
        layer(batch)
        running.append({"x": plain(batch), "mean": plain(layer.running_mean), "variance": plain(layer.running_var)})
    save("norms.json", {"rows": rows, "running": running})


def activations():
    torch.manual_seed(4)
    points = [-10000, -100, -20.5, -6, -3, -2.5, -1, -0.5, -0.1, -0.0, 0, 0.1, 0.5, 1, 2.5, 3, 6, 20.5, 100, 10000]
    grid = torch.tensor(points)

    def act(call, torch_call, options=None, x=grid, title=""):
        return row(call, title or json.dumps(options or {}), torch_call, [x], options=options)

    rows = [
        act("relu", F.relu),
        act("relu6", F.relu6),
        act("leakyRelu", F.leaky_relu, {}),
        act("leakyRelu", lambda x: F.leaky_relu(x, 0.2), {"slope": 0.2}),
        act("elu", F.elu, {}),
        act("elu", lambda x: F.elu(x, 1.7), {"alpha": 1.7}),
        act("selu", F.selu),
        act("celu", lambda x: F.celu(x, 2), {"alpha": 2}),
        act("gelu", F.gelu, {}),
        act("gelu", lambda x: F.gelu(x, approximate="tanh"), {"approximate": "tanh"}),
        act("silu", F.silu),
        act("mish", F.mish),
        act("softplus", F.softplus, {}),
        act("softplus", lambda x: F.softplus(x, 2, 10), {"beta": 2, "threshold": 10}),
        act("softsign", F.softsign),
        act("sigmoid", torch.sigmoid),
        act("logSigmoid", F.logsigmoid),
        act("tanh", torch.tanh),
        act("tanhshrink", F.tanhshrink),
        act("softshrink", lambda x: F.softshrink(x, 0.5), {}),
        act("hardshrink", lambda x: F.hardshrink(x, 0.5), {}),
        act("hardTanh", F.hardtanh, {}),
        act("hardTanh", lambda x: F.hardtanh(x, -0.5, 2.5), {"min": -0.5, "max": 2.5}),
        # PyTorch's backward holds 1/6 in float32, and its vector and scalar code disagree about hardswish at 3.
        {**act("hardSigmoid", F.hardsigmoid, {}), "tolerance": 1e-7},
        {**act("hardSwish", F.hardswish, x=grid[grid.abs() != 3]), "tolerance": 1e-7},
        act("threshold", lambda x: F.threshold(x, 0.1, 20), {"threshold": 0.1, "value": 20}),
        act("abs", torch.abs),
        row("prelu", "one slope per channel", F.prelu, [normal(2, 3, 4), normal(3)]),
        row("prelu", "one slope", F.prelu, [normal(2, 3, 4), normal(1)]),
        row("glu", "", lambda x: F.glu(x, 1), [normal(2, 4, 3)], options={"axis": 1}),
        row("softmax", "", lambda x: F.softmax(x, 1), [normal(3, 5)], options={"axis": 1}),
        row("softmax", "channels of a map, far from 0", lambda x: F.softmax(x, 1), [normal(2, 3, 2, 2) * 1000], options={"axis": 1}),
        row("logSoftmax", "", lambda x: F.log_softmax(x, -1), [normal(3, 5)], options={"axis": -1}),
        row("logSoftmax", "far from 0", lambda x: F.log_softmax(x, 0), [normal(4, 2) * 1000], options={"axis": 0}),
    ]
    save("activations.json", {"rows": rows})


def losses():
    torch.manual_seed(5)
    logits, labels = normal(4, 5), torch.tensor([1, 0, 4, 1])
    soft = torch.round(F.softmax(normal(4, 5), 1) * 1000) / 1000
    rows = []
    for reduction in ("mean", "sum"):
        options = {"reduction": reduction}
        rows += [
            row("crossEntropy", f"labels, {reduction}", lambda x, t: F.cross_entropy(x, t, reduction=reduction), [logits, labels], options=options),
            row("crossEntropy", f"probabilities, {reduction}", lambda x, t: F.cross_entropy(x, t, reduction=reduction), [logits, soft], options=options),
            row("nllLoss", reduction, lambda x, t: F.nll_loss(x, t, reduction=reduction), [logits, labels], options=options),
            row("mse", reduction, lambda x, t: F.mse_loss(x, t, reduction=reduction), [normal(3, 4), normal(3, 4)], options=options),
        ]
    far = torch.tensor([[1e4, -1e4, 0.0], [100.0, 100.0, -100.0]])
    rows.append(row("crossEntropy", "far from 0", lambda x, t: F.cross_entropy(x, t), [far, torch.tensor([1, 2])], options={}))
    save("losses.json", {"rows": rows})


def resampling():
    torch.manual_seed(6)

    def resize(title, x, mode="nearest", align=None, antialias=False, **target):
        names = {"linear": {3: "linear", 4: "bilinear", 5: "trilinear"}[len(x)], "cubic": "bicubic"}
        torch_target = {{"scale": "scale_factor"}.get(k, k): v for k, v in target.items()}
        options = {**target, "mode": mode, **({} if align is None else {"alignCorners": align}), **({"antialias": True} if antialias else {})}
        return row("resize", title, lambda x: F.interpolate(x, mode=names.get(mode, mode), align_corners=align, antialias=antialias, **torch_target), [normal(*x)], options=options)

    def sample(title, x, grid, mode, padding, align):
        options = {"mode": mode, "paddingMode": padding, "alignCorners": align}
        return row("gridSample", title, lambda x, g: F.grid_sample(x, g, mode, padding, align), [normal(*x), normal(*grid)], options=options)

    def padding(title, x, pads, mode):
        sides = [side for p in reversed(pads) for side in p]
        return row("pad", title, lambda x: F.pad(x, sides, mode=mode), [normal(*x)], [pads], {"mode": mode})

    rows = [
        resize("nearest, twice", (1, 2, 3, 4), scale=2),
        resize("nearest, any size", (1, 2, 5, 7), size=[8, 3]),
        resize("nearest-exact", (1, 2, 5, 7), mode="nearest-exact", size=[8, 3]),
        resize("bilinear", (1, 2, 3, 4), mode="linear", align=False, size=[7, 5]),
        resize("bilinear, reduced", (1, 2, 7, 6), mode="linear", align=False, size=[3, 4]),
        resize("bilinear, aligned corners", (1, 2, 3, 4), mode="linear", align=True, size=[7, 5]),
        resize("bilinear, scale that rounds", (1, 1, 7, 5), mode="linear", align=False, scale=[1.3, 0.7]),
        resize("linear", (2, 2, 5), mode="linear", align=False, size=[8]),
        resize("trilinear", (1, 1, 2, 3, 2), mode="linear", align=False, size=[3, 4, 5]),
        *[
            sample(f"{mode}, {padding}, aligned {align}", (1, 2, 4, 5), (1, 3, 4, 2), mode, padding, align)
            for mode, padding, align in [
                ("bilinear", "zeros", False),
                ("bilinear", "zeros", True),
                ("bilinear", "border", False),
                ("bilinear", "reflection", False),
                ("bilinear", "reflection", True),
                ("nearest", "zeros", False),
                ("nearest", "border", True),
            ]
        ],
        sample("3-D", (1, 1, 3, 4, 3), (1, 2, 2, 2, 3), "bilinear", "border", False),
        row("affineGrid", "", lambda t: F.affine_grid(t, [2, 1, 3, 4], align_corners=False), [normal(2, 2, 3)], options={"size": [3, 4]}),
        row("affineGrid", "3-D, aligned", lambda t: F.affine_grid(t, [1, 1, 2, 3, 2], align_corners=True), [normal(1, 3, 4)], options={"size": [2, 3, 2], "alignCorners": True}),
        padding("zeros with a crop", (2, 3, 4), [[1, 2], [-1, 3]], "constant"),
        padding("reflect", (1, 2, 4, 5), [[3, 1], [2, 4]], "reflect"),
        padding("replicate", (1, 2, 3, 4), [[4, 1], [0, 5]], "replicate"),
        padding("circular", (1, 2, 4, 3), [[3, 1], [2, 3]], "circular"),
        resize("bicubic", (1, 2, 5, 4), mode="cubic", align=False, size=[8, 3]),
        resize("bicubic, aligned corners", (1, 1, 4, 5), mode="cubic", align=True, size=[7, 3]),
        resize("bicubic, scale that rounds", (1, 1, 5, 7), mode="cubic", align=False, scale=[1.5, 0.7]),
        resize("bilinear, aligned corners, scale that rounds", (1, 1, 7, 5), mode="linear", align=True, scale=[1.3, 0.7]),
        resize("bicubic of one element", (1, 1, 1, 2), mode="cubic", align=False, size=[3, 5]),
        resize("area, 1-D", (2, 1, 7), mode="area", size=[3]),
        resize("area", (1, 2, 7, 4), mode="area", size=[3, 6]),
        resize("area, 3-D", (1, 1, 3, 4, 5), mode="area", size=[2, 2, 3]),
        resize("bilinear, antialiased", (1, 2, 9, 5), mode="linear", align=False, antialias=True, size=[4, 7]),
        resize("bilinear, antialiased, scale that rounds", (1, 1, 9, 8), mode="linear", align=False, antialias=True, scale=[0.4, 0.3]),
        resize("bicubic, antialiased", (1, 1, 11, 6), mode="cubic", align=False, antialias=True, size=[4, 9]),
    ]
    save("resampling.json", {"rows": rows})


if __name__ == "__main__":
    optimisers()
    convolutions()
    pools()
    norms()
    activations()
    losses()
    resampling()
