// Saves the view with everything that a link cannot carry, and brings it back.
import { openAddress, viewQuery } from "../../state/rooms.svelte.ts";
import { addNet, freshId, netOf, session } from "../../state/session.svelte.ts";
import { work } from "./engines.ts";
import { painted } from "./painted.svelte.ts";

/** Nets that are trained or opened here exist nowhere else; all others any lab can make from the address. */
const isLocal = (id: string): boolean => /^(run|file)-/.test(id);

export async function packedView(): Promise<Uint8Array> {
  const { trainedOn: _, ...net } = netOf() ?? session.nets[0];
  const masks = [...painted.all].flatMap(([concept, own]) => [...own].map(([picture, mask]) => ({ concept, picture, mask })));
  return work.call("neurons", "packView", {
    query: viewQuery(),
    net: isLocal(net.id) ? net : undefined,
    pictures: session.pictures,
    masks,
  });
}

/** Throws `EngineError` for files that are no views. */
export async function openView(bytes: Uint8Array, name: string): Promise<void> {
  const { query, net, pictures, masks } = await work.call("neurons", "unpackView", { bytes, name });
  const wanted: Record<string, string> = { ...query };
  if (net !== undefined) {
    const id = netOf(net.id) === undefined ? net.id : freshId(net.id.replace(/-\d+$/, ""));
    addNet({ ...net, id });
    wanted.net = id;
  }
  const known = new Set(session.pictures.map(({ name: title, pixels }) => `${title} ${pixels.data.length} ${pixels.data.join()}`));
  session.pictures = [
    ...session.pictures,
    ...pictures.filter(({ name: title, pixels }) => !known.has(`${title} ${pixels.data.length} ${pixels.data.join()}`)),
  ];
  const all = new Map<string, Map<number, Uint8Array>>();
  for (const { concept, picture, mask } of masks) all.set(concept, (all.get(concept) ?? new Map<number, Uint8Array>()).set(picture, mask));
  painted.use(all);
  openAddress(wanted);
}
