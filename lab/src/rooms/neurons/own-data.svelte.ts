// A folder of pictures, or files of a data set, that the reader gave this room: units are asked about them. Kept while other rooms are visited.
import type { GivenFile } from "../../state/given-files.ts";

interface Folder {
  readonly files: readonly GivenFile[];
  /** Changes with the files. */
  readonly key: number;
}

let given: Folder = $state.raw({ files: [], key: 0 });

export const folder = {
  get files(): readonly GivenFile[] {
    return given.files;
  },
  get key(): number {
    return given.key;
  },
  use(files: readonly GivenFile[]): void {
    given = { files, key: given.key + 1 };
  },
};
