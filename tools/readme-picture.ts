// Makes the README's picture out of a report: three channels of a layer, seen in three ways.
// npx tsx tools/readme-picture.ts runs/mnist-lenet-1/report.html docs/pictures/three-ways.png [channel ...]
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [report, out, ...chosen] = process.argv.slice(2);
const channels = chosen.length > 0 ? chosen : ["0", "2", "13"];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, deviceScaleFactor: 1.5 });
await page.goto(pathToFileURL(resolve(report)).href);
await page.evaluate((kept) => {
  const section = document.querySelector("#channels") as HTMLElement;
  document.body.replaceChildren(section);
  section.querySelector("h2")?.remove();
  section.querySelector(".lede")?.remove();
  section.style.padding = "0 20px 8px";
  const titles = kept.map((channel) => `channel-${channel}`);
  for (const unit of section.querySelectorAll("article")) if (!titles.includes(unit.getAttribute("aria-labelledby") ?? "")) unit.remove();
  (section.querySelector("article") as HTMLElement).style.borderTop = "none";
}, channels);
await page.locator("#channels").screenshot({ path: out });
await browser.close();
