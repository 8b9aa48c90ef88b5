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
await build({
  entryPoints: [`${folder}main.ts`],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  packages: "external",
  plugins: [
    {
      name: "fovea-from-dist",
      setup({ onResolve }) {
        onResolve({ filter: /^(\.\.\/)+src\// }, ({ path }) => ({
          path: pathToFileURL(`${dist}${path.replace(/^(\.\.\/)+src\//, "").replace(/\.ts$/, ".js")}`).href,
          external: true,
        }));
      },
    },
  ],
});
await import(pathToFileURL(outfile).href);
