// fovea lab as a browser, and as somebody who means harm, meets it. Hostile requests are written byte by byte, since clients tidy them up.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addLabCommand } from "../../src/cli/lab.ts";
import { type FolderServer, serveFolder } from "../../src/cli/serve-folder.ts";
import { run } from "./in-process.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const secret = "a secret beside the folder";
const script = `export const numbers = [${Array.from({ length: 400 }, (_, i) => i).join(", ")}];\n`;
/** The smallest module: magic number and version. */
const wasm = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

let outer = "";
let folder = "";
let server: FolderServer;

beforeAll(async () => {
  outer = await mkdtemp(join(tmpdir(), "fovea-lab-"));
  folder = join(outer, "site");
  await mkdir(join(folder, "docs"), { recursive: true });
  await mkdir(join(folder, "bare"));
  await mkdir(join(outer, "site-beside"));
  const files: Readonly<Record<string, string | Uint8Array>> = {
    "site/index.html": "<!doctype html><title>the lab</title>",
    "site/app.js": script,
    "site/short.js": "export {};",
    "site/kernel.wasm": wasm,
    "site/empty.json": "",
    "site/net.safetensors": new Uint8Array(3000),
    "site/docs/index.html": "<!doctype html><title>a folder</title>",
    "site/卷积.json": "[1]",
    "site/.hidden": secret,
    "site/.git.txt": secret,
    "secret.txt": secret,
    "site-beside/index.html": secret,
  };
  for (const [name, contents] of Object.entries(files)) await writeFile(join(outer, name), contents);
  await symlink(join(outer, "secret.txt"), join(folder, "link.txt"));
  await symlink(join(outer, "site-beside"), join(folder, "beside"));
  await symlink(join(folder, "app.js"), join(folder, "inside.js"));
  await symlink(join(folder, "nowhere"), join(folder, "dangling.js"));
  await symlink(join(folder, "circle"), join(folder, "circle"));
  server = await serveFolder(folder, { port: 0 });
});
afterAll(async () => {
  await server.close();
  await rm(outer, { recursive: true, force: true });
});

/** Sends bytes as they are and reads until the server closes. */
function exchange(port: number, bytes: string | Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(chunks)));
    // A server that has answered and closed resets what still comes.
    socket.on("error", (error) => (chunks.length > 0 ? resolve(Buffer.concat(chunks)) : reject(error)));
    socket.write(bytes);
  });
}

function parse(bytes: Buffer): Answer {
  const end = bytes.indexOf("\r\n\r\n");
  const [first, ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]);
  return { status: Number(first.split(" ")[1]), headers: Object.fromEntries(headers), body: bytes.subarray(end + 4) };
}

/** One request with a target exactly as written. */
async function ask(target: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer> {
  const all = { Host: `127.0.0.1:${server.port}`, Connection: "close", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return parse(await exchange(server.port, `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`));
}

describe("serving", () => {
  test("L46 issue 7 server: the page is isolated, and may load nothing from elsewhere", async () => {
    const { status, headers, body } = await ask("/");
    expect(status).toBe(200);
    expect(body.toString()).toContain("the lab");
    expect(headers).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "content-type": "text/html; charset=utf-8",
    });
    const policy = new Map(headers["content-security-policy"].split("; ").map((rule) => [rule.split(" ")[0], rule]));
    expect(policy.get("default-src")).toBe("default-src 'none'");
    expect(policy.get("script-src")).toBe("script-src 'self' 'wasm-unsafe-eval'");
    expect(policy.get("style-src")).toBe("style-src 'self'");
    for (const closed of ["base-uri", "form-action", "frame-ancestors"]) expect(policy.get(closed)).toBe(`${closed} 'none'`);
    expect(headers["content-security-policy"]).not.toMatch(/https?:|\*|'unsafe-eval'/);
    expect(headers["permissions-policy"]).toMatch(/^camera=\(self\), /);
    expect(headers["permissions-policy"]).toContain("microphone=()");
  });

  test.each([
    ["/app.js", "text/javascript; charset=utf-8"],
    ["/kernel.wasm", "application/wasm"],
    ["/net.safetensors", "application/octet-stream"],
    ["/%E5%8D%B7%E7%A7%AF.json", "application/json; charset=utf-8"],
    ["/inside.js", "text/javascript; charset=utf-8"],
    ["/docs/", "text/html; charset=utf-8"],
    ["/?v=1&lang=zh", "text/html; charset=utf-8"],
  ])("L46 issue 7 server: %s is %s", async (target, type) => {
    const { status, headers } = await ask(target);
    expect([status, headers["content-type"]]).toEqual([200, type]);
  });

  test("issue 7 server: text is compressed for those who take it, in the same bytes for the rest", async () => {
    const plain = await ask("/app.js");
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.body.toString()).toBe(script);
    for (const accepted of ["gzip, deflate, br, zstd", "*", "br, gzip;q=0.5"]) {
      const packed = await ask("/app.js", { "Accept-Encoding": accepted });
      expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
      expect(Number(packed.headers["content-length"])).toBe(packed.body.length);
      expect(packed.body.length).toBeLessThan(script.length);
      expect(gunzipSync(packed.body).toString()).toBe(script);
      expect(packed.headers.etag).not.toBe(plain.headers.etag);
    }
    for (const refused of ["br", "gzip;q=0", "gzip;q=0, *"])
      expect((await ask("/app.js", { "Accept-Encoding": refused })).body.toString()).toBe(script);
    for (const target of ["/short.js", "/net.safetensors"])
      expect((await ask(target, { "Accept-Encoding": "gzip" })).headers["content-encoding"]).toBeUndefined();
  });

  test("issue 7 server: what did not change is not sent again, and what did is", async () => {
    const path = join(folder, "changing.js");
    await writeFile(path, `${script}// first`);
    await utimes(path, 1000, 1000);
    const gzip = { "Accept-Encoding": "gzip" };
    const first = await ask("/changing.js", gzip);
    for (const tag of [first.headers.etag, `"other", W/${first.headers.etag}`, "*"]) {
      const again = await ask("/changing.js", { ...gzip, "If-None-Match": tag });
      expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, first.headers.etag]);
      expect(again.headers["cross-origin-embedder-policy"]).toBe("require-corp");
    }
    await writeFile(path, `${script}// other`);
    await utimes(path, 1001, 1001);
    const changed = await ask("/changing.js", { ...gzip, "If-None-Match": first.headers.etag });
    expect(changed.status).toBe(200);
    expect(gunzipSync(changed.body).toString()).toBe(`${script}// other`);
  });

  test.each(["/", "/app.js", "/empty.json", "/missing"])("issue 7 server: HEAD %s says what GET says, without the body", async (target) => {
    const [got, head] = [await ask(target), await ask(target, {}, "HEAD")];
    const { date: _1, ...expected } = got.headers;
    const { date: _2, ...headers } = head.headers;
    expect([head.status, headers, head.body.length]).toEqual([got.status, expected, 0]);
    expect(Number(headers["content-length"])).toBe(got.body.length);
  });

  test("issue 7 server: a folder without its slash leads to the one with it, and keeps what stands behind", async () => {
    const { status, headers } = await ask("/docs?lang=zh");
    expect([status, headers.location]).toEqual([301, "/docs/?lang=zh"]);
    expect((await ask("//docs")).status).toBe(404);
    expect((await ask("/bare")).status).toBe(404);
  });

  test("issue 7 server: what is not there is a short page that repeats nothing", async () => {
    const { status, headers, body } = await ask("/%3Cscript%3Ealert(1)%3C/script%3E");
    expect([status, headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
    expect(body.toString()).toContain("no such file");
    expect(body.toString()).not.toContain("alert");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
  });
});

describe("hostile requests", () => {
  const targets: readonly (readonly [target: string, status: number])[] = [
    ["/../secret.txt", 403],
    ["/%2e%2e/secret.txt", 403],
    ["/%2E./secret.txt", 403],
    ["/docs/../../secret.txt", 403],
    ["/docs/%2e%2e/%2e%2e/secret.txt", 403],
    ["/..%2fsecret.txt", 400],
    ["/..%5csecret.txt", 400],
    ["/..\\secret.txt", 400],
    ["/%2e%2e%2fsecret.txt", 400],
    ["/%252e%252e/secret.txt", 404],
    ["/%c0%ae%c0%ae/secret.txt", 400],
    ["/app.js%00.html", 400],
    ["/app.js::$DATA", 400],
    ["/C:/secret.txt", 400],
    ["/%", 400],
    ["/%zz", 400],
    ["/%ff", 400],
    ["//etc/passwd", 404],
    ["/./app.js", 403],
    ["/.hidden", 404],
    ["/.git.txt", 404],
    ["/app.js/", 404],
    ["/app.js/more", 404],
    ["/link.txt", 403],
    ["/beside/", 403],
    ["/beside/index.html", 403],
    ["/beside", 403],
    ["/dangling.js", 404],
    ["/circle", 404],
    ["*", 400],
    ["http://127.0.0.1/app.js", 400],
    [`/${"a".repeat(300)}`, 404],
    [`/${"a/".repeat(3000)}`, 414],
    [`/?${"a".repeat(70_000)}`, 431],
  ];
  const titled = targets.map(([target, status]) => [target.slice(0, 40), status, target] as const);
  test.each(titled)("issue 7 server: %s gives %i and nothing from outside", async (_, status, target) => {
    const answer = await ask(target);
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).not.toContain(secret);
    expect(answer.headers).toMatchObject({ "cross-origin-resource-policy": "same-origin", "x-content-type-options": "nosniff" });
  });

  test("issue 7 server: no path made of dots, slashes, percents and names gives what is outside", async () => {
    const piece = fc.constantFrom(
      ...["..", ".", "/", "//", "\\", "%2e", "%2E%2e", "%2f", "%5c", "%", "%25", "%00", "?", "#", ";", "~"],
      ...["secret.txt", "site", "site-beside", "docs", "link.txt", "beside", "index.html", "app.js", ".hidden", "a", "%E5%8D%B7"],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 10 }), async (pieces) => {
        const { status, body } = await ask(`/${pieces.join("")}`);
        expect([200, 301, 400, 403, 404]).toContain(status);
        expect(body.toString()).not.toContain(secret);
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  test("issue 7 server: only the names of this machine are answered, so that no foreign name can be bound to it", async () => {
    const { port } = server;
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`])
      expect((await ask("/", { Host: host })).status).toBe(200);
    const foreign = ["evil.example", `evil.example:${port}`, "localhost", "127.0.0.1", `127.0.0.1:${port + 1}`, `localhost.:${port}`];
    for (const host of [...foreign, `127.0.0.1.evil.example:${port}`, `localhost:${port}@evil.example`, "0.0.0.0", ""]) {
      const { status, body } = await ask("/", { Host: host });
      expect([host, status]).toEqual([host, 421]);
      expect(body.toString()).toContain(`http://127.0.0.1:${port}/`);
      expect(body.toString()).not.toContain("the lab");
    }
    const without = parse(await exchange(port, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
    const old = parse(await exchange(port, "GET / HTTP/1.0\r\n\r\n"));
    const two = parse(await exchange(port, `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`));
    expect([without.status, old.status, two.status]).toEqual([421, 421, 421]);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])("issue 7 server: %s is refused", async (method) => {
    const { status, headers } = await ask("/app.js", {}, method);
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  test.each([
    ["nothing that is HTTP", "hello\r\n\r\n"],
    ["zeros", Buffer.alloc(100)],
    ["a handshake of TLS", Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])],
    ["a header with a line break", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"],
    ["two lengths", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    ["an unknown version", "GET / HTTP/9.9\r\n\r\n"],
  ])("issue 7 server: %s is a bad request", async (_, bytes) => {
    expect(parse(await exchange(server.port, bytes)).status).toBe(400);
  });

  test("issue 7 server: a body is not waited for", async () => {
    const request = `GET / HTTP/1.1\r\nHost: localhost:${server.port}\r\n`;
    expect(parse(await exchange(server.port, `${request}Content-Length: 1000000\r\n\r\nx`)).status).toBe(413);
    expect(parse(await exchange(server.port, `${request}Transfer-Encoding: chunked\r\n\r\n5\r\n`)).status).toBe(413);
  });

  test("issue 7 server: whoever sends half a request, or nothing, is let go, and others are served meanwhile", async () => {
    const impatient = await serveFolder(folder, { port: 0, requestTimeout: 150, idleTimeout: 400 });
    try {
      const half = exchange(impatient.port, "GET / HTTP/1.1\r\nHo");
      const silent = exchange(impatient.port, "");
      const whole = await exchange(impatient.port, `GET / HTTP/1.1\r\nHost: localhost:${impatient.port}\r\nConnection: close\r\n\r\n`);
      expect(parse(whole).status).toBe(200);
      expect(parse(await half).status).toBe(408);
      expect((await silent).toString()).toMatch(/^$|^HTTP\/1.1 408 /);
    } finally {
      await impatient.close();
    }
  });
});

describe("ports and ends", () => {
  const holding = (port: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const holder = createServer((socket: Socket) => socket.destroy());
      holder.on("error", reject);
      holder.listen(port, "127.0.0.1", () => resolve(holder));
    });
  const portOf = (holder: Server): number => (holder.address() as { port: number }).port;

  test("L46 issue 7 server: a port in use is passed over for one of the next", async () => {
    const holder = await holding(0);
    try {
      const next = await serveFolder(folder, { port: portOf(holder) });
      expect(next.port).toBeGreaterThan(portOf(holder));
      expect(next.url).toBe(`http://127.0.0.1:${next.port}/`);
      await next.close();
    } finally {
      holder.close();
    }
  });

  test("issue 7 server: the last port has no next one", async () => {
    const holder = await holding(65_535).catch(() => undefined);
    try {
      await expect(serveFolder(folder, { port: 65_535 })).rejects.toThrow(/port 65535 is in use; --port 0 takes any free port/);
    } finally {
      holder?.close();
    }
  });

  test("issue 7 server: closing ends connections that are open, and frees the port", async () => {
    const short = await serveFolder(folder, { port: 0 });
    const open = exchange(short.port, `GET / HTTP/1.1\r\nHost: localhost:${short.port}\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await short.close();
    expect(parse(await open).status).toBe(200);
    const again = await serveFolder(folder, { port: short.port });
    expect(again.port).toBe(short.port);
    await again.close();
  });

  test("issue 7 server: it listens on loopback only", async () => {
    const { networkInterfaces } = await import("node:os");
    const outside = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find((a) => a.family === "IPv4" && !a.internal);
    if (outside === undefined) return;
    const refused = await new Promise<string>((resolve) => {
      const socket = connect(server.port, outside.address, () => resolve("connected"));
      socket.on("error", (error: Error & { code?: string }) => resolve(error.code ?? ""));
    });
    expect(refused).toBe("ECONNREFUSED");
  });

  test("issue 7 server: what cannot be served is refused in a sentence", async () => {
    await expect(serveFolder(join(outer, "nothing"))).rejects.toThrow(/nothing: there is no such folder/);
    await expect(serveFolder(join(outer, "secret.txt"))).rejects.toThrow(/it is a file, not a folder/);
    await expect(serveFolder(folder, { port: 70_000 })).rejects.toThrow(/port is 70000; expected an integer from 0 to 65535/);
    await expect(serveFolder(folder, { requestTimeout: 0 })).rejects.toThrow(/requestTimeout is 0; expected milliseconds > 0/);
    await expect(serveFolder(folder, { prot: 1 } as object)).rejects.toThrow(/did you mean "port"/);
  });
});

describe("the command", () => {
  test("L46 says the address, takes the next port, and ends without an error", async () => {
    const end = new AbortController();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const { port } = holder.address() as { port: number };
    setTimeout(() => end.abort(), 200);
    const { out, err } = await run(addLabCommand, ["lab", "--folder", folder, "--port", String(port), "--no-open"], end.signal);
    holder.close();
    expect(out).toMatch(/^The lab is at http:\/\/127\.0\.0\.1:\d+\/\n$/);
    expect(err).toContain(`port ${port} is in use; took `);
  });

  test("L46 what is missing or makes no sense is said", async () => {
    await expect(run(addLabCommand, ["lab", "--folder", join(outer, "nothing")])).rejects.toThrow(/there is no page in .*nothing/);
    await expect(run(addLabCommand, ["lab", "--port", "70000"])).rejects.toThrow(/--port is 70000; expected an integer from 0 to 65535/);
    await expect(run(addLabCommand, ["lab", "--prot", "1"])).rejects.toThrow(/--port/);
    await expect(run(addLabCommand, ["lab", "here"])).rejects.toThrow(/takes options only/);
    const { out } = await run(addLabCommand, ["lab", "--help"]);
    for (const word of ["--port", "--no-open", "--folder"]) expect(out).toContain(word);
  });

  const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
  test("L46 Ctrl-C ends the program with exit code 0, silently, also while a browser holds a connection", async () => {
    if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first ("npm test" does)`);
    const child = spawn(process.execPath, [program, "lab", "--folder", folder, "--port", "0"]);
    const said = { out: "", err: "" };
    const started = new Promise<string>((resolve, reject) => {
      child.on("close", () => reject(new Error(said.err)));
      child.stdout.on("data", (chunk) => {
        said.out += String(chunk);
        const url = /http:\S+/.exec(said.out)?.[0];
        if (url !== undefined) resolve(url);
      });
    });
    child.stderr.on("data", (chunk) => (said.err += String(chunk)));
    const url = await started;
    expect(await (await fetch(url)).text()).toContain("the lab");
    const code = new Promise((resolve) => child.on("close", resolve));
    child.kill("SIGINT");
    expect(await code).toBe(0);
    expect(said.err).toBe("Ctrl-C ends it.\n");
  });
});

const browser = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find((p) => p !== undefined && existsSync(p));

test.skipIf(browser === undefined)(
  "L45 L46 issue 7 server: in a browser the page may share memory, compile WebAssembly and start workers from blobs, and nothing else",
  async () => {
    const site = join(outer, "isolated");
    await mkdir(site);
    await writeFile(
      join(site, "index.html"),
      '<!doctype html><title>waiting</title><script>window.inline = true</script><style>body { color: red }</style><p style="color: blue">x</p><script type="module" src="page.js"></script>',
    );
    await writeFile(
      join(site, "page.js"),
      `const answer = (code) => new Promise((resolve, reject) => {
        const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = () => reject(new Error("no worker"));
      });
      const attempt = async (what) => { try { return await what(); } catch (error) { return error.name; } };
      window.found = {
        isolated: crossOriginIsolated,
        shared: new SharedArrayBuffer(8).byteLength,
        wasm: await attempt(async () => (await WebAssembly.compileStreaming(fetch("kernel.wasm"))) instanceof WebAssembly.Module),
        worker: await attempt(() => answer("postMessage([crossOriginIsolated, WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))])")),
        elsewhere: await attempt(() => fetch("http://127.0.0.1:9/")),
        evaluated: await attempt(async () => new Function("return 1")()),
        inline: window.inline === true,
        element: getComputedStyle(document.body).color,
        attribute: getComputedStyle(document.querySelector("p")).color,
      };
      document.title = "done";`,
    );
    await writeFile(join(site, "kernel.wasm"), wasm);
    const isolated = await serveFolder(site, { port: 0 });
    const running = await chromium.launch({ executablePath: browser!, args: ["--no-sandbox", "--disable-gpu"] });
    try {
      const page = await running.newPage();
      const said: string[] = [];
      page.on("console", (message) => said.push(message.text()));
      await page.goto(isolated.url);
      await page.waitForFunction(() => document.title === "done");
      expect(await page.evaluate(() => (window as unknown as { found: object }).found)).toEqual({
        isolated: true,
        shared: 8,
        wasm: true,
        worker: [true, true],
        elsewhere: "TypeError",
        evaluated: "EvalError",
        inline: false,
        element: "rgb(0, 0, 0)",
        attribute: "rgb(0, 0, 255)",
      });
      // Names that the browser does not know would be warned about.
      expect(said.filter((line) => /permissions.policy|unrecognized/i.test(line))).toEqual([]);
    } finally {
      await running.close();
      await isolated.close();
    }
  },
);
