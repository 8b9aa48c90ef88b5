// What a match says about each rival: the ratio of its time to that of fovea on as many threads, as a row of a table and as a JSON line.
import { type Contestant, type Match, median } from "./rounds.ts";

export interface Verdict {
  readonly bench: string;
  readonly case: string;
  readonly rival: string;
  readonly threads: number;
  /** Rival's time over fovea's, best against best; above 1, fovea is faster. */
  readonly ratio_best: number;
  /** The median over the rounds of the same ratio. */
  readonly ratio_median: number;
  readonly ms: number;
  readonly rival_ms: number;
  readonly [extra: string]: unknown;
}

const rounded = (n: number): number => Number(n.toPrecision(4));

/** One verdict per contestant that is not called "fovea"; it is compared with the "fovea" of as many threads. */
export function verdicts(bench: string, title: string, contestants: readonly Contestant[], match: Match): Verdict[] {
  return contestants.flatMap(({ name, threads }, i) => {
    if (name === "fovea") return [];
    const own = match.timings[contestants.findIndex((c) => c.name === "fovea" && c.threads === threads)];
    const rival = match.timings[i];
    if (own === undefined) return [];
    return [
      {
        bench,
        case: title,
        rival: name,
        threads,
        ratio_best: rounded(rival.best / own.best),
        ratio_median: rounded(median(rival.rounds.map((ms, round) => ms / own.rounds[round]))),
        ms: rounded(own.best),
        rival_ms: rounded(rival.best),
        rounds: rival.rounds.length,
        rejected_rounds: match.rejected,
        lowest_peak_share: rounded(Math.min(...match.peak)),
      },
    ];
  });
}

export const verdictHead: readonly string[] = ["case", "rival", "threads", "fovea ms", "rival ms", "best ratio", "median ratio"];

export function verdictRow({ case: title, rival, threads, ms, rival_ms, ratio_best, ratio_median }: Verdict): string[] {
  return [title, rival, String(threads), ms.toPrecision(4), rival_ms.toPrecision(4), ratio_best.toFixed(2), ratio_median.toFixed(2)];
}

/** The geometric mean of the ratios of several cases, per rival and number of threads. */
export function geometricMeans(bench: string, title: string, verdicts: readonly Verdict[]): Verdict[] {
  const groups = grouped(verdicts, (v) => `${v.rival} ${v.threads}`);
  return [...groups.values()].map((group) => {
    const mean = (pick: (v: Verdict) => number): number =>
      rounded(Math.exp(group.reduce((sum, v) => sum + Math.log(pick(v)), 0) / group.length));
    return {
      bench,
      case: title,
      rival: group[0].rival,
      threads: group[0].threads,
      ratio_best: mean((v) => v.ratio_best),
      ratio_median: mean((v) => v.ratio_median),
      ms: mean((v) => v.ms),
      rival_ms: mean((v) => v.rival_ms),
      mean_of: group.length,
    };
  });
}

/** `Map.groupBy`, which Node 20 has not. */
export function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
