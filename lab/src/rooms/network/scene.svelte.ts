// The net and the picture that the room looks at, and what the worker saw. Everything on the screen hangs on this one thing.
import { engine } from "../../engine/client.ts";
import { readEdits } from "../../state/edits.ts";
import { chosen, netOf, type Picture, type SessionNet, session } from "../../state/session.svelte.ts";
import { wanted } from "../../state/written.svelte.ts";
import { readUnit, readUnits, type UnitName, view } from "./state.ts";
import type { Seen, SeenLayer } from "./tasks.ts";

export interface SceneState {
  readonly net: SessionNet | undefined;
  /** Those to begin with. */
  readonly samples: readonly Picture[];
  /** And the reader's own after them. */
  readonly pictures: readonly Picture[];
  readonly picture: Picture | undefined;
  readonly seen: Seen | undefined;
  readonly error: unknown;
  /** The unit in the address, where the net has it. */
  readonly unit: UnitName | undefined;
  layer(name: string): SeenLayer | undefined;
}

/** The net's own pictures; for one from a file, which has none, those of a shipped net with as many channels. Pictures of any size are fitted. */
function samplesFor({ samples, inputShape }: SessionNet): readonly Picture[] {
  if (samples.length > 0) return samples;
  return session.nets.find((net) => net.samples.length > 0 && net.inputShape[0] === inputShape[0])?.samples ?? [];
}

/** Call while a component is set up: it follows the chosen net, picture and edits as long as the component lives. */
export function watchScene(): SceneState {
  // Where the net of an old link is gone, the room shows another one; the shell says so.
  const net = $derived(netOf(chosen.net) ?? (wanted.gone ? session.nets[0] : undefined));
  const samples = $derived(net === undefined ? [] : samplesFor(net));
  const pictures = $derived([...samples, ...session.pictures]);
  const picture = $derived(pictures[Math.min(view.picture, pictures.length - 1)]);
  let seen: Seen | undefined = $state.raw();
  let error: unknown = $state.raw();
  const layers = $derived(new Map(seen?.layers.map((layer) => [layer.name, layer])));
  const unit = $derived.by(() => {
    const asked = readUnit(view.unit);
    const layer = asked && layers.get(asked.layer);
    return layer?.shown && asked!.unit < (layer.shape[0] ?? 1) ? asked : undefined;
  });

  $effect(() => {
    if (net === undefined || picture === undefined) return;
    const off = [...readUnits(view.off)].map(([layer, units]) => ({ layer, units: [...units] }));
    const controller = new AbortController();
    engine
      .call("network", "see", { net: net.ref, edits: readEdits(view.edits), off, pixels: picture.pixels }, { signal: controller.signal })
      .then(
        (answer) => {
          seen = answer;
          error = undefined;
        },
        (reason) => {
          if (!controller.signal.aborted) error = reason;
        },
      );
    return () => controller.abort();
  });
  return {
    get net() {
      return net;
    },
    get samples() {
      return samples;
    },
    get pictures() {
      return pictures;
    },
    get picture() {
      return picture;
    },
    get seen() {
      return seen;
    },
    get error() {
      return error;
    },
    get unit() {
      return unit;
    },
    layer: (name) => layers.get(name),
  };
}
