// Bundles the bench from TypeScript and starts it. fovea itself is measured as users get it: the built dist, never re-bundled.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL(".", import.meta.url));
const dist = fileURLToPath(new URL("../dist/", import.meta.url));

if (!process.argv.includes("--no-build")) {
  const { status } = spawnSync("npm", ["run", "--silent", "build"], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) process.exit(status ?? 1);
}
if (!existsSync(dist)) {
  console.error("bench: there is no dist folder; leave --no-build out");
  process.exit(1);
}

const outfile = `${folder}.build/main.mjs`;
/** @type {import("esbuild").BuildOptions} */
const common = { bundle: true, format: "esm", logLevel: "warning" };
await build({
  ...common,
  entryPoints: [`${folder}main.ts`],
  outfile,
  platform: "node",
  packages: "external",
  plugins: [foveaFromDist((path) => ({ path: pathToFileURL(path).href, external: true }))],
});
if (process.argv[2] === "browser") {
  await build({
    ...common,
    entryPoints: [`${folder}browser-worker.ts`],
    outfile: `${folder}.build/browser-worker.mjs`,
    platform: "browser",
    // The paths of tsconfig.json lead to the sources, and to the platform of Node.
    tsconfigRaw: {},
    // A page can only load what is bundled.
    plugins: [foveaFromDist((path) => ({ path }))],
  });
}

const major = optionValue("--node");
if (major === undefined || process.versions.node.startsWith(`${major}.`)) await import(pathToFileURL(outfile).href);
else process.exit(spawnSync(nodeBinary(major), [outfile, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1);

/**
 * What is measured is the built fovea, wherever the bench's sources import the sources.
 * @param {(path: string) => import("esbuild").OnResolveResult} found
 * @returns {import("esbuild").Plugin}
 */
function foveaFromDist(found) {
  return {
    name: "fovea-from-dist",
    setup({ onResolve }) {
      onResolve({ filter: /^(\.\.\/)+src\// }, ({ path }) =>
        found(`${dist}${path.replace(/^(\.\.\/)+src\//, "").replace(/\.ts$/, ".js")}`),
      );
    },
  };
}

/** @param {string} option */
function optionValue(option) {
  const at = process.argv.indexOf(option);
  return at === -1 ? undefined : process.argv[at + 1];
}

/**
 * Another Node: one that lies in /opt already, or the npm registry's, kept beside the rivals.
 * @param {string} major
 */
function nodeBinary(major) {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const installed = `${folder}node_modules/${name}/bin/node`;
  const found = [`/opt/node${major}/package/bin/node`, installed].find((path) => existsSync(path));
  if (found !== undefined) return found;
  console.error(`bench: installing ${name}@${major}`);
  spawnSync("npm", ["install", "--no-save", "--ignore-scripts", "--prefix", folder, `${name}@${major}`], { stdio: ["ignore", 2, 2] });
  if (!existsSync(installed)) throw new Error(`bench: ${name}@${major} cannot be installed`);
  return installed;
}
