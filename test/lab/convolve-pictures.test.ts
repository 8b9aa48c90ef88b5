// Pictures that the reader brings to the edge bench: camera, clipboard, drawing. Chromium plays the camera; what the bench says of its
// pictures is compared with the library's answer to the same pixels.
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { classicKernels } from "../../src/arithmetic/index.ts";
import { encodePng } from "../../src/io/png.ts";
import { mean } from "../../src/ops/index.ts";
import { filterPicture, show } from "../../src/report/index.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { canOpen, startLab } from "./page.ts";

const lab = startLab(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]);
const bench = (options: object = {}) =>
  lab.open("?room=convolve&lang=en&tab=edges&filter=sobel-x", { reducedMotion: "reduce", ...options });

/** The pixels that the bench shows as the picture that it filtered, [3, H, W]. */
async function givenPixels(page: Page): Promise<Tensor> {
  const { width, height, data } = await page
    .getByRole("img", { name: /^The picture,/ })
    .locator("canvas")
    .evaluate((canvas: HTMLCanvasElement) => {
      const { width, height } = canvas;
      return { width, height, data: Array.from(canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? []) };
    });
  const plane = width * height;
  const pixels = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) pixels[c * plane + i] = data[4 * i + c] / 255;
  return new Tensor(pixels, [3, height, width]);
}
const responseText = (page: Page) => page.locator("[data-range]").innerText();
function expectedText(given: Tensor, kernel: "sobel-x" | "laplace"): string {
  const { matrix, signed } = classicKernels[kernel];
  const { range } = filterPicture(mean(given, { axes: [0], keepDims: true }), { name: "", description: "", matrix, signed });
  return `raw range of the response: ${show(range.low)} to ${show(range.high)}`;
}
const responsePixels = (page: Page): Promise<string> =>
  page
    .getByRole("img", { name: /^Response,/ })
    .locator("canvas")
    .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());

/** Keeps hold of the streams that the page opens. */
const watchStreams = (page: Page) =>
  page.addInitScript(() => {
    const streams: MediaStream[] = [];
    (window as unknown as { streams: MediaStream[] }).streams = streams;
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await open(wish);
      streams.push(stream);
      return stream;
    };
  });
const trackStates = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    (window as unknown as { streams: MediaStream[] }).streams.flatMap((stream) => stream.getTracks().map((track) => track.readyState)),
  );

describe.skipIf(!canOpen)("pictures of one's own in the edge bench", () => {
  test("LF20 L31 the camera runs live through the kernel; stopping it, or leaving, releases it", { timeout: 60_000 }, async () => {
    const { page, problems } = await bench();
    await watchStreams(page);
    await page.reload();
    await page.locator("[data-range]").waitFor();
    await page.getByRole("button", { name: "Camera", exact: true }).click();
    await page.getByRole("button", { name: "Start the camera" }).click();
    await page.locator('.thumb[title="Camera"][aria-pressed="true"]').waitFor();
    const seen = new Set<string>();
    await expect
      .poll(async () => seen.add(await responsePixels(page)).size, { timeout: 10_000, message: "pictures of the camera" })
      .toBeGreaterThan(2);
    expect(await trackStates(page)).toEqual(["live"]);
    // The kernel stays editable while the camera runs.
    await page.getByLabel("Start from").selectOption("laplace");
    await page.getByRole("button", { name: "Stop the camera" }).click();
    expect(await trackStates(page)).toEqual(["ended"]);
    await expect.poll(async () => responseText(page)).toBe(expectedText(await givenPixels(page), "laplace"));
    await page.getByRole("button", { name: "Start the camera" }).click();
    await expect.poll(() => trackStates(page)).toEqual(["ended", "live"]);
    await page.getByRole("tab", { name: "Pooling" }).click();
    await expect.poll(() => trackStates(page)).toEqual(["ended", "ended"]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("L31 pasted and dropped pictures are filtered as the library filters them", { timeout: 60_000 }, async () => {
    const { page, problems } = await bench({ permissions: ["clipboard-read", "clipboard-write"] });
    await page.locator("[data-range]").waitFor();
    const [width, height] = [14, 10];
    const pixels = (seed: number): Uint8Array => Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * i * seed + 31 * i) % 256);
    const tensorOf = (data: Uint8Array): Tensor => {
      const plane = width * height;
      return new Tensor(
        Float32Array.from({ length: 3 * plane }, (_, i) => data[3 * (i % plane) + Math.floor(i / plane)] / 255),
        [3, height, width],
      );
    };
    for (const [how, seed] of [
      ["key", 3],
      ["button", 7],
      ["drop", 11],
    ] as const) {
      const data = pixels(seed);
      const png = Array.from(encodePng({ width, height, channels: 3, data }, {}));
      if (how === "button") {
        await page.evaluate(async (bytes) => {
          const blob = new Blob([new Uint8Array(bytes)], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }, png);
        await page.getByRole("button", { name: "Paste" }).click();
      } else
        await page.evaluate(
          ({ bytes, kind }) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], `${kind}.png`, { type: "image/png" }));
            if (kind === "key") window.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
            else
              document
                .querySelector(".chooser")
                ?.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
          },
          { bytes: png, kind: how },
        );
      await expect.poll(() => responseText(page), { message: how }).toBe(expectedText(tensorOf(data), "sobel-x"));
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("L31 the three errors have three sentences: not permitted, not reachable, not an image", { timeout: 60_000 }, async () => {
    const { page } = await bench();
    await page.locator("[data-range]").waitFor();
    const said = () => page.getByRole("alert").allInnerTexts();
    await page.getByRole("button", { name: "Camera", exact: true }).click();
    for (const [name, sentence] of [
      ["NotAllowedError", "The camera is not permitted"],
      ["NotFoundError", "The camera cannot be reached"],
    ]) {
      await page.evaluate((error) => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", error));
      }, name);
      await page.getByRole("button", { name: "Start the camera" }).click();
      await expect.poll(said).toContainEqual(expect.stringContaining(`${sentence} (${name})`));
    }
    await page.evaluate(() => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", "https://example.invalid/cat.png");
      window.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
    });
    await expect.poll(said).toContainEqual(expect.stringContaining("https://example.invalid/cat.png cannot be reached"));
    await page.setInputFiles('input[type="file"][accept="image/*"]', {
      name: "notes.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("no"),
    });
    await expect.poll(said).toContainEqual(expect.stringContaining("notes.txt is not an image"));
    await page.context().close();
  });

  test("L21 LF42 the response as SVG, PNG, GIF and CSV: the CSV holds the library's numbers", { timeout: 60_000 }, async () => {
    const { page, problems } = await bench();
    await page.locator("[data-range]").waitFor();
    const files = new Map<string, Buffer>();
    for (const format of ["SVG", "PNG", "GIF", "CSV"]) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: format, exact: true }).click(),
      ]);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      files.set(format, Buffer.concat(chunks));
    }
    const starts = { SVG: "<svg", PNG: "\u0089PNG", GIF: "GIF89a" };
    for (const [format, start] of Object.entries(starts))
      expect(files.get(format)?.subarray(0, start.length).toString("latin1")).toBe(start);
    const given = await givenPixels(page);
    const { matrix, signed } = classicKernels["sobel-x"];
    const { response } = filterPicture(mean(given, { axes: [0], keepDims: true }), { name: "", description: "", matrix, signed });
    const rows = files.get("CSV")?.toString("utf8").trim().split("\n") ?? [];
    const numbers = rows.flatMap((row) => row.split(",").map(Number));
    expect(numbers).toHaveLength(response.size);
    for (const [i, value] of response.data.entries()) expect(numbers[i]).toBeCloseTo(value, 5);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
