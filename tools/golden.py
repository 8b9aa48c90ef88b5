#!/usr/bin/python3
"""Writes test/golden/*.json: what PyTorch computes, in float64, for ops, optimisers and schedules that fovea has too.

Run on a machine with Debian's python3-torch, on purpose only; the results are checked in with the version that made them.
    /usr/bin/python3 tools/golden.py
"""
import json
import math
import pathlib

import torch

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


if __name__ == "__main__":
    optimisers()
