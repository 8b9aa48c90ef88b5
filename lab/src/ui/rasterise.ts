// The library's own raster has Latin letters alone, so that it gives the same bytes everywhere. A page has fonts: here it draws any script.
import { report } from "fovea";

/** One moment of a drawing as pixels, with the page's fonts. */
export async function rasteriseWithFonts(drawing: report.Drawing, frame: number, scale: number): Promise<report.Raster> {
  const [width, height] = [Math.round(drawing.width * scale), Math.round(drawing.height * scale)];
  const svg = report.drawSvg(drawing, { frame, moment: true });
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image(width, height);
    image.src = url;
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
  } finally {
    URL.revokeObjectURL(url);
  }
}
