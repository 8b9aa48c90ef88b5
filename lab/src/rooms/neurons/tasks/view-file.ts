// A view of the room as one file: the address, the net, the reader's pictures and painted masks. A zip archive, so that everything in it can be got at.
import { readNpy, readZip, writeNpy, writeZip } from "fovea/io";
import { DataError, Tensor } from "fovea/tensor";
import type { NetRef } from "../../../engine/nets.ts";
import { type Numbers, toNumbers, toTensor } from "../../../engine/tensors.ts";
import type { Picture, SessionNet } from "../../../state/session.svelte.ts";

export interface ViewFile {
  /** The address, as pairs. */
  readonly query: Readonly<Record<string, string>>;
  /** Undefined for nets that every lab has. */
  readonly net: Omit<SessionNet, "trainedOn"> | undefined;
  readonly pictures: readonly Picture[];
  readonly masks: readonly { readonly concept: string; readonly picture: number; readonly mask: Uint8Array }[];
}

/** What stands in view.json; numbers lie beside it. */
interface Written {
  readonly format: "fovea-lab-view";
  readonly version: 1;
  readonly query: ViewFile["query"];
  readonly net?: Omit<SessionNet, "ref" | "samples" | "trainedOn"> & {
    readonly ref: Omit<NetRef, "bytes" | "beside" | "key">;
    readonly beside: readonly string[];
    readonly samples: readonly PictureEntry[];
  };
  readonly pictures: readonly PictureEntry[];
  readonly masks: readonly { readonly concept: string; readonly picture: number; readonly file: string }[];
}
interface PictureEntry {
  readonly name: string;
  readonly label?: number;
  /** npy, [channels, height, width] of 0..1. */
  readonly file: string;
}

export const viewFileTasks = {
  async packView({ query, net, pictures, masks }: ViewFile): Promise<Uint8Array> {
    const files = new Map<string, Uint8Array | string>();
    const put = (folder: string, list: readonly Picture[]): PictureEntry[] =>
      list.map(({ name, label, pixels }, i) => {
        const file = `${folder}/${i}.npy`;
        files.set(file, writeNpy(toTensor(pixels)));
        return { name, ...(label !== undefined && { label }), file };
      });
    const own = put("pictures", pictures);
    const painted = masks.map(({ concept, picture, mask }, i) => {
      const file = `masks/${i}.npy`;
      files.set(file, writeNpy(new Tensor(mask, [mask.length])));
      return { concept, picture, file };
    });
    const written: Written = {
      format: "fovea-lab-view",
      version: 1,
      query,
      ...(net && { net: packNet(net, files, put("samples", net.samples)) }),
      pictures: own,
      masks: painted,
    };
    return writeZip(new Map([["view.json", `${JSON.stringify(written, null, 1)}\n`] as const, ...files]), { compress: true });
  },

  /** Throws `DataError` that names what is missing. */
  async unpackView({ bytes, name }: { readonly bytes: Uint8Array; readonly name: string }): Promise<ViewFile> {
    const files = readZip(bytes, { name, limit: 2 ** 30 });
    const text = files.get("view.json");
    if (text === undefined) throw new DataError(`${name}: there is no view.json in it, so it is not a view that was saved here`);
    const written = JSON.parse(new TextDecoder().decode(text)) as Written;
    if (written.format !== "fovea-lab-view" || written.version !== 1)
      throw new DataError(`${name}: its view.json is not of a view, version 1`);
    const read = (file: string): Uint8Array => {
      const found = files.get(file);
      if (found === undefined) throw new DataError(`${name}: ${file} is missing`);
      return found;
    };
    const numbers = (file: string): Numbers => toNumbers(readNpy(read(file), { name: file }));
    const pictures = (list: readonly PictureEntry[]): Picture[] =>
      list.map(({ name: title, label, file }) => ({ name: title, pixels: numbers(file), ...(label !== undefined && { label }) }));
    const { net, query } = written;
    return {
      query,
      net: net && {
        ...net,
        samples: pictures(net.samples),
        ref: {
          ...net.ref,
          // Another file of the same name is another net.
          key: `${net.id} ${name} ${bytes.length} ${performance.now()}`,
          bytes: read("net/model"),
          ...(net.beside.length > 0 && { beside: new Map(net.beside.map((path) => [path, read(`net/beside/${path}`)])) }),
        },
      },
      pictures: pictures(written.pictures),
      masks: written.masks.map(({ concept, picture, file }) => ({ concept, picture, mask: Uint8Array.from(numbers(file).data) })),
    };
  },
};

function packNet(
  net: NonNullable<ViewFile["net"]>,
  files: Map<string, Uint8Array | string>,
  samples: readonly PictureEntry[],
): NonNullable<Written["net"]> {
  const { ref, samples: _, ...facts } = net;
  const { bytes, beside = new Map<string, Uint8Array>(), key: __, ...reference } = ref;
  files.set("net/model", bytes);
  for (const [path, contents] of beside) files.set(`net/beside/${path}`, contents);
  return { ...facts, ref: reference, beside: [...beside.keys()], samples };
}
