// Loaded into a child process by --import: the process dies, as by a power cut, at the step of writing files that FOVEA_DIE_AT names
// (from 1; 0 for never), and says at its end which steps there were. The code under test knows nothing of it: Node's own functions
// are wrapped. A step is the moment before or after a change, or the middle of writing a file.
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const fatal = Number(process.env.FOVEA_DIE_AT);
const steps = [];

function step(name) {
  if (steps.push(name) === fatal) process.kill(process.pid, "SIGKILL");
}

function wrap(object, name, middle) {
  const real = object[name];
  object[name] = async function (...given) {
    step(`before ${name}`);
    await middle?.call(this, real, ...given);
    const result = await real.apply(this, given);
    step(`after ${name}`);
    return result;
  };
}

/** Half of the bytes are in the file, then nothing. */
async function writeHalf(write, data) {
  if (steps.length + 1 === fatal) await write.call(this, data.slice(0, data.length >> 1));
  step("middle of writeFile");
}

const open = fs.open;
fs.open = async (path, flags) => {
  const handle = await open(path, flags);
  if (flags !== "r") {
    step("after open");
    wrap(handle, "writeFile", writeHalf);
  }
  wrap(handle, "sync");
  return handle;
};
for (const name of ["mkdir", "rename", "rm"]) wrap(fs, name);
syncBuiltinESMExports();

process.on("exit", () => console.log(JSON.stringify(steps)));
