# Writes files as NumPy writes them, and what is in them, into test/golden/numpy-files.json: python3 tools/golden_numpy.py
import base64
import io
import json
import os

import numpy as np


def written(write):
    stream = io.BytesIO()
    write(stream)
    return base64.b64encode(stream.getvalue()).decode()


def case(array, write=np.save):
    values = [float(v) for v in np.asarray(array).ravel(order="C")]
    return {"npy": written(lambda s: write(s, array)), "shape": list(np.shape(array)), "values": values}


small = np.arange(6).reshape(2, 3)
npy = {}
for kind in ["<f2", "<f4", ">f4", "<f8", "<i1", "<i2", ">i2", "<i4", "<i8", "<u1", "<u2", "<u4", "<u8", "|b1"]:
    npy[kind] = case((small % 2 if kind == "|b1" else small + 1 if kind[1] == "u" else small - 2.0).astype(kind))
npy["fortran"] = case(np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)))
npy["scalar"] = case(np.float32(2.5))
npy["empty"] = case(np.zeros((0, 3), "<f4"))
for version in [(1, 0), (2, 0), (3, 0)]:
    npy[f"version {version[0]}"] = case(
        np.array([1.5, 2], "<f4"), lambda s, a, v=version: np.lib.format.write_array(s, a, version=v)
    )

pair = {"conv1.weight": np.ones((2, 1), "<f4"), "b": np.array([3], "<i8")}
npz = {
    "stored": written(lambda s: np.savez(s, **pair)),
    "deflated": written(lambda s: np.savez_compressed(s, **pair)),
}
refused = {
    "structured": written(lambda s: np.save(s, np.zeros(2, dtype=[("a", "<f4")]))),
    "complex": written(lambda s: np.save(s, np.zeros(2, dtype="<c8"))),
    "too large": written(lambda s: np.save(s, np.array([2**40]))),
}

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../test/golden/numpy-files.json")
with open(path, "w") as file:
    json.dump({"numpy": np.__version__, "npy": npy, "npz": npz, "refused": refused}, file, indent=1)
