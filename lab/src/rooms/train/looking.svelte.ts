// Looking at the net while it learns: again after every change, but never so often that looking slows the training by more than a tenth.
import { live } from "./live.svelte.ts";
import type { Look, LookInput } from "./tasks.ts";

export interface Looking {
  readonly look: Look | undefined;
  readonly error: unknown;
}

const least = 150;

/** For the top of a component. `input` is read again whenever what it depends on changes; undefined means nothing to look at. */
export function looking(input: () => LookInput | undefined): Looking {
  let look: Look | undefined = $state.raw();
  let error: unknown = $state.raw();
  let busy = false;
  let again = false;
  let allowed = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const controller = new AbortController();

  async function run(): Promise<void> {
    timer = undefined;
    const asked = input();
    if (asked === undefined || live.opened === undefined || live.state === "preparing") return;
    busy = true;
    again = false;
    const opened = live.opened;
    try {
      const seen = await live.look(asked, controller.signal);
      if (opened === live.opened) look = seen;
      error = undefined;
      allowed = performance.now() + (live.state === "playing" ? Math.max(least, 9 * seen.milliseconds) : 0);
    } catch (caught) {
      if (!controller.signal.aborted) error = caught;
    } finally {
      busy = false;
      if (again && !controller.signal.aborted) request();
    }
  }
  function request(): void {
    if (busy) again = true;
    else if (timer === undefined) timer = setTimeout(() => void run(), Math.max(0, allowed - performance.now()));
  }
  $effect(() => {
    // What a look depends on: the question, the run, and how far it is.
    input();
    void [live.opened, live.status?.step, live.state];
    request();
  });
  $effect(() => () => {
    controller.abort();
    clearTimeout(timer);
  });
  return {
    get look() {
      return look;
    },
    get error() {
      return error;
    },
  };
}
