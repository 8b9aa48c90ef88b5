// The charts of the chapters, computed by what they tell of: activations and their slopes, gradients by depth, checkerboards. Standalone SVG that
// follows the reader's light or dark.
import { checkerboard } from "../src/arithmetic/checkerboard.ts";
import { activationTable, gradientFlow } from "../src/lens/index.ts";
import { createModel, initialise, type Module, nn } from "../src/nn/index.ts";
import { conv2d, convTranspose2d, leakyRelu, relu, resize, sigmoid, slice, tanh } from "../src/ops/index.ts";
import { type ChartOptions, lineChart, type Series } from "../src/report/chart.ts";
import { html, Markup } from "../src/report/html.ts";
import { random, randomNormal } from "../src/tensor/random.ts";
import { ones, type Tensor, tensor } from "../src/tensor/tensor.ts";

const layers = { sigmoid: nn.sigmoid, tanh: nn.tanh, ReLU: nn.relu, "leaky ReLU": nn.leakyRelu } as const;
const functions = { sigmoid, tanh, ReLU: relu, "leaky ReLU": leakyRelu } as const;

export const chartDepths: readonly number[] = [2, 5, 10, 20, 50];

/** Row D4: the gradient at the first of so many layers of 24 units, relative to the last; He's weights, biases 0, 16 random pictures. */
export async function gradientByDepth(activation: () => Module, depth: number): Promise<number> {
  const he = { initialise: initialise.kaimingNormal(), initialiseBias: initialise.constant(0) };
  const net = nn.sequential(Array.from({ length: depth }, () => [nn.linear(24, 24, he), activation()]).flat());
  const pictures = randomNormal([16, 24], random(4));
  const flow = await gradientFlow(createModel(net, [24], { seed: 5 }), pictures, { device: "reference", dtype: "float64" });
  return flow[0].gradient / flow[flow.length - 1].gradient;
}

const style = new Markup(`
:root{--paper:#fff;--soft:#565b64;--faint:#80858e;--rule:#e2e2dc;--ink:#1c1d20;--s0:#2166ac;--s1:#b14f0a;--s2:#5c7f3a;--s3:#8a4f9e}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--soft:#a5a9b1;--faint:#80858e;--rule:#303338;--ink:#e9e9e6;--s0:#6aaee6;--s1:#f0904a;--s2:#9cc470;--s3:#cf9be0}}
text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft)}
.paper{fill:var(--paper)}.title{font-size:14px;font-weight:600;fill:var(--ink)}
.grid path{stroke:var(--rule)}.base{stroke:var(--faint)}.axis{fill:var(--faint)}
.series path,.key path{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.s0 path{stroke:var(--s0)}.s1 path{stroke:var(--s1);stroke-dasharray:7 4}.s2 path{stroke:var(--s2);stroke-width:5;stroke-opacity:.5}.s3 path{stroke:var(--s3);stroke-dasharray:2 4}
.s0 circle{fill:var(--s0)}.s1 circle{fill:var(--s1)}.s2 circle{fill:var(--s2)}.s3 circle{fill:var(--s3)}
`);

function sheet(width: number, height: number, description: string, body: readonly Markup[]): string {
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${description}">
<style>${style}</style>
<rect class="paper" width="${width}" height="${height}"/>
${body}</svg>
`.text;
}

const height = 270;

/** Charts side by side under one key. */
function charts(description: string, panels: readonly (readonly [series: readonly Series[], options: ChartOptions])[]): string {
  const width = panels.length === 1 ? 520 : 400;
  const key = panels[0][0].map(
    ({ name }, i) =>
      html`<g class="key s${i}" transform="translate(${24 + 104 * i},22)"><path d="M0,0H24"/><text x="32" dy=".32em">${name}</text></g>
`,
  );
  const drawn = panels.map(([series, options], i) => {
    const place = html`<svg x="${16 + i * (width + 24)}" y="44" width="${width}" height="${height}" `;
    // The chart's own svg element gets a place on the sheet.
    return new Markup(lineChart(series, { ...options, width, height }).text.replace("<svg ", place.text));
  });
  return sheet(panels.length * (width + 24) + 8, height + 60, description, [...key, ...drawn]);
}

function activationChart(): string {
  const points = Array.from({ length: 161 }, (_, i) => i / 20 - 4);
  const series = (pick: "y" | "slope"): Series[] =>
    Object.entries(functions).map(([name, f]) => ({
      name,
      points: activationTable(f, points).map((p) => [p.x, p[pick]] as const),
    }));
  return charts("Values and slopes of sigmoid, tanh, ReLU and leaky ReLU from -4 to 4", [
    [series("y"), { title: "Values", xLabel: "x", yLabel: "value" }],
    [series("slope"), { title: "Slopes", xLabel: "x", yLabel: "slope" }],
  ]);
}

async function depthChart(): Promise<string> {
  const curves = Object.entries(layers).map(async ([name, layer]): Promise<Series> => {
    const ratios = await Promise.all(chartDepths.map((depth) => gradientByDepth(layer, depth)));
    return { name, points: chartDepths.map((depth, i) => [depth, ratios[i]] as const) };
  });
  return charts("Gradient at the first layer relative to the last, by depth: the sigmoid's vanishes, the others' stay", [
    [
      await Promise.all(curves),
      {
        title: "Gradient by depth",
        xLabel: "layers",
        yLabel: "gradient at the first layer / at the last",
        yScale: "log",
        yFormat: (v) => v.toExponential(0),
      },
    ],
  ]);
}

/** A bump on 10 x 10 pixels: smooth, so that every corner in what comes out was added on the way. */
function bump(): Tensor {
  const at = (i: number): number => Math.exp(-(((i - 4.5) / 3) ** 2));
  return tensor(
    Array.from({ length: 100 }, (_, p) => at(Math.floor(p / 10)) * at(p % 10)),
    [1, 1, 10, 10],
    "float64",
  );
}

function checkerboardPicture(): string {
  const x = bump();
  const flat = ones(x.shape, "float64");
  const kernel = (k: number): Tensor => ones([1, 1, k, k], "float64");
  const ways: readonly (readonly [title: string, way: (of: Tensor) => Tensor])[] = [
    ["transposed, kernel 3, stride 2", (of) => convTranspose2d(of, kernel(3), undefined, { stride: 2 })],
    ["transposed, kernel 4, stride 2", (of) => convTranspose2d(of, kernel(4), undefined, { stride: 2, padding: 1 })],
    ["resize, then convolve", (of) => conv2d(resize(of, { scale: 2 }), kernel(3), undefined, { padding: 1 })],
  ];
  const [side, cell] = [16, 14];
  const inner = (of: Tensor): Tensor => slice(of, { axes: [2, 3], starts: [2, 2], ends: [2 + side, 2 + side] });
  const panels = ways.map(([title, way], i) => {
    const pixels = inner(way(x)).data;
    const most = Math.max(...pixels);
    const share = checkerboard(inner(way(flat)).data, side, side, 2);
    const tiles = Array.from(pixels, (v, p) => {
      const grey = Math.round(255 * (v / most));
      return `<rect x="${(p % side) * cell}" y="${Math.floor(p / side) * cell}" width="${cell}" height="${cell}" fill="rgb(${grey},${grey},${grey})"/>`;
    });
    return html`<g transform="translate(${20 + i * (side * cell + 40)},44)"><text class="title" y="-18">${title}</text>
<text y="${side * cell + 20}">on a flat picture ${Math.round(100 * share)} % is checkerboard</text>
<g shape-rendering="crispEdges">${new Markup(tiles.join("\n"))}</g></g>
`;
  });
  return sheet(3 * (side * cell + 40), side * cell + 80, "A bump enlarged in three ways: only the first shows a checkerboard", panels);
}

/** Every chart by its file name. */
export async function chartTexts(): Promise<[name: string, text: string][]> {
  return [
    ["activations.svg", activationChart()],
    ["gradient-depth.svg", await depthChart()],
    ["checkerboard.svg", checkerboardPicture()],
  ];
}
