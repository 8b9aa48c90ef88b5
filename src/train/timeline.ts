// Checkpoints of a training to go back to, in bounded memory: when they are too many, every second one is forgotten.
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import type { Checkpoint, EpochRecord } from "./checkpoint.ts";

export interface TimelineOptions {
  /** Most bytes that the tensors may have together (default 64 MiB). The first and the latest checkpoint are kept in any case. */
  readonly bytes?: number;
  /** Steps between two checkpoints at first (default 5). */
  readonly every?: number;
}

export interface Timeline {
  /** Whether a checkpoint of this step would be kept: ask before making one. */
  due(step: number): boolean;
  /** Keeps it, and forgets others where that is too much. One of the same step is replaced. */
  keep(checkpoint: Checkpoint): void;
  /** Of all kept checkpoints, ascending. */
  readonly steps: readonly number[];
  readonly bytes: number;
  /** The latest that is not after `step`. Of records that were left out since (`mostRecords`), its history lacks those, too. */
  at(step: number): Checkpoint | undefined;
  /** Forgets what came after `step`. */
  cut(step: number): void;
}

/** Throws `ArgumentError` for impossible options. */
export function timeline(options: TimelineOptions = {}): Timeline {
  checkOptions("timeline", options, ["bytes", "every"]);
  const { bytes: limit = 64 * 2 ** 20, every = 5 } = options;
  if (!(limit > 0)) throw new ArgumentError(`timeline: bytes is ${showGiven(limit)}; expected a number > 0`);
  if (!Number.isInteger(every) || every < 1) throw new ArgumentError(`timeline: every is ${showGiven(every)}; expected an integer >= 1`);
  let distance = every;
  let kept: Kept[] = [];
  /** The records of all epochs so far. Every checkpoint brings a list of its own, which after thousands of epochs outweighs its tensors. */
  let history: readonly EpochRecord[] = [];
  const total = (): number => kept.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    due: (step) => kept.length === 0 || step % distance === 0,
    keep(checkpoint) {
      const { step } = checkpoint.state;
      const own = checkpoint.state.history;
      if (goesOn(own, history)) history = own;
      const isShared = own.length === 0 || holds(history, own.at(-1));
      const entry: Kept = {
        step,
        bytes: sizeOf(checkpoint),
        epochs: lastEpoch(own),
        checkpoint: isShared ? { ...checkpoint, state: { ...checkpoint.state, history: [] } } : checkpoint,
        isShared,
      };
      kept = [...kept.filter((k) => k.step !== step), entry].sort((a, b) => a.step - b.step);
      while (total() > limit && kept.length > 2) {
        distance *= 2;
        const last = kept.length - 1;
        kept = kept.filter((k, i) => i === 0 || i === last || k.step % distance === 0);
      }
    },
    get steps() {
      return kept.map(({ step }) => step);
    },
    get bytes() {
      return total();
    },
    at(step) {
      const found = kept.findLast((k) => k.step <= step);
      if (found === undefined || !found.isShared) return found?.checkpoint;
      const { checkpoint, epochs } = found;
      return { ...checkpoint, state: { ...checkpoint.state, history: until(history, epochs) } };
    },
    cut(step) {
      kept = kept.filter((k) => k.step <= step);
      // What follows may have other epochs.
      history = until(history, Math.max(0, ...kept.filter((k) => k.isShared).map((k) => k.epochs)));
    },
  };
}

interface Kept {
  readonly step: number;
  readonly bytes: number;
  /** That were finished then. */
  readonly epochs: number;
  readonly checkpoint: Checkpoint;
  /** Its history is the beginning of the common one, and not kept with it. */
  readonly isShared: boolean;
}

const lastEpoch = (history: readonly EpochRecord[]): number => history.at(-1)?.epoch ?? 0;

/** Whether `later` is of the same training as `history`, and from no time before its end. With `mostRecords` it may have left some records out. */
function goesOn(later: readonly EpochRecord[], history: readonly EpochRecord[]): boolean {
  const end = lastEpoch(history);
  const common = later.findLast(({ epoch }) => epoch <= end);
  return lastEpoch(later) >= end && (end === 0 || holds(history, common));
}

function holds(history: readonly EpochRecord[], record: EpochRecord | undefined): boolean {
  const own = history.findLast(({ epoch }) => epoch === record?.epoch);
  return own !== undefined && own.step === record?.step && own.loss === record.loss;
}

const until = (history: readonly EpochRecord[], epochs: number): readonly EpochRecord[] => history.filter(({ epoch }) => epoch <= epochs);

function sizeOf({ model, optimiser, best }: Checkpoint): number {
  let bytes = 0;
  for (const tensors of [model, optimiser, best]) for (const tensor of tensors?.values() ?? []) bytes += tensor.data.byteLength;
  return bytes;
}
