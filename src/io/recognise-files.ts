// What several files are together: a network with the files that its numbers lie in, a data set, pictures, the names of classes.
import { ArgumentError } from "../tensor/errors.ts";
import { expectMap } from "../tensor/expect.ts";
import { type FileKind, recogniseFile } from "./recognise.ts";

/**
 * "model" is one network, with what lies beside it; "weights" are a network's numbers alone; "run" is a training that the lab has saved, and
 * "view" a view of a net; "data" are labelled pictures; "pictures" have no labels; "names" are those of classes; "unknown" is all else.
 */
export type FilesUse = "model" | "weights" | "run" | "view" | "data" | "pictures" | "names" | "unknown";

export interface RecognisedFiles {
  readonly use: FilesUse;
  /** The file that decided it: the model's own, or the one that is in the way. */
  readonly path: string;
  readonly kind: FileKind;
}

const leftBehind = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/;

/** Whether a path is of a file that systems and tools leave behind, and that holds nothing of anybody's. */
export function isLeftBehind(path: string): boolean {
  return leftBehind.test(path);
}

/** What decides for each use, the strongest first: data that lie beside a model are its weights, whatever they look like. */
const deciding: readonly (readonly [FilesUse, readonly FileKind[]])[] = [
  ["model", ["model", "onnx", "tfjs"]],
  ["weights", ["weights", "npz"]],
  ["data", ["idx", "cifar", "csv"]],
];

/**
 * Recognises files by their contents and by how they lie together: `files` is paths to bytes, an archive's contents or a dropped folder's.
 * Pictures in two or more folders are data, their folders being their classes; others are pictures. Throws `ArgumentError` for no files at all.
 */
export async function recogniseFiles(files: ReadonlyMap<string, Uint8Array>): Promise<RecognisedFiles> {
  expectMap("recogniseFiles", "the files", files, "paths to bytes");
  const own = [...files].filter(([path]) => !isLeftBehind(path));
  if (own.length === 0) throw new ArgumentError("recogniseFiles: there are no files");
  const kinds: { readonly path: string; readonly kind: FileKind }[] = [];
  for (const [path, bytes] of own) kinds.push({ path, kind: await recogniseFile(bytes) });
  const run = own.find(([path, bytes]) => /(^|\/)lab\.json$/.test(path) && isSaved("run", bytes));
  if (run !== undefined) return { use: "run", path: run[0], kind: "json" };
  const view = own.find(([path, bytes]) => /(^|\/)view\.json$/.test(path) && isSaved("view", bytes));
  if (view !== undefined) return { use: "view", path: view[0], kind: "json" };
  for (const [use, wanted] of deciding) {
    const found = wanted.flatMap((kind) => kinds.filter((file) => file.kind === kind));
    // Checkpoints of a run lie deeper than its model.
    const [first] = found.toSorted((a, b) => depth(a.path) - depth(b.path));
    if (first !== undefined) return { use, ...first };
  }
  const pictures = kinds.filter(({ kind }) => kind === "picture");
  if (pictures.length > 0) {
    const folders = new Set(pictures.map(({ path }) => path.slice(0, path.lastIndexOf("/") + 1)));
    return { use: folders.size > 1 ? "data" : "pictures", ...pictures[0] };
  }
  const [first] = kinds;
  const isNames = first.kind === "labels" || (first.kind === "json" && isListOfTexts(own[0][1]));
  return { use: kinds.length === 1 && isNames ? "names" : "unknown", ...first };
}

const depth = (path: string): number => path.split("/").length;

function isSaved(what: "run" | "view", bytes: Uint8Array): boolean {
  return new RegExp(`"format"\\s*:\\s*"fovea-lab-${what}"`).test(new TextDecoder().decode(bytes.subarray(0, 1000)));
}

function isListOfTexts(bytes: Uint8Array): boolean {
  return /^\uFEFF?\s*\[\s*"/.test(new TextDecoder().decode(bytes.subarray(0, 1000)));
}
