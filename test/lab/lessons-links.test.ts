// Lessons lead into the live rooms: each link opens the room with the very numbers of its problem, and what the room computes is the answer.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { type LessonName, lessonNames } from "../../lab/src/rooms/lessons/lesson.ts";
import { lessons } from "../../lab/src/rooms/lessons/problems/index.ts";
import { works } from "../../lab/src/rooms/lessons/tasks.ts";
import { readModel } from "../../src/io/index.ts";
import { show } from "../../src/report/index.ts";
import { canOpen, startLab } from "./page.ts";

const file = fileURLToPath(new URL("../../lab/assets/nets/shapes.safetensors", import.meta.url));
const { model } = readModel(readFileSync(file), "shapes");
const tools = { net: async () => model };

interface Answered {
  readonly value: number;
  readonly facts: Readonly<Record<string, number>>;
}
type Numbers = Readonly<Record<string, number>>;
/** What the room says must agree with the problem and its answer. */
type Check = (page: Page, p: never, answer: Answered) => Promise<void>;

const partSize = async (page: Page, part: "input" | "kernel" | "output"): Promise<string> =>
  (await page.locator(`[data-control="numbers-${part}"] h2`).innerText()).replace(/\s+/g, " ");
const square = (n: number): string => `${n} × ${n}`;

const checks: Readonly<Record<LessonName, Check>> = {
  async sums(page, { row, column }: Numbers, { value }) {
    expect(await partSize(page, "output")).toContain(square(3));
    expect(await tableOf(page)).toBe(show(value, 6));
    async function tableOf(on: Page): Promise<string> {
      await on.locator('[data-control="table"] summary').click();
      const cells = await on.locator('[data-control="table"] td').allInnerTexts();
      return cells[row * 3 + column].trim();
    }
  },
  async edges(page, p, { value, facts }) {
    void p;
    expect(await partSize(page, "output")).toContain(square(6));
    await page.locator('[data-control="table"] summary').click();
    const cells = await page.locator('[data-control="table"] td').allInnerTexts();
    const at = (Math.floor(value / 8) - 1) * 6 + (value % 8) - 1;
    expect(cells[at].trim()).toBe(show(facts.best, 6));
  },
  async sizes(page, { i, k }: Numbers, { value }) {
    expect(await partSize(page, "input")).toContain(square(i));
    expect(await partSize(page, "kernel")).toContain(square(k));
    expect(await partSize(page, "output")).toContain(square(value));
  },
  async strides(page, { i, k }: Numbers, { value, facts }) {
    expect(await partSize(page, "input")).toContain(square(i));
    expect(await partSize(page, "kernel")).toContain(square(k));
    expect(await partSize(page, "output")).toContain(square(facts.o));
    const said = await page.locator('[data-control="sizes"]').innerText();
    if (value > 0) expect(said).toMatch(new RegExp(`\\b${value}\\b`));
  },
  async fields(page, _p, { value }) {
    await page.locator('[data-testid="layers"]').getByText(square(value)).first().waitFor();
  },
  async sharing(page, { i, k }: Numbers, { facts }) {
    expect(await partSize(page, "input")).toContain(square(i));
    expect(await partSize(page, "kernel")).toContain(square(k));
    await page
      .locator('[data-control="matrix"]')
      .getByText(new RegExp(`${facts.rows}\\D+${facts.columns}`))
      .first()
      .waitFor();
  },
  async equivariance(page, { d }: Numbers) {
    expect(await page.locator('[data-control="columns"] input[type=number]').inputValue()).toBe(String(d));
    await page.locator("[data-relative]").first().waitFor();
  },
  async activations(page, _p, { value }) {
    await page.locator('[data-testid="layers"]').getByText(square(value)).first().waitFor();
  },
  async variants(page, p: { kind: string; i: number; k: number; m: number; n: number; g: number }, { value }) {
    expect(await partSize(page, "kernel")).toContain(square(p.k));
    if (p.kind === "dilated" || p.kind === "transposed") expect(await partSize(page, "output")).toContain(square(value));
    else {
      const channels = new URL(page.url()).searchParams.get("channels");
      expect(channels).toBe((p.kind === "grouped" ? [p.m, p.n, p.g] : [p.m, p.m, p.m]).join(","));
    }
  },
  async learning(page, _p, { value }) {
    expect(await page.locator('[data-control="filter"] select, .choice select').first().inputValue()).toBe(
      ["sobel-x", "sobel-y", "laplace", "sharpen", "box-blur", "emboss"][value],
    );
  },
  async rates(page, { rate }: Numbers) {
    expect(await page.locator('[data-control="rate"] input[type=number]').inputValue()).toBe(String(rate));
    expect(new URL(page.url()).searchParams.get("optimiser")).toBe("sgd");
  },
  async vanishing(page, { depth, activation }: Numbers & { activation: string }) {
    const net = await page.locator("textarea").first().inputValue();
    expect(net.split(activation).length - 1).toBe(depth);
  },
  async neurons(page, { unit }: Numbers, { value }) {
    await selected(page, unit);
    const preferred = Number.parseFloat(await page.locator('[data-figure="preferred"]').first().innerText());
    // The curve has more orientations than the four of the question: its peak lies nearer to the answer than to the others.
    const far = (a: number, b: number): number => Math.min(Math.abs(a - b) % 180, 180 - (Math.abs(a - b) % 180));
    expect(far(preferred, [0, 45, 90, 135][value])).toBeLessThanOrEqual(45);
  },
  async wants(page, { units, climbed }: Numbers & { units: number[] }) {
    await selected(page, units[climbed]);
    await page.locator('[data-control="climb-now"]').waitFor();
  },
  async examples(page, { unit }: Numbers, { facts }) {
    await selected(page, unit);
    await page.locator('[data-examples="top"]').waitFor();
    await page.getByText(show(facts.best, 4)).first().waitFor();
  },
};
async function selected(page: Page, unit: number): Promise<void> {
  await page.locator('[data-control="units"] [aria-selected=true]').waitFor();
  expect(await page.locator('[data-control="units"] [aria-selected=true]').innerText()).toContain(String(unit));
}

describe.skipIf(!canOpen)("LF47 J3 L19 links of the lessons into the rooms", () => {
  const lab = startLab();
  it.each(lessonNames)("%s: the room opens with the problem's numbers, and shows the engine's answer", async (name) => {
    const lesson = lessons[lessonNames.indexOf(name)];
    for (const seed of name === "variants" ? [1, 2, 3, 5] : [4]) {
      const params = lesson.make(seed);
      const answer = await works[name].answer(params as never, tools, 0);
      const { page, problems } = await lab.open(`?room=lessons&lang=en&lesson=${name}&seed=${seed}&guess=${answer.value}&run=1`);
      await page.getByRole("link", { name: "See it in the live room" }).click();
      const { room, query } = lesson.live(params);
      const address = (): URLSearchParams => new URL(page.url()).searchParams;
      await expect.poll(() => address().get("room")).toBe(room);
      await page.getByRole("region", { name: "The lesson that sent you here" }).waitFor();
      await page.waitForTimeout(400);
      // What the address leaves out is the room's default; what it says is the problem's.
      for (const [key, value] of Object.entries(query)) if (address().has(key)) expect(address().get(key), key).toBe(value);
      for (const name of address().get("hide")?.split(",") ?? [])
        expect(await page.locator(`[data-control="${name}"]:visible`).count(), name).toBe(0);
      await checks[name](page, params as never, answer);
      expect(problems).toEqual([]);
      await page.context().close();
    }
  });
});
