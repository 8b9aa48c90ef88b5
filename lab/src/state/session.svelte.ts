// The nets and pictures of this session, shared by all rooms. What is trained in one room is looked into in another.
import type { Preprocessing } from "fovea";
import type { NetRef } from "../engine/nets.ts";
import type { Numbers } from "../engine/tensors.ts";
import { oneOf, text, whole } from "./address.ts";
import { roomState } from "./rooms.svelte.ts";

/** A picture as the page has it: 0..1 per channel, [1 or 3, height, width]. */
export interface Picture {
  readonly name: string;
  readonly pixels: Numbers;
  /** Index of the right class, where it is known. */
  readonly label?: number;
}

/** What a net was trained on in this session: other rooms ask its units about the same pictures. */
export interface TrainedOn {
  /** As in the room that trains. */
  readonly data: string;
  readonly dataSeed: number;
  readonly pictures: number;
  /** Of the reader's own pictures: files by path, drawings, and what was made of them. */
  readonly own?: {
    readonly files: readonly (readonly [path: string, bytes: Uint8Array])[];
    readonly drawn: readonly { readonly label: string; readonly pixels: Numbers }[];
    readonly size: number;
    readonly channels: 1 | 3;
    readonly seed: number;
  };
}

export interface SessionNet {
  /** As in the address: "shapes", "digits", "run-1", "file-1", "net: conv(8) relu flatten linear", "edited: shapes; conv1.bias:2=1.5". */
  readonly id: string;
  /** What people call it. */
  readonly title: string;
  /** Name in the zoo, or "net: ..." as text; undefined for nets from files that are graphs only. */
  readonly architecture?: string;
  readonly ref: NetRef;
  readonly inputShape: readonly number[];
  readonly classes: readonly string[];
  readonly preprocessing: Preprocessing | undefined;
  /** The file did not say how its pictures are prepared, and nobody has told it since. */
  readonly preparationGuessed?: boolean;
  readonly parameters: number;
  /** Pictures to look at first. */
  readonly samples: readonly Picture[];
  /** Share of test pictures that it gets right, where it was measured. */
  readonly accuracy?: number;
  readonly trainedOn?: TrainedOn;
}

interface Session {
  /** The shipped nets first. */
  nets: readonly SessionNet[];
  /** Pictures that the reader brought. */
  pictures: readonly Picture[];
}

/** Replaced as wholes, never changed inside: weights and pixels need no watching. */
export const session: Session = (() => {
  let nets: readonly SessionNet[] = $state.raw([]);
  let pictures: readonly Picture[] = $state.raw([]);
  return {
    get nets() {
      return nets;
    },
    set nets(given) {
      nets = given;
    },
    get pictures() {
      return pictures;
    },
    set pictures(given) {
      pictures = given;
    },
  };
})();

/** Which net the rooms look at; of nets that are written as text also what they are made for and the seed of their weights. */
export const chosen: { net: string; onto: "shapes" | "digits"; weights: number } = roomState("session", {
  net: text("shapes"),
  /** The shipped net whose pictures, input size and classes written nets get. */
  onto: oneOf(["shapes", "digits"], "shapes"),
  weights: whole(0, 0),
});

export function netOf(id: string = chosen.net): SessionNet | undefined {
  return session.nets.find((net) => net.id === id);
}

/** Adds a net, or replaces the one with its id. */
export function addNet(net: SessionNet): void {
  session.nets = [...session.nets.filter(({ id }) => id !== net.id), net];
}

/** An id that no net has yet: "run-1", "run-2", ... */
export function freshId(stem: string): string {
  for (let i = 1; ; i++) if (!session.nets.some(({ id }) => id === `${stem}-${i}`)) return `${stem}-${i}`;
}
