// The room Lessons as a person uses it: predicting, running, being told why; by keyboard alone; and from a copied address.
import { describe, expect, it } from "vitest";
import { lessonNames } from "../../lab/src/rooms/lessons/lesson.ts";
import { lessons } from "../../lab/src/rooms/lessons/problems/index.ts";
import { convSize } from "../../src/arithmetic/index.ts";
import { canOpen, startLab } from "./page.ts";

describe.skipIf(!canOpen)("LF47 J3 the room Lessons", () => {
  const lab = startLab();
  const { i, k, s, p } = lessons[lessonNames.indexOf("sizes")].make(3) as Readonly<Record<"i" | "k" | "s" | "p", number>>;
  const rows = convSize(i, k, s, p);

  it("LF47 L42 a wrong prediction is explained with its arithmetic and its slip, a right one solves the lesson, by keyboard alone", async () => {
    const { page, problems } = await lab.open("?room=lessons&lang=en&lesson=sizes&seed=3");
    const field = page.getByLabel("Number", { exact: true });
    await field.focus();
    await page.keyboard.type(String(rows - 1));
    await page.keyboard.press("Enter");
    await page
      .getByText(`You predicted ${rows - 1}; the answer is ${rows}.`)
      .first()
      .waitFor();
    expect(await page.locator(".working").innerText()).toContain(`= ${rows}`);
    expect(await page.locator(".slip").innerText()).toMatch(/^That /);
    expect(await page.getByText("0 of 15 solved").count()).toBe(1);
    const tabTo = async (name: string): Promise<void> => {
      for (let n = 0; n < 60; n++) {
        await page.keyboard.press("Tab");
        if ((await page.evaluate(() => document.activeElement?.textContent?.trim())) === name) return;
      }
      throw new Error(`Tab does not reach ${name}`);
    };
    await tabTo("Predict again");
    await page.keyboard.press("Enter");
    for (let n = 0; n < 20 && !(await field.evaluate((node) => node === document.activeElement)); n++)
      await page.keyboard.press("Shift+Tab");
    await page.keyboard.type(String(rows));
    await page.keyboard.press("Enter");
    await page.getByText("1 of 15 solved").waitFor();
    expect(await page.locator(".said").innerText()).toContain("Right.");
    await tabTo("Next →");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 2, name: "Stride and padding" }).waitFor();
    await expect.poll(() => page.url()).toMatch(/lesson=strides.*done=sizes|done=sizes.*lesson=strides/);
    // The browser remembers what is solved where the address does not say it.
    await page.goto(new URL("?room=lessons&lang=en", lab.url()).href);
    await page.getByText("1 of 15 solved").waitFor();
    expect(problems).toEqual([]);
  });

  it("L47 L17 digits of a Chinese keyboard are numbers, and a word is refused in a sentence", async () => {
    const { page, problems } = await lab.open("?room=lessons&lang=zh&lesson=sizes&seed=3");
    const field = page.locator('input[inputmode="decimal"]');
    const run = page.locator('button[type="submit"]');
    await field.fill("many");
    await page.getByText("这不是一个数").waitFor();
    expect(await run.isDisabled()).toBe(true);
    await field.fill(String.fromCharCode(...[...String(rows)].map((digit) => digit.charCodeAt(0) + 0xfee0)));
    expect(await page.getByText("这不是一个数").count()).toBe(0);
    await run.click();
    await expect.poll(() => page.url()).toContain("done=sizes");
    expect(new URL(page.url()).searchParams.get("guess")).toBe(String(rows));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L23 a copied address shows the same problem, prediction, verdict and progress", async () => {
    const address = `?room=lessons&lang=zh&lesson=sizes&seed=3&guess=${rows}&run=1&done=sums,sharing`;
    const { page, problems } = await lab.open(address, { viewport: { width: 360, height: 800 } });
    await page.getByText("正确。").first().waitFor();
    await page.getByText("共 15 课，已解决 3 课").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(problems).toEqual([]);
  });

  it("J3 a cell is chosen with the arrow keys, and another problem begins without prediction", async () => {
    const { page, problems } = await lab.open("?room=lessons&lang=en&lesson=edges&seed=2");
    await page.getByRole("application").focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
    await page.locator("form").getByText("Row 3, column 2").waitFor();
    await page.getByRole("button", { name: "Run" }).click();
    await page.getByText("The arithmetic").waitFor();
    await page.getByRole("button", { name: "Another one" }).click();
    await page.getByText("Problem 3").waitFor();
    expect(await page.getByRole("button", { name: "Run" }).isDisabled()).toBe(true);
    expect(problems).toEqual([]);
  });

  it("L19 before the prediction the live room hides the answer; the lesson's bar shows everything again, and leads back", async () => {
    const { page, problems } = await lab.open("?room=lessons&lang=en&lesson=sizes&seed=3");
    // The link is a link: copied, or opened beside this page, it shows the same.
    const link = page.getByRole("link", { name: "Work it out in the live room" });
    await page.goto(new URL((await link.getAttribute("href")) ?? "", lab.url()).href);
    await page.getByRole("region", { name: "The lesson that sent you here" }).waitFor();
    await page.goBack();
    await link.click();
    const output = page.locator('[data-control="numbers-output"]');
    await output.waitFor({ state: "attached" });
    await page.locator('[data-control="numbers-input"]').waitFor();
    expect(await output.isVisible()).toBe(false);
    for (const name of ["sizes", "transport", "variant", "table"])
      expect(await page.locator(`[data-control="${name}"]:visible`).count(), name).toBe(0);
    const bar = page.getByRole("region", { name: "The lesson that sent you here" });
    await bar.getByText(/How many rows does the output have/).waitFor();
    await bar.getByRole("button", { name: /Show \d+ hidden controls/ }).click();
    await output.waitFor();
    expect(await output.getByRole("heading").innerText()).toContain(`${rows} × ${rows}`);
    await bar.getByRole("button", { name: "Back to the lesson" }).click();
    await page.getByText("Problem 3").waitFor();
    expect(await page.getByRole("heading", { level: 2, name: "Sizes", exact: true }).count()).toBe(1);
    expect(problems).toEqual([]);
  });

  it("J3 every lesson opens, gives a hint and is answered, with the trained net too", { timeout: 60_000 }, async () => {
    const { page, problems } = await lab.open("?room=lessons&lang=en");
    for (const [n, name] of lessonNames.entries()) {
      if (n > 0) await page.getByRole("button", { name: "Next →" }).click();
      const { words, make, ask } = lessons[n];
      await page.getByRole("heading", { level: 2, name: words.en.title, exact: true }).waitFor();
      await page.getByText("Hint", { exact: true }).click();
      await page.getByText(words.en.hint(make(1))).waitFor();
      const { kind } = ask(make(1));
      if (kind === "number") await page.getByLabel("Number", { exact: true }).fill("7");
      else if (kind === "choice") await page.getByRole("radio").first().check();
      else {
        await page.getByRole("application").focus();
        await page.keyboard.press("ArrowDown");
      }
      await page.getByRole("button", { name: "Run" }).click();
      await page.locator(".said").waitFor();
      expect(await page.locator(".said").innerText(), name).toMatch(/answer is/);
    }
    expect(problems).toEqual([]);
  });
});
