// Addresses of all kinds: nonsense in every field of every room, back and forward, older versions, hidden controls, and the reset that cures all.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { addressVersion, isNewer, upgraded } from "../../lab/src/state/address.ts";
import { labRooms } from "../../tools/lab-views.ts";
import { rounds } from "../support/long.ts";
import { hideNames } from "./hide-names.ts";
import { canOpen, startLab } from "./page.ts";

const source = new URL("../../lab/src/", import.meta.url);
/** What a room keeps in the address, as its state module writes it. */
function fieldsOf(file: string): string[] {
  const [, body = ""] = /roomState\(\s*"\w+",\s*\{([\s\S]*?)\n?\s*\}\)/.exec(readFileSync(new URL(file, source), "utf8")) ?? [];
  return [...body.matchAll(/(\w+): (?:oneOf|whole|real|flag|text|numbers|amount|wholes|own)\(/g)].map(([, name]) => name);
}
const session = fieldsOf("state/session.svelte.ts");
const rooms = labRooms.map((room) => ({ room, fields: [...fieldsOf(`rooms/${room}/state.ts`), ...session] }));

const nonsense = [
  ...["", " ", "0", "-1", "1", "2.5", "1e99", "-1e-99", "NaN", "Infinity", "undefined", "null", "true", "[]", "{}"],
  ...["999999999999999999999", "4294967296", "1000000", "0x10", "1,2", "1,2,3,4,5,6,7,8,9", ",,,", "-5,-5", "0,0,0,0", "NaN,1"],
  ...["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "constructor", "__proto__", "hasOwnProperty", "../../x", "%", "%00"],
  ...[
    "conv1:999",
    "conv1:-1",
    ":",
    "conv9:0",
    "conv1:0:0:0",
    "conv1.weight:0=NaN",
    "net: (",
    "net: conv(0)",
    "net: conv(8 99) relu flatten linear",
  ],
  ...[
    "conv(8 3",
    "linear(1e9)",
    "edited: shapes; conv1.bias:0=1e39",
    "edited: edited: shapes",
    "run-1",
    "file-7",
    "图形",
    "🦊",
    "x".repeat(2000),
  ],
];

/** The room is there, and whatever it could not do it has said in a sentence. */
async function stands(page: Page, room: string): Promise<void> {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForTimeout(120);
  expect(await page.locator("nav a[aria-current=page]").getAttribute("href"), room).toContain(room);
}

describe("addresses", () => {
  it("L18 an address of version 1 means today what it meant then", () => {
    expect(upgraded({ v: "1", room: "train", net: "conv(8 3) relu flatten linear", seed: "4" })).toEqual({
      ...{ v: "1", room: "train", arch: "conv(8 3) relu flatten linear", seed: "4" },
    });
    expect(upgraded({ v: "1", room: "train", net: "digits" })).toEqual({ v: "1", room: "train", net: "digits" });
    expect(upgraded({ v: "1", room: "network", net: "net: conv(8)", seed: "4", quarters: "2" })).toEqual({
      ...{ v: "1", room: "network", net: "net: conv(8)", weights: "4", degrees: "180" },
    });
    for (const v of [undefined, "0", "x", String(addressVersion), "99"]) {
      const query = { ...(v !== undefined && { v }), room: "train", net: "conv(8) relu" };
      expect(upgraded(query)).toEqual(query);
    }
    expect([isNewer({ v: String(addressVersion + 1) }), isNewer({ v: String(addressVersion) }), isNewer({})]).toEqual([true, false, false]);
  });
});

describe.skipIf(!canOpen)("addresses in the page", () => {
  const lab = startLab();

  it("L18 no room has a field that is called as one of the shared ones", () => {
    const tour = fieldsOf("rooms/lessons/touring.svelte.ts");
    expect(tour.length).toBeGreaterThan(1);
    const taken = [...session, ...tour, "lang", "theme", "keys", "hide", "room", "v"];
    for (const room of labRooms)
      expect(
        fieldsOf(`rooms/${room}/state.ts`).filter((name) => taken.includes(name)),
        room,
      ).toEqual([]);
  });

  it("L3 every room's fields are known to this test", () => {
    for (const { room, fields } of rooms) expect(fields.length, room).toBeGreaterThan(session.length + 1);
    expect(session).toContain("net");
  });

  it.each(rooms)(
    "L3 L18 $room: no value of any field breaks the page, and reset cures it",
    async ({ room, fields }) => {
      const { page, problems } = await lab.open(`?room=${room}&lang=en`);
      await stands(page, room);
      const values = fc.record(Object.fromEntries(fields.map((name) => [name, fc.constantFrom(...nonsense)])), { requiredKeys: [] });
      // The same queries each time: a few per room, most of them in one page as somebody who edits the address would.
      const queries = [
        ...fc.sample(values, { numRuns: rounds(7), seed: 11 }),
        Object.fromEntries(fields.map((name) => [name, "x".repeat(50)])),
      ];
      for (const [i, query] of queries.entries()) {
        const address = `?${new URLSearchParams({ room, lang: "en", ...query })}`;
        if (i % 4 === 0) await page.goto(new URL(address, lab.url()).href);
        else
          await page.evaluate((to) => {
            history.pushState(null, "", to);
            dispatchEvent(new PopStateEvent("popstate"));
          }, address);
        await stands(page, room);
        expect(problems, address).toEqual([]);
        await page.getByRole("button", { name: "Reset" }).click();
        const left = (): string[] => fields.filter((name) => new URL(page.url()).searchParams.has(name));
        for (let waited = 0; left().length > 0 && waited < 40; waited++) await page.waitForTimeout(50);
        expect(left(), `left after reset from ${address}`).toEqual([]);
        await stands(page, room);
        expect(problems, `reset after ${address}`).toEqual([]);
      }
      await page.goBack();
      await stands(page, room);
      expect(problems).toEqual([]);
    },
    rounds(60_000),
  );

  it("L18 a link of a newer lab is followed as far as it is understood, and the reader is told", async () => {
    const { page, problems } = await lab.open(`?v=${addressVersion + 5}&room=convolve&tab=pooling&later=1&lang=en`);
    await page.getByText("A newer version of the lab made this link").waitFor();
    expect(await page.getByRole("tab", { selected: true }).innerText()).toMatch(/pooling/i);
    expect(problems).toEqual([]);
  });

  it("L18 back and forward go from room to room, with their settings", async () => {
    const { page, problems } = await lab.open("?lang=en&demo=digits&sample=2");
    await page.locator("ol li").first().waitFor();
    await page.getByRole("navigation").getByRole("link", { name: "Convolve" }).click();
    await page.waitForURL(/room=convolve/);
    await page.getByRole("tab", { name: "Pooling" }).click();
    await page.waitForURL(/tab=pooling/);
    await page.getByRole("navigation").getByRole("link", { name: "Open a model" }).click();
    await page.getByRole("heading", { name: "Open a model" }).waitFor();
    await page.goBack();
    expect(await page.getByRole("tab", { selected: true }).innerText()).toBe("Pooling");
    await page.goBack();
    await page.getByRole("button", { name: "a picture of “2”", pressed: true }).waitFor();
    await page.goForward();
    await page.goForward();
    await page.getByRole("heading", { name: "Open a model" }).waitFor();
    expect(problems).toEqual([]);
  });

  it.each(labRooms)("L19 %s: a link hides every control that has a name", async (room) => {
    const { page, problems } = await lab.open(`?room=${room}&lang=en`);
    await stands(page, room);
    await page.waitForTimeout(600);
    const shown = (): Promise<string[]> =>
      page
        .locator("[data-control]")
        .evaluateAll((all) => all.filter((one) => one.checkVisibility()).map((one) => (one as HTMLElement).dataset.control ?? ""));
    const names = [...new Set(await shown())];
    expect(names.length).toBeGreaterThan(5);
    const listed = hideNames(room);
    expect(
      names.filter((name) => !listed.has(name)),
      "not in docs/lab.md",
    ).toEqual([]);
    await page.goto(new URL(`?room=${room}&lang=en&hide=${names.join(",")}`, lab.url()).href);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await page.waitForTimeout(600);
    expect((await shown()).filter((name) => names.includes(name))).toEqual([]);
    expect(problems).toEqual([]);
  });
});
