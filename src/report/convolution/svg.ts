// A drawing as SVG text, still or moving. Movement is a CSS animation that only readers who have not asked for rest get to see; everybody
// else - and every program that does not animate - sees one complete frame.
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { hashLabel } from "../../tensor/random.ts";
import { html, Markup } from "../html.ts";
import { type Drawing, type Mark, seenIn, seenStill } from "./drawing.ts";
import { looks, type Role } from "./palette.ts";

export interface SvgOptions {
  /** Which frame a still picture shows, from 0 (default: the drawing's own choice). */
  readonly frame?: number;
  /** A still picture as the moving one is at that frame, without what later frames add (default false). */
  readonly moment?: boolean;
  /** Let the frames follow each other (default false). */
  readonly animate?: boolean;
  /** Seconds per frame (default 1). Less than 0.4 is refused: nothing may flash more than three times per second. */
  readonly seconds?: number;
  /** "standalone": fixed light colours on paper. "inline": colours from CSS variables that follow the page's light or dark (default "standalone"). */
  readonly theme?: "standalone" | "inline";
}

/** Extra time on the last frame, so that the finished output can be read. */
const restSeconds = 1.5;

/** The drawing as one `svg` element with a title and a description. The same drawing gives the same text. */
export function drawSvg(drawing: Drawing, options: SvgOptions = {}): string {
  checkOptions("drawSvg", options, ["frame", "moment", "animate", "seconds", "theme"]);
  const { animate = false, moment = false, seconds = 1, theme = "standalone" } = options;
  const frame = options.frame ?? drawing.still ?? 0;
  if (!Number.isInteger(frame) || frame < 0 || frame >= drawing.frames)
    throw new ArgumentError(`drawSvg: frame is ${frame}; the picture has frames 0 to ${drawing.frames - 1}`);
  if (!(seconds >= 0.4)) throw new ArgumentError(`drawSvg: ${seconds} seconds per frame; expected at least 0.4, so that nothing flashes`);
  const { width, height, title, description } = drawing;
  const moving = animate && drawing.frames > 1;
  const shown = moving ? drawing.marks : drawing.marks.filter((m) => (moment ? seenIn(m, frame) : seenStill(m, frame)));
  const id = `d${(hashLabel(`${title}|${description}|${drawing.marks.length}|${frame}|${moving}|${seconds}`) >>> 0).toString(36)}`;
  const roles = [...new Set<Role>([...(theme === "standalone" ? (["paper"] as const) : []), ...shown.map((m) => m.role)])];
  const groups = moving ? groupByTime(shown) : [{ during: undefined, marks: shown }];
  const style = [roleRules(roles, theme), moving ? timeRules(id, drawing.frames, groups, seconds) : ""].filter((s) => s !== "").join("\n");
  return html`<svg xmlns="http://www.w3.org/2000/svg" id="${id}" class="fovea-drawing" viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title>
<desc id="${id}-d">${description}</desc>
<style>
${new Markup(style)}
</style>
${
  theme === "standalone" &&
  html`<rect class="paper" width="${round(width)}" height="${round(height)}"/>
`
}${groups.map((group) => drawGroup(group, frame))}</svg>
`.text;
}

interface Group {
  readonly during: readonly [number, number] | undefined;
  readonly marks: readonly Mark[];
}

/** Neighbours that are seen at the same time share a group; the order of marks, and so what covers what, stays. */
function groupByTime(marks: readonly Mark[]): Group[] {
  const groups: { during: readonly [number, number] | undefined; marks: Mark[] }[] = [];
  for (const mark of marks) {
    const last = groups.at(-1);
    if (last !== undefined && timeName(last.during) === timeName(mark.during) && lastingOf(last.marks[0]) === lastingOf(mark))
      last.marks.push(mark);
    else groups.push({ during: mark.during, marks: [mark] });
  }
  return groups;
}

const timeName = (during: Group["during"]): string => (during === undefined ? "" : `t${during[0]}-${during[1]}`);
const lastingOf = (mark: Mark): boolean => mark.lasting === true;

function drawGroup({ during, marks }: Group, frame: number): Markup {
  const body = html`${marks.map(
    (mark) => html`${drawMark(mark)}
`,
  )}`;
  if (during === undefined || marks.every((m) => m.during === undefined)) return body;
  const hidden = !seenStill(marks[0], frame);
  return html`<g class="${timeName(during)}"${hidden && new Markup(' visibility="hidden"')}>
${body}</g>
`;
}

function drawMark(mark: Mark): Markup {
  switch (mark.shape) {
    case "rect":
      return html`<rect class="${mark.role}" x="${round(mark.x)}" y="${round(mark.y)}" width="${round(mark.width)}" height="${round(mark.height)}"${
        mark.radius !== undefined && html` rx="${round(mark.radius)}"`
      }${colour("fill", mark.fill)}/>`;
    case "line":
      return html`<path class="${mark.role}" d="M${round(mark.from[0])} ${round(mark.from[1])}L${round(mark.to[0])} ${round(mark.to[1])}"${colour("stroke", mark.stroke)}/>`;
    case "dot":
      return html`<circle class="${mark.role}" cx="${round(mark.x)}" cy="${round(mark.y)}" r="${round(mark.radius)}"${colour("fill", mark.fill)}/>`;
    case "words":
      return html`<text class="${mark.role}" x="${round(mark.x)}" y="${round(mark.y)}" font-size="${round(mark.size)}"${
        mark.anchor !== undefined && mark.anchor !== "start" && html` text-anchor="${mark.anchor}"`
      }${mark.bold === true && new Markup(' font-weight="700"')}${colour("fill", mark.fill)}>${mark.text}</text>`;
  }
}

/** A style attribute, because a class's colour would win over a presentation attribute. */
const colour = (property: "fill" | "stroke", value: string | undefined): Markup | false =>
  value !== undefined && html` style="${property}:${value}"`;

const round = (v: number): number => Math.round(v * 100) / 100;

const fonts = 'ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace';

/** Looks by role. Inline, `--fovea-<role>-fill` and `-stroke` may be set by the page; `:where` lets any rule of its win. */
function roleRules(roles: readonly Role[], theme: "standalone" | "inline"): string {
  const text = `.fovea-drawing{font-family:${fonts};max-width:100%;height:auto}.fovea-drawing text{dominant-baseline:central;white-space:pre}`;
  const variables: [string[], string[]] = [[], []];
  const rules = roles.map((role) => {
    const { fill, stroke, width, dash, opacity } = looks[role];
    const value = (name: "fill" | "stroke", pair: readonly [string, string] | undefined): string => {
      if (pair === undefined) return "none";
      if (theme === "standalone") return pair[0];
      for (const side of [0, 1] as const) variables[side].push(`--fovea-${role}-${name}:${pair[side]}`);
      return `var(--fovea-${role}-${name})`;
    };
    const parts = [`fill:${value("fill", fill)}`];
    if (stroke !== undefined) parts.push(`stroke:${value("stroke", stroke)}`, `stroke-width:${width ?? 1}`);
    if (dash !== undefined) parts.push(`stroke-dasharray:${dash.join(" ")}`);
    if (opacity !== undefined) parts.push(`opacity:${opacity}`);
    return `.fovea-drawing .${role}{${parts.join(";")}}`;
  });
  const declared =
    theme === "standalone"
      ? []
      : [
          `:where(.fovea-drawing){${variables[0].join(";")}}`,
          `@media (prefers-color-scheme:dark){:where(.fovea-drawing){${variables[1].join(";")}}}`,
        ];
  return [text, ...declared, ...rules].join("\n");
}

/** One animation per span of frames, for those who do not mind movement; it waits while the pointer rests on the picture. */
function timeRules(id: string, frames: number, groups: readonly Group[], seconds: number): string {
  const total = frames * seconds + restSeconds;
  const percent = (frame: number): string => `${round((100 * frame * seconds) / total)}%`;
  const spans = new Map(groups.flatMap((g) => (g.during === undefined ? [] : [[timeName(g.during), g.during] as const])));
  const shows = [...spans].map(([name, [first, last]]) => {
    const steps = [
      first > 0 ? "0%{visibility:hidden}" : "",
      `${percent(first)}{visibility:visible}`,
      last < frames - 1 ? `${percent(last + 1)}{visibility:hidden}` : "",
    ];
    return `@keyframes ${id}${name}{${steps.join("")}}#${id} .${name}{animation:${id}${name} ${round(total)}s step-end infinite}`;
  });
  return `@media (prefers-reduced-motion:no-preference){\n${shows.join("\n")}\n#${id}:hover *{animation-play-state:paused}\n}`;
}

/** The marks of one frame, as a moving picture shows it. */
export function marksOf(drawing: Drawing, frame: number): Mark[] {
  return drawing.marks.filter((mark) => seenIn(mark, frame));
}
