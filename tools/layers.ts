// Checks the house's one structural rule: imports only go down a storey, and never round in a circle.
// Prints the size of every file on the way. Run: npx tsx tools/layers.ts [--quiet]
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** From the cellar to the roof. A file may import from its own storey and from those before it. */
const storeys = [
  "tensor",
  "platform",
  "arithmetic",
  "graph",
  "ops",
  "backends",
  "nn",
  "zoo",
  "io",
  "data",
  "train",
  "lens",
  "report",
  "index",
  "cli",
];

const source = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((f) => f.endsWith(".ts"))
  .sort();
const problems: string[] = [];
const imports = new Map<string, string[]>();

function storeyOf(file: string): number {
  const name = file.includes("/") ? file.slice(0, file.indexOf("/")) : file.replace(/\.ts$/, "");
  const found = storeys.indexOf(name);
  if (found < 0) problems.push(`src/${file}: "${name}" is no storey of the house (${storeys.join(" < ")})`);
  return found;
}

let lines = 0;
for (const file of files) {
  const text = readFileSync(join(source, file), "utf8");
  const size = text.split("\n").length - 1;
  lines += size;
  if (!process.argv.includes("--quiet")) console.log(`${String(size).padStart(5)}${size > 400 ? " !" : "  "} src/${file}`);
  const targets: string[] = [];
  for (const [, type, specifier] of text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^;"']*?from\s+"([^"]+)"/gm)) {
    if (specifier === "#platform") {
      if (storeyOf(file) < storeys.indexOf("platform")) problems.push(`src/${file}: imports #platform from below it`);
      continue;
    }
    if (!specifier.startsWith(".")) {
      const core = storeyOf(file) < storeys.indexOf("io") || ["data", "train", "lens"].some((s) => file.startsWith(`${s}/`));
      if (core && !file.startsWith("platform/")) problems.push(`src/${file}: the core imports the package "${specifier}"`);
      continue;
    }
    const target = relative(source, join(source, dirname(file), specifier));
    if (storeyOf(target) > storeyOf(file)) problems.push(`src/${file}: imports up the house, from src/${target}`);
    if (type === undefined) targets.push(target);
  }
  imports.set(file, targets);
}

const state = new Map<string, "open" | "done">();
function visit(file: string, path: readonly string[]): void {
  if (state.get(file) === "done") return;
  if (state.get(file) === "open") {
    problems.push(`imports in a circle: ${[...path.slice(path.indexOf(file)), file].join(" -> ")}`);
    return;
  }
  state.set(file, "open");
  for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
  state.set(file, "done");
}
for (const file of files) visit(file, []);

console.log(`${files.length} files, ${lines} lines`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
