// The library's own raster has Latin letters alone, so that it gives the same bytes everywhere. A page has fonts: here it draws any script.
import { report } from "fovea";
import { svgOnCanvas } from "./standing-svg.ts";

/** One moment of a drawing as pixels, with the page's fonts. */
export async function rasteriseWithFonts(drawing: report.Drawing, frame: number, scale: number): Promise<report.Raster> {
  const [width, height] = [Math.round(drawing.width * scale), Math.round(drawing.height * scale)];
  const svg = report.drawSvg(drawing, { frame, moment: true });
  const context = (await svgOnCanvas(svg, { size: [width, height], ground: "#ffffff" })).getContext("2d");
  if (context === null) return report.drawRaster(drawing, frame, scale);
  return { width, height, data: new Uint8Array(context.getImageData(0, 0, width, height).data.buffer) };
}
