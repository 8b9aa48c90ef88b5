// Looking at the net while it learns: again after every change, but never so often that looking slows the training by more than a twentieth.
import { live } from "./live.svelte.ts";
import type { Look, LookInput, Opened, Status } from "./tasks.ts";

export interface Looking {
  readonly look: Look | undefined;
  readonly error: unknown;
}

/** A run that can be looked at: the open one, or the one beside it. */
export interface Looked {
  readonly opened: Opened | undefined;
  readonly status: Status | undefined;
  readonly state: string;
  look(input: LookInput, signal: AbortSignal): Promise<Look>;
}

const least = 200;

/** For the top of a component. `input` is read again whenever what it depends on changes; undefined means nothing to look at. */
export function looking(input: () => LookInput | undefined, run: Looked = live): Looking {
  /** What was seen, and of which run: pictures of one data set mean nothing among the classes of another. */
  let last: { readonly look: Look; readonly of: Opened } | undefined = $state.raw();
  let error: unknown = $state.raw();
  let busy = false;
  let again = false;
  let allowed = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const controller = new AbortController();

  async function ask(): Promise<void> {
    timer = undefined;
    const asked = input();
    if (asked === undefined || run.opened === undefined || run.state === "preparing") return;
    busy = true;
    again = false;
    const opened = run.opened;
    try {
      const seen = await run.look(asked, controller.signal);
      last = { look: seen, of: opened };
      error = undefined;
      allowed = performance.now() + (run.state === "playing" ? Math.max(least, 19 * seen.milliseconds) : 0);
    } catch (caught) {
      if (!controller.signal.aborted) error = caught;
    } finally {
      busy = false;
      if (again && !controller.signal.aborted) request();
    }
  }
  function request(): void {
    if (busy) again = true;
    else if (timer === undefined) timer = setTimeout(() => void ask(), Math.max(0, allowed - performance.now()));
  }
  $effect(() => {
    // What a look depends on: the question, the run, and how far it is.
    input();
    void [run.opened, run.status?.step, run.state];
    request();
  });
  $effect(() => () => {
    controller.abort();
    clearTimeout(timer);
  });
  return {
    get look() {
      return last?.of === run.opened ? last?.look : undefined;
    },
    get error() {
      return error;
    },
  };
}
