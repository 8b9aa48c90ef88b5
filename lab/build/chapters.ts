// Turns docs/*.md into modules of the page, each with its HTML in parts: no Markdown is read in the browser. Small pictures lie in the modules,
// so that chapters that have been loaded can be read without a server; large ones are files.
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { chapterNames } from "../src/rooms/reading/names.ts";
import { anchorsOf, chapterOf } from "./chapter.ts";

const docs = fileURLToPath(new URL("../../docs", import.meta.url));
/** Photographs and screenshots of more bytes than this are files of their own, and not in the one-file build. */
const mostInline = 60_000;

export function chapters({ single }: { readonly single: boolean }): Plugin {
  return {
    name: "fovea-chapters",
    enforce: "pre",
    transform(markdown, id) {
      const file = id.split("?")[0];
      if (!file.endsWith(".md") || !file.startsWith(docs)) return undefined;
      const translated = dirname(file) === join(docs, "zh");
      const english = resolve(docs, basename(file));
      if (translated) this.addWatchFile(english);
      const pictures: string[] = [];
      const chapter = chapterOf(markdown, {
        chapters: chapterNames,
        leftOut: translated ? "此图不在单文件版中" : "this picture is not in the one-file build",
        ...(translated && { anchors: anchorsOf(readFileSync(english, "utf8")) }),
        picture: (path) => {
          const picture = resolve(docs, path);
          if (!picture.startsWith(docs) || !existsSync(picture)) this.error(`${file}: there is no picture ${path}`);
          if (single && isLarge(picture)) return undefined;
          if (!pictures.includes(picture)) pictures.push(picture);
          return { src: marker(pictures.indexOf(picture)), ...sizeOf(picture) };
        },
      });
      const imports = pictures
        .map((picture, i) => `import picture${i} from ${JSON.stringify(`${picture}?${isLarge(picture) ? "url" : "inline"}`)};\n`)
        .join("");
      const code = JSON.stringify(chapter).replace(/@picture(\d+)@/g, '" + picture$1 + "');
      return { code: `${imports}export const chapter = ${code};\n`, map: null };
    },
  };
}

const isLarge = (picture: string): boolean => !picture.endsWith(".svg") && statSync(picture).size > mostInline;
const marker = (i: number): string => `@picture${i}@`;

/** So that the text does not jump when a picture arrives. */
function sizeOf(picture: string): { readonly width: number; readonly height: number } {
  const bytes = readFileSync(picture);
  if (picture.endsWith(".png")) return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  if (picture.endsWith(".gif")) return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  const [, width, height] = /viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"/.exec(bytes.toString("utf8", 0, 2000)) ?? [];
  return { width: Math.round(Number(width)), height: Math.round(Number(height)) };
}
