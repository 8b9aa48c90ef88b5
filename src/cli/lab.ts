// fovea lab: the browser workbench, served from the package itself, with the headers that let it use threads.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CAC } from "cac";
import { isFile, joinPath } from "#platform";
import { FileError } from "../tensor/errors.ts";
import { numberOption, textOption } from "./options.ts";
import { serveFolder } from "./serve-folder.ts";

const usualPort = 4280;

export function addLabCommand(cli: CAC, signal: AbortSignal): void {
  cli
    .command("lab", "Open the workbench in the browser; it stays on this machine")
    .option("--port <n>", `Port on 127.0.0.1; 0 takes any free one (default: ${usualPort}, or the next that is free)`)
    .option("--no-open", "Only print the address")
    .option("--folder <folder>", "Another build of the page (default: the one that came with fovea)")
    .example("fovea lab")
    .example("fovea lab --port 0 --no-open")
    .action((options: Readonly<Record<string, unknown>>) => runLab(options, signal));
}

/** Beside the built command line, whether this runs as src/cli/lab.ts or as dist/cli/lab.js. */
const builtPage = (): string => fileURLToPath(new URL("../../dist/lab", import.meta.url));

async function runLab(options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const wanted = numberOption("port", options.port, { min: 0, max: 65_535, integer: true }) ?? usualPort;
  const given = textOption("folder", options.folder);
  const folder = given ?? builtPage();
  if (!(await isFile(joinPath(folder, "index.html")))) {
    throw new FileError(`there is no page in ${folder}${given === undefined ? '; in a checkout, "npm run build" makes it' : ""}`);
  }
  const server = await serveFolder(folder, { port: wanted });
  try {
    if (wanted !== 0 && server.port !== wanted) process.stderr.write(`port ${wanted} is in use; took ${server.port}\n`);
    process.stdout.write(`The lab is at ${server.url}\n`);
    process.stderr.write("Ctrl-C ends it.\n");
    if (options.open !== false && process.stdout.isTTY) openBrowser(server.url);
    await aborted(signal);
  } finally {
    await server.close();
  }
}

/** What opens addresses on this system. That there is none is no error: the address is printed. */
function openBrowser(url: string): void {
  const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
    darwin: ["open"],
    // The first quoted word would be the window's title.
    win32: ["cmd", "/c", "start", ""],
  };
  const [program, ...first] = openers[process.platform] ?? ["xdg-open"];
  const child = spawn(program, [...first, url], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
