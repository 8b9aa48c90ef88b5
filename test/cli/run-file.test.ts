// The lab's run file at the command line: the same doors as a run folder.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addInspectCommand } from "../../src/cli/inspect.ts";
import { writeModel, writeZip } from "../../src/io/index.ts";
import { zooModel } from "../../src/zoo/index.ts";
import { run } from "./in-process.ts";

describe("LF42 LF49 a run file of the lab", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fovea-run-file-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("opens with fovea inspect; another archive says what it lacks", async () => {
    const name = "net: conv(4 3) relu maxpool(2) flatten linear(out)";
    const model = zooModel(name, { inputShape: [1, 12, 12], outputs: 3 });
    const path = join(folder, "run.zip");
    await writeFile(path, writeZip(new Map([["model.safetensors", writeModel(model, name)]]), { compress: true }));
    const { out } = await run(addInspectCommand, ["inspect", path]);
    expect(out).toContain(`${name}: input 1 x 12 x 12, 3 classes`);
    expect(model.parameterCount).toBe(343);
    expect(out).toMatch(/^total.* 343 /m);
    const other = join(folder, "other.zip");
    await writeFile(other, writeZip(new Map([["notes.txt", "nothing"]])));
    await expect(run(addInspectCommand, ["inspect", other])).rejects.toThrow(/is no run of the lab: there is no model\.safetensors in it/);
  });
});
