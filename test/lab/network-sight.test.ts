// The room Network holds pictures only of what is in sight: a browser's work before each frame grows with the square of the canvases on a page.
import { describe, expect, it } from "vitest";
import { canOpen, startLab } from "./page.ts";

describe.skipIf(!canOpen)("the room Network keeps the page's thread free", () => {
  const lab = startLab();

  it("L32 layers hold canvases while they are in sight, and are painted anew when they come back", { timeout: 60_000 }, async () => {
    const { page, problems } = await lab.open("?room=network&lang=en", { viewport: { width: 360, height: 300 } });
    const first = page.locator('[data-layer="x"]');
    const last = page.locator('[data-layer="conv3"]');
    const painted = (canvas: HTMLCanvasElement): boolean =>
      canvas.width > 1 && new Set(canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data).size > 2;
    await first.scrollIntoViewIfNeeded();
    await first.locator("canvas").first().waitFor();
    expect(await first.locator("canvas").count(), "all maps of a layer on one").toBe(1);
    await last.scrollIntoViewIfNeeded();
    await last.locator("canvas").first().waitFor();
    await expect.poll(() => first.locator("canvas").count()).toBe(0);
    // What is out of sight keeps its places and names.
    expect(await first.getByRole("option").count()).toBe(3);
    await first.scrollIntoViewIfNeeded();
    await first.locator("canvas").first().waitFor();
    await expect.poll(() => first.locator("canvas").first().evaluate(painted)).toBe(true);
    await expect.poll(() => last.locator("canvas").count()).toBe(0);
    expect(problems).toEqual([]);
  });
});
