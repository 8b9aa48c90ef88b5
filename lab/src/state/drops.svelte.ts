// Files given anywhere on the page. The engine says what they are; then they go to what is on the screen and takes such, or else to the room
// that does. Components take files with `drops.receive` in an effect:
//   $effect(() => drops.receive({ data: ({ files }) => ..., run: ({ files }) => ... }));
import type { FileKind, FilesUse } from "fovea/io";
import { engine } from "../engine/client.ts";
import type { GivenFile } from "./given-files.ts";
import { place, type RoomName, visit } from "./rooms.svelte.ts";

/** A net, or a net's weights; a saved run; labelled pictures; pictures; names of classes. */
export type DropUse = Exclude<FilesUse, "weights" | "unknown">;

export interface Drop {
  readonly use: DropUse;
  /** All that was given; what an archive of a net holds, instead of the archive; a run always as one archive. */
  readonly files: readonly GivenFile[];
  /** The file that says what it is: the net's own, among what lies beside it. */
  readonly path: string;
  readonly kind: FileKind;
}

/** A file that nothing here can use. */
export interface UselessFile {
  readonly path: string;
  readonly kind: FileKind;
}

type Takers = Readonly<Partial<Record<DropUse, (drop: Drop) => void>>>;

/** Where files go that nothing on the screen takes. */
const rooms: Readonly<Record<DropUse, RoomName>> = {
  model: "open",
  names: "open",
  pictures: "open",
  data: "train",
  run: "train",
  view: "neurons",
};

let takers: readonly Takers[] = [];
let waiting: Drop | undefined;
let reading: string | undefined = $state();
let useless: UselessFile | undefined = $state.raw();
let error: unknown = $state.raw();

export const drops = {
  /** What is being looked at, by name. */
  get reading(): string | undefined {
    return reading;
  },
  /** Why the last files went nowhere. */
  get useless(): UselessFile | undefined {
    return useless;
  },
  get error(): unknown {
    return error;
  },
  forget(): void {
    useless = undefined;
    error = undefined;
  },

  /** For an effect: while a component is on the screen, it takes files of these uses. Who came last is asked first; what waits is handed over at once. */
  receive(own: Takers): () => void {
    takers = [own, ...takers];
    const drop = waiting;
    if (drop !== undefined && own[drop.use] !== undefined) {
      waiting = undefined;
      queueMicrotask(() => own[drop.use]?.(drop));
    }
    return () => {
      takers = takers.filter((other) => other !== own);
    };
  },

  async give(files: readonly GivenFile[]): Promise<void> {
    const [first] = files;
    if (first === undefined) return;
    drops.forget();
    reading = first.path;
    try {
      const { use, path, kind, files: held = files } = await engine.call("open", "sort", files);
      if (use === "unknown") useless = { path, kind };
      else route({ use: use === "weights" ? "model" : use, path, kind, files: held });
    } catch (reason) {
      error = reason;
    } finally {
      reading = undefined;
    }
  },
};

function route(drop: Drop): void {
  const taker = takers.find((one) => one[drop.use] !== undefined);
  if (taker !== undefined) {
    taker[drop.use]?.(drop);
    return;
  }
  waiting = drop;
  if (place.room !== rooms[drop.use]) visit(rooms[drop.use]);
}
