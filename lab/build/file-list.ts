// Lists what the built lab is made of, so that the page can fetch all of it while nobody waits, and then needs no server.
import type { Plugin } from "vite";

/** Emits files.json: the paths of all files beside the page itself, code and styles first, the data sets last. */
export function fileList(): Plugin {
  return {
    name: "fovea-file-list",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const rank = (name: string): number => (name.startsWith("data/") ? 2 : /\.(js|css)$/.test(name) ? 0 : 1);
        const names = Object.keys(bundle)
          .filter((name) => !name.endsWith(".html"))
          .toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
        this.emitFile({ type: "asset", fileName: "files.json", source: JSON.stringify(names) });
      },
    },
  };
}
