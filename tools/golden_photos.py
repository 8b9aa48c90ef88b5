# What Pillow and torchvision make of the five photographs in /work/shared/images, and what onnxruntime then says to two of them, into
# test/golden/photos.json: python3 tools/golden_photos.py. Statistics and a few rows only: the photographs are not ours.
import json
import os
import subprocess
import tempfile

import numpy as np
import onnx
import onnx.numpy_helper
import torchvision.transforms as T
from PIL import Image, ImageOps

shared = os.environ.get("FOVEA_SHARED", "/work/shared")
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def numbers(values):
    return [round(float(v), 4) for v in values]


def summary(array, rows):
    """Per channel mean and deviation, and some rows of [C, H, W], every eighth number of them."""
    return {
        "shape": list(array.shape),
        "mean": numbers(array.mean(axis=(1, 2))),
        "deviation": numbers(array.std(axis=(1, 2))),
        "rows": [{"channel": c, "row": r, "values": numbers(array[c, r, ::8])} for c, r in rows],
    }


def bgr(image):
    """As the SqueezeNet of /work/shared/models wants it."""
    pixels = np.asarray(T.CenterCrop(224)(T.Resize(224)(image)), dtype=np.float32)[:, :, ::-1]
    return np.ascontiguousarray((pixels - np.array([104, 117, 123], dtype=np.float32)).transpose(2, 0, 1))


def in_float32(path):
    """The same network with its half precision numbers widened, because onnxruntime has no such kernels on CPUs."""
    model = onnx.load(path)
    graph = model.graph
    widened = [onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(t).astype(np.float32), t.name) for t in graph.initializer]
    del graph.initializer[:]
    graph.initializer.extend(widened)
    for port in [*graph.input, *graph.output, *graph.value_info]:
        if port.type.tensor_type.elem_type == onnx.TensorProto.FLOAT16:
            port.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return model


imagenet = T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
photos = []
for name in ["china", "dog", "eagle", "flower", "rocket"]:
    image = Image.open(os.path.join(shared, "images", f"{name}.jpg"))
    upright = ImageOps.exif_transpose(image).convert("RGB")
    pixels = np.asarray(upright, dtype=np.float32).transpose(2, 0, 1) / 255
    photos.append({
        "name": name,
        "mode": image.mode,
        "exif": image.getexif().get(0x0112, 1),
        "decoded": {"shape": list(pixels.shape), "mean": numbers(pixels.mean(axis=(1, 2))), "deviation": numbers(pixels.std(axis=(1, 2)))},
        "imagenet": summary(imagenet(upright).numpy(), [(0, 10), (1, 112), (2, 200)]),
        "grey": summary(np.asarray(T.CenterCrop(28)(T.Resize(28)(upright.convert("L"))), dtype=np.float32)[None] / 255, [(0, 3), (0, 14), (0, 25)]),
    })

script = """
const ort = require("onnxruntime-node"), fs = require("fs");
(async () => {
  const session = await ort.InferenceSession.create(process.argv[1]);
  for (const file of process.argv.slice(2)) {
    const data = new Float32Array(fs.readFileSync(file).buffer.slice(0, 4 * 3 * 224 * 224));
    const out = await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", data, [1, 3, 224, 224]) });
    const p = Array.from(out[session.outputNames[0]].data);
    console.log(JSON.stringify(p.map((v, i) => [i, v]).sort((a, b) => b[1] - a[1]).slice(0, 5)));
  }
})();
"""
judged = ["eagle", "china"]
with tempfile.TemporaryDirectory() as folder:
    files = [os.path.join(folder, f"{name}.f32") for name in judged]
    for name, path in zip(judged, files):
        bgr(Image.open(os.path.join(shared, "images", f"{name}.jpg")).convert("RGB")).tofile(path)
    model = os.path.join(folder, "float32.onnx")
    onnx.save(in_float32(os.path.join(shared, "models/squeezenet1.1-fp16.onnx")), model)
    lines = subprocess.run(["node", "-e", script, model, *files], cwd=os.path.join(root, "bench"), capture_output=True, check=True, text=True).stdout
squeezenet = {name: json.loads(line) for name, line in zip(judged, lines.splitlines())}

with open(os.path.join(root, "test/golden/photos.json"), "w") as file:
    json.dump({"photos": photos, "squeezenet": squeezenet}, file)
    file.write("\n")
