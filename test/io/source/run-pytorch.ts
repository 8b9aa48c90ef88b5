// Runs a generated Python file in PyTorch, with weights from a safetensors file, and gives what it computed. One process for many nets, because
// PyTorch takes seconds to start.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readNpy, writeNpy } from "../../../src/io/npy.ts";
import { writeSafetensors } from "../../../src/io/safetensors.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

/** Loads the file by hand: the safetensors package is not part of PyTorch. Every name must be there, and no other. */
const harness = `
import importlib.util, json, struct, sys
import numpy, torch

torch.set_num_threads(1)

def load_file(path):
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    header.pop("__metadata__", None)
    types = {"F32": numpy.float32, "F64": numpy.float64, "I32": numpy.int32, "I64": numpy.int64}
    return {
        name: torch.from_numpy(numpy.frombuffer(data[slice(*entry["data_offsets"])], types[entry["dtype"]]).reshape(entry["shape"]).copy())
        for name, entry in header.items()
    }

for name in sys.argv[2:]:
    base = f"{sys.argv[1]}/{name}"
    spec = importlib.util.spec_from_file_location("generated", base + ".py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.Net()
    model.load_state_dict(load_file(base + ".safetensors"), strict=True)
    model.eval()
    with torch.no_grad():
        numpy.save(base + ".out.npy", model(torch.from_numpy(numpy.load(base + ".x.npy"))).numpy())
`;

export const hasPyTorch: boolean = ((): boolean => {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import torch"], { stdio: "ignore" });
    return true;
  } catch {
    console.warn("python3-torch is not installed: generated Python is not run");
    return false;
  }
})();

export interface PyTorchJob {
  readonly name: string;
  readonly source: string;
  readonly state: ReadonlyMap<string, Tensor>;
  readonly x: Tensor;
}

/** What every net, a class called Net, gives for its x. */
export function runPyTorch(jobs: readonly PyTorchJob[]): Map<string, Tensor> {
  const folder = mkdtempSync(join(tmpdir(), "fovea-torch-"));
  try {
    for (const { name, source, state, x } of jobs) {
      writeFileSync(join(folder, `${name}.py`), source);
      writeFileSync(join(folder, `${name}.safetensors`), writeSafetensors(state));
      writeFileSync(join(folder, `${name}.x.npy`), writeNpy(x));
    }
    execFileSync("/usr/bin/python3", ["-c", harness, folder, ...jobs.map(({ name }) => name)], { stdio: ["ignore", "ignore", "pipe"] });
    return new Map(jobs.map(({ name }) => [name, readNpy(readFileSync(join(folder, `${name}.out.npy`)))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
