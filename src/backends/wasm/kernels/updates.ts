// All elementwise updates of state in one pass: momentum, moments and parameters of a whole net in one call. A table says which stretch of
// memory is updated by which form; a form is the arithmetic of one parameter and its moments, which many parameters share.
import { type Expression, expressionKey } from "../../../ops/expression.ts";
import { type FunctionBuilder, i32, type Local, type V128, v128 } from "../assembler.ts";
import type { Stage, Tier } from "../kernel.ts";
import { type Helpers, helpersOf } from "./scalar-math.ts";
import { emitVector, needsHelpers, vectorNanoseconds } from "./vector-expression.ts";

/** What an expression reads: an array of the form, a number that all stretches share, or the result of an earlier step. */
export interface UpdateOperand {
  readonly kind: "array" | "scalar" | "step";
  readonly index: number;
}

export interface UpdateForm {
  /** In the order of computation; what is not stored stays in registers. */
  readonly steps: readonly { readonly expression: Expression; readonly operands: readonly UpdateOperand[] }[];
  readonly stores: readonly { readonly step: number; readonly array: number }[];
  /** How many arrays it reads and writes. */
  readonly arrays: number;
}

/** Elements of one array after another that one form updates; `arrays` say where they begin. */
export interface UpdateStretch<Address> {
  readonly form: number;
  readonly elements: number;
  readonly arrays: readonly Address[];
}

/** Elements that one item updates: what threads share out. */
export const updateElements = 1024;

export function updateFormKey({ steps, stores }: UpdateForm): string {
  const operands = (of: readonly UpdateOperand[]): string => of.map(({ kind, index }) => `${kind}${index}`).join();
  return `${steps.map((s) => `${expressionKey(s.expression)}(${operands(s.operands)})`).join(" ")} -> ${stores.map(({ step, array }) => `${step}:${array}`).join()}`;
}

/** Words of a row: the form, how many elements, and where they begin in each array. */
function rowWords(forms: readonly UpdateForm[]): number {
  return 2 + Math.max(...forms.map(({ arrays }) => arrays));
}

/** The rows of all stretches, cut into items. */
export function updateTable<Address>(
  forms: readonly UpdateForm[],
  stretches: readonly UpdateStretch<Address>[],
  advance: (address: Address, bytes: number) => Address,
): (number | Address)[] {
  const words = rowWords(forms);
  return stretches.flatMap(({ form, elements, arrays }) =>
    Array.from({ length: Math.ceil(elements / updateElements) }, (_, i) => {
      const from = i * updateElements;
      const row = [form, Math.min(updateElements, elements - from), ...arrays.map((address) => advance(address, 4 * from))];
      return [...row, ...new Array<number>(words - row.length).fill(0)];
    }).flat(),
  );
}

/** One stage with the parameters (table, scalars..., start item, end item). */
export function updateStage(
  forms: readonly UpdateForm[],
  stretches: readonly Pick<UpdateStretch<unknown>, "form" | "elements">[],
  scalars: number,
  tier: Tier,
): Stage {
  const cost = forms.map(
    ({ steps, stores, arrays }) =>
      0.5 * (arrays + stores.length) + steps.reduce((sum, { expression }) => sum + vectorNanoseconds(expression), 0),
  );
  return {
    key: `updates ${tier} ${scalars} ${forms.map(updateFormKey).join(" | ")}`,
    items: stretches.reduce((sum, { elements }) => sum + Math.ceil(elements / updateElements), 0),
    nanoseconds: stretches.reduce((sum, { form, elements }) => sum + Math.ceil(elements / 4) * cost[form], 0),
    emit: (module) => {
      const expressions = forms.flatMap(({ steps }) => steps.map(({ expression }) => expression));
      const helpers = expressions.some(needsHelpers) ? helpersOf(module) : undefined;
      return module.func("updates", { params: new Array<"i32">(scalars + 3).fill("i32") }, (f, table, ...rest) => {
        const [start, end] = rest.slice(scalars);
        const bytes = 4 * rowWords(forms);
        const row = f.i32(i32.add(table, i32.mul(start, bytes)));
        const item = f.i32(start);
        f.doWhile(item, end, 1, () => {
          forms.forEach((form, k) => {
            f.if(i32.eq(i32.load(row), k), () => emitForm({ f, tier, form, helpers }, row, rest));
          });
          f.advance(row, i32.const(bytes));
        });
      });
    },
  };
}

interface FormContext {
  readonly f: FunctionBuilder;
  readonly tier: Tier;
  readonly form: UpdateForm;
  readonly helpers: Helpers | undefined;
}

function emitForm(context: FormContext, row: Local<"i32">, scalarAddresses: readonly Local<"i32">[]): void {
  const { f, form } = context;
  const count = f.i32(i32.load(row, 4));
  const pointers = Array.from({ length: form.arrays }, (_, k) => f.i32(i32.load(row, 8 + 4 * k)));
  const operands = form.steps.flatMap((step) => step.operands);
  const used = new Set(operands.flatMap(({ kind, index }) => (kind === "scalar" ? [index] : [])));
  const scalars = new Map([...used].map((index) => [index, f.v128(v128.load32Splat(scalarAddresses[index]))]));
  const reads = new Set(operands.flatMap(({ kind, index }) => (kind === "array" ? [index] : [])));
  const times = (n: Local<"i32">, vectors: number, lanes: 1 | 4): void => {
    f.if(n, () =>
      f.repeat(n, () => {
        emitVectors(context, pointers, scalars, reads, vectors, lanes);
        for (const pointer of pointers) f.advance(pointer, 4 * lanes * vectors);
      }),
    );
  };
  times(f.i32(i32.shrU(count, 3)), 2, 4);
  times(f.i32(i32.and(i32.shrU(count, 2), 1)), 1, 4);
  times(f.i32(i32.and(count, 3)), 1, 1);
}

/** All loads come before all stores, because V8 pairs no vectors across a store. With one lane, the others hold zeros and are not stored. */
function emitVectors(
  { f, tier, form, helpers }: FormContext,
  pointers: readonly Local<"i32">[],
  scalars: ReadonlyMap<number, V128>,
  reads: ReadonlySet<number>,
  vectors: number,
  lanes: 1 | 4,
): void {
  const results = Array.from({ length: vectors }, (_, u) => {
    const load = (k: number): V128 => (lanes === 4 ? v128.load(pointers[k], 16 * u) : v128.load32Zero(pointers[k]));
    const arrays = new Map([...reads].map((k) => [k, f.v128(load(k))]));
    const steps: V128[] = [];
    for (const { expression, operands } of form.steps) {
      const operand = (i: number): V128 => {
        const { kind, index } = operands[i];
        return kind === "step" ? steps[index] : ((kind === "array" ? arrays : scalars).get(index) as V128);
      };
      steps.push(f.v128(emitVector({ f, tier }, expression, operand, helpers)));
    }
    return steps;
  });
  for (const { step, array } of form.stores) {
    results.forEach((steps, u) => {
      if (lanes === 4) f.storeV128(pointers[array], steps[step], 16 * u);
      else f.storeLane32(pointers[array], steps[step], 0);
    });
  }
}
