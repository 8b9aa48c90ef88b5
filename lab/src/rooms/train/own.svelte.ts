// The reader's own data: what was brought or made here, and how it is made into a data set. Kept while other rooms are visited.
import { bytesOf, type GivenFile } from "../../state/given-files.ts";
import type { Picture } from "../../state/session.svelte.ts";
import { live } from "./live.svelte.ts";
import { view } from "./state.ts";
import type { OwnData, OwnInput } from "./tasks.ts";

export interface MadePicture {
  readonly label: string;
  readonly pixels: Picture["pixels"];
}

interface Own {
  /** Pixels of a side, of pictures in folders and of those that are made here. */
  size: number;
  colour: boolean;
  readonly made: readonly MadePicture[];
  /** What the data set that is used was made of; another worker needs the same. */
  readonly input: OwnInput | undefined;
  readonly read: OwnData | undefined;
  readonly error: unknown;
  readonly busy: boolean;
  add(label: string, picture: Picture): void;
  remove(picture: MadePicture): void;
  useFiles(files: readonly GivenFile[]): Promise<void>;
  useMade(): Promise<void>;
  forget(): void;
}

export const own: Own = (() => {
  let size = $state(32);
  let colour = $state(true);
  let made: readonly MadePicture[] = $state.raw([]);
  let input: OwnInput | undefined = $state.raw();
  let read: OwnData | undefined = $state.raw();
  let error: unknown = $state.raw();
  let busy = $state(false);

  async function use(files: OwnInput["files"], drawn: OwnInput["drawn"]): Promise<void> {
    error = undefined;
    read = undefined;
    busy = true;
    const given: OwnInput = { files, drawn, size, channels: colour ? 3 : 1, seed: view.dataSeed };
    try {
      read = await live.engine.call("train", "useFiles", given);
      input = given;
      const same = view.data === "own";
      view.data = "own";
      if (same || live.opened === undefined) await live.reopen();
    } catch (caught) {
      error = caught;
    } finally {
      busy = false;
    }
  }
  return {
    get size() {
      return size;
    },
    set size(given) {
      size = given;
    },
    get colour() {
      return colour;
    },
    set colour(given) {
      colour = given;
    },
    get made() {
      return made;
    },
    get input() {
      return input;
    },
    get read() {
      return read;
    },
    get error() {
      return error;
    },
    get busy() {
      return busy;
    },
    add(label, picture) {
      // A label becomes a folder's name on the way to the data set.
      const name = label.trim().replaceAll("/", " ");
      if (name !== "") made = [...made, { label: name, pixels: picture.pixels }];
    },
    remove(picture) {
      made = made.filter((other) => other !== picture);
    },
    useFiles: async (files) => use(await bytesOf(files), []),
    useMade: () => use([], made),
    forget() {
      made = [];
      input = read = error = undefined;
      size = 32;
      colour = true;
    },
  };
})();
