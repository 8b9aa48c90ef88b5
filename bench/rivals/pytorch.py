# PyTorch as a rival: reads one JSON command per line, answers with one JSON line. A child process, so that it can take turns with fovea.
import json
import sys
import time

import torch
from torch import nn

threads, batch = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(1)
net = nn.Sequential(
    nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
)
optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
loss = nn.CrossEntropyLoss()
x, y = torch.randn(batch, 1, 32, 32), torch.randint(0, 10, (batch,))


def step():
    optimiser.zero_grad()
    value = loss(net(x), y)
    value.backward()
    optimiser.step()
    return value.item()


print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    best, end, runs = float("inf"), time.perf_counter() + json.loads(line)["milliseconds"] / 1000, 0
    while time.perf_counter() < end or runs < 3:
        start = time.perf_counter()
        step()
        best, runs = min(best, time.perf_counter() - start), runs + 1
    print(json.dumps({"ms": best * 1000}), flush=True)
