// Masks that the reader painted for concepts, by name and picture of the set. Too large for the address; a saved view holds them.

let all: ReadonlyMap<string, ReadonlyMap<number, Uint8Array>> = $state.raw(new Map());
let version = $state(0);

export const painted = {
  get all(): ReadonlyMap<string, ReadonlyMap<number, Uint8Array>> {
    return all;
  },
  /** Changes with every stroke. */
  get version(): number {
    return version;
  },
  use(masks: ReadonlyMap<string, ReadonlyMap<number, Uint8Array>>): void {
    all = masks;
    version += 1;
  },
  /** An empty mask is none. */
  set(name: string, picture: number, mask: Uint8Array): void {
    const own = new Map(all.get(name));
    if (mask.some((v) => v > 0)) own.set(picture, mask);
    else own.delete(picture);
    all = new Map([...all, [name, own]]);
    version += 1;
  },
  rename(from: string, to: string): void {
    const { [from]: own, ...rest } = Object.fromEntries(all);
    if (own !== undefined) all = new Map(Object.entries({ ...rest, [to]: own }));
  },
};
