// The whole script of a worker thread, as text, so that it needs no file of its own under Node, bundlers or a test runner.
// A worker serves all programs of its engine. Between runs it watches its mailbox: briefly by looking, then asleep. To receive a program it has
// to return to its event loop, because messages arrive only there.

/** Words of a worker's mailbox (Int32Array). Whoever changes one bumps `wake` and notifies it. */
export const mailbox = { wake: 0, job: 1, program: 2, segment: 3, threads: 4, messages: 5, words: 16 } as const;

/** To a worker. */
export type PoolMessage =
  | { readonly kind: "start"; readonly box: SharedArrayBuffer; readonly thread: number }
  | {
      readonly kind: "load";
      readonly id: number;
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      readonly abortedWord: number;
      readonly roundWord: number;
    }
  | { readonly kind: "release"; readonly id: number };

/** From a worker. */
export type WorkerReply = { readonly kind: "ready" } | { readonly kind: "loaded"; readonly id: number; readonly error: string };

export const workerSource: string = `"use strict";
const { wake, job, program, segment, threads, messages } = ${JSON.stringify(mailbox)};
const programs = new Map();
let box, thread, jobsDone = 0, messagesRead = 0;

function runJob() {
  const p = programs.get(Atomics.load(box, program));
  try {
    p.exports["walk" + Atomics.load(box, segment)](thread, Atomics.load(box, threads));
  } catch (error) {
    if (p === undefined) return;
    const words = new Int32Array(p.memory.buffer);
    Atomics.store(words, p.abortedWord, 1);
    Atomics.notify(words, p.roundWord);
  }
}

function serve() {
  for (;;) {
    const seen = Atomics.load(box, wake);
    if (Atomics.load(box, job) !== jobsDone) {
      jobsDone = Atomics.load(box, job);
      runJob();
      continue;
    }
    if (Atomics.load(box, messages) !== messagesRead) return;
    const until = performance.now() + 0.1;
    while (Atomics.load(box, wake) === seen && performance.now() < until) for (let i = 0; i < 200 && Atomics.load(box, wake) === seen; i++);
    if (Atomics.load(box, wake) === seen) Atomics.wait(box, wake, seen);
  }
}

port.onMessage((message) => {
  messagesRead++;
  if (message.kind === "start") {
    box = new Int32Array(message.box);
    thread = message.thread;
    port.postMessage({ kind: "ready" });
  } else if (message.kind === "release") {
    const bytes = programs.get(message.id)?.memory.buffer.byteLength ?? 0;
    programs.delete(message.id);
    port.collect(bytes);
  } else {
    const { id, module, memory, abortedWord, roundWord } = message;
    let error = "";
    try {
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      programs.set(id, { exports, memory, abortedWord, roundWord });
    } catch (failure) {
      error = String(failure);
    }
    port.postMessage({ kind: "loaded", id, error });
  }
  serve();
});
`;
