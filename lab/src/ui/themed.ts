// Pictures in SVG ask the system for light or dark; a reader who has chosen a theme here asked the page. Pictures follow the page.

/** The SVG as it looks in this theme whatever the system says; "auto" leaves the choice to the system. */
export function inTheme(svg: string, theme: "auto" | "light" | "dark"): string {
  if (theme === "auto") return svg;
  return svg.replace(/@media\s*\(prefers-color-scheme:\s*(light|dark)\)/g, (_, asked) =>
    asked === theme ? "@media all" : "@media not all",
  );
}

const start = "data:image/svg+xml";

/** The same for a picture that lies in its address; any other address comes back as it is. */
export function addressInTheme(address: string, theme: "auto" | "light" | "dark"): string {
  if (theme === "auto" || !address.startsWith(start)) return address;
  const comma = address.indexOf(",");
  const body = address.slice(comma + 1);
  const svg = address.slice(0, comma).endsWith(";base64")
    ? new TextDecoder().decode(Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0)))
    : decodeURIComponent(body);
  return addressOf(inTheme(svg, theme));
}

/** An SVG as the address of a picture. */
export function addressOf(svg: string): string {
  return `${start},${encodeURIComponent(svg)}`;
}
