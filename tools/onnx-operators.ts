// Writes docs/onnx-operators.md from a run of the public vectors: which ONNX operators fovea reads, and how that is known.
// Run: npx tsx tools/onnx-operators.ts (test/io/onnx/vectors.test.ts says when that is due)
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readers } from "../src/io/onnx/operators/index.ts";
import { whyOutOfScope } from "./onnx-scope.ts";
import { runCase, type VectorCase, type Verdict, vectorCases } from "./onnx-vectors.ts";

export const operatorsPage: string = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "onnx-operators.md");

export interface JudgedCase {
  readonly vector: VectorCase;
  readonly verdict: Verdict;
}

/** The page as text. */
export function describeOperators(judged: readonly JudgedCase[]): string {
  const inScope = judged.filter(({ vector }) => whyOutOfScope(vector) === undefined);
  const refused = judged.filter(({ vector }) => whyOutOfScope(vector) !== undefined);
  const passed = judged.filter(({ verdict }) => verdict.kind === "pass").length;
  return `${[
    "# ONNX operators",
    `Which operators of ONNX fovea reads, written by \`npx tsx tools/onnx-operators.ts\` from a run of the public test vectors (Debian's
\`libonnx-testdata\`, version 1.12, operators up to version 17): ${judged.length} cases, ${passed} passed, ${judged.length - passed} refused with a message that names the
operator, none wrong. Every push runs them again, on the reference loops and a third of them on WebAssembly, and compares this page.`,
    `Numbers: every float of a file is computed in one type, float32 or float64 as asked for, so half precision is widened and not rounded in between.
Bool and uint8 are bytes; all other integers are int32. Integers beyond 32 bits saturate when they are read (2^63 - 1, which files write for "to the
end", means that), and narrower types do not wrap around. Texts, complex numbers and floats of 8 bits are refused.`,
    "## Read",
    `A case counts for every operator in its network. *Known* counts the passing cases in which inputs had to be known when the file is read, because
shapes depend on them: sizes, axes, counts. Networks have them as constants; the vectors feed them. Operators without a case are newer than
the vectors, or were never part of them; other tests compare those with PyTorch or ONNX Runtime. Where texts, vectors and runtimes disagree:
[disputed rules](onnx-rules.md).`,
    table(["operator", "versions in the vectors", "cases", "passed", "known"], readRows(inScope)),
    "## Refused",
    table(["operator or case", "cases", "why"], refusedRows(refused)),
  ].join("\n\n")}\n`;
}

function readRows(judged: readonly JudgedCase[]): string[][] {
  const operators = new Set([...Object.keys(readers), ...judged.flatMap(({ vector }) => vector.operators)]);
  return [...operators].sort().map((operator) => {
    const own = judged.filter(({ vector }) => vector.operators.includes(operator));
    const passed = own.flatMap(({ verdict }) => (verdict.kind === "pass" ? [verdict] : []));
    const opsets = [...new Set(own.map(({ vector }) => vector.opset))].sort((a, b) => a - b);
    return [operator, opsets.join(", "), ...[own.length, passed.length, passed.filter(({ known }) => known !== "none").length].map(String)];
  });
}

/** Cases that share a reason and an operator that nobody reads are one line. */
function refusedRows(judged: readonly JudgedCase[]): string[][] {
  const rows = new Map<string, { count: number; why: string }>();
  for (const { vector } of judged) {
    const why = whyOutOfScope(vector) as string;
    const unread = vector.operators.filter(
      (operator) => !Object.hasOwn(readers, operator) && whyOutOfScope({ ...vector, operators: [operator] }) === why,
    );
    for (const title of unread.length > 0 ? unread : [`\`${vector.name}\``]) {
      const row = rows.get(title) ?? { count: 0, why };
      row.count++;
      rows.set(title, row);
    }
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([title, { count, why }]) => [title, String(count), why]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const judged: JudgedCase[] = [];
  for (const vector of vectorCases()) judged.push({ vector, verdict: await runCase(vector, "reference") });
  const wrong = judged.filter(({ verdict }) => verdict.kind === "wrong" || verdict.kind === "crashed");
  if (wrong.length > 0) throw new Error(`wrong: ${wrong.map(({ vector }) => vector.name).join(", ")}`);
  await writeFile(operatorsPage, describeOperators(judged));
  console.log(`${judged.length} cases in ${operatorsPage}`);
}
