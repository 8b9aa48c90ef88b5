// A shared machine swings by a factor of two within seconds, so absolute times of different moments say nothing. Contestants are
// timed in turn, round after round, beside a kernel of known arithmetic; rounds in which even that one was slow do not count.

export interface BenchOptions {
  readonly rounds: number;
  /** Print JSON lines only. */
  readonly json: boolean;
  /** Only these rivals; undefined means all. */
  readonly rivals: readonly string[] | undefined;
  /** Only these thread counts; undefined means the bench's own choice. */
  readonly threads: readonly number[] | undefined;
  /** Only these cases, by name; undefined means the bench's own choice. */
  readonly cases: readonly string[] | undefined;
}

/** One way to do one case: `run` does it once, or `best` measures itself (in another process). */
export type Contestant = { readonly name: string; readonly threads: number } & (
  | { run(): void | Promise<void> }
  | { best(milliseconds: number): Promise<number> }
);

export interface Timing {
  /** Best time of each round that counts, in milliseconds. */
  readonly rounds: readonly number[];
  readonly best: number;
  readonly median: number;
}

export interface Match {
  readonly timings: readonly Timing[];
  /** Speed of the peak kernel over its best, per round that counts. */
  readonly peak: readonly number[];
  readonly rejected: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function bestWithin(milliseconds: number, run: () => void | Promise<void>): Promise<number> {
  const end = performance.now() + milliseconds;
  let best = Number.POSITIVE_INFINITY;
  let runs = 0;
  // Contestants that need seconds for a run get one.
  while (performance.now() < end || runs === 0 || (runs < 3 && best < 1000)) {
    const start = performance.now();
    const pending = run();
    if (pending !== undefined) await pending;
    best = Math.min(best, performance.now() - start);
    runs++;
  }
  return best;
}

async function bestOf(contestant: Contestant, milliseconds: number): Promise<number> {
  // The threads of the one before may still be spinning for more work.
  await new Promise((resolve) => setTimeout(resolve, 10));
  return "best" in contestant ? contestant.best(milliseconds) : bestWithin(milliseconds, () => contestant.run());
}

/** A round counts when the peak kernel reached this share of its best. */
const acceptedShare = 0.85;

/** Times all contestants in turn until `rounds` rounds count (or three times as many have been tried). */
export async function compete(
  contestants: readonly Contestant[],
  peak: () => void,
  { rounds, milliseconds = 150 }: { readonly rounds: number; readonly milliseconds?: number },
): Promise<Match> {
  for (const c of contestants) await bestOf(c, milliseconds);
  await bestWithin(milliseconds, peak);
  const tried: { peak: number; times: number[] }[] = [];
  const counting = (): typeof tried => {
    const fastest = Math.min(...tried.map((r) => r.peak));
    return tried.filter((r) => fastest / r.peak >= acceptedShare);
  };
  while (tried.length < rounds || (counting().length < rounds && tried.length < 3 * rounds)) {
    const before = await bestWithin(30, peak);
    const times: number[] = [];
    for (const c of contestants) times.push(await bestOf(c, milliseconds));
    tried.push({ peak: Math.max(before, await bestWithin(30, peak)), times });
  }
  const counted = counting();
  const fastest = Math.min(...tried.map((r) => r.peak));
  return {
    timings: contestants.map((_, i) => {
      const times = counted.map((r) => r.times[i]);
      return { rounds: times, best: Math.min(...times), median: median(times) };
    }),
    peak: counted.map((r) => fastest / r.peak),
    rejected: tried.length - counted.length,
  };
}

/** Left-aligned first column, right-aligned others. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c, i) => (i === 0 ? c.padEnd(widths[i]) : c.padStart(widths[i]))).join(" | ")} |`;
  return [
    line(head),
    `|${widths.map((w, i) => (i === 0 ? "-".repeat(w + 2) : `${"-".repeat(w + 1)}:`)).join("|")}|`,
    ...rows.map(line),
  ].join("\n");
}
