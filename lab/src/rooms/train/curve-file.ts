// A curve on the screen as a file: its colours come from the page's style sheet, which a file does not have.
import { saveCanvas, saveSvg } from "../../ui/save.ts";
import { standingCopy, svgOnCanvas } from "../../ui/standing-svg.ts";

/** A copy that looks the same on its own, on the page's paper. */
function standing(svg: SVGSVGElement): SVGSVGElement {
  const copy = standingCopy(svg);
  const [width, height] = [svg.clientWidth, svg.clientHeight];
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
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
  await saveCanvas(`${name}.png`, await svgOnCanvas(text, { scale: 2 }));
}
