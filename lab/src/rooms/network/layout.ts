// Where everything of a net's overview stands, as a function of the net and the room there is: layers in ranks from left to right, or, where it
// is narrow, one below the other. Any directed graph without circles has ranks, so any net has a picture.

export interface LaidLayer {
  readonly name: string;
  /** Without the batch axis. */
  readonly shape: readonly number[];
  readonly role: "input" | "maps" | "features" | "output";
}

export interface LaidEdge {
  readonly from: number;
  readonly to: number;
}

export interface PlacedLayer {
  readonly x: number;
  /** Top of the heading; the units begin `head` below. */
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly units: number;
  /** Width and height of a unit's cell, without the gap. */
  readonly cell: readonly [width: number, height: number];
  readonly columns: number;
  /** Height of the window on the units; where they need more, it scrolls. */
  readonly window: number;
  readonly rank: number;
}

export interface NetLayout {
  readonly direction: "across" | "down";
  readonly width: number;
  readonly height: number;
  readonly layers: readonly PlacedLayer[];
  /** SVG paths, in the order of the edges. */
  readonly paths: readonly string[];
}

export const head = 36;
export const gap = 4;
/** More units than these get a search field. */
export const searched = 64;
export const searchHeight = 32;

const mapSide = 40;
const featureSide = 24;
const inputSide = 56;
const mostRows = 8;

/** From the input: 1 + the largest rank of what a layer reads. Edges lead from lower indices to higher ones. */
export function ranksOf(count: number, edges: readonly LaidEdge[]): number[] {
  const ranks = new Array<number>(count).fill(0);
  for (const { from, to } of [...edges].sort((a, b) => a.to - b.to)) ranks[to] = Math.max(ranks[to], ranks[from] + 1);
  return ranks;
}

export function unitCount({ shape }: LaidLayer): number {
  return shape[0] ?? 1;
}

interface Block {
  readonly units: number;
  readonly cell: readonly [number, number];
  readonly columns: number;
  readonly window: number;
  readonly width: number;
  readonly height: number;
}

function blockOf(layer: LaidLayer, across: boolean, room: number): Block {
  const units = unitCount(layer);
  const side = layer.role === "input" ? inputSide : layer.role === "features" ? featureSide : mapSide;
  const cell: readonly [number, number] = layer.role === "output" ? [across ? 168 : Math.min(room, 360), featureSide] : [side, side];
  const fits = Math.max(1, Math.floor((room + gap) / (cell[0] + gap)));
  const most = layer.role === "output" || layer.role === "features" ? 12 : mostRows;
  const columns = layer.role === "output" ? 1 : across ? Math.min(2, Math.ceil(units / most)) : Math.min(fits, units);
  const rows = Math.ceil(units / columns);
  const shown = Math.min(rows, across ? most : layer.role === "output" ? 12 : 3);
  const window = shown * (cell[1] + gap) - gap;
  // A frame that scrolls needs room for its bar.
  const width = Math.max(across ? (layer.role === "input" ? 76 : 64) : room, columns * (cell[0] + gap) - gap + (rows > shown ? 14 : 0));
  return { units, cell, columns, window, width, height: head + (units > searched ? searchHeight : 0) + window };
}

export function layOut(layers: readonly LaidLayer[], edges: readonly LaidEdge[], room: number): NetLayout {
  return room < 640 ? layDown(layers, edges, room) : layAcross(layers, edges, room);
}

const stacked = 22;
const lane = 7;

function layAcross(layers: readonly LaidLayer[], edges: readonly LaidEdge[], room: number): NetLayout {
  const ranks = ranksOf(layers.length, edges);
  const blocks = layers.map((layer) => blockOf(layer, true, room));
  const count = Math.max(0, ...ranks) + 1;
  const members = Array.from({ length: count }, (_, rank) => ranks.flatMap((r, i) => (r === rank ? [i] : [])));
  const widths = members.map((indices) => Math.max(0, ...indices.map((i) => blocks[i].width)));
  const heights = members.map((indices) => indices.reduce((sum, i) => sum + blocks[i].height + stacked, -stacked));
  const skips = edges.filter(({ from, to }) => ranks[to] - ranks[from] > 1).length;
  const top = 4 + Math.min(skips, 6) * lane;
  const tall = Math.max(...heights);
  const between = Math.min(64, Math.max(20, (room - widths.reduce((a, b) => a + b, 0)) / Math.max(1, count - 1)));
  const placed: PlacedLayer[] = [];
  let x = 0;
  for (const [rank, indices] of members.entries()) {
    let y = top + (tall - heights[rank]) / 2;
    for (const i of indices) {
      placed[i] = { ...blocks[i], x: x + (widths[rank] - blocks[i].width) / 2, y, rank };
      y += blocks[i].height + stacked;
    }
    x += widths[rank] + between;
  }
  let skip = 0;
  const paths = edges.map(({ from, to }) => {
    const [a, b] = [placed[from], placed[to]];
    const [x1, y1, x2, y2] = [a.x + a.width, middle(a), b.x, middle(b)];
    if (b.rank - a.rank === 1) return `M${x1} ${y1}C${x1 + between / 2} ${y1} ${x2 - between / 2} ${y2} ${x2} ${y2}`;
    const over = 3 + (skip++ % 6) * lane;
    const [up, down] = [x1 + between / 2, x2 - between / 2];
    return `M${x1} ${y1}C${up} ${y1} ${up} ${over} ${up + between / 2} ${over}H${down - between / 2}C${down} ${over} ${down} ${y2} ${x2} ${y2}`;
  });
  return { direction: "across", width: Math.max(0, x - between), height: top + tall + 4, layers: placed, paths };
}

/** Middle of the units, where edges begin and end. */
function middle({ y, height, window }: PlacedLayer): number {
  return y + height - window / 2;
}

const margin = 18;

function layDown(layers: readonly LaidLayer[], edges: readonly LaidEdge[], room: number): NetLayout {
  const ranks = ranksOf(layers.length, edges);
  const inner = Math.max(120, room - margin);
  const order = layers.map((_, i) => i).sort((a, b) => ranks[a] - ranks[b] || a - b);
  const placed: PlacedLayer[] = [];
  let y = 0;
  for (const i of order) {
    const block = blockOf(layers[i], false, inner);
    placed[i] = { ...block, x: margin, y, rank: ranks[i] };
    y += block.height + stacked;
  }
  const place = new Map(order.map((layer, i) => [layer, i]));
  const paths = edges.map(({ from, to }, i) => {
    const [a, b] = [placed[from], placed[to]];
    const [y1, y2] = [a.y + a.height, b.y + head / 2];
    if ((place.get(to) ?? 0) - (place.get(from) ?? 0) === 1) return `M${margin + 12} ${y1 + 2}V${b.y - 2}`;
    const side = 3 + (i % 3) * 5;
    return `M${margin} ${y1 - 6}H${side}V${y2}H${margin}`;
  });
  return { direction: "down", width: room, height: Math.max(0, y - stacked), layers: placed, paths };
}

/** Centre of a unit's cell in the layout; `scrolled` is how far the layer's window was scrolled. Held within the window. */
export function centreOfUnit({ x, y, height, window, cell, columns }: PlacedLayer, unit: number, scrolled = 0): [x: number, y: number] {
  const top = y + height - window;
  const inside = Math.floor(unit / columns) * (cell[1] + gap) + cell[1] / 2 - scrolled;
  return [x + (unit % columns) * (cell[0] + gap) + cell[0] / 2, top + Math.min(window, Math.max(0, inside))];
}
