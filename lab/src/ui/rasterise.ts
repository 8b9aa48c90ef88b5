// The library's own raster has Latin letters alone, so that it gives the same bytes everywhere. A page has fonts: here it draws any script.
import { report } from "fovea";

/** One moment of a drawing as pixels, with the page's fonts. */
export async function rasteriseWithFonts(drawing: report.Drawing, frame: number, scale: number): Promise<report.Raster> {
  const [width, height] = [Math.round(drawing.width * scale), Math.round(drawing.height * scale)];
  const svg = report.drawSvg(drawing, { frame, moment: true });
  const image = new Image(width, height);
  // A page from disk may not read back what came from a blob's address.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return report.drawRaster(drawing, frame, scale);
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0, width, height);
  return { width, height, data: new Uint8Array(context.getImageData(0, 0, width, height).data.buffer) };
}
