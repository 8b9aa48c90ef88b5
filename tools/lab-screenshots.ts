// Pictures of every view of the built lab, for a person to look through: three widths, both themes, both languages, and a page of thumbnails.
//   npx tsx tools/lab-screenshots.ts OUT [--lab FOLDER] [--only TEXT] [--widths 360,1440] [--themes light,dark] [--languages en,zh] [--fast]
// --fast takes each view at each width once, with themes and languages in turn. What pages complain about, and sideways scrolling, is printed.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { serveFolder } from "../src/cli/serve-folder.ts";
import { type LabView, labViews } from "./lab-views.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    lab: { type: "string", default: new URL("../dist/lab", import.meta.url).pathname },
    only: { type: "string", default: "" },
    widths: { type: "string", default: "360,768,1440" },
    themes: { type: "string", default: "light,dark" },
    languages: { type: "string", default: "en,zh" },
    fast: { type: "boolean", default: false },
  },
});

interface Shot {
  readonly view: LabView;
  readonly width: number;
  readonly theme: string;
  readonly language: string;
}

const nameOf = ({ view, width, theme, language }: Shot): string => `${view.name}-${width}-${theme}-${language}.png`;
const query = ({ view, theme, language }: Shot): string => `?${view.query}&lang=${language}&theme=${theme}`;

function shots(): Shot[] {
  const views = labViews.filter(({ name }) => name.includes(values.only));
  const [themes, languages] = [values.themes.split(","), values.languages.split(",")];
  return views.flatMap((view, v) =>
    values.widths.split(",").flatMap((width, w): Shot[] => {
      const all = themes.flatMap((theme) => languages.map((language) => ({ view, width: Number(width), theme, language })));
      // Each theme meets each language in the course of the views.
      return values.fast ? [all[(v + 2 * w + Math.floor(v / 2)) % all.length]] : all;
    }),
  );
}

async function take(browser: Browser, url: string, out: string, shot: Shot): Promise<string[]> {
  const { view, width, theme, language } = shot;
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: theme === "dark" ? "dark" : "light",
    locale: language === "zh" ? "zh-CN" : "en-GB",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  try {
    await page.goto(url + query(shot));
    await page.locator("h1").first().waitFor({ timeout: 20_000 });
    await page.waitForTimeout(1200);
    for (const selector of view.press ?? []) {
      await page.locator(selector).first().click({ timeout: 10_000 });
      await page.waitForTimeout(1500);
    }
    const scrolled = await page.evaluate(() => document.documentElement.scrollWidth);
    if (scrolled > width) problems.push(`${scrolled} px wide`);
    await page.screenshot({ path: join(out, nameOf(shot)), fullPage: true });
  } catch (error) {
    problems.push(String(error).split("\n")[0]);
  } finally {
    await context.close();
  }
  return problems.map((problem) => `${nameOf(shot)}: ${problem}`);
}

function contactSheet(all: readonly Shot[]): string {
  const figures = all.map((shot) => {
    const name = nameOf(shot);
    return `<figure><a href="${name}"><img src="${name}" alt="" loading="lazy"></a><figcaption>${name}</figcaption></figure>`;
  });
  const style =
    "body{font:13px system-ui;display:flex;flex-wrap:wrap;gap:16px}figure{margin:0;width:300px}img{width:300px;height:400px;object-fit:cover;object-position:top;border:1px solid #999}";
  return `<!doctype html><meta charset="utf-8"><title>fovea lab, screenshots</title><style>${style}</style>${figures.join("\n")}`;
}

const [out] = positionals;
if (out === undefined) throw new Error("say the folder for the pictures");
await mkdir(out, { recursive: true });
const served = await serveFolder(values.lab, { port: 0 });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const all = shots();
  let found = 0;
  for (const [i, shot] of all.entries()) {
    const problems = await take(browser, served.url, out, shot);
    found += problems.length;
    for (const problem of problems) console.log(problem);
    if ((i + 1) % 20 === 0) console.error(`${i + 1} of ${all.length}`);
  }
  await writeFile(join(out, "index.html"), contactSheet(all));
  console.log(`${all.length} pictures in ${out}, ${found} complaints`);
} finally {
  await browser.close();
  await served.close();
}
