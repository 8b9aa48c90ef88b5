// Reads the tours of the lab while it is built, so that the page gets them checked, as data.
import { basename } from "node:path";
import type { Plugin } from "vite";
import { parseTour } from "../src/rooms/lessons/tour.ts";

export function tours(): Plugin {
  return {
    name: "fovea-tours",
    transform(code, id) {
      if (!id.endsWith(".tour")) return undefined;
      return { code: `export default ${JSON.stringify(parseTour(code, basename(id)))};`, map: null };
    },
  };
}
