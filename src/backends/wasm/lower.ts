// From a graph to steps: chooses a kernel or a view for every value, settles where values lie, and inserts conversions where wishes differ.

import type { Graph } from "../../graph/graph.ts";
import type { Precision } from "../../graph/program.ts";
import { constantOp, fillOp, inputOp, variableOp } from "../../graph/record.ts";
import { showValue, type Value } from "../../graph/value.ts";
import { UnsupportedOpError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { bytesPerElement, type DType, full, type Tensor } from "../../tensor/tensor.ts";
import { composites } from "./composites.ts";
import { type Fusions, findFusions } from "./fusion.ts";
import {
  type Border,
  type Kernel,
  type KernelRule,
  type Placement,
  type ProbedTile,
  rowMajor,
  type Site,
  type Tier,
  type Wish,
} from "./kernel.ts";
import { borderKernel } from "./kernels/border.ts";
import { copyKernel } from "./kernels/copy.ts";
import { fillKernel } from "./kernels/elementwise.ts";
import { findRule } from "./kernels/index.ts";
import { hasBorder, layOut, normalised, orderOf, satisfies, widestBorder } from "./layout.ts";
import { planarRules } from "./planar.ts";
import { type Buffer, type KernelStep, type Located, type Region, type Role, regionOf, type Step, wholeRegion } from "./steps.ts";
import type { ChooseVariant } from "./tuning.ts";
import { findJointUpdates, type JointUpdates, jointUpdateStep, noJointUpdates } from "./updates.ts";
import { isViewOp, viewOf } from "./views.ts";

export interface LowerOptions {
  readonly tier: Tier;
  /** The engine's fastest tile for products. */
  readonly tile?: ProbedTile | undefined;
  readonly strict: boolean;
  readonly precision?: Precision;
  /** Chooses among the variants of kernels; without it the rules do. */
  readonly choose?: ChooseVariant | undefined;
  /** Updates each variable by a kernel of its own: for comparing. */
  readonly updatesApart?: boolean | undefined;
}

export interface Lowered {
  /** Run once, before the first run: whatever depends on constants alone. */
  readonly prelude: readonly Step[];
  /** Run before the next run whenever a variable that no run updates has been written: whatever depends on such variables and constants alone. */
  readonly derived: readonly Step[];
  readonly steps: readonly Step[];
  readonly feeds: ReadonlyMap<string, Located>;
  readonly state: ReadonlyMap<string, Located>;
  /** Dense and row-major. */
  readonly outputs: ReadonlyMap<string, Located>;
  /** Which code runs each value. */
  readonly kernels: ReadonlyMap<Value, string>;
  /** Values that are computed together with another one. */
  readonly hosts: ReadonlyMap<Value, Value>;
  readonly standIns: readonly Value[];
}

/** Throws `UnsupportedOpError` for ops without a kernel when `strict`, and for ops that cannot run at all. */
export function lower(graph: Graph, options: LowerOptions): Lowered {
  const lowering = new Lowering(graph, options);
  for (const value of graph.order) lowering.place(value);
  return lowering.finish();
}

export class Lowering {
  readonly tier: Tier;
  readonly #tile: ProbedTile | undefined;
  readonly #graph: Graph;
  readonly #strict: boolean;
  readonly #precision: Precision;
  readonly #choose: ChooseVariant | undefined;
  readonly #located = new Map<Value, Located[]>();
  readonly #packed = new Map<Buffer, Map<string, Located>>();
  readonly #borders: ReadonlyMap<Value, Border>;
  readonly #fusions: Fusions;
  readonly #updates: JointUpdates;
  readonly #planar: ReadonlyMap<Value, KernelRule>;
  readonly #prelude: Step[] = [];
  readonly #derived: Step[] = [];
  readonly #steps: Step[] = [];
  readonly #kernels = new Map<Value, string>();
  readonly #standIns: Value[] = [];
  #current: Value | undefined;

  constructor(graph: Graph, { tier, tile, strict, precision = "exact", choose, updatesApart = false }: LowerOptions) {
    this.tier = tier;
    this.#tile = tile;
    this.#graph = graph;
    this.#strict = strict;
    this.#precision = precision;
    this.#choose = choose;
    this.#updates = updatesApart ? noJointUpdates : findJointUpdates(graph);
    this.#fusions = findFusions(graph, this.#updates.hosts);
    this.#planar = planarRules(graph, this.#fusions);
    this.#borders = wantedBorders(graph, (value) => this.#ruleFor(value));
  }

  place(value: Value): void {
    this.#current = value;
    const located = this.#locate(value);
    if (located !== undefined) this.#located.set(value, [located]);
  }

  /** Where `value` lies in a way that satisfies `wish`; copies it there if need be. */
  want(value: Value, wish: Wish): Located {
    const known = this.#located.get(value) as Located[];
    const found = known.find(({ placement }) => satisfies(placement, wish));
    if (found !== undefined) return wish === "any" ? found : { ...found, placement: normalised(found.placement, wish.order) };
    const [source] = known;
    const order = wish === "any" ? rowMajor(value.rank) : wish.order;
    const converted = this.newLocated(source.placement, order, wish === "any" ? undefined : wish.border, roleFrom([source]));
    this.copy(source, converted);
    known.push(converted);
    return converted;
  }

  newDense({ shape, dtype }: Pick<Placement, "shape" | "dtype">, role: Buffer["role"]): Located {
    return this.newLocated({ shape, dtype }, rowMajor(shape.length), undefined, role);
  }

  /** Fresh memory in this axis order; a border is zeroed at once. */
  newLocated(
    { shape, dtype }: Pick<Placement, "shape" | "dtype">,
    order: readonly number[],
    border: Border | undefined,
    role: Buffer["role"],
  ): Located {
    const { placement, origin, elements } = layOut(shape, dtype, order, border);
    const width = bytesPerElement(dtype);
    const located: Located = { buffer: { role, bytes: elements * width }, offset: origin * width, placement };
    if (hasBorder(placement.border)) {
      this.emit(borderKernel(placement, order), [], located, { region: { ...wholeRegion(located.buffer), part: "border" } });
    }
    return located;
  }

  copy(from: Located, to: Located): void {
    this.emit(copyKernel(from.placement, to.placement, this.tier), [from], to, { copies: { from, to } });
  }

  fill(to: Located, value: number): void {
    this.emit(fillKernel(to.placement, value, this.tier), [], to);
  }

  /** Appends the stages of a kernel, after packing what it wants packed. */
  emit(
    kernel: Kernel,
    operands: readonly Located[],
    result: Located,
    extra: { readonly name?: string; readonly copies?: KernelStep["copies"]; readonly region?: Region } = {},
  ): void {
    const { packings = [], tables = [], scratchBytes = 0, stages, inPlace = [] } = kernel;
    const packed = packings.map((packing) => this.#pack(packing, operands[packing.operand]));
    const constants = tables.map((data): Located => {
      const dtype: DType = data instanceof Float32Array ? "float32" : "int32";
      return {
        buffer: { role: "constant", bytes: data.byteLength, data },
        offset: 0,
        placement: layOut([data.length], dtype, [0]).placement,
      };
    });
    const scratch: Buffer = { role: "working", bytes: Math.max(scratchBytes, 0) };
    const args = [...operands, ...packed, ...constants, result, { buffer: scratch, offset: 0 }];
    const scratchRegions = scratchBytes > 0 ? [wholeRegion(scratch)] : [];
    const reads = [...operands, ...packed].map(readRegion);
    const write = extra.region ?? { ...regionOf(result), part: "inside" as const };
    for (const stage of stages) {
      if (stage.items === 0) continue;
      this.#push(
        {
          kind: "kernel",
          name: extra.name ?? kernel.name,
          ...(this.#current && { value: this.#current }),
          stage,
          args: args.map(({ buffer, offset }) => ({ buffer, offset })),
          reads: [...reads, ...scratchRegions],
          writes: [write, ...scratchRegions],
          ...(stages.length === 1 &&
            inPlace.length > 0 && { inPlace: { operands: inPlace.map((i) => operands[i]), all: operands, result } }),
          ...(extra.copies && { copies: extra.copies }),
        },
        result.buffer,
      );
    }
  }

  finish(): Lowered {
    const { outputs, updates, inputs, variables } = this.#graph;
    this.#current = undefined;
    const at = (value: Value): Located => (this.#located.get(value) as Located[])[0];
    const results = new Map([...outputs].map(([name, value]) => [name, this.#result(value)]));
    // Updates happen together: what still lies in a variable that is about to change is moved out of the way first.
    const apart = [...updates].filter(([target]) => !this.#updates.targets.has(target));
    const nexts = apart.map(([target, next]) => {
      const source = this.want(next, "any");
      if (source.buffer.role !== "state") return [at(target), source] as const;
      const moved = this.newDense(next, "working");
      this.copy(source, moved);
      return [at(target), moved] as const;
    });
    this.#updateJointly();
    for (const [target, source] of nexts) this.copy(source, target);
    const locate = (values: ReadonlyMap<string, Value>): Map<string, Located> => new Map([...values].map(([name, v]) => [name, at(v)]));
    return {
      prelude: this.#prelude,
      derived: this.#derived,
      steps: this.#steps,
      feeds: locate(inputs),
      state: locate(variables),
      outputs: results,
      kernels: this.#kernels,
      hosts: this.#fusions.hosts,
      standIns: this.#standIns,
    };
  }

  /** An output is read after the updates, so it must not lie in state. */
  #result(value: Value): Located {
    const located = this.want(value, { order: rowMajor(value.rank), dense: true });
    if (located.buffer.role !== "state" && sizeOf(value.shape) > 0) return located;
    const moved = this.newDense(value, "working");
    if (sizeOf(value.shape) > 0) this.copy(located, moved);
    return moved;
  }

  /** Undefined for values that are computed together with a later one. */
  #locate(value: Value): Located | undefined {
    const { op } = value;
    if (op === inputOp) return this.newDense(value, "working");
    if (op === variableOp) return this.newDense(value, this.#graph.updates.has(value) ? "state" : "fixed");
    if (op === constantOp) return this.#constant(value.attrs.value as Tensor);
    if (op === fillOp) return this.#repeated(value);
    if (sizeOf(value.shape) === 0) return this.newDense(value, "working");
    if (this.#updates.hosts.has(value)) {
      this.#kernels.set(value, "part of the joint update");
      return undefined;
    }
    const host = this.#fusions.hosts.get(value);
    if (host !== undefined) {
      this.#kernels.set(value, `fused into ${host.label ?? host.op.name}`);
      return undefined;
    }
    if (isViewOp(value)) return this.#view(value);
    const expand = composites[op.name]?.(value);
    if (expand !== undefined) {
      this.#kernels.set(value, op.name);
      return expand(this);
    }
    const rule = this.#ruleFor(this.#fusions.epilogues.get(value)?.kernel ?? value);
    return rule === undefined ? this.#standIn(value) : this.#compute(value, rule);
  }

  #updateJointly(): void {
    const step = jointUpdateStep(this.#updates, this);
    if (step === undefined) return;
    this.#kernels.set(step.value as Value, `${step.name} in one pass`);
    this.#steps.push(step);
  }

  #ruleFor(value: Value): KernelRule | undefined {
    return this.#planar.get(value) ?? findRule(value);
  }

  #push(step: Step, target: Buffer): void {
    (target.role === "packed" ? this.#prelude : target.role === "derived" ? this.#derived : this.#steps).push(step);
  }

  #constant(tensor: Tensor): Located {
    const { placement } = layOut(tensor.shape, tensor.dtype, rowMajor(tensor.rank));
    return { buffer: { role: "constant", bytes: tensor.data.byteLength, data: tensor.data }, offset: 0, placement };
  }

  /** One element that every index reads. */
  #repeated({ shape, dtype, attrs }: Value): Located {
    const { buffer } = this.#constant(full([1], attrs.value as number, dtype));
    const { placement } = layOut(shape, dtype, rowMajor(shape.length));
    return { buffer, offset: 0, placement: { ...placement, strides: shape.map(() => 0) } };
  }

  #view(value: Value): Located {
    const [operand] = value.inputs;
    this.#kernels.set(value, "view");
    for (const located of this.#located.get(operand) as Located[]) {
      const view = viewOf(value, located.placement);
      if (view === undefined) continue;
      const offset = located.offset + view.offset * bytesPerElement(value.dtype);
      return { buffer: located.buffer, offset, placement: view.placement };
    }
    const dense = this.want(operand, { order: rowMajor(operand.rank), dense: true });
    const view = viewOf(value, dense.placement);
    if (view === undefined) throw new UnsupportedOpError(`wasm: ${showValue(value)} is no view of a row-major tensor`);
    this.#kernels.set(value, "copy");
    return { buffer: dense.buffer, offset: dense.offset, placement: view.placement };
  }

  #compute(value: Value, rule: KernelRule): Located {
    const epilogue = this.#fusions.epilogues.get(value);
    const computed = epilogue?.kernel ?? value;
    const prologue = this.#fusions.prologues.get(computed);
    const wishes = rule.wishes(computed);
    if (wishes === undefined) throw new UnsupportedOpError(`wasm: ${showValue(computed)} lost its kernel`);
    const inputs = prologue?.operands ?? computed.inputs;
    const operands = inputs.map((operand, i) => this.want(operand, prologue === undefined ? wishes.operands[i] : "any"));
    const extra = epilogue?.operands.map((operand) => this.want(operand, "any")) ?? [];
    const role = roleFrom([...operands, ...extra]);
    const order = wishes.result === "any" ? this.naturalOrder(value, [...operands, ...extra]) : wishes.result.order;
    const dense = wishes.result !== "any" && wishes.result.dense === true;
    const border = dense ? undefined : this.#borders.get(value);
    const result = this.newLocated(value, order, border, role);
    const site: Site = {
      value: computed,
      operands: operands.map(({ placement }) => placement),
      result: normalised(result.placement, order),
      tier: this.tier,
      ...(this.#tile && { tile: this.#tile }),
      precision: this.#precision,
      ...(epilogue && { epilogue: { expression: epilogue.expression, operands: extra.map(({ placement }) => placement) } }),
      ...(prologue && { prologue: prologue.expression }),
    };
    const variant = this.#choose?.(rule, site);
    const kernel = rule.generate(variant === undefined ? site : { ...site, variant });
    const name = epilogue === undefined ? kernel.name : `${kernel.name} + ${value.op.name}`;
    this.#kernels.set(value, role === "packed" ? `${name}, once` : role === "derived" ? `${name}, when state is written` : name);
    this.emit(kernel, [...operands, ...extra], result, { name: `${kernel.name} -> ${value.label ?? value.op.name}` });
    return result;
  }

  /** The axis order of the operand that has the result's shape, channels-last rather than row-major when they differ. */
  naturalOrder(value: Value, operands: readonly Located[]): readonly number[] {
    const rows = rowMajor(value.rank);
    const alike = operands.filter(
      ({ placement }) => placement.shape.length === value.rank && sizeOf(placement.shape) === sizeOf(value.shape),
    );
    const orders = alike
      .filter(({ placement }) => placement.strides.every((s, axis) => s > 0 || placement.shape[axis] === 1))
      .map(({ placement }) => orderOf(placement));
    return orders.find((order) => order.some((axis, i) => axis !== rows[i])) ?? rows;
  }

  #pack(packing: NonNullable<Kernel["packings"]>[number], operand: Located): Located {
    const shared = this.#packed.get(operand.buffer) ?? new Map<string, Located>();
    this.#packed.set(operand.buffer, shared);
    const key = `${operand.offset} ${packing.key}`;
    const known = shared.get(key);
    if (known !== undefined) return known;
    const buffer: Buffer = { role: roleFrom([operand]), bytes: packing.bytes };
    const { placement } = layOut([packing.bytes], "uint8", [0]);
    const packed: Located = { buffer, offset: 0, placement };
    shared.set(key, packed);
    const stage = { key: packing.key, items: packing.items, nanoseconds: packing.bytes / 4, emit: packing.emit };
    const args = [operand, packed].map(({ buffer: b, offset }) => ({ buffer: b, offset }));
    this.#push(
      {
        kind: "kernel",
        name: `pack ${packing.key}`,
        ...(this.#current && { value: this.#current }),
        stage,
        args,
        reads: [readRegion(operand)],
        writes: [wholeRegion(buffer)],
      },
      buffer,
    );
    return packed;
  }

  #standIn(value: Value): Located {
    const { op } = value;
    const attributes = JSON.stringify(value.attrs);
    if (this.#strict) throw new UnsupportedOpError(`wasm has no kernel for ${showValue(value)} with ${attributes} (strict)`);
    if (op.reference === undefined) throw new UnsupportedOpError(`wasm: ${showValue(value)} has neither a kernel nor reference loops`);
    const operands = value.inputs.map((operand) => this.want(operand, { order: rowMajor(operand.rank), dense: true }));
    const result = this.newDense(value, "working");
    this.#standIns.push(value);
    this.#kernels.set(value, "reference");
    this.#steps.push({ kind: "standIn", value, operands, result, reads: operands.map(regionOf), writes: [regionOf(result)] });
    return result;
  }
}

/** How long what is computed from these operands lasts. */
function roleFrom(operands: readonly Located[]): "packed" | "derived" | "working" {
  const made = (from: readonly Role[]): boolean => operands.every(({ buffer }) => from.includes(buffer.role));
  if (made(["constant", "packed"])) return "packed";
  return made(["constant", "packed", "fixed", "derived"]) ? "derived" : "working";
}

/** Kernels that asked for a border read it. */
function readRegion(located: Located): Region {
  return hasBorder(located.placement.border) ? wholeRegion(located.buffer) : { ...regionOf(located), part: "inside" };
}

/** The widest border that any reader of a value asks for: then its producer leaves room, and nobody has to copy. */
function wantedBorders(graph: Graph, ruleFor: (value: Value) => KernelRule | undefined): Map<Value, Border> {
  const wanted = new Map<Value, Border>();
  for (const value of graph.order) {
    const wishes = ruleFor(value)?.wishes(value);
    wishes?.operands.forEach((wish, i) => {
      if (wish === "any" || wish.border === undefined || !hasBorder(wish.border)) return;
      const operand = value.inputs[i];
      const known = wanted.get(operand);
      wanted.set(operand, known === undefined ? wish.border : widestBorder(known, wish.border));
    });
  }
  return wanted;
}
