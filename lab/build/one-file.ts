// Folds the built page into one HTML file: scripts and styles into the page, workers into their own texts. Opened from disk a page may
// not load any other file.
import { createHash } from "node:crypto";
import type { Plugin } from "vite";

/**
 * What the served page is told by its headers, for a page that has none: nothing from elsewhere, no scripts but the ones that are in it. The
 * worker comes out of a blob; a page from disk has no origin of its own to name.
 */
function policyOf(scripts: readonly string[], styles: readonly string[]): string {
  const hashes = (texts: readonly string[]): string =>
    texts.map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`).join(" ");
  return [
    "default-src 'none'",
    `script-src ${hashes(scripts)} 'wasm-unsafe-eval'`,
    `style-src ${hashes(styles)}`,
    "style-src-attr 'unsafe-inline'",
    "img-src data: blob:",
    "media-src blob: mediastream:",
    "worker-src blob:",
    "connect-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

export function oneFile(): Plugin {
  return {
    name: "fovea-one-file",
    enforce: "post",
    config: () => ({ build: { cssCodeSplit: false, rollupOptions: { output: { codeSplitting: false } } } }),
    // After Vite has put its last words into the scripts.
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const page = Object.values(bundle).find((file) => file.fileName.endsWith(".html"));
        if (page?.type !== "asset") return;
        let html = String(page.source);
        const [scripts, styles]: string[][] = [[], []];
        for (const file of Object.values(bundle)) {
          if (file.type === "chunk") {
            const tag = new RegExp(`<script[^>]*src="[^"]*${escaped(file.fileName)}"[^>]*></script>`);
            const code = file.code.replaceAll("</script", "<\\/script");
            html = html.replace(tag, "").replace("</body>", () => `<script type="module">${code}</script></body>`);
            scripts.push(code);
            delete bundle[file.fileName];
          } else if (file.fileName.endsWith(".css")) {
            const tag = new RegExp(`<link[^>]*href="[^"]*${escaped(file.fileName)}"[^>]*>`);
            const style = String(file.source);
            html = html.replace(tag, () => `<style>${style}</style>`);
            styles.push(style);
            delete bundle[file.fileName];
          }
        }
        const policy = `<meta http-equiv="Content-Security-Policy" content="${policyOf(scripts, styles)}" />`;
        page.source = html.replace('<meta charset="utf-8" />', (first) => `${first}\n    ${policy}`);
        page.fileName = "fovea-lab.html";
      },
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
