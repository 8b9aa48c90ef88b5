// A curve on the screen as a file: its colours come from the page's style sheet, which a file does not have.
import { saveCanvas, saveSvg } from "../../ui/save.ts";

const written = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "opacity",
  "font-size",
  "font-family",
  "text-anchor",
];

/** A copy that looks the same on its own, on the page's paper. */
function standing(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const [width, height] = [svg.clientWidth, svg.clientHeight];
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const originals = [...svg.querySelectorAll<SVGElement>("*")];
  for (const [i, element] of [...copy.querySelectorAll<SVGElement>("*")].entries()) {
    const style = getComputedStyle(originals[i]);
    for (const name of written) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute("class");
  }
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const colour = getComputedStyle(document.body).backgroundColor;
  for (const [name, value] of Object.entries({ width: "100%", height: "100%", fill: colour })) paper.setAttribute(name, value);
  copy.prepend(paper);
  return copy;
}

export function saveCurveSvg(name: string, svg: SVGSVGElement): void {
  saveSvg(`${name}.svg`, standing(svg));
}

export async function saveCurvePng(name: string, svg: SVGSVGElement): Promise<void> {
  const text = new XMLSerializer().serializeToString(standing(svg));
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 2 * svg.clientWidth;
    canvas.height = 2 * svg.clientHeight;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    await saveCanvas(`${name}.png`, canvas);
  } finally {
    URL.revokeObjectURL(url);
  }
}
