# What torchvision's usual preprocessing makes of small pictures, into test/golden/preprocessing.json: python3 tools/golden_preprocessing.py
import json
import os

import numpy as np
import torchvision.transforms as T
from PIL import Image

steps = T.Compose([T.Resize(32), T.CenterCrop(28), T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
cases = []
for height, width in [(31, 40), (47, 33), (64, 50), (20, 20), (90, 37)]:
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([(x * 7 + y * 3) % 256, (x * y) % 256, (x * x + 5 * y) % 256], -1).astype(np.uint8)
    out = steps(Image.fromarray(pixels)).numpy()
    cases.append({"height": height, "width": width, "rows": [[round(float(v), 5) for v in out[c, r]] for c, r in [(0, 0), (1, 13), (2, 27)]]})

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../test/golden/preprocessing.json")
with open(path, "w") as file:
    json.dump(cases, file)
