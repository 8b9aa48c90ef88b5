// The room Train with data that people bring: dropped, chosen, drawn, pasted, filmed, or packed beside the page. Chromium's camera is a fake one.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { adam, fashionMnist, firstOf, mnist, report, zoo } from "../../src/index.ts";
import { encodePng, writeZip } from "../../src/io/index.ts";
import { openTraining } from "../../src/train/index.ts";
import { canOpen, labFolder, startLab } from "./page.ts";

const net = "conv(4 3) relu maxpool(2) flatten linear(out)";
const address = (more = ""): string => `?room=train&lang=en&pictures=200&batch=20&threads=1&arch=${encodeURIComponent(net)}${more}`;
const ready = (page: Page): Promise<unknown> => page.waitForSelector(".go:not(:disabled)");
const fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** A picture of one class: bright above, or bright below. */
function picture(above: boolean, seed: number, size = 20): Uint8Array {
  const data = Uint8Array.from(
    { length: size * size },
    (_, i) => (i < (size * size) / 2 === above ? 180 : 20) + ((i * 7 + seed * 13) % 40),
  );
  return encodePng({ width: size, height: size, channels: 1, data });
}

/** Drops files with paths on an element, as a file manager would. */
async function dropOn(page: Page, selector: string, files: readonly (readonly [path: string, bytes: Uint8Array])[]): Promise<void> {
  await page.evaluate(
    ({ selector, files }) => {
      const data = new DataTransfer();
      for (const [path, bytes] of files) data.items.add(new File([Uint8Array.from(bytes)], path));
      const target = document.querySelector(selector);
      target?.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
      target?.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    { selector, files: files.map(([path, bytes]) => [path, [...bytes]] as const) },
  );
}

async function trains(page: Page): Promise<void> {
  const reached = page.getByText("the number of steps is reached");
  // What was given is prepared a moment later; a press before that goes to the run that it replaces.
  const pressed = async (): Promise<boolean> => {
    await ready(page);
    await page.locator(".go").click();
    return reached.waitFor({ timeout: 8000 }).then(
      () => true,
      () => false,
    );
  };
  await expect.poll(pressed, { timeout: 30_000 }).toBe(true);
}

describe.skipIf(!canOpen)("the room Train, with one's own data", { timeout: 60_000 }, () => {
  const lab = startLab(fake);

  test("LF5 LQ2 a labelled set is drawn, filmed and pasted in the page, and trains", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=10"));
    await ready(page);
    await page.getByText("Your own pictures", { exact: true }).click();
    await page.getByText("Or make pictures here").click();
    const name = page.getByLabel("Name of the class");
    const add = page.getByRole("button", { name: "Add the drawing" });
    await name.fill("stroke");
    for (let i = 0; i < 3; i++) {
      const box = await page.locator("aside [role=application]").boundingBox();
      if (box === null) throw new Error("there is no pad");
      await page.mouse.move(box.x + 30 + 20 * i, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + 60 + 20 * i, box.y + 120, { steps: 5 });
      await page.mouse.up();
      await add.click();
    }
    await page.getByRole("button", { name: "stroke: 3" }).waitFor();
    await name.fill("camera");
    await page.getByRole("button", { name: "Start the camera" }).click();
    const take = page.getByRole("button", { name: "Take the picture" });
    await take.waitFor();
    await page.waitForFunction(() => (document.querySelector("video")?.videoWidth ?? 0) > 0);
    for (let i = 0; i < 3; i++) {
      await take.click();
      await page.waitForTimeout(60);
    }
    await page.getByRole("button", { name: "camera: 3" }).waitFor();
    const learn = page.getByRole("button", { name: /^Learn from these/ });
    expect(await learn.isEnabled()).toBe(true);
    await name.fill("pasted");
    for (const seed of [1, 2]) {
      await page.evaluate(
        (bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(bytes)], "clip.png", { type: "image/png" }));
          document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        },
        [...picture(true, seed)],
      );
    }
    await page.getByRole("button", { name: "pasted: 2" }).waitFor();
    await learn.click();
    await page.getByText("classes: camera, pasted, stroke").waitFor();
    const facts = (await page.getByText(/; 3 × 32 × 32; 3 classes/).textContent()) ?? "";
    const [train, held] = [...facts.matchAll(/\d+/g)].map(Number);
    expect(train + held).toBe(8);
    expect(held).toBeGreaterThanOrEqual(3);
    await trains(page);
    expect(new URL(page.url()).searchParams.get("data")).toBe("own");
    expect(problems).toEqual([]);
  });

  test("LF5 a zip of folders, IDX files and CIFAR binaries are dropped and chosen, and train", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=5"));
    await ready(page);
    await page.getByText("Your own pictures", { exact: true }).click();
    const folders = Array.from({ length: 20 }, (_, i): [string, Uint8Array] => [
      `set/${i % 2 ? "above" : "below"}/${i}.png`,
      picture(i % 2 === 1, i),
    ]);
    await dropOn(page, ".drop", [["set.zip", writeZip(new Map(folders))]]);
    await page.getByText("16 to learn from, 4 for testing; classes: above, below").waitFor();
    await trains(page);
    const idx = (dimensions: readonly number[], bytes: Uint8Array): Buffer =>
      Buffer.concat([Buffer.from([0, 0, 8, dimensions.length]), ...dimensions.map((n) => Buffer.from([0, 0, n >> 8, n & 255])), bytes]);
    await page.getByTestId("own-files").setInputFiles([
      {
        name: "train-images-idx3-ubyte",
        mimeType: "",
        buffer: idx(
          [30, 12, 12],
          Uint8Array.from({ length: 30 * 144 }, (_, i) => i % 251),
        ),
      },
      {
        name: "train-labels-idx1-ubyte",
        mimeType: "",
        buffer: idx(
          [30],
          Uint8Array.from({ length: 30 }, (_, i) => i % 3),
        ),
      },
    ]);
    await page.getByText("24 to learn from, 6 for testing; classes: 0, 1, 2").waitFor();
    await trains(page);
    const records = Uint8Array.from({ length: 20 * 3073 }, (_, i) => (i % 3073 === 0 ? Math.floor(i / 3073) % 10 : i % 253));
    const cifar = (name: string) => ({ name, mimeType: "", buffer: Buffer.from(records) });
    await page.getByTestId("own-files").setInputFiles([cifar("data_batch_1.bin"), cifar("test_batch.bin")]);
    await page.getByText("20 to learn from, 20 for testing; classes: airplane").waitFor();
    await trains(page);
    expect(problems).toEqual([]);
  });

  test("LF5 a folder of folders is chosen, and dropped as a file manager drops it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fovea-own-"));
    for (let i = 0; i < 20; i++) {
      const name = i % 2 ? "above" : "below";
      mkdirSync(join(folder, "set", name), { recursive: true });
      writeFileSync(join(folder, "set", name, `${i}.png`), picture(i % 2 === 1, i));
    }
    const { page, problems } = await lab.open(address("&data=own&stopSteps=5"));
    const read = page.getByText("16 to learn from, 4 for testing; classes: above, below");
    await page.getByText("Your own pictures are not here yet").waitFor();
    await page.getByTestId("own-folder").setInputFiles(join(folder, "set"));
    await read.waitFor();
    await trains(page);
    await page.getByRole("button", { name: "Reset", exact: true }).click();
    await ready(page);
    await read.waitFor({ state: "detached" });
    // Only the browser itself can drop a folder: a page cannot make the entry of one.
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files: [join(folder, "set")], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"] as const)
      await session.send("Input.dispatchDragEvent", { type, x: 600, y: 60, data });
    await read.waitFor();
    expect(problems).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test("LQ2 on colour sets the pens draw in their colours, and Fill makes a coloured ground", async () => {
    const { page, problems } = await lab.open(address("&panel=try"));
    await ready(page);
    const pad = page.locator("#panel [role=application]");
    const at = (row: number, column: number): Promise<number[]> =>
      pad
        .locator("canvas")
        .evaluate(
          (canvas, [y, x]) => Array.from((canvas as HTMLCanvasElement).getContext("2d")?.getImageData(x, y, 1, 1).data.slice(0, 3) ?? []),
          [row, column],
        );
    const colourOf = async (name: string): Promise<number[]> => {
      const written = await page.getByRole("button", { name, exact: true }).evaluate((button) => getComputedStyle(button).backgroundColor);
      return [...written.matchAll(/\d+/g)].map(Number);
    };
    await page.getByRole("button", { name: "blue", exact: true }).click();
    await page.getByRole("button", { name: "Fill" }).click();
    await page.getByRole("button", { name: "red", exact: true }).click();
    const box = await pad.boundingBox();
    if (box === null) throw new Error("there is no pad");
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height - 20, { steps: 4 });
    await page.mouse.up();
    for (const [seen, name] of [
      [await at(16, 16), "red"],
      [await at(16, 2), "blue"],
    ] as const) {
      const wanted = await colourOf(name);
      for (let c = 0; c < 3; c++) expect(Math.abs(seen[c] - wanted[c]), `${name} ${c}`).toBeLessThanOrEqual(1);
    }
    await page.getByTestId("verdict").getByText("%").first().waitFor();
    expect(problems).toEqual([]);
  });

  test("LF5 LQ2 data and run files that are dropped in another room arrive here", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=6"));
    await trains(page);
    await page.getByRole("tab", { name: "Save and export" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the run" }).click()]);
    const { readFileSync } = await import("node:fs");
    const run = readFileSync(await download.path());
    const { page: other, problems: more } = await lab.open("?room=convolve&lang=en");
    await other.waitForSelector("h1");
    const csv = Array.from(
      { length: 20 },
      (_, i) => `${i % 2},${Array.from({ length: 144 }, (_, p) => ((i % 2) * 100 + p) % 256).join(",")}`,
    ).join("\n");
    await dropOn(other, "main", [["own.csv", new TextEncoder().encode(csv)]]);
    await other.waitForURL(/room=train/);
    await other.getByText("16 to learn from, 4 for testing; classes: 0, 1").waitFor();
    await ready(other);
    await other.getByRole("link", { name: "Network" }).click();
    await other.waitForURL(/room=network/);
    await dropOn(other, "main", [["run.zip", run]]);
    await other.waitForURL(/room=train/);
    await other.waitForFunction(() => document.querySelector("[data-testid=step]")?.textContent === "6");
    expect([...problems, ...more]).toEqual([]);
  });

  test.skipIf(!existsSync(`${labFolder}/data/mnist-train-images.idxz`))(
    "LF5 L2 MNIST and Fashion-MNIST lie beside the page, and train as in Node",
    async () => {
      for (const [data, open] of [
        ["mnist", mnist],
        ["fashion", fashionMnist],
      ] as const) {
        if (!existsSync(`${labFolder}/data/${data}-train-images.idxz`)) continue;
        const { page, problems } = await lab.open(address(`&data=${data}&stopSteps=8`));
        await trains(page);
        const sentence = await page.getByRole("img", { name: /^Loss at step 8/ }).getAttribute("aria-label");
        const { train } = await open();
        const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), firstOf(train, 200), {
          batchSize: 20,
          optimiser: adam(0.003),
          threads: 1,
        });
        for (let i = 0; i < 7; i++) await own.step();
        const { loss } = await own.step();
        own.release();
        expect(sentence).toContain(`Loss at step 8: ${report.show(loss)} on training pictures`);
        expect(problems).toEqual([]);
      }
    },
  );

  test("LF1 what is drawn, chosen or filmed is classified while the net learns", async () => {
    const { page, problems } = await lab.open(address("&panel=try"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByTestId("try-file").setInputFiles({ name: "mine.png", mimeType: "image/png", buffer: Buffer.from(picture(true, 1)) });
    const shares = page.getByTestId("verdict").locator(".mono");
    await expect.poll(async () => (await shares.allTextContents()).filter((text) => text !== "").length).toBe(10);
    const before = await shares.allTextContents();
    await expect.poll(() => shares.allTextContents()).not.toEqual(before);
    await page.locator("#panel").getByRole("button", { name: "Camera", exact: true }).click();
    await page.getByRole("button", { name: "Start the camera" }).click();
    await page.waitForFunction(() => (document.querySelector("video")?.videoWidth ?? 0) > 0);
    await page
      .locator("#panel")
      .getByRole("img", { name: /^Camera/ })
      .waitFor();
    expect(problems).toEqual([]);
  });
});
