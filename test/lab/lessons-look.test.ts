// Every lesson, asked and answered, for everybody: axe finds nothing and nothing scrolls sideways at 360 px, with both themes and languages
// spread over them.
import { describe, expect, it } from "vitest";
import { lessonNames } from "../../lab/src/rooms/lessons/lesson.ts";
import { lessons } from "../../lab/src/rooms/lessons/problems/index.ts";
import { violationsOf } from "./lessons-axe.ts";
import { canOpen, startLab } from "./page.ts";

describe.skipIf(!canOpen)("L40 L43 every lesson", () => {
  const lab = startLab();

  it.each(lessonNames)("%s: question and verdict", async (name) => {
    const n = lessonNames.indexOf(name);
    const lang = n % 2 === 0 ? "zh" : "en";
    const theme = n % 4 < 2 ? "dark" : "light";
    const ask = lessons[n].ask(lessons[n].make(2));
    const guess = ask.kind === "cell" ? ask.columns + 1 : ask.kind === "choice" ? 1 : 3;
    const address = `?room=lessons&lang=${lang}&theme=${theme}&lesson=${name}&seed=2`;
    const { page, problems } = await lab.open(address, { viewport: { width: 360, height: 740 } });
    for (const view of [address, `${address}&hint=1&guess=${guess}&run=1`]) {
      await page.goto(new URL(view, lab.url()).href);
      await page.getByRole("heading", { level: 2, name: lessons[n].words[lang].title, exact: true }).waitFor();
      if (view === address) await page.waitForTimeout(600);
      else await page.locator(".said").waitFor();
      await page.locator("[data-tour]").first().waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBeLessThanOrEqual(360);
      expect(await violationsOf(page), view).toEqual([]);
    }
    expect(problems).toEqual([]);
  });

  it("L40 at 200 % text, question and verdict stay within 1280 px", async () => {
    const { page } = await lab.open("?room=lessons&lang=en&lesson=strides&seed=2&guess=3&run=1");
    await page.locator(".said").waitFor();
    await page.evaluate(() => {
      document.documentElement.style.fontSize = "200%";
    });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1280);
  });
});
