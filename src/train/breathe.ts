// Gives timers, signals and the page a turn. A backend may compute without ever yielding, and then Ctrl-C and progress bars would starve.
import { now } from "#platform";

/** A function to await often; it really yields only every `interval` milliseconds. */
export function breather(interval = 30): () => Promise<void> | undefined {
  let last = now();
  return () => {
    if (now() - last < interval) return undefined;
    return turn().then(() => {
      last = now();
    });
  };
}

/** The next turn of the event loop; browsers delay nested timers, a message does not wait. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
