// Tours: their texts make sense, and each can be walked to its end in the live rooms, by doing what it asks for and by nothing else.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { holds, parseTour, type TourName, tourNames } from "../../lab/src/rooms/lessons/tour.ts";
import { convSize } from "../../src/arithmetic/index.ts";
import { violationsOf } from "./lessons-axe.ts";
import { canOpen, startLab } from "./page.ts";

const folder = fileURLToPath(new URL("../../lab/src/rooms/lessons/tours", import.meta.url));
const tourOf = (name: TourName) => parseTour(readFileSync(`${folder}/${name}.tour`, "utf8"), `${name}.tour`);

describe("L23 L48 the texts of tours", () => {
  it("are one file each, at least one per room and one from the start page", () => {
    expect(readdirSync(folder).sort()).toEqual(tourNames.map((name) => `${name}.tour`).sort());
    const rooms = new Set(tourNames.map((name) => tourOf(name).steps[0].room));
    expect([...rooms].sort()).toEqual(["convolve", "network", "neurons", "open", "start", "train"]);
  });

  it.each(tourNames)("%s: both languages name the same numbers, and controls in quotes of their own", (name) => {
    const numbersOf = (text: string): string[] => text.match(/\d+(\.\d+)?/g) ?? [];
    for (const { says } of tourOf(name).steps) {
      expect(numbersOf(says.zh).filter((n) => says.en.includes(n))).toEqual(numbersOf(says.zh));
      expect((says.zh.match(/“[^”]+”/g) ?? []).length).toBe((says.en.match(/“[^”]+”/g) ?? []).length);
      expect(says.zh).toMatch(/[一-鿿]/);
    }
  });

  it("convolve: the sizes that the sentences name are the library's", () => {
    const { steps } = tourOf("convolve");
    const sizes = [convSize(5, 3, 1, 0), convSize(5, 3, 2, 0), convSize(5, 3, 2, 1)];
    for (const [n, size] of sizes.entries()) expect(steps[2 + n].says.en).toContain(`${size} × ${size}`);
  });

  it("say where they make no sense", () => {
    const head = "title en: a\ntitle zh: b\nabout en: c\nabout zh: d\n";
    const step = "step\nroom: convolve\nen: e\nzh: f\n";
    const wrong = (text: string, what: RegExp): void => expect(() => parseTour(text, "t.tour")).toThrow(what);
    wrong(head + step + step, /line 5: this step waits for nothing/);
    wrong(`${head}${step}until: stride = 2,2\n`, /line 5: the last step has nothing to wait for/);
    wrong(`${head + step}until: at 3\n${step}`, /until: 3 is none of/);
    wrong(`${head + step}until: at >= many\n${step}`, /needs a number, not "many"/);
    wrong(`${head + step.replace("convolve", "attic")}until: at = 1\n${step}`, /no room attic/);
    wrong(`${head + step}colour: red\n`, /line 9: "colour: red" is neither/);
    wrong(`${head + step.replace("zh: f\n", "")}until: at = 1\n${step}`, /en or zh is missing/);
    wrong(`title en: a\n${step}until: at = 1\n${step}`, /title en or title zh is missing/);
    wrong(head + step.replace("en: e", "en: e\nen: again"), /en is said twice/);
    wrong(`${head}${step}set: stride\nuntil: at = 1\n${step}`, /stride is no name=value/);
  });

  it("conditions hold when all of them do, and never for what is not known", () => {
    const until = parseTour(
      "title en: a\ntitle zh: b\nabout en: c\nabout zh: d\nstep\nroom: train\nuntil: rate >= 0.1 and @step > 3 and panel != see\nen: e\nzh: f\nstep\nen: e\nzh: f",
      "t",
    ).steps[0].until;
    const read = (given: Readonly<Record<string, string>>) => (name: string) => given[name];
    expect(holds(until, read({ rate: "0.1", "@step": "4", panel: "slow" }))).toBe(true);
    expect(holds(until, read({ rate: "0.09", "@step": "4", panel: "slow" }))).toBe(false);
    expect(holds(until, read({ rate: "0.1", "@step": "3", panel: "slow" }))).toBe(false);
    expect(holds(until, read({ rate: "0.1", "@step": "4", panel: "see" }))).toBe(false);
    expect(holds(until, read({ rate: "0.1", panel: "slow" }))).toBe(false);
  });
});

/** What a reader does at each step, by its number; steps that are not named are walked by clicking on the control that is marked. */
type Deed = (page: Page) => Promise<unknown>;
const marked = (page: Page, name: string) => page.locator(`#content [data-control="${name}"]`).first();
const slide =
  (name: string, to: string): Deed =>
  async (page) => {
    await marked(page, name).locator("input[type=number]").fill(to);
    await page.keyboard.press("Enter");
  };
const deeds: Readonly<Record<TourName, Readonly<Record<number, Deed>>>> = {
  first: {
    0: (page) => marked(page, "pictures").locator("button").nth(2).click(),
    3: (page) => marked(page, "maps").getByRole("option").nth(4).click(),
  },
  convolve: {
    0: async (page) => {
      for (let n = 0; n < 3; n++) await marked(page, "transport").locator("button").nth(2).click();
    },
    1: (page) => marked(page, "numbers-output").locator("svg, [role=application], [role=grid]").first().click(),
    2: slide("stride", "2"),
    3: async (page) => {
      await page.locator(".slider[data-control=padding] input[type=number]").fill("1");
      await page.keyboard.press("Enter");
    },
    4: (page) => marked(page, "variant").locator("select").selectOption("transposed"),
    5: (page) => marked(page, "matrix").locator("summary").click(),
  },
  network: {
    0: (page) => marked(page, "maps").getByRole("option").nth(30).click(),
    2: (page) => marked(page, "write-out").click(),
    3: async (page) => {
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
    },
    5: (page) => marked(page, "transform").locator("select").selectOption("rotation"),
  },
  train: {
    // A net that had learnt enough before the step was shown waits for the button.
    1: async (page) => {
      const next = page.locator("section.bar").getByRole("button", { name: /^(Go on|继续)$/ });
      await next.or(page.locator("section.bar").getByText("3 / 6", { exact: true })).waitFor({ timeout: 40_000 });
      if (await next.isVisible()) await next.click();
    },
    4: slide("rate", "0.5"),
  },
  neurons: { 0: (page) => marked(page, "units").getByRole("option").nth(3).click() },
  open: {
    0: (page) => marked(page, "nets").getByRole("button", { name: "digits" }).click(),
    2: (page) => marked(page, "pictures").locator(".thumb").nth(2).click(),
  },
};

describe.skipIf(!canOpen)("L23 LF47 tours in the live rooms", () => {
  const lab = startLab();
  const bar = (page: Page) => page.locator("section.bar");
  const stands = (page: Page, step: number, count: number) =>
    bar(page).getByText(`${step} / ${count}`, { exact: true }).waitFor({ timeout: 40_000 });

  it.each(tourNames)("%s: goes on when, and only when, what it asks for was done", { timeout: 120_000 }, async (name) => {
    const tour = tourOf(name);
    const language = tourNames.indexOf(name) % 2 === 0 ? "en" : "zh";
    const { page, problems } = await lab.open(`?room=lessons&lang=${language}`);
    await page.locator(`[data-tour="${name}"]`).click();
    const count = tour.steps.length;
    for (const [n, { says, until, room }] of tour.steps.entries()) {
      await stands(page, n + 1, count);
      await bar(page).getByText(says[language]).waitFor();
      await expect.poll(() => new URL(page.url()).searchParams.get("tour")).toBe(`${name}:${n}`);
      expect(new URL(page.url()).searchParams.get("room")).toBe(room);
      for (const [, label] of says[language].matchAll(/“([^”]+)”/g)) {
        await expect.poll(() => page.locator("#content").textContent(), { message: label }).toContain(label);
      }
      if (n === count - 1) break;
      // A training may have gone on while nobody looked.
      if (name !== "train" || n !== 1)
        expect(
          await bar(page)
            .getByText(language === "en" ? "Go on" : "继续", { exact: true })
            .count(),
          "nothing was done yet",
        ).toBe(0);
      const deed = deeds[name][n];
      if (deed !== undefined) await deed(page);
      else await marked(page, tour.steps[n].mark[0]).click();
      await page.mouse.move(1, 1);
      expect(until.length).toBeGreaterThan(0);
    }
    await bar(page)
      .getByRole("button", { name: language === "en" ? "Finish the tour" : "结束导览" })
      .click();
    await expect.poll(() => bar(page).count()).toBe(0);
    await expect.poll(() => page.url()).not.toContain("tour=");
    expect(problems).toEqual([]);
  });

  it("L42 L37 the tour through a convolution is walked by keyboard alone", { timeout: 60_000 }, async () => {
    const { page, problems } = await lab.open("?room=convolve&at=0&lang=en&tour=convolve:0");
    const toMarked = async (): Promise<void> => {
      await bar(page).getByRole("button", { name: "Go to the marked control" }).focus();
      await page.keyboard.press("Enter");
    };
    const press = async (...keys: readonly string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await stands(page, 1, 7);
    await toMarked();
    await press(".", ".", ".");
    await stands(page, 2, 7);
    await toMarked();
    await press("Enter");
    await stands(page, 3, 7);
    await toMarked();
    await press("ArrowRight");
    await stands(page, 4, 7);
    await toMarked();
    await press("Tab", "ArrowRight");
    await stands(page, 5, 7);
    await toMarked();
    await press("ArrowDown", "ArrowDown", "ArrowDown");
    await stands(page, 6, 7);
    await toMarked();
    await press("Enter");
    await stands(page, 7, 7);
    await page.locator("[data-control=matrix][open]").waitFor();
    expect(problems).toEqual([]);
  });

  it("L23 a link resumes at its step; back begins a step anew; another room keeps the way back; leaving is remembered", async () => {
    const { page, problems } = await lab.open("?room=convolve&stride=1,1&at=0&lang=en&tour=convolve:2");
    await stands(page, 3, 7);
    await page.getByRole("link", { name: "Train" }).click();
    await bar(page).getByRole("button", { name: "Go on in the room Convolve" }).click();
    await stands(page, 3, 7);
    await page.locator("[data-control=stride] input[type=number]").fill("2");
    await page.keyboard.press("Enter");
    await stands(page, 4, 7);
    // What was done before is not done by itself again: it waits to be read.
    await bar(page).getByRole("button", { name: "Back" }).click();
    await stands(page, 3, 7);
    await bar(page).getByRole("button", { name: "Go on", exact: true }).waitFor();
    await expect.poll(() => page.url()).toMatch(/stride=2,2.*tour=convolve:2/);
    await page.reload();
    await stands(page, 3, 7);
    await bar(page).getByRole("button", { name: "Go on", exact: true }).waitFor();
    await bar(page).getByRole("button", { name: "Leave the tour" }).click();
    await page.getByRole("link", { name: "Lessons" }).click();
    await page.locator('[data-tour="convolve"]').getByText("Go on at step 3").click();
    await stands(page, 3, 7);
    expect(problems).toEqual([]);
  });

  it("L40 L43 what is dimmed is there for everybody: axe finds nothing, 360 px need no sideways scrolling", {
    timeout: 60_000,
  }, async () => {
    for (const [address, colorScheme] of [
      ["?room=start&lang=zh&tour=first:0", "dark"],
      ["?room=convolve&lang=en&tour=convolve:3", "light"],
    ] as const) {
      const { page, problems } = await lab.open(address, { viewport: { width: 360, height: 740 }, colorScheme, reducedMotion: "reduce" });
      await page.locator(".light").waitFor({ state: "attached" });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      expect(await page.locator(".light").evaluate((light) => getComputedStyle(light).transitionDuration)).toMatch(/^0s/);
      expect(await page.locator(".light").evaluate((light) => getComputedStyle(light).pointerEvents)).toBe("none");
      expect(await page.locator("[inert], main[aria-hidden]").count()).toBe(0);
      expect(await violationsOf(page)).toEqual([]);
      expect(problems).toEqual([]);
    }
  });
});
