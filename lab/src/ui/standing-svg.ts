// Drawings of the page that leave it: an SVG needs the page's style sheets no more, and becomes pixels with the page's fonts.

const written = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "opacity",
  "vector-effect",
  "font-size",
  "font-family",
  "text-anchor",
];

/** A copy of a drawing on the screen, with what the page's style sheets say of its parts written into them. */
export function standingCopy(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const copies = copy.querySelectorAll("*");
  svg.querySelectorAll("*").forEach((own, i) => {
    const style = getComputedStyle(own);
    for (const name of written) copies[i].setAttribute(name, style.getPropertyValue(name));
    copies[i].removeAttribute("class");
  });
  return copy;
}

/** The SVG as pixels, `scale` times as fine as it says it is, or of a size of its own. */
export async function svgOnCanvas(
  svg: string,
  {
    scale = 1,
    size,
    ground,
  }: { readonly scale?: number; readonly size?: readonly [width: number, height: number]; readonly ground?: string },
): Promise<HTMLCanvasElement> {
  const image = size === undefined ? new Image() : new Image(...size);
  // A page from disk may not read back what came from a blob's address.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width * scale, image.height * scale];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context !== null && ground !== undefined) {
    context.fillStyle = ground;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}
