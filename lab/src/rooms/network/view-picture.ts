// Any view as a picture of its own: what stands on the screen - maps, drawings, words - written down as SVG, each where it stands. So a view
// needs no second drawing of itself, and the file shows what was looked at.
import { standingCopy, svgOnCanvas } from "../../ui/standing-svg.ts";

const xml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const round = (n: number): string => String(Math.round(n * 100) / 100);
const invisible = new Set(["rgba(0, 0, 0, 0)", "transparent"]);

interface Clip {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The element as it is seen now, on the page's ground. What scrolled frames hide is left out, unless they open under ".whole". */
export function pictureOf(element: Element): string {
  element.classList.add("whole");
  try {
    return written(element);
  } finally {
    element.classList.remove("whole");
  }
}

function written(element: Element): string {
  const { left, top, width, height } = element.getBoundingClientRect();
  const parts: string[] = [];
  const clips = { count: 0 };
  visit(element, { left, top, right: left + width, bottom: top + height }, 1, { left, top, parts, clips });
  const ground = getComputedStyle(document.body).backgroundColor;
  const size = `width="${round(width)}" height="${round(height)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${round(width)} ${round(height)}"><rect ${size} fill="${ground}"/>${parts.join("")}</svg>`;
}

interface Page {
  readonly left: number;
  readonly top: number;
  readonly parts: string[];
  readonly clips: { count: number };
}

function visit(element: Element, clip: Clip, opacity: number, page: Page): void {
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  if (style.display === "none" || style.visibility === "hidden" || element.matches(".unseen, option")) return;
  const shown = opacity * Number(style.opacity);
  const place = `x="${round(box.left - page.left)}" y="${round(box.top - page.top)}" width="${round(box.width)}" height="${round(box.height)}"`;
  const faint = shown < 1 ? ` opacity="${round(shown)}"` : "";
  if (box.width > 0 && box.height > 0) {
    if (box.right <= clip.left || box.left >= clip.right || box.bottom <= clip.top || box.top >= clip.bottom) return;
    const outline = Number.parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== "none" ? style.outlineColor : undefined;
    const border = Number.parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== "none" ? style.borderTopColor : undefined;
    const fill = invisible.has(style.backgroundColor) ? "none" : style.backgroundColor;
    if (fill !== "none" || outline !== undefined || border !== undefined) {
      page.parts.push(
        `<rect ${place} rx="${Number.parseFloat(style.borderRadius) || 0}" fill="${fill}"${outline || border ? ` stroke="${outline ?? border}"` : ""}${faint}/>`,
      );
    }
  }
  if (element instanceof HTMLCanvasElement) {
    page.parts.push(`<image ${place} preserveAspectRatio="none" style="image-rendering:pixelated" href="${element.toDataURL()}"${faint}/>`);
    return;
  }
  if (element instanceof SVGSVGElement) {
    page.parts.push(nested(element, place, faint));
    return;
  }
  if (element instanceof HTMLInputElement || element instanceof HTMLSelectElement) {
    const text =
      element instanceof HTMLSelectElement ? (element.selectedOptions[0]?.text ?? "") : element.type === "range" ? "" : element.value;
    write(text, box.left + 8, box.top + box.height / 2, style, faint, page);
    return;
  }
  const scrolls = style.overflowX !== "visible" || style.overflowY !== "visible";
  const inner: Clip = scrolls
    ? {
        left: Math.max(clip.left, box.left),
        top: Math.max(clip.top, box.top),
        right: Math.min(clip.right, box.right),
        bottom: Math.min(clip.bottom, box.bottom),
      }
    : clip;
  if (scrolls) {
    const id = `clip${page.clips.count++}`;
    page.parts.push(
      `<clipPath id="${id}"><rect x="${round(inner.left - page.left)}" y="${round(inner.top - page.top)}" width="${round(Math.max(0, inner.right - inner.left))}" height="${round(Math.max(0, inner.bottom - inner.top))}"/></clipPath><g clip-path="url(#${id})">`,
    );
  }
  for (const child of element.childNodes) {
    if (child instanceof Element) visit(child, inner, shown, page);
    else if (child instanceof Text) writeLines(child, style, inner, faint, page);
  }
  if (scrolls) page.parts.push("</g>");
}

/** A drawing of the page, with what the page's style sheets say written into it. */
function nested(svg: SVGSVGElement, place: string, faint: string): string {
  const copy = standingCopy(svg);
  const box = svg.getAttribute("viewBox") ?? `0 0 ${svg.clientWidth} ${svg.clientHeight}`;
  const ratio = svg.getAttribute("preserveAspectRatio");
  return `<svg ${place} viewBox="${box}"${ratio === null ? "" : ` preserveAspectRatio="${ratio}"`} overflow="hidden"${faint}>${[...copy.childNodes].map((node) => new XMLSerializer().serializeToString(node)).join("")}</svg>`;
}

function write(text: string, x: number, y: number, style: CSSStyleDeclaration, faint: string, page: Page): void {
  if (text.trim() === "") return;
  const font = `font-family="${xml(style.fontFamily)}" font-size="${style.fontSize}" font-weight="${style.fontWeight}"`;
  page.parts.push(
    `<text x="${round(x - page.left)}" y="${round(y - page.top)}" dominant-baseline="central" fill="${style.color}" ${font}${faint}>${xml(text.trim())}</text>`,
  );
}

/** Words stand in lines where the page broke them. */
function writeLines(node: Text, style: CSSStyleDeclaration, clip: Clip, faint: string, page: Page): void {
  const text = node.data;
  if (text.trim() === "") return;
  const range = document.createRange();
  let [start, line]: [number, DOMRect | undefined] = [0, undefined];
  const flush = (end: number): void => {
    if (line !== undefined && line.bottom > clip.top && line.top < clip.bottom && line.left < clip.right && line.right > clip.left)
      write(text.slice(start, end), line.left, line.top + line.height / 2, style, faint, page);
  };
  for (let i = 0; i < text.length; i++) {
    range.setStart(node, i);
    range.setEnd(node, i + 1);
    const box = range.getBoundingClientRect();
    if (box.width === 0) continue;
    if (line === undefined || box.top > line.bottom - 2) {
      flush(i);
      [start, line] = [i, box];
    }
  }
  flush(text.length);
}

/** The picture as PNG, twice as fine as it stands on the screen. */
export async function pngOf(svg: string, scale = 2): Promise<Uint8Array> {
  const canvas = await svgOnCanvas(svg, { scale });
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob === null) throw new Error("this browser could not make a PNG of the view");
  return new Uint8Array(await blob.arrayBuffer());
}
