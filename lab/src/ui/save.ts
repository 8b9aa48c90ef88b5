// Everything that leaves the lab leaves it as a file that the reader asked for.

/** Hands a file to the browser's downloads. */
export function saveFile(name: string, contents: Uint8Array | string, type: string): void {
  const url = URL.createObjectURL(new Blob([contents as BlobPart], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun by then; the memory need not stay.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The SVG on the screen as a file of its own. */
export function saveSvg(name: string, svg: SVGSVGElement | string): void {
  const text = typeof svg === "string" ? svg : new XMLSerializer().serializeToString(svg);
  saveFile(name, text.includes("xmlns=") ? text : text.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"'), "image/svg+xml");
}

/** A canvas as PNG, enlarged without smoothing so that it can be looked at. */
export async function saveCanvas(name: string, canvas: HTMLCanvasElement, enlarge = 1): Promise<void> {
  const large = document.createElement("canvas");
  large.width = canvas.width * enlarge;
  large.height = canvas.height * enlarge;
  const context = large.getContext("2d");
  if (context === null) return;
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  const blob = await new Promise<Blob | null>((resolve) => large.toBlob(resolve, "image/png"));
  if (blob !== null) saveFile(name, new Uint8Array(await blob.arrayBuffer()), "image/png");
}

/** Rows as CSV; what holds commas, quotes or line ends is quoted. */
export function saveCsv(name: string, rows: readonly (readonly (string | number)[])[]): void {
  const cell = (value: string | number): string =>
    /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
  saveFile(name, `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`, "text/csv");
}
