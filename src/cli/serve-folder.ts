// A web server for one folder, on this machine only. A page of any other site can send requests to a port of loopback, and what can be sent to
// it is anything: so the host's name is checked, no path leaves the folder, and nothing that is sent can hold the server up.
import { type BigIntStats, createReadStream } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { join, sep } from "node:path";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { ArgumentError, FileError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { acceptsGzip, cacheControlOf, matchesTag, mediaTypeOf, securityHeaders } from "./serve-headers.ts";

export interface ServeFolderOptions {
  /** Port to listen on, 0 for any free one (default 4280). One that is in use is passed over for the next, up to 20 times. */
  readonly port?: number;
  /** Milliseconds within which a request must have come whole (default 10,000). */
  readonly requestTimeout?: number;
  /** Milliseconds after which a connection on which nothing moves is closed (default 30,000). */
  readonly idleTimeout?: number;
}

export interface FolderServer {
  /** `http://127.0.0.1:4280/`. */
  readonly url: string;
  readonly port: number;
  /** Ends all connections; resolves when the port is free again. */
  close(): Promise<void>;
}

const address = "127.0.0.1";
const portsTried = 20;
/** Files do not have longer paths; the state of the page stands behind the path, where only the size of the headers limits it. */
const longestPath = 1024;
const longestHeaders = 65_536;
const mostConnections = 256;

/** What may be compressed and kept in memory: bytes of one file, and of all together. */
const compressed = { least: 1024, most: 8 * 2 ** 20, total: 64 * 2 ** 20 } as const;

/** Refuses the request with this status and sentence. */
class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Serves the files of `folder` at http://127.0.0.1, isolated from other origins, with `index.html` for a folder. Throws `FileError` when there is
 * no such folder or no port, and `ArgumentError` for impossible options.
 */
export async function serveFolder(folder: string, options: ServeFolderOptions = {}): Promise<FolderServer> {
  checkOptions("serveFolder", options, ["port", "requestTimeout", "idleTimeout"]);
  const { port: wanted = 4280, requestTimeout = 10_000, idleTimeout = 30_000 } = options;
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535)
    throw new ArgumentError(`serveFolder: port is ${wanted}; expected an integer from 0 to 65535`);
  for (const [name, milliseconds] of Object.entries({ requestTimeout, idleTimeout })) {
    if (!(milliseconds > 0)) throw new ArgumentError(`serveFolder: ${name} is ${milliseconds}; expected milliseconds > 0`);
  }
  const root = await realpath(folder).catch((cause: unknown) => {
    throw new FileError(`cannot serve ${folder}: there is no such folder`, { cause });
  });
  if (!(await stat(root)).isDirectory()) throw new FileError(`cannot serve ${folder}: it is a file, not a folder`);

  const files = gzipCache();
  const server = createServer(
    {
      requestTimeout,
      headersTimeout: requestTimeout,
      connectionsCheckingInterval: Math.min(1000, requestTimeout),
      maxHeaderSize: longestHeaders,
      // checkRequest says it in words.
      requireHostHeader: false,
    },
    (request, response) => void answer(request, response, root, files),
  );
  server.maxConnections = mostConnections;
  server.setTimeout(idleTimeout);
  server.on("clientError", refuseUnparsed);
  const port = await listen(server, wanted);
  return {
    url: `http://${address}:${port}/`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, wanted: number): Promise<number> {
  const last = wanted === 0 ? 0 : Math.min(wanted + portsTried, 65_535);
  for (let port = wanted; ; port++) {
    try {
      return await new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host: address, port, exclusive: true }, () => {
          server.off("error", reject);
          const bound = server.address();
          resolve(typeof bound === "object" && bound !== null ? bound.port : port);
        });
      });
    } catch (cause) {
      const { code, message } = cause as { code?: string; message: string };
      if (code === "EADDRINUSE" && port < last) continue;
      const range = last > wanted ? `ports ${wanted} to ${last} are all in use` : `port ${wanted} is in use`;
      const reason =
        code === "EADDRINUSE" ? range : code === "EACCES" ? `port ${port} is for administrators; take one above 1023` : message;
      throw new FileError(`cannot serve at ${address}: ${reason}; --port 0 takes any free port`, { cause });
    }
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, root: string, files: GzipCache): Promise<void> {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  response.setHeader("Cache-Control", "no-cache");
  try {
    checkRequest(request);
    await sendFile(request, response, root, files);
  } catch (error) {
    // Half an answer cannot be taken back: the client sees that it is cut off.
    if (response.headersSent) response.destroy();
    else refuse(request, response, error instanceof Refusal ? error : new Refusal(500, "The file could not be read."));
  }
}

/** What has to hold before anybody looks at a path. */
function checkRequest(request: IncomingMessage): void {
  const port = request.socket.localPort;
  const hosts = request.rawHeaders.filter((_, i) => i % 2 === 0 && request.rawHeaders[i].toLowerCase() === "host");
  const names = ["localhost", "127.0.0.1", "[::1]"].flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
  // A site may let its own name resolve to 127.0.0.1 and then read whatever answers there as if it were its own. It cannot change this header.
  if (hosts.length !== 1 || !names.includes(request.headers.host?.toLowerCase() ?? ""))
    throw new Refusal(421, `This server answers at http://${address}:${port}/ and http://localhost:${port}/ only.`);
  if (request.method !== "GET" && request.method !== "HEAD")
    throw new Refusal(405, "This server only gives files: GET and HEAD.", { Allow: "GET, HEAD" });
  if (request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0)
    throw new Refusal(413, "This server only gives files: it takes none.");
}

async function sendFile(request: IncomingMessage, response: ServerResponse, root: string, files: GzipCache): Promise<void> {
  const file = await findFile(request.url ?? "", root);
  const { type, compressible } = mediaTypeOf(file.path);
  response.setHeader("Cache-Control", cacheControlOf(file.path));
  response.setHeader("Content-Type", type);
  const { size, mtimeNs } = file.status;
  let tag = `${size.toString(36)}-${mtimeNs.toString(36)}`;
  let packed: Buffer | undefined;
  if (compressible && size >= compressed.least && size <= compressed.most) {
    response.setHeader("Vary", "Accept-Encoding");
    if (acceptsGzip(request.headers["accept-encoding"]?.toString())) {
      packed = await files(file.path, tag);
      tag += "-gzip";
    }
  }
  response.setHeader("ETag", `"${tag}"`);
  if (matchesTag(request.headers["if-none-match"], `"${tag}"`)) {
    response.writeHead(304).end();
    return;
  }
  if (packed !== undefined) response.setHeader("Content-Encoding", "gzip");
  response.setHeader("Content-Length", packed?.length ?? Number(size));
  response.writeHead(200);
  if (request.method === "HEAD" || size === 0n) response.end();
  else if (packed !== undefined) response.end(packed);
  else await stream(file.path, Number(size), response);
}

/** Sends as many bytes as were announced. A build that runs meanwhile may have cut the file short; then the answer must not look whole. */
async function stream(path: string, size: number, response: ServerResponse): Promise<void> {
  const bytes = createReadStream(path, { end: size - 1 });
  await pipeline(bytes, response, { end: false });
  if (bytes.bytesRead < size) response.destroy();
  else response.end();
}

interface FoundFile {
  /** Without links, inside the folder. */
  readonly path: string;
  readonly status: BigIntStats;
}

const absent = (): Refusal => new Refusal(404, "There is no such file here.");
const outside = (): Refusal => new Refusal(403, "This path leaves the folder that is served.");

/** The file that a request's target names. */
async function findFile(target: string, root: string): Promise<FoundFile> {
  const [path] = target.split(/[?#]/, 1);
  if (!path.startsWith("/")) throw new Refusal(400, "The address is not a path.");
  if (path.length > longestPath) throw new Refusal(414, `The path has ${path.length} characters; at most ${longestPath} are taken.`);
  const parts = path.slice(1).split("/").map(decodePart);
  const wantsFolder = parts.at(-1) === "";
  const names = wantsFolder ? parts.slice(0, -1) : parts;
  // "//" would be somebody else's name in a redirection; names with a dot are not for showing.
  if (names.some((name) => name === "" || name.startsWith("."))) throw absent();
  const found = await resolveInside(join(root, ...names), root);
  if (found.status.isFile() && !wantsFolder) return found;
  if (!found.status.isDirectory()) throw absent();
  const index = await resolveInside(join(found.path, "index.html"), root);
  if (!index.status.isFile()) throw absent();
  if (!wantsFolder) throw new Refusal(301, "This is a folder.", { Location: `${path}/${target.slice(path.length)}` });
  return index;
}

function decodePart(part: string): string {
  let name: string;
  try {
    name = decodeURIComponent(part);
  } catch {
    throw new Refusal(400, "The path is not valid: % must stand before two digits that make up UTF-8.");
  }
  if (name === "." || name === "..") throw outside();
  // Backslashes and colons separate on Windows, whatever they are here.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses.
  if (/[/\\:\u0000-\u001f\u007f]/.test(name)) throw new Refusal(400, "A name in the path has a character that no file here has.");
  return name;
}

async function resolveInside(path: string, root: string): Promise<FoundFile> {
  const real = await realpath(path).catch(() => {
    throw absent();
  });
  if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) throw outside();
  const status = await stat(real, { bigint: true }).catch(() => {
    throw absent();
  });
  return { path: real, status };
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, message, headers }: Refusal): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const page = Buffer.from(refusalPage(status, message));
  for (const name of ["ETag", "Vary"]) response.removeHeader(name);
  response.setHeader("Cache-Control", "no-cache");
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setHeader("Content-Length", page.length);
  // Whatever else such a client sends is not waited for. Those that follow an old link are no such clients.
  if (status !== 404 && status !== 301) response.setHeader("Connection", "close");
  response.writeHead(status);
  response.end(request.method === "HEAD" ? undefined : page);
}

/** Nothing of the request is repeated in it. */
function refusalPage(status: number, message: string): string {
  const title = `${status} ${STATUS_CODES[status]}`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1><p>${message}</p><p><a href="/">To the start page</a></p></html>\n`;
}

/** What node:http could not read as a request, or did not get in time. */
function refuseUnparsed(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const statuses: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
  const status = statuses[error.code ?? ""] ?? 400;
  const headers = Object.entries({ ...securityHeaders, "Content-Length": "0", Connection: "close" });
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
}

/** The compressed bytes of a file whose tag is this. */
type GzipCache = (path: string, tag: string) => Promise<Buffer>;

function gzipCache(): GzipCache {
  const kept = new Map<string, { readonly tag: string; readonly bytes: Promise<Buffer> }>();
  let total = 0;
  return async (path, tag) => {
    const found = kept.get(path);
    if (found?.tag === tag) return found.bytes;
    const bytes = readFile(path).then((data) => promisify(gzip)(data));
    // Kept as a promise, so that two requests at once compress once.
    kept.set(path, { tag, bytes });
    try {
      total += (await bytes).length;
    } catch (error) {
      kept.delete(path);
      throw error;
    }
    if (total > compressed.total) {
      kept.clear();
      total = 0;
    }
    return bytes;
  };
}
