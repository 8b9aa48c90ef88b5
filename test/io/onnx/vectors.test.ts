// The public vectors of ONNX, every one: passed, or refused for a reason that tools/onnx-scope.ts names. Nothing else will do.
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { describeOperators, operatorsPage } from "../../../tools/onnx-operators.ts";
import { whyOutOfScope } from "../../../tools/onnx-scope.ts";
import { runCase, type VectorCase, type Verdict, vectorCases, vectorsPresent } from "../../../tools/onnx-vectors.ts";
import { isLong } from "../../support/long.ts";

const cases = vectorsPresent ? vectorCases() : [];
if (!vectorsPresent) console.warn("no ONNX vectors found (apt install libonnx-testdata): their tests are skipped");

const verdicts = new Map<VectorCase, Promise<Verdict>>();
/** Each case runs once on the reference loops, for its own test and for the page. */
function verdictOf(vector: VectorCase): Promise<Verdict> {
  const verdict = verdicts.get(vector) ?? runCase(vector, "reference");
  verdicts.set(vector, verdict);
  return verdict;
}

function expectVerdict(verdict: Verdict, reason: string | undefined): void {
  const message = verdict.kind === "pass" ? `it passes, though it is listed as out of scope: ${reason}` : verdict.message;
  expect(verdict.kind, message).toBe(reason === undefined ? "pass" : "unsupported");
}

describe.skipIf(!vectorsPresent)("public ONNX vectors", () => {
  for (const [i, vector] of cases.entries()) {
    const reason = whyOutOfScope(vector);
    it(`EF1 ${vector.suite}/${vector.name}`, async () => {
      expectVerdict(await verdictOf(vector), reason);
      if (reason === undefined && (isLong || i % 3 === 0)) expectVerdict(await runCase(vector, "wasm"), reason);
    });
  }

  it("EF1 docs/onnx-operators.md is up to date (else run: npx tsx tools/onnx-operators.ts)", async () => {
    const judged = await Promise.all(cases.map(async (vector) => ({ vector, verdict: await verdictOf(vector) })));
    expect(await readFile(operatorsPage, "utf8")).toBe(describeOperators(judged));
  });
});
