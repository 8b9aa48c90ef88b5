# PyTorch as a rival: reads one JSON command per line, answers with one JSON line. A child process, so that it can take turns with fovea.
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

name, batch, threads, layout = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(threads)
torch.manual_seed(1)


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )


class Unit(nn.Module):
    """Two 3x3 layers and a shortcut without parameters: every second position, zeros for the new maps."""

    def __init__(self, before, maps, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(before, maps, 3, stride, 1, bias=False), nn.BatchNorm2d(maps)
        self.conv2, self.bn2 = nn.Conv2d(maps, maps, 3, 1, 1, bias=False), nn.BatchNorm2d(maps)
        self.new_maps = maps - before

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.new_maps)) if self.new_maps else x))


def resnet20():
    units, before = [], 16
    for maps in (16, 32, 64):
        for _ in range(3):
            units.append(Unit(before, maps, 1 if maps == before else 2))
            before = maps
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *units,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )


net, channels = (lenet5(), 1) if name == "lenet5" else (resnet20(), 3)
x, y = torch.randn(batch, channels, 32, 32), torch.randint(0, 10, (batch,))
if layout == "channels-last":
    net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
loss = nn.CrossEntropyLoss()


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
