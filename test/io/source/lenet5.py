# Written by fovea. The weights are apart; fovea's writeSafetensors(model.state()) makes the file:
#
#     from safetensors.torch import load_file
#     model = LeNet5()
#     model.load_state_dict(load_file("model.safetensors"))
#     model.eval()

import torch
from torch import nn


class LeNet5(nn.Module):
    """[N, 1, 32, 32] -> [N, 10]"""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(400, 120)
        self.relu3 = nn.ReLU()
        self.fc2 = nn.Linear(120, 84)
        self.relu4 = nn.ReLU()
        self.logits = nn.Linear(84, 10)

    def forward(self, x):
        x = self.conv1(x)  # [N, 6, 28, 28]
        x = self.relu1(x)  # [N, 6, 28, 28]
        x = self.pool1(x)  # [N, 6, 14, 14]
        x = self.conv2(x)  # [N, 16, 10, 10]
        x = self.relu2(x)  # [N, 16, 10, 10]
        x = self.pool2(x)  # [N, 16, 5, 5]
        x = self.flatten(x)  # [N, 400]
        x = self.fc1(x)  # [N, 120]
        x = self.relu3(x)  # [N, 120]
        x = self.fc2(x)  # [N, 84]
        x = self.relu4(x)  # [N, 84]
        x = self.logits(x)  # [N, 10]
        return x
