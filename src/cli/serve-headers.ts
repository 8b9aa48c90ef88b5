// What the server says beside the files: types, and the rules that the browser enforces on the page.

/** Features that no room uses. The camera is for pictures of one's own; whatever is not listed keeps its default, which is the page alone. */
const featuresOff = [
  ...["accelerometer", "display-capture", "encrypted-media", "geolocation", "gyroscope", "hid", "idle-detection"],
  ...["local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get"],
  ...["screen-wake-lock", "serial", "usb", "xr-spatial-tracking"],
] as const;

/**
 * Nothing from elsewhere, nothing evaluated but WebAssembly. Workers are started from blobs (`startWorker`), pictures come from files, drawings
 * and the camera, and SVG that the reports draw has style attributes.
 */
const contentSecurity = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob: mediastream:",
  "worker-src 'self' blob:",
  "connect-src 'self' blob: data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** On every answer. The three cross-origin policies together make the page isolated, so that it may share memory between threads. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Content-Security-Policy": contentSecurity,
  "Permissions-Policy": ["camera=(self)", ...featuresOff.map((feature) => `${feature}=()`)].join(", "),
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

interface MediaType {
  readonly type: string;
  /** Text, or numbers with structure: worth compressing. */
  readonly compressible: boolean;
}

const text = (type: string): MediaType => ({ type: `${type}; charset=utf-8`, compressible: true });
const packed = (type: string): MediaType => ({ type, compressible: false });

const mediaTypes: Readonly<Record<string, MediaType>> = {
  html: text("text/html"),
  js: text("text/javascript"),
  mjs: text("text/javascript"),
  css: text("text/css"),
  json: text("application/json"),
  map: text("application/json"),
  webmanifest: text("application/manifest+json"),
  svg: text("image/svg+xml"),
  txt: text("text/plain"),
  md: text("text/markdown"),
  csv: text("text/csv"),
  wasm: { type: "application/wasm", compressible: true },
  onnx: packed("application/octet-stream"),
  safetensors: packed("application/octet-stream"),
  png: packed("image/png"),
  jpg: packed("image/jpeg"),
  jpeg: packed("image/jpeg"),
  gif: packed("image/gif"),
  webp: packed("image/webp"),
  avif: packed("image/avif"),
  ico: packed("image/x-icon"),
  woff2: packed("font/woff2"),
  gz: packed("application/gzip"),
};

/** By the ending of the name; what is unknown is bytes. */
export function mediaTypeOf(path: string): MediaType {
  const ending = /\.([^./\\]+)$/.exec(path)?.[1].toLowerCase() ?? "";
  return Object.hasOwn(mediaTypes, ending) ? mediaTypes[ending] : packed("application/octet-stream");
}

/**
 * The build writes a hash of its contents into the name of every file in assets/: such a file never changes, and a page that has it works
 * offline. Data sets keep their names and their contents; a day is long enough for whoever goes offline.
 */
export function cacheControlOf(path: string): string {
  if (/[/\\]assets[/\\][^/\\]*-[\w-]{8}\.\w+$/.test(path)) return "public, max-age=31536000, immutable";
  return /[/\\]data[/\\][\w-]+\.idxz$/.test(path) ? "public, max-age=86400" : "no-cache";
}

/** Whether a client that sent this `Accept-Encoding` takes gzip. RFC 9110, section 12.5.3: q=0 refuses, * stands for all not named. */
export function acceptsGzip(header: string | undefined): boolean {
  const weights = new Map(
    (header ?? "").split(",").map((part): [string, number] => {
      const [coding, ...parameters] = part.split(";").map((s) => s.trim().toLowerCase());
      const weight = parameters.find((p) => p.startsWith("q="));
      return [coding, weight === undefined ? 1 : Number(weight.slice(2)) || 0];
    }),
  );
  return (weights.get("gzip") ?? weights.get("*") ?? 0) > 0;
}

/** Whether `If-None-Match` names this tag. Weak comparison, RFC 9110, section 13.1.2. */
export function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const candidates = header.split(",").map((candidate) => candidate.trim().replace(/^W\//, ""));
  return candidates.includes("*") || candidates.includes(tag);
}
