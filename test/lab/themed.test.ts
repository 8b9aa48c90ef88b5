// Pictures of the chapters follow the theme of the page, not that of the system; the test reads their pixels.
import { describe, expect, it, test } from "vitest";
import { addressInTheme, addressOf, inTheme } from "../../lab/src/ui/themed.ts";
import { canOpen, startLab } from "./page.ts";

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg"><style>@media (prefers-color-scheme:dark){text{fill:#fff}}</style><text>−1 %</text></svg>';

describe("L30 a picture in a theme", () => {
  it("asks nobody once a theme is chosen", () => {
    expect(inTheme(svg, "dark")).toBe(svg.replace("@media (prefers-color-scheme:dark)", "@media all"));
    expect(inTheme(svg, "light")).toBe(svg.replace("@media (prefers-color-scheme:dark)", "@media not all"));
    expect(inTheme(svg, "auto")).toBe(svg);
    expect(inTheme("@media (prefers-color-scheme: light){}", "light")).toBe("@media all{}");
    expect(inTheme("@media (prefers-reduced-motion:reduce){}", "dark")).toBe("@media (prefers-reduced-motion:reduce){}");
  });

  it("is found in both ways of writing an address", () => {
    const themed = addressOf(inTheme(svg, "dark"));
    expect(addressInTheme(addressOf(svg), "dark")).toBe(themed);
    expect(addressInTheme(`data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`, "dark")).toBe(themed);
    expect(addressInTheme(addressOf(svg), "auto")).toBe(addressOf(svg));
    expect(addressInTheme("assets/dog.png", "dark")).toBe("assets/dog.png");
  });
});

describe.skipIf(!canOpen)("L30 chapters", () => {
  const lab = startLab();

  test.each(["light", "dark"] as const)("in a system that is %s the page's theme decides", { timeout: 40_000 }, async (system) => {
    const { page, problems } = await lab.open("?room=reading&lang=en&page=activations&theme=auto", { colorScheme: system });
    /** Brightness of the paper of the first picture of the chapter that draws its paper, 0..255. */
    const paper = (): Promise<number> =>
      page
        .locator('article img[src^="data:image/svg"]')
        .first()
        .evaluate(async (image: HTMLImageElement) => {
          await image.decode();
          const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 40 });
          const context = canvas.getContext("2d");
          context?.drawImage(image, 0, 0, 40, 40);
          return context?.getImageData(1, 1, 1, 1).data[0] ?? -1;
        });
    await page.locator("article img").first().waitFor();
    for (const theme of ["dark", "light", "dark"]) {
      await page.locator('[data-control="theme"]').selectOption(theme);
      await (theme === "dark" ? expect.poll(paper).toBeLessThan(60) : expect.poll(paper).toBeGreaterThan(200));
    }
    expect(problems).toEqual([]);
  });
});
