// Finds the updates of state that one pass over memory can make at the end of a run: next values that are elementwise in variables, gradients
// and shared numbers. One kernel then updates all parameters and moments of a net, where each would otherwise be a kernel or two of its own.
import type { Graph } from "../../graph/graph.ts";
import { fillOp } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import type { Expression } from "../../ops/expression.ts";
import { sameShape, sizeOf } from "../../tensor/shape.ts";
import { rowMajor, type Tier, type Wish } from "./kernel.ts";
import { elementwiseExpression } from "./kernels/index.ts";
import { type UpdateForm, type UpdateOperand, type UpdateStretch, updateFormKey, updateStage, updateTable } from "./kernels/updates.ts";
import { type Address, type Buffer, type KernelStep, type Located, type Region, regionOf } from "./steps.ts";
import { isViewOp } from "./views.ts";

/** Variables that are updated together because their next values have something in common: a parameter and its moments. */
interface Member {
  /** The elementwise values, each after those that it reads. */
  readonly values: readonly Value[];
  readonly stores: readonly { readonly value: Value; readonly target: Value }[];
}

export interface JointUpdates {
  readonly members: readonly Member[];
  /** The elementwise values that the pass computes -> the one that stands for all of them. */
  readonly hosts: ReadonlyMap<Value, Value>;
  /** The variables that it updates. */
  readonly targets: ReadonlySet<Value>;
}

/** Larger ones are worth a kernel of their own, and their gradients (16 MiB and more) need not be kept until the end of the run. */
const mostElements = 2 ** 22;
/** More would not stay in registers. */
const mostArrays = 12;

export const noJointUpdates: JointUpdates = { members: [], hosts: new Map(), targets: new Set() };

export function findJointUpdates(graph: Graph): JointUpdates {
  const targets = new Map<Value, Value[]>();
  for (const [target, next] of graph.updates) targets.set(next, [...(targets.get(next) ?? []), target]);
  const candidates = findCandidates(graph, targets);
  const members = gather(graph, candidates).filter((member) => arraysOf(member).length <= mostArrays);
  if (members.reduce((sum, { stores }) => sum + stores.length, 0) < 2) return noJointUpdates;
  const host = members[0].stores[0].value;
  return {
    members,
    hosts: new Map(members.flatMap(({ values }) => values.map((value) => [value, host]))),
    targets: new Set(members.flatMap(({ stores }) => stores.map(({ target }) => target))),
  };
}

/** Values that nothing but updates of variables of their own shape depends on, and that are elementwise in arrays of that shape and in numbers. */
function findCandidates(graph: Graph, targets: ReadonlyMap<Value, readonly Value[]>): ReadonlySet<Value> {
  const outputs = new Set(graph.outputs.values());
  const readers = new Map<Value, Value[]>();
  for (const value of graph.order) for (const operand of value.inputs) readers.set(operand, [...(readers.get(operand) ?? []), value]);
  const candidates = new Set<Value>();
  for (const value of [...graph.order].reverse()) {
    const read = readers.get(value) ?? [];
    const ends = read.length > 0 || targets.has(value);
    if (ends && !outputs.has(value) && fits(value) && read.every((r) => candidates.has(r) && sameShape(r.shape, value.shape)))
      candidates.add(value);
  }
  return candidates;
}

function fits(value: Value): boolean {
  const { shape, inputs } = value;
  const size = sizeOf(shape);
  return (
    size > 0 &&
    size <= mostElements &&
    inputs.length > 0 &&
    [value, ...inputs].every(({ dtype }) => dtype === "float32") &&
    inputs.every((operand) => isNumber(operand) || sameShape(operand.shape, shape)) &&
    !isViewOp(value) &&
    elementwiseExpression(value) !== undefined
  );
}

/** One number for all elements. */
function isNumber({ op, shape }: Value): boolean {
  return op === fillOp || sizeOf(shape) === 1;
}

/** Candidates that read each other belong together. They are listed in the order in which the updates ask for them, so that alike nets of values look alike. */
function gather(graph: Graph, candidates: ReadonlySet<Value>): Member[] {
  const groups = new Map<Value, { values: Value[]; stores: { value: Value; target: Value }[] }>();
  for (const [target, next] of graph.updates) {
    if (!candidates.has(next)) continue;
    const reached: Value[] = [];
    const touched = new Set<{ values: Value[]; stores: { value: Value; target: Value }[] }>();
    const seen = new Set<Value>();
    const visit = (value: Value): void => {
      if (!candidates.has(value) || seen.has(value)) return;
      seen.add(value);
      const group = groups.get(value);
      if (group !== undefined) {
        touched.add(group);
        return;
      }
      value.inputs.forEach(visit);
      reached.push(value);
    };
    visit(next);
    const [first = { values: [], stores: [] }, ...others] = touched;
    for (const other of others) {
      first.values.push(...other.values);
      first.stores.push(...other.stores);
    }
    first.values.push(...reached);
    first.stores.push({ value: next, target });
    for (const value of first.values) groups.set(value, first);
  }
  return [...new Set(groups.values())];
}

/** What a member reads and writes: operands that it does not compute itself, and its variables. */
function arraysOf({ values, stores }: Member): Value[] {
  const own = new Set(values);
  const read = values.flatMap(({ inputs, shape }) => inputs.filter((v) => !own.has(v) && isArray(v, shape)));
  return [...new Set([...read, ...stores.map(({ target }) => target)])];
}

function isArray(operand: Value, shape: readonly number[]): boolean {
  return operand.op !== fillOp && sameShape(operand.shape, shape);
}

/** What lowering lends to the pass. */
export interface UpdateBuilder {
  readonly tier: Tier;
  want(value: Value, wish: Wish): Located;
  newDense(like: Located["placement"], role: "working"): Located;
  copy(from: Located, to: Located): void;
}

/** The step that makes all updates; what it reads is brought into place by `lowering`. Undefined when there are none. */
export function jointUpdateStep({ members, hosts, targets }: JointUpdates, lowering: UpdateBuilder): KernelStep | undefined {
  const [host] = hosts.values();
  if (host === undefined) return undefined;
  const locate = (value: Value): Located => lowering.want(value, { order: rowMajor(value.rank), dense: true });
  const changing = new Set([...targets].map((target) => locate(target).buffer));
  /** Threads make the updates in any order, so a member must not read the old value of what another one writes. */
  const settled = (located: Located, own: readonly Located[]): Located => {
    if (!changing.has(located.buffer) || own.some(({ buffer, offset }) => buffer === located.buffer && offset === located.offset))
      return located;
    const moved = lowering.newDense(located.placement, "working");
    lowering.copy(located, moved);
    return moved;
  };

  const scalars: Value[] = [];
  const forms: UpdateForm[] = [];
  const known = new Map<string, number>();
  const reads: Region[] = [];
  const writes: Region[] = [];
  const stretches = members.map((member): UpdateStretch<Address> => {
    const arrays = arraysOf(member);
    const form = formOf(member, arrays, scalars);
    const key = updateFormKey(form);
    if (!known.has(key)) known.set(key, forms.push(form) - 1);
    const own = member.stores.map(({ target }) => locate(target));
    const located = arrays.map((value) => settled(locate(value), own));
    reads.push(...located.map(regionOf));
    writes.push(...own.map(regionOf));
    return {
      form: known.get(key) as number,
      elements: sizeOf(member.values[0].shape),
      arrays: located.map(({ buffer, offset }) => ({ buffer, offset })),
    };
  });
  const numbers = scalars.map((value) => settled(lowering.want(value, "any"), []));
  const words = updateTable(forms, stretches, ({ buffer, offset }, bytes) => ({ buffer, offset: offset + bytes }));
  const table: Buffer = { role: "constant", bytes: 4 * words.length, words };
  return {
    kind: "kernel",
    name: `updates of ${targets.size} variables`,
    value: host,
    stage: updateStage(forms, stretches, scalars.length, lowering.tier),
    args: [{ buffer: table, offset: 0 }, ...numbers.map(({ buffer, offset }) => ({ buffer, offset }))],
    reads: [...reads, ...numbers.map(regionOf)],
    writes,
  };
}

function formOf({ values, stores }: Member, arrays: readonly Value[], scalars: Value[]): UpdateForm {
  const operandOf = (operand: Value, shape: readonly number[]): UpdateOperand => {
    const step = values.indexOf(operand);
    if (step >= 0) return { kind: "step", index: step };
    if (isArray(operand, shape)) return { kind: "array", index: arrays.indexOf(operand) };
    if (!scalars.includes(operand)) scalars.push(operand);
    return { kind: "scalar", index: scalars.indexOf(operand) };
  };
  return {
    steps: values.map((value) => ({
      expression: elementwiseExpression(value) as Expression,
      operands: value.inputs.map((operand) => operandOf(operand, value.shape)),
    })),
    stores: stores.map(({ value, target }) => ({ step: values.indexOf(value), array: arrays.indexOf(target) })),
    arrays: arrays.length,
  };
}
