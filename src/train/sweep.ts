// The same experiment under every combination of a few settings: what turns "try different parameters" into a table.
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { hashLabel } from "../tensor/random.ts";

/** What a knob can be set to. */
export type Setting = number | string | boolean;
export type Knobs = Readonly<Record<string, readonly Setting[]>>;
/** One setting of every knob. */
export type Settings<K extends Knobs> = { readonly [N in keyof K]: K[N][number] };
/** Whatever a run measured, by name. */
export type Measurements = Readonly<Record<string, number>>;

export interface SweepOptions {
  /** Runs of every combination, each with a seed of its own (default 1). */
  readonly repeats?: number;
  /** Default 0. A run's seed follows from it, the settings and the repeat alone: other combinations may come and go. */
  readonly seed?: number;
  /** Stops between two runs; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onRow?: (row: SweepRow, done: number, total: number) => void;
}

export interface SweepRow {
  readonly settings: Readonly<Record<string, Setting>>;
  readonly repeat: number;
  readonly seed: number;
  readonly results: Measurements;
  /** The message, where the run failed: a limit that was reached is a result too. */
  readonly failure?: string;
}

export interface SweepTable {
  readonly knobs: readonly string[];
  /** Names of all results, in order of first appearance. */
  readonly columns: readonly string[];
  /** The last knob turns fastest. */
  readonly rows: readonly SweepRow[];
  /** Mean of a result over all rows whose settings include these; NaN where there is none. */
  mean(column: string, settings?: Readonly<Record<string, Setting>>): number;
  /** One line per row, with a heading. */
  toCsv(): string;
  /** A table for a terminal. */
  toString(): string;
}

/**
 * Runs `run` once for every combination of the knobs' settings. An error that a run throws becomes its row's `failure`, so that one
 * impossible combination does not lose the rest. Throws `ArgumentError` for knobs without settings.
 */
export async function sweep<const K extends Knobs>(
  knobs: K,
  run: (settings: Settings<K>, context: { readonly seed: number; readonly repeat: number }) => Measurements | Promise<Measurements>,
  options: SweepOptions = {},
): Promise<SweepTable> {
  checkOptions("sweep", options, ["repeats", "seed", "signal", "onRow"]);
  const { repeats = 1, seed = 0, signal, onRow } = options;
  if (!Number.isInteger(repeats) || repeats < 1) throw new ArgumentError(`sweep: repeats is ${repeats}; expected an integer >= 1`);
  for (const [name, settings] of Object.entries(knobs)) {
    if (settings.length === 0) throw new ArgumentError(`sweep: the knob "${name}" has no settings`);
  }
  const combinations = Object.entries(knobs).reduce<Record<string, Setting>[]>(
    (done, [name, settings]) => done.flatMap((chosen) => settings.map((setting) => ({ ...chosen, [name]: setting }))),
    [{}],
  );
  const rows: SweepRow[] = [];
  for (const settings of combinations) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      signal?.throwIfAborted();
      const own = hashLabel(JSON.stringify([seed, repeat, Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))]));
      const row: SweepRow = {
        settings,
        repeat,
        seed: own,
        ...(await attempt(() => run(settings as Settings<K>, { seed: own, repeat }), signal)),
      };
      rows.push(row);
      onRow?.(row, rows.length, combinations.length * repeats);
    }
  }
  return tableOf(Object.keys(knobs), rows);
}

async function attempt(
  run: () => Measurements | Promise<Measurements>,
  signal: AbortSignal | undefined,
): Promise<Pick<SweepRow, "results" | "failure">> {
  try {
    return { results: await run() };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return { results: {}, failure: error instanceof Error ? error.message : String(error) };
  }
}

function tableOf(knobs: readonly string[], rows: readonly SweepRow[]): SweepTable {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row.results)))];
  const cells = (row: SweepRow): string[] => [
    ...knobs.map((name) => String(row.settings[name])),
    String(row.repeat),
    String(row.seed),
    ...columns.map((name) => (name in row.results ? String(row.results[name]) : "")),
    row.failure ?? "",
  ];
  const heading = [...knobs, "repeat", "seed", ...columns, "failure"];
  return {
    knobs,
    columns,
    rows,
    mean(column, settings = {}) {
      const fitting = rows.filter(
        (row) => column in row.results && Object.entries(settings).every(([name, s]) => row.settings[name] === s),
      );
      return fitting.reduce((total, row) => total + row.results[column], 0) / fitting.length;
    },
    toCsv: () => [heading, ...rows.map(cells)].map((line) => line.map(quoted).join(",")).join("\n"),
    toString() {
      const shown = rows.map((row) => [
        ...knobs.map((name) => String(row.settings[name])),
        ...columns.map((name) => (name in row.results ? row.results[name].toPrecision(4) : "-")),
        row.failure ?? "",
      ]);
      const lines = [[...knobs, ...columns, ""], ...shown];
      const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
      return lines
        .map((line) =>
          line
            .map((cell, i) => (i < knobs.length ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
            .join("  ")
            .trimEnd(),
        )
        .join("\n");
    },
  };
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
