// Which ONNX runtimes can be raced, and how the races are told.
import { machine } from "./machine.ts";
import { loadedOnnxruntime, type OnnxFlavour } from "./rivals/onnxruntime.ts";
import { table } from "./rounds.ts";
import { type Verdict, verdictHead, verdictRow } from "./verdict.ts";

/** Which ONNX runtimes are asked for and installed. */
export async function onnxRivals(wanted: readonly string[] | undefined): Promise<OnnxFlavour[]> {
  const found: OnnxFlavour[] = [];
  for (const flavour of ["node", "web"] as const) {
    const name = `onnxruntime-${flavour}`;
    if (wanted !== undefined && !wanted.includes(name)) continue;
    try {
      await loadedOnnxruntime(flavour);
      found.push(flavour);
    } catch (error) {
      console.error(
        `${name} is absent: ${error instanceof Error ? error.message.split("\n")[0] : error} (cd bench && npm i --ignore-scripts)`,
      );
    }
  }
  return found;
}

export async function showVerdicts(verdicts: readonly Verdict[], { json }: { readonly json: boolean }): Promise<void> {
  const versions: Record<string, string> = {};
  for (const flavour of ["node", "web"] as const) {
    const name = `onnxruntime-${flavour}`;
    if (verdicts.some((v) => v.rival === name)) versions[name] = (await loadedOnnxruntime(flavour)).version;
  }
  if (!json) {
    console.log(`${machine()}. ${new Date().toISOString().slice(0, 10)}. A ratio above 1: fovea is faster.\n`);
    console.log(table(verdictHead, verdicts.map(verdictRow)));
    console.log();
  }
  for (const verdict of verdicts) console.log(JSON.stringify(verdict));
  console.log(JSON.stringify({ bench: verdicts[0]?.bench, machine: machine(), versions }));
}
