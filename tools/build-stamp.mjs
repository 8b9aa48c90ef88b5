// Remembers what dist was built from, so that `prepare` (which npm runs on every install, and npx before fovea's first run in a checkout)
// builds only when something changed. The contents decide, not the times of files: copies and checkouts change times.
// `write` after a build; `check` fails when dist is not what a build would give. Run with a folder as second argument for another place.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [command, folder = join(fileURLToPath(new URL(".", import.meta.url)), "..")] = process.argv.slice(2);
const root = resolve(folder);
const stamp = join(root, "dist", ".built");

/** Every source with its path, and what decides how they are translated. */
function fingerprint() {
  const hash = createHash("sha256");
  const filesIn = (folder) =>
    existsSync(join(root, folder)) ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8", withFileTypes: true }) : [];
  const named = (entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)).replaceAll("\\", "/");
  const sources = filesIn("src")
    .map(named)
    .filter((name) => name.endsWith(".ts"))
    .sort();
  const page = ["lab/src", "lab/assets", "lab/build"]
    .flatMap((folder) =>
      filesIn(folder)
        .filter((entry) => entry.isFile())
        .map(named),
    )
    .sort();
  const settings = ["tsconfig.json", "tsconfig.build.json", "package-lock.json", "lab/vite.config.ts", "lab/index.html"];
  for (const name of [...sources, ...page, ...settings]) {
    const path = join(root, name);
    if (existsSync(path)) hash.update(`${name}\0`).update(readFileSync(path)).update("\0");
  }
  return { sources, page, digest: hash.digest("hex") };
}

const { sources, page, digest } = fingerprint();
if (command === "write") {
  writeFileSync(stamp, `${digest}\n`);
} else if (command === "check") {
  const made = [
    ...sources.map((name) => name.replace(/^src/, "dist").replace(/\.ts$/, ".js")),
    ...(page.length > 0 ? ["dist/lab/index.html"] : []),
  ];
  const whole = made.every((name) => existsSync(join(root, name)));
  const current = existsSync(stamp) && readFileSync(stamp, "utf8").trim() === digest;
  if (!whole || !current) process.exitCode = 1;
} else {
  console.error("usage: node tools/build-stamp.mjs write|check [folder]");
  process.exitCode = 2;
}
