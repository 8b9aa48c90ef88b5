#!/usr/bin/python3
"""Writes test/golden/indexing.json: what PyTorch computes, in float64, for gathers, scatters, ranks, running sums and contractions.

Run on a machine with Debian's python3-torch, on purpose only; the results are checked in.
    /usr/bin/python3 tools/golden_indexing.py
"""
import torch

from golden import normal, row, save


def indexing():
    torch.manual_seed(12)
    integers = torch.tensor([[7, -7, 7, -7], [9, -9, 0, 5]])
    divisors = torch.tensor([3, 3, -3, -3])
    tied = torch.tensor([[1.0, 3, 3, 0, 3], [2, 2, 2, 2, 2], [0, -1, -1, 5, 5]])

    def along(call, function, x, indices, axis, **options):
        return row(call, str(options), function, [x, indices], options={"axis": axis, **options})

    def scatter(title, function, reduction, shape, indices, axis):
        return row("scatterElements", title, lambda x, i, u: function(x, axis, i, u), [normal(*shape), indices, normal(*indices.shape)], options={"axis": axis, "reduction": reduction})

    def reduced(reduce):
        return lambda x, axis, i, u: torch.scatter_reduce(x, axis, i, u, reduce)

    def einsum(equation, *shapes):
        return row("einsum", equation, lambda *xs: torch.einsum(equation, *xs), [normal(*s) for s in shapes], options={"equation": equation})

    def reduction(call, function, x, **options):
        return row(call, str(options), function, [x], options=options)

    zeros = torch.tensor([[2.0, 0, 3, -1], [0, 4, 0, 2], [1.5, -2, 3, 5]])
    twice = torch.tensor([[0, 2, 2], [1, 1, 0]])
    once = torch.tensor([[2, 0, 1], [0, 3, 2]])
    rows = [
        along("gather", lambda x, i: x[:, i], normal(2, 4, 3), torch.tensor([[3, 0], [1, 1]]), 1),
        along("gather", lambda x, i: x[i], normal(5, 2), torch.tensor([4, -1, 0]), 0),
        along("gatherElements", lambda x, i: torch.gather(x, 1, i), normal(2, 4), torch.tensor([[3, 0, 3, 1, 2], [1, 1, 0, 0, 3]]), 1),
        row("gatherNd", "pixels", lambda x, i: x[i[:, 0], i[:, 1]], [normal(3, 4, 2), torch.tensor([[0, 3], [2, 1], [2, 1]])], options={}),
        scatter("replaced", torch.scatter, "none", (2, 4), once, 1),
        scatter("added", torch.scatter_add, "add", (2, 4), twice, 1),
        scatter("multiplied", reduced("prod"), "mul", (3, 3), twice, 0),
        scatter("largest", reduced("amax"), "max", (3, 3), twice, 0),
        scatter("smallest", reduced("amin"), "min", (2, 4), twice, 1),
        row("scatterNd", "rows added", lambda x, i, u: x.index_put((i[:, 0],), u, accumulate=True), [normal(4, 3), torch.tensor([[1], [3], [1]]), normal(3, 3)], options={"reduction": "add"}),
        reduction("topKValues", lambda x: torch.topk(x, 3)[0], normal(3, 6), k=3),
        reduction("topKValues", lambda x: torch.topk(x, 2, 1, largest=False)[0], normal(2, 4, 3), k=2, axis=1, largest=False),
        reduction("topKIndices", lambda x: torch.topk(x, 4)[1], normal(3, 6), k=4),
        reduction("topKIndices", lambda x: torch.sort(x, stable=True, descending=True)[1], tied, k=5),
        reduction("topKIndices", lambda x: torch.sort(x, stable=True)[1], tied, k=5, largest=False),
        reduction("argMin", lambda x: torch.argmin(x, 1), normal(3, 5), axis=1),
        reduction("cumSum", lambda x: torch.cumsum(x, 1), normal(2, 5, 3), axis=1),
        reduction("cumSum", lambda x: torch.flip(torch.cumsum(torch.flip(x, [0]), 0), [0]), normal(5, 2), axis=0, reverse=True),
        reduction("prod", lambda x: torch.prod(x, 1), zeros, axes=1),
        reduction("prod", lambda x: torch.prod(x), normal(3, 5)),
        reduction("logSumExp", lambda x: torch.logsumexp(x, (0, 2), keepdim=True), normal(3, 2, 4), axes=[0, 2], keepDims=True),
        reduction("l1Norm", lambda x: torch.norm(x, 1, 1), zeros, axes=1),
        reduction("l2Norm", lambda x: torch.norm(x, 2, 1), normal(3, 4), axes=1),
        reduction("l2Norm", lambda x: torch.norm(x, 2, 0), torch.tensor([[0.0, 3], [0, 4]]), axes=0),
        row("tile", "", lambda x: x.repeat(2, 1, 3), [normal(2, 3, 2)], [[2, 1, 3]]),
        row("mod", "floats", torch.remainder, [normal(7) * 5, normal(7)]),
        row("fmod", "floats", torch.fmod, [normal(7) * 5, normal(7)]),
        row("mod", "integers", torch.remainder, [integers, divisors]),
        row("fmod", "integers", torch.fmod, [integers, divisors]),
        row("div", "integers, cut off", lambda x, y: torch.div(x, y, rounding_mode="trunc"), [integers, divisors]),
        row("where", "integer condition", lambda c, x, y: torch.where(c != 0, x, y), [torch.tensor([[0], [2]]), normal(2, 3), normal(3)]),
        einsum("ij,jk->ik", (3, 4), (4, 2)),
        einsum("...ij,...jk", (2, 1, 3, 4), (3, 4, 2)),
        einsum("bchw,oc->bohw", (2, 3, 2, 2), (4, 3)),
        einsum("iij->ji", (3, 3, 2)),
        einsum("ij,ij,kj->k", (2, 3), (2, 3), (4, 3)),
        einsum("ba", (2, 3)),
        einsum("a...b->b...", (2, 3, 4)),
    ]
    save("indexing.json", {"rows": rows})


if __name__ == "__main__":
    indexing()
