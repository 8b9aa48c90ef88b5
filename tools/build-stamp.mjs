// Remembers what dist was built from, so that `prepare` (which npm runs on every install, and npx before fovea's first run in a checkout)
// builds only when something changed. The contents decide, not the times of files: copies and checkouts change times.
// `write` after a build; `check` fails when dist is not what a build would give. Run with a folder as second argument for another place.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [command, folder = join(fileURLToPath(new URL(".", import.meta.url)), "..")] = process.argv.slice(2);
const root = resolve(folder);
const stamp = join(root, "dist", ".built");

/** Every source with its path, and what decides how they are translated. */
function fingerprint() {
  const hash = createHash("sha256");
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `src/${name.replaceAll("\\", "/")}`)
    .sort();
  for (const name of [...sources, "tsconfig.json", "tsconfig.build.json", "package-lock.json"]) {
    const path = join(root, name);
    if (existsSync(path)) hash.update(`${name}\0`).update(readFileSync(path)).update("\0");
  }
  return { sources, digest: hash.digest("hex") };
}

const { sources, digest } = fingerprint();
if (command === "write") {
  writeFileSync(stamp, `${digest}\n`);
} else if (command === "check") {
  const whole = sources.every((name) => existsSync(join(root, name.replace(/^src/, "dist").replace(/\.ts$/, ".js"))));
  const current = existsSync(stamp) && readFileSync(stamp, "utf8").trim() === digest;
  if (!whole || !current) process.exitCode = 1;
} else {
  console.error("usage: node tools/build-stamp.mjs write|check [folder]");
  process.exitCode = 2;
}
