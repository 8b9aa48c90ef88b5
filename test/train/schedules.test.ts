import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as schedules from "../../src/train/schedules.ts";

interface Golden {
  readonly schedules: readonly {
    readonly name: string;
    readonly lr: number;
    readonly options: Readonly<Record<string, never>>;
    readonly rates: readonly number[];
  }[];
}
const golden = JSON.parse(readFileSync(new URL("../golden/optimisers.json", import.meta.url), "utf8")) as Golden;

function fromTorch(name: string, o: Readonly<Record<string, never>>): schedules.Schedule {
  switch (name.split(" ")[0]) {
    case "step":
      return schedules.stepDecay({ every: o.step_size, gamma: o.gamma });
    case "multiStep":
      return schedules.multiStep({ milestones: o.milestones, gamma: o.gamma });
    case "exponential":
      return schedules.exponential({ gamma: o.gamma });
    case "cosine":
      return schedules.cosine({ steps: o.T_max, minimum: o.eta_min });
    case "oneCycle":
      return schedules.oneCycle({
        maximum: o.max_lr,
        steps: o.total_steps,
        ...(o.pct_start !== undefined && {
          rise: o.pct_start,
          startFactor: o.div_factor,
          endFactor: o.final_div_factor,
          shape: o.anneal_strategy,
        }),
      });
    case "linearWarmUp":
      return schedules.linearWarmUp({ steps: o.total_iters, from: o.start_factor });
    case "constantWarmUp":
      return schedules.constantWarmUp({ steps: o.total_iters, from: o.factor });
    default:
      throw new Error(`no schedule for the golden "${name}"`);
  }
}

const plan = { learningRate: 1, steps: 100, stepsPerEpoch: 10 };

describe("ET6 schedules", () => {
  test.each(golden.schedules.map((g) => [g.name, g] as const))("ET6 %s gives PyTorch's rates", (name, g) => {
    const schedule = fromTorch(name, g.options);
    for (const [step, rate] of g.rates.entries())
      expect(schedule(step, { ...plan, learningRate: g.lr }), `step ${step}`).toBeCloseTo(rate, 10);
  });

  test("ET6 lengths default to the whole training", () => {
    expect(schedules.cosine()(50, plan)).toBeCloseTo(0.5, 12);
    expect(schedules.oneCycle()(29, plan)).toBeCloseTo(1, 12);
    expect(schedules.oneCycle()(99, plan)).toBeCloseTo(1 / 25 / 1e4, 12);
    expect(schedules.polynomial({ power: 2 })(50, plan)).toBeCloseTo(0.25, 12);
    expect(schedules.polynomial()(1000, plan)).toBe(0);
  });

  test("ET6 inverse time is Keras's decay", () => {
    expect(schedules.inverseTime({ decay: 0.5 })(4, plan)).toBeCloseTo(1 / 3, 12);
  });

  test("ET6 cosine restarts begin anew, each wave longer by the factor", () => {
    const s = schedules.cosineRestarts({ steps: 10, factor: 2 });
    expect([0, 10, 30].map((step) => s(step, plan))).toEqual([1, 1, 1]);
    expect(s(5, plan)).toBeCloseTo(0.5, 12);
    expect(s(20, plan)).toBeCloseTo(0.5, 12);
  });

  test("ET6 cyclic is a triangle", () => {
    const s = schedules.cyclic({ minimum: 1, maximum: 3, up: 4, down: 2 });
    expect([0, 2, 4, 5, 6].map((step) => s(step, plan))).toEqual([1, 2, 3, 2, 1]);
  });

  test("ET6 warm-up goes on into any schedule", () => {
    const s = schedules.linearWarmUp({ steps: 10, from: 0 }, schedules.stepDecay({ every: 20 }));
    expect([0, 5, 10, 20].map((step) => s(step, plan))).toEqual([0, 0.5, 1, 0.1]);
  });

  test("ET6 a sequence starts each schedule at its own step 0 and gives it the length up to the next milestone", () => {
    const s = schedules.inSequence([schedules.constantRate(), schedules.cosine()], [20]);
    expect(s(19, plan)).toBe(1);
    expect(s(20, plan)).toBe(1);
    expect(s(60, plan)).toBeCloseTo(0.5, 12);
    expect(() => schedules.inSequence([schedules.constantRate()], [3])).toThrow(/need 0 milestones/);
  });

  test("ET6 per epoch stays level within an epoch", () => {
    const s = schedules.perEpoch(schedules.exponential({ gamma: 0.5 }));
    expect([0, 9, 10, 25].map((step) => s(step, plan))).toEqual([1, 1, 0.5, 0.25]);
    expect(schedules.perEpoch(schedules.cosine())(50, plan)).toBeCloseTo(0.5, 12);
  });
});
