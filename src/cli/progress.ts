// Progress of long work: a bar on a terminal, one plain line per stage elsewhere (a log file needs no moving bar).
import { SingleBar } from "cli-progress";
import { isExact, showLarge } from "../arithmetic/explained.ts";

export interface Progress {
  /** Moves the bar; `detail` is what stands behind it ("loss 0.123 · 97.1 %"). */
  update(done: number, total: number, detail: string): void;
  /** Ends the bar and leaves one line that says how the stage ended. */
  finish(line: string): void;
  /** Removes the bar without a word, before an error is printed. */
  clear(): void;
}

/** Bars go to standard error, so that standard output can be piped. */
export function progressBar(title: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { update: () => {}, finish: (line) => void stream.write(`${line}\n`), clear: () => {} };
  const bar = new SingleBar({
    stream,
    format: `${title} [{bar}] {percentage} % · {detail}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    fps: 10,
  });
  let started = false;
  const clear = (): void => {
    if (started) bar.stop();
    started = false;
  };
  return {
    update(done, total, detail) {
      if (!started) bar.start(total, 0, { detail });
      started = true;
      bar.setTotal(total);
      bar.update(done, { detail });
    },
    finish(line) {
      clear();
      stream.write(`${line}\n`);
    },
    clear,
  };
}

/** 75 -> "1 min 15 s". */
export function showDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 59.5) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** 12345 -> "12,345"; above 2^53, where the last digits would be made up, "about 1.801·10^19". */
export function showCount(n: number): string {
  if (!isExact(n)) return `about ${showLarge(n)}`;
  return Math.round(n).toLocaleString("en-US");
}

/** .98765 -> "98.77 %". */
export function showPercent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}
