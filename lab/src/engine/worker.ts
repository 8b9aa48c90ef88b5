// The engine's side of the lab: a worker that runs the rooms' tasks. Each room's tasks are loaded when first asked for.
import type { Task, TaskContext, Tasks } from "./context.ts";
import { openNet } from "./nets.ts";
import { type Call, type Reply, tellError } from "./protocol.ts";

const rooms: Readonly<Record<string, () => Promise<{ readonly tasks: Tasks }>>> = {
  common: () => import("./common.ts"),
  convolve: () => import("../rooms/convolve/tasks.ts"),
  network: () => import("../rooms/network/tasks.ts"),
  train: () => import("../rooms/train/tasks.ts"),
  neurons: () => import("../rooms/neurons/tasks.ts"),
  open: () => import("../rooms/open/tasks.ts"),
  lessons: () => import("../rooms/lessons/tasks.ts"),
};

const running = new Map<number, AbortController>();
const reply = (message: Reply): void => self.postMessage(message);

async function answer({ id, room, task, input }: Call): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  const context: TaskContext = {
    signal: controller.signal,
    report: (progress) => reply({ id, kind: "progress", progress }),
    open: openNet,
  };
  try {
    const { tasks } = await rooms[room]();
    const output = await (tasks[task] as Task<unknown>)(input, context);
    reply({ id, kind: "done", output });
  } catch (error) {
    reply({ id, kind: "failed", ...tellError(error) });
  } finally {
    running.delete(id);
  }
}

async function prepare(id: number): Promise<void> {
  try {
    await Promise.all(Object.values(rooms).map((load) => load()));
    reply({ id, kind: "done", output: undefined });
  } catch (error) {
    reply({ id, kind: "failed", ...tellError(error) });
  }
}

type Message = Call | { readonly id: number; readonly cancel: true } | { readonly id: number; readonly prepare: true };
self.onmessage = ({ data }: MessageEvent<Message>) => {
  if ("prepare" in data) void prepare(data.id);
  else if ("cancel" in data) running.get(data.id)?.abort(new DOMException("cancelled", "AbortError"));
  else void answer(data);
};
