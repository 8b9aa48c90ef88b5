// The ten figures of the synthetic data set as signed distances (negative inside), in units of the figure's radius and in its own axes.
// One function per figure gives the antialiased drawing and the exact mask alike. Formulas: standard plane geometry.

/** Distance from (u, v) to the figure's outline; `thickness` is half the width of a stroke in units of the radius. */
export type Figure = (u: number, v: number, thickness: number) => number;

export interface FigureClass {
  readonly name: string;
  readonly figure: Figure;
  /** Angles in degrees that the figure may be turned to, counter-clockwise as seen: from the first up to the second. */
  readonly orientation: readonly [number, number];
  /** An edge has no size: it runs through the whole picture. */
  readonly endless?: boolean;
}

/** A figure at its place in a picture, in pixels from the upper left corner. */
export interface PlacedFigure {
  readonly shapeClass: FigureClass;
  readonly centre: { readonly x: number; readonly y: number };
  /** Degrees counter-clockwise as seen. */
  readonly orientation: number;
  /** Radius. */
  readonly scale: number;
  /** Half the width of strokes. */
  readonly thickness: number;
}

/** Distance in pixels from the centre of pixel (x, y) to the figure. The picture's y axis points down, the figure's up. */
export function distanceAt({ shapeClass, centre, orientation, scale, thickness }: PlacedFigure, x: number, y: number): number {
  const dx = x + 0.5 - centre.x;
  const dy = centre.y - (y + 0.5);
  const angle = (orientation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return shapeClass.figure((dx * cos + dy * sin) / scale, (dy * cos - dx * sin) / scale, thickness / scale) * scale;
}

/** How much of pixel (x, y) the figure covers: a pixel within half a pixel of the outline is a mixture (antialiasing). */
export function coverAt(figure: PlacedFigure, x: number, y: number): number {
  return Math.min(1, Math.max(0, 0.5 - distanceAt(figure, x, y)));
}

const disc: Figure = (u, v) => Math.hypot(u, v) - 1;

const ring: Figure = (u, v, thickness) => Math.abs(Math.hypot(u, v) - (1 - thickness)) - thickness;

const box = (u: number, v: number, halfWidth: number, halfHeight: number): number => {
  const x = Math.abs(u) - halfWidth;
  const y = Math.abs(v) - halfHeight;
  return Math.hypot(Math.max(x, 0), Math.max(y, 0)) + Math.min(Math.max(x, y), 0);
};

const square: Figure = (u, v) => box(u, v, Math.SQRT1_2, Math.SQRT1_2);

/** Corners on the unit circle; inside it, the distance to the nearest of the three sides, each at 1/2 from the centre. */
const triangle: Figure = (u, v) => {
  const sides = [90, 210, 330].map((degrees) => {
    const angle = (degrees * Math.PI) / 180;
    return -u * Math.cos(angle) - v * Math.sin(angle) - 0.5;
  });
  return Math.max(...sides);
};

const cross: Figure = (u, v, thickness) => Math.min(box(u, v, 1, thickness), box(u, v, thickness, 1));

/** From (-1, 0) to (1, 0) with round ends. */
const stroke: Figure = (u, v, thickness) => Math.hypot(Math.max(Math.abs(u) - (1 - thickness), 0), v) - thickness;

const halfPlane: Figure = (_u, v) => v;

/** How far a stroke may lean from its direction, in degrees: well below the 22.5 at which two directions would meet. */
const lean = 12;

export const figureClasses: readonly FigureClass[] = [
  { name: "circle", figure: disc, orientation: [0, 0] },
  { name: "ring", figure: ring, orientation: [0, 0] },
  { name: "square", figure: square, orientation: [0, 90] },
  { name: "triangle", figure: triangle, orientation: [0, 120] },
  { name: "cross", figure: cross, orientation: [0, 90] },
  { name: "horizontal stroke", figure: stroke, orientation: [-lean, lean] },
  { name: "vertical stroke", figure: stroke, orientation: [90 - lean, 90 + lean] },
  { name: "rising stroke", figure: stroke, orientation: [45 - lean, 45 + lean] },
  { name: "falling stroke", figure: stroke, orientation: [135 - lean, 135 + lean] },
  { name: "edge", figure: halfPlane, orientation: [0, 360], endless: true },
];
