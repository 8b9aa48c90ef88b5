// Inputs that units want are the slow part of an atlas: those of a layer that is not finished yet are kept beside its page, so that an
// interruption costs minutes at most. The file goes when the page is there.
import { isFile, readFile, remove, writeFileAtomically } from "#platform";
import { readSafetensors, writeSafetensors } from "../io/safetensors.ts";
import type { Maximised } from "../lens/records.ts";

export interface UnitStore {
  /** What is kept, by channel; nothing where the file is missing or cannot be read. */
  load(): Promise<ReadonlyMap<number, Maximised>>;
  /** Replaces what is kept. */
  save(units: Iterable<Maximised>): Promise<void>;
  clear(): Promise<void>;
}

/** JSON knows no NaN, which is the slope of a constant picture. */
type Plain = Omit<Maximised, "image" | "spectralSlope"> & { readonly spectralSlope?: number | null };

export function unitStore(path: string): UnitStore {
  return {
    async load() {
      if (!(await isFile(path))) return new Map();
      try {
        const { tensors, metadata } = readSafetensors(await readFile(path), { name: path });
        const records = JSON.parse(metadata.units) as readonly Plain[];
        return new Map(
          records.map(({ spectralSlope, ...record }) => {
            const image = tensors.get(String(record.channel));
            if (image === undefined) throw new Error(`${path}: no picture of channel ${record.channel}`);
            return [
              record.channel as number,
              { ...record, image, ...(spectralSlope !== undefined && { spectralSlope: spectralSlope ?? Number.NaN }) },
            ];
          }),
        );
      } catch {
        // It only saves time: what cannot be read is climbed again.
        return new Map();
      }
    },
    async save(units) {
      const all = [...units];
      const plain = all.map(({ image: _image, ...record }): Plain => record);
      const tensors = all.map(({ channel, image }) => [String(channel), image] as const);
      await writeFileAtomically(path, writeSafetensors(tensors, { metadata: { units: JSON.stringify(plain) } }));
    },
    clear: () => remove(path),
  };
}
