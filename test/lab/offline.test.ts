// The lab without its server, and the one-file build from disk: what a reader does there is done here, from the first room to a trained net.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { serveFolder } from "../../src/cli/serve-folder.ts";
import { writeOnnx, zoo } from "../../src/index.ts";
import { labRooms } from "../../tools/lab-views.ts";
import { canOpen, labFolder, startLab } from "./page.ts";

/** Through the door in the header, as a reader who is in the page already. */
async function enter(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Rooms" }).getByRole("link", { name, exact: true }).click();
  await page.getByRole("heading", { level: 1 }).first().waitFor();
}

/** Every tab of the room, one after the other. */
async function eachTab(page: Page): Promise<void> {
  const tabs = page.locator("main").getByRole("tab");
  for (let i = 0; i < (await tabs.count()); i++) {
    await tabs.nth(i).click();
    await page.waitForTimeout(150);
  }
}

async function explain(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Why?" }).click();
  await page.getByRole("img", { name: /Grad-CAM/ }).waitFor();
}

async function train(page: Page, steps: number): Promise<void> {
  await page.locator(".go:not(:disabled)").click();
  await page.waitForFunction((least) => Number(document.querySelector("[data-testid=step]")?.textContent) >= least, steps);
}

/** The library's LeNet as an ONNX file, dropped on the page. */
async function dropLenet(page: Page): Promise<void> {
  const text = Buffer.from(writeOnnx(zoo.zooModel("lenet", { seed: 3 }))).toString("base64");
  const transfer = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))], "lenet.onnx"));
    return data;
  }, text);
  await page.locator("h1").first().dispatchEvent("drop", { dataTransfer: transfer });
  await page.getByRole("heading", { name: "lenet.onnx" }).waitFor();
}

describe.skipIf(!canOpen)("without a server", { timeout: 120_000 }, () => {
  const lab = startLab();

  it("L45 once everything is here, every room works with the server gone: train, explain, open a model, take a lesson", async () => {
    const served = await serveFolder(labFolder, { port: 0 });
    const { page, problems } = await lab.open(`${served.url}?lang=en`);
    await page.getByText("everything is here; works without the network").waitFor({ timeout: 60_000 });
    await served.close();

    await explain(page);
    for (const name of ["Convolve", "Network", "Train", "Neurons", "Lessons", "Reading"]) {
      await enter(page, name);
      await eachTab(page);
      expect(problems, name).toEqual([]);
    }
    const chapters = page.getByRole("navigation", { name: "Chapters" }).first().getByRole("button");
    for (let i = 0; i < (await chapters.count()); i += 3) {
      await chapters.nth(i).click();
      await page.locator("article section").first().waitFor();
    }
    await page.getByRole("button", { name: "中文" }).click();
    await page.locator("html[lang=zh-Hans]").waitFor();
    await page.getByRole("button", { name: "English" }).click();

    // Its worker starts now.
    await enter(page, "Train");
    await train(page, 5);
    await enter(page, "Lessons");
    await page.getByLabel("Number", { exact: true }).fill("7");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("You predicted 7").or(page.getByText("Right.")).first().waitFor();
    await enter(page, "Open a model");
    await dropLenet(page);
    await eachTab(page);
    await enter(page, "fovea lab");
    await page.getByRole("link", { name: /tour/i }).first().click();
    await page.getByRole("region", { name: /tour/i }).first().waitFor();
    expect(problems).toEqual([]);
  });

  it("L45 pictures that ship with the lab are here, too", async () => {
    const served = await serveFolder(labFolder, { port: 0 });
    const { page, problems } = await lab.open(`${served.url}?lang=en&room=train&data=mnist&pictures=200`);
    await page.getByText("everything is here; works without the network").waitFor({ timeout: 60_000 });
    await served.close();
    await train(page, 3);
    expect(problems).toEqual([]);
  });

  it("L45 who asks the browser to save data gets nothing but the room at hand", async () => {
    const { page } = await lab.open("about:blank");
    await page.addInitScript(() => Object.defineProperty(navigator, "connection", { value: { saveData: true } }));
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(new URL("?lang=en", lab.url()).href);
    await page.locator("ol li").first().waitFor();
    await page.waitForTimeout(4000);
    expect(requests.filter((url) => /files\.json|Convolve-/.test(url))).toEqual([]);
    expect(await page.getByText("everything is here").count()).toBe(0);
  });

  it.skipIf(!existsSync(join(labFolder, "fovea-lab.html")))(
    "L46 LP1 the one-file build from disk trains, explains and opens a model, on one thread, and says so",
    async () => {
      const address = pathToFileURL(join(labFolder, "fovea-lab.html")).href;
      const { page, problems } = await lab.open(`${address}#lang=en`);
      await page.getByText("one thread, because the page was opened from disk").waitFor();
      await explain(page);
      await enter(page, "Train");
      await train(page, 5);
      await enter(page, "Open a model");
      await dropLenet(page);
      await eachTab(page);
      for (const room of labRooms) {
        await page.goto(`${address}#room=${room}&lang=en`);
        await page.getByRole("heading", { level: 1 }).first().waitFor();
      }
      expect(problems).toEqual([]);
    },
  );
});
