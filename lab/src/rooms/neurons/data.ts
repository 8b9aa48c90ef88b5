// The pictures that units are asked about, as the settings say; what is not there any more gives way to what the net was made for.
import { syntheticClasses } from "fovea/data";
import { type SessionNet, session } from "../../state/session.svelte.ts";
import { pictureKey, usualCount, usualData } from "./located.ts";
import { folder } from "./own-data.svelte.ts";
import { view } from "./state.ts";
import type { DataRef } from "./tasks/pictures.ts";

/** Whether there are pictures of this kind for the net. */
export function hasData(kind: string, net: SessionNet): boolean {
  if (kind === "own") return session.pictures.length > 0;
  if (kind === "folder") return folder.files.length > 0;
  return kind === "trained" ? net.trainedOn !== undefined : true;
}

/** What the labels of these pictures are called. */
export function classesOfData(kind: DataRef["kind"], net: SessionNet): readonly string[] {
  if (kind === "shapes") return syntheticClasses;
  return kind === "digits" ? Array.from({ length: 10 }, (_, digit) => String(digit)) : net.classes;
}

export function dataRef(net: SessionNet): DataRef {
  const kind = view.data === "auto" || !hasData(view.data, net) ? usualData(net) : view.data;
  const common = { kind, count: view.count || usualCount(net), base: new URL(".", document.baseURI).href };
  switch (kind) {
    case "own": {
      const own = session.pictures.map(({ pixels, label }) => ({ pixels, ...(label !== undefined && { label }) }));
      return { ...common, own, ownKey: session.pictures.map(pictureKey).join() };
    }
    case "folder":
      return { ...common, files: folder.files, ownKey: String(folder.key) };
    case "trained":
      return { ...common, ...(net.trainedOn && { trainedOn: net.trainedOn }), ownKey: net.ref.key };
    default:
      return common;
  }
}
