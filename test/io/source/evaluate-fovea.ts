// Compiles a generated TypeScript file by taking its types off, and runs it on this very fovea.
import { transformSync } from "esbuild";
import * as graph from "../../../src/graph/index.ts";
import * as fovea from "../../../src/index.ts";

/** What the file exports. */
export function evaluateFovea<T>(source: string): T {
  const { code } = transformSync(source, { loader: "ts", format: "cjs" });
  const module = { exports: {} };
  const rooms: Readonly<Record<string, object>> = { fovea, "fovea/graph": graph };
  new Function("require", "module", "exports", code)((name: string) => rooms[name], module, module.exports);
  return module.exports as T;
}
