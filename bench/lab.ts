// Training in the lab's page against the same training by `fit` in Node, in turns, and what the page's own thread did meanwhile:
//   npm run build && npx tsx bench/lab.ts [ROUNDS]
// Node runs the built fovea. Two clocks: steps that the page counts while it draws curves, maps and filters, and steps of fit with nothing else to do.
import { serveFolder } from "../src/cli/serve-folder.ts";

const rounds = Number(process.argv[2] ?? 3);
const seconds = 8;
const settings = { pictures: 2000, batch: 32, rate: 0.003 };
const net =
  "net: conv(8 3 pad=same) relu maxpool(2) conv(12 3 pad=same) relu maxpool(2) conv(16 3 pad=same) relu maxpool(2) flatten linear(out)";

async function main(): Promise<void> {
  const { chromium } = await import("playwright-core");
  const fovea = (await import(new URL("../dist/index.js", import.meta.url).href)) as typeof import("../src/index.ts");
  const served = await serveFolder(new URL("../dist/lab", import.meta.url).pathname, { port: 0 });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const { train } = await fovea.synthetic({ size: 32, channels: 3, seed: 0, train: settings.pictures, test: 500 });
  const results: { page: number; node: number; frames: number; longest: number }[] = [];
  try {
    for (let round = 0; round < rounds; round++) results.push({ ...(await inPage()), node: await inNode() });
  } finally {
    await browser.close();
    await served.close();
  }
  for (const { page, node, frames, longest } of results) {
    console.log(
      `page ${page.toFixed(1)} steps/s, Node ${node.toFixed(1)}, ratio ${(page / node).toFixed(2)}; ${frames.toFixed(0)} frames/s, longest task ${longest.toFixed(0)} ms`,
    );
  }
  const ratios = results.map(({ page, node }) => page / node);
  const best = { page: Math.max(...results.map((r) => r.page)), node: Math.max(...results.map((r) => r.node)) };
  console.log(
    JSON.stringify({
      bench: "lab",
      case: "train shapes",
      ratio_best: best.page / best.node,
      ratio_median: ratios.sort((a, b) => a - b)[Math.floor(rounds / 2)],
    }),
  );

  async function inPage(): Promise<{ page: number; frames: number; longest: number }> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${served.url}?room=train&lang=en&batch=${settings.batch}&rate=${settings.rate}&pictures=${settings.pictures}`);
    const button = page.getByRole("button", { name: "Train", exact: true });
    await button.click();
    await page.waitForFunction(() => Number(document.querySelector("[data-testid=step]")?.textContent) > 20);
    // No named functions: what is sent to the page is this function's text, without the helpers that a bundler would add.
    const measured = await page.evaluate(async (duration) => {
      const counter = document.querySelector("[data-testid=step]");
      const tasks: number[] = [];
      new PerformanceObserver((list) => {
        for (const { duration: took } of list.getEntries()) tasks.push(took);
      }).observe({ type: "longtask" });
      const [first, start] = [Number(counter?.textContent), performance.now()];
      await new Promise((resolve) => setTimeout(resolve, duration));
      const speed = ((Number(counter?.textContent) - first) / (performance.now() - start)) * 1000;
      // Frames are counted afterwards: whoever asks for each of them has the page drawn more often than it wants.
      let frames = 0;
      const counted = performance.now();
      while (performance.now() - counted < 2000) {
        await new Promise(requestAnimationFrame);
        frames++;
      }
      return { page: speed, frames: (frames / (performance.now() - counted)) * 1000, longest: Math.max(0, ...tasks) };
    }, seconds * 1000);
    await page.close();
    return measured;
  }

  async function inNode(): Promise<number> {
    const module = fovea.zoo.architecture(net).build([3, 32, 32], 10);
    const stop = new AbortController();
    let [first, start, last, steps] = [0, 0, 0, 0];
    const onStep = ({ step }: { readonly step: number }): void => {
      const now = performance.now();
      if (step === 20) [first, start] = [step, now];
      [steps, last] = [step, now];
      if (step > 20 && now - start > seconds * 1000) stop.abort(new Error("enough"));
    };
    const options = { epochs: 10_000, batchSize: settings.batch, optimiser: fovea.adam(settings.rate), onStep, signal: stop.signal };
    await fovea.fit(module, train, options).catch((error: Error) => {
      if (error.message !== "enough") throw error;
    });
    return (steps - first) / ((last - start) / 1000);
  }
}

await main();
