// Folds the built page into one HTML file: scripts and styles into the page, workers into their own texts. Opened from disk a page may
// not load any other file.
import type { Plugin } from "vite";

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
        for (const file of Object.values(bundle)) {
          if (file.type === "chunk") {
            const tag = new RegExp(`<script[^>]*src="[^"]*${escaped(file.fileName)}"[^>]*></script>`);
            const code = file.code.replaceAll("</script", "<\\/script");
            html = html.replace(tag, "").replace("</body>", () => `<script type="module">${code}</script></body>`);
            delete bundle[file.fileName];
          } else if (file.fileName.endsWith(".css")) {
            const tag = new RegExp(`<link[^>]*href="[^"]*${escaped(file.fileName)}"[^>]*>`);
            html = html.replace(tag, () => `<style>${String(file.source)}</style>`);
            delete bundle[file.fileName];
          }
        }
        page.source = html;
        page.fileName = "fovea-lab.html";
      },
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
