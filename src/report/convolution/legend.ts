// What the colours and lines of a step-by-step picture mean: only those that occur in it.
import { type Mark, widthOf } from "./drawing.ts";
import type { Role } from "./palette.ts";
import type { Steps } from "./steps.ts";
import type { PictureWords } from "./wording.ts";

const margin = 24;

interface LegendEntry {
  readonly role: Role;
  readonly text: string;
  readonly struck?: boolean;
}

function legendEntries(steps: Steps, words: PictureWords): LegendEntry[] {
  const kinds = new Set(steps.cells[0].flat().map((c) => c.kind));
  const { plan } = steps;
  const background = plan.border === "circular" ? words.ringPadding : plan.kind === "max pooling" ? words.lowestPadding : words.zeroPadding;
  const extra = plan.axes.map((a) => a.extra);
  return [
    { role: "input", text: plan.names.input },
    kinds.has("stretch") && { role: "stretch", text: words.betweenInputs },
    kinds.has("padding") && { role: "padding", text: background },
    kinds.has("extra") && { role: "extra", text: words.extra(Math.max(...extra)) },
    kinds.has("beyond") && { role: "beyond", text: words.beyond },
    steps.cells[0].flat().some((c) => !c.used) && { role: "padding", text: words.uncovered, struck: true },
    steps.kind === "deformable" ? { role: "neighbour", text: words.mixed } : { role: "window", text: words.window },
    steps.kind === "deformable" && { role: "point", text: words.point },
    steps.kind === "max pooling" && { role: "winner", text: words.winner },
    { role: "output", text: plan.names.output },
  ].filter((entry) => entry !== false) as LegendEntry[];
}

/** Entries in rows that fit the width, each with its place. */
export function legendRows(steps: Steps, width: number, words: PictureWords): { readonly entry: LegendEntry; readonly x: number }[][] {
  const rows: { entry: LegendEntry; x: number }[][] = [[]];
  let x = margin;
  for (const entry of legendEntries(steps, words)) {
    const wide = 22 + widthOf(entry.text, 12) + 20;
    if (x + wide > width - margin + 20 && rows.at(-1)?.length !== 0) {
      rows.push([]);
      x = margin;
    }
    rows.at(-1)?.push({ entry, x });
    x += wide;
  }
  return rows;
}

/** The legend from `top` on, 22 pixels per row. */
export function drawLegend(steps: Steps, width: number, top: number, words: PictureWords): Mark[] {
  return legendRows(steps, width, words).flatMap((row, r) =>
    row.flatMap(({ entry: { role, text, struck }, x }): Mark[] => {
      const y = top + r * 22;
      const swatch: Mark =
        role === "point"
          ? { shape: "dot", role, x: x + 7, y, radius: 5 }
          : { shape: "rect", role, x, y: y - 7, width: 14, height: 14, ...(role === "winner" && { radius: 7 }) };
      return [
        swatch,
        ...(struck === true ? [{ shape: "line", role: "unused", from: [x + 2, y + 5], to: [x + 12, y - 5] } as const] : []),
        { shape: "words", role: "soft", size: 12, x: x + 22, y, text },
      ];
    }),
  );
}
