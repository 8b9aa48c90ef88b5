// Files dropped anywhere on the page. The shell recognises them by content and goes to the room that can use them; the room takes them.

let waiting: readonly File[] = $state.raw([]);

export const drops = {
  /** What was dropped and not yet taken. */
  get waiting(): readonly File[] {
    return waiting;
  },
  leave(files: readonly File[]): void {
    waiting = files;
  },
  take(): readonly File[] {
    const files = waiting;
    waiting = [];
    return files;
  },
};
