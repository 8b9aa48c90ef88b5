// Einstein's summation: products and sums written as an equation of axis letters. Operands are contracted from left to right by matrix
// products; a repeated letter in one operand is its diagonal.
import { custom } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { mul } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { oneFloatType } from "./operands.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";
import { transpose } from "./transpose.ts";

/** An equation whose every axis has a name: letters, and "…0", "…1", ... for what an ellipsis stands for, counted from the right. */
interface Plan {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

const isEllipsis = (name: string): boolean => name.startsWith("…");

/** "ab...c" with `covered` axes under the ellipsis -> its names. */
function namesOf(term: string, covered: number, where: string): string[] {
  if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(term)) {
    throw new ArgumentError(`${where}: "${term}" must be letters, one for each axis, with at most one "..."`);
  }
  const [before, after] = term.split("...");
  if (after === undefined) return [...before];
  return [...before, ...Array.from({ length: covered }, (_, i) => `…${covered - 1 - i}`), ...after];
}

function planOf(equation: string, shapes: readonly Shape[], where: string): Plan {
  const [left, right, ...rest] = equation.replaceAll(" ", "").split("->");
  const terms = left.split(",");
  if (rest.length > 0) throw new ArgumentError(`${where}: "${equation}" has more than one "->"`);
  if (terms.length !== shapes.length)
    throw new ShapeError(`${where}: "${equation}" has ${terms.length} terms for ${shapes.length} operands`);
  const operands = terms.map((term, i) => {
    const letters = term.replace("...", "").length;
    const covered = shapes[i].length - letters;
    const names = namesOf(term, Math.max(0, covered), where);
    if (names.length !== shapes[i].length) {
      throw new ShapeError(`${where}: the term "${term}" names ${letters} axes, but operand ${i} is ${showShape(shapes[i])}`);
    }
    return names;
  });
  const sizes = sizesOf(operands, shapes, where);
  const all = operands.flat();
  const ellipsis = [...new Set(all.filter(isEllipsis))].sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
  const single = [...new Set(all)].filter((name) => !isEllipsis(name) && all.indexOf(name) === all.lastIndexOf(name)).sort();
  const output = right === undefined ? [...ellipsis, ...single] : namesOf(right, ellipsis.length, where);
  const wrong = output.find((name, i) => !sizes.has(name) || output.indexOf(name) !== i);
  if (wrong !== undefined) {
    throw new ArgumentError(`${where}: "${wrong}" in the result of "${equation}" must be an axis of an operand, and stand there once`);
  }
  return { operands, output, sizes };
}

/** A size of 1 stretches, as in broadcasting. */
function sizesOf(operands: Plan["operands"], shapes: readonly Shape[], where: string): Map<string, number> {
  const sizes = new Map<string, number>();
  operands.forEach((names, i) => {
    names.forEach((name, axis) => {
      const size = shapes[i][axis];
      const known = sizes.get(name) ?? 1;
      if (known !== 1 && size !== 1 && known !== size) {
        throw new ShapeError(`${where}: axis "${name}" has size ${size} in operand ${i}, but ${known} before`);
      }
      sizes.set(name, known === 1 ? size : known);
    });
  });
  return sizes;
}

/** A value and the names of its axes. */
interface Named {
  readonly value: Value;
  readonly names: readonly string[];
}

function arranged({ value, names }: Named, order: readonly string[]): Value {
  const permutation = order.map((name) => names.indexOf(name));
  return permutation.every((axis, i) => axis === i) ? value : transpose(value, { permutation });
}

/** Two axes of one name become one, along the diagonal: every n+1st element of the plane they span. */
function withoutRepeats(given: Named): Named {
  const at = given.names.findIndex((name, i) => given.names.indexOf(name) !== i);
  if (at < 0) return given;
  const name = given.names[at];
  const first = given.names.indexOf(name);
  const others = given.names.map((_, i) => i).filter((i) => i !== at && i !== first);
  const n = given.value.shape[at];
  const kept = others.map((i) => given.value.shape[i]);
  const plane = reshape(transpose(given.value, { permutation: [...others, first, at] }), [...kept, n * n]);
  const diagonal = slice(plane, { axes: [others.length], starts: [0], steps: [n + 1] });
  return withoutRepeats({ value: diagonal, names: [...others.map((i) => given.names[i]), name] });
}

function checkDiagonals(operands: Plan["operands"], shapes: readonly Shape[], where: string): void {
  operands.forEach((names, i) => {
    names.forEach((name, axis) => {
      const first = names.indexOf(name);
      if (shapes[i][first] !== shapes[i][axis]) {
        throw new ShapeError(`${where}: "${name}" names axes of sizes ${shapes[i][first]} and ${shapes[i][axis]} of operand ${i}`);
      }
    });
  });
}

/** Axes that only repeat, and axes that nobody needs any more, go before any product is formed. */
function prepared({ value, names }: Named, sizes: Plan["sizes"], needed: ReadonlySet<string>): Named {
  const stretched = names.map((name, i) => value.shape[i] === 1 && sizes.get(name) !== 1);
  const kept = names.filter((_, i) => !stretched[i]);
  const shape = value.shape.filter((_, i) => !stretched[i]);
  const tight = kept.length === names.length ? value : reshape(value, shape);
  const axes = kept.flatMap((name, i) => (needed.has(name) ? [] : [i]));
  return axes.length === 0 ? { value: tight, names: kept } : { value: sum(tight, { axes }), names: kept.filter((n) => needed.has(n)) };
}

/** One operand times the next, summed over what both have and nobody needs after them. */
function contract(a: Named, b: Named, sizes: Plan["sizes"], needed: ReadonlySet<string>): Named {
  const size = (names: readonly string[]): number => sizeOf(names.map((name) => sizes.get(name) as number));
  const shared = a.names.filter((name) => b.names.includes(name));
  const batch = shared.filter((name) => needed.has(name));
  const inner = shared.filter((name) => !needed.has(name));
  const rows = a.names.filter((name) => !shared.includes(name));
  const columns = b.names.filter((name) => !shared.includes(name));
  const names = [...batch, ...rows, ...columns];
  const shape = names.map((name) => sizes.get(name) as number);
  if (inner.length === 0) {
    const left = reshape(arranged(a, [...batch, ...rows]), [size(batch), size(rows), 1]);
    const right = reshape(arranged(b, [...batch, ...columns]), [size(batch), 1, size(columns)]);
    return { value: reshape(mul(left, right), shape), names };
  }
  const left = reshape(arranged(a, [...batch, ...rows, ...inner]), [size(batch), size(rows), size(inner)]);
  const right = reshape(arranged(b, [...batch, ...inner, ...columns]), [size(batch), size(inner), size(columns)]);
  return { value: reshape(matmul(left, right), shape), names };
}

export const einsumOp: Op = defineOp({
  name: "einsum",
  inputs: ["...xs"],
  attrs: {
    equation: custom((given, { where }) => {
      if (typeof given !== "string") throw new ArgumentError(`${where} is ${typeof given}; expected a text such as "ij,jk->ik"`);
      return given;
    }, 'axis letters per operand, then of the result: "bij,bjk->bik"'),
  },
  shape({ all }, { equation }, where) {
    const { operands, output, sizes } = planOf(equation, all, where);
    checkDiagonals(operands, all, where);
    return output.map((name) => sizes.get(name) as number);
  },
  dtype: ({ all }) => oneFloatType("einsum", all),
  decompose({ all }, { equation }) {
    const shapes = all.map(({ shape }) => shape);
    const { operands, output, sizes } = planOf(equation, shapes, "einsum");
    const neededAfter = (i: number): ReadonlySet<string> => new Set([...output, ...operands.slice(i + 1).flat()]);
    const factors = all.map((value, i) => withoutRepeats({ value, names: operands[i] }));
    const neededBy = (i: number): ReadonlySet<string> => new Set([...output, ...operands.flatMap((names, k) => (k === i ? [] : names))]);
    const ready = factors.map((factor, i) => prepared(factor, sizes, neededBy(i)));
    const result = ready.reduce((product, factor, i) => (i === 0 ? factor : contract(product, factor, sizes, neededAfter(i))));
    const superfluous = result.names.flatMap((name, axis) => (output.includes(name) ? [] : [axis]));
    const kept: Named = {
      value: superfluous.length === 0 ? result.value : sum(result.value, { axes: superfluous }),
      names: result.names.filter((name) => output.includes(name)),
    };
    return arranged(kept, output);
  },
  doc: {
    text: 'Einstein summation: axes of one letter are multiplied together, and summed unless the result names them. Without "->" the result has the letters that occur once, in alphabetical order, after what an ellipsis stands for.',
    example: 'einsum("bchw,oc->bohw", [x, weight])   // a 1x1 convolution',
  },
  cases: [
    {
      title: "matrix product",
      inputs: [
        [3, 4],
        [4, 5],
      ],
      attrs: { equation: "ij,jk->ik" },
    },
    {
      title: "implicit result, batches",
      inputs: [
        [2, 3, 4],
        [2, 4, 5],
      ],
      attrs: { equation: "bij,bjk" },
    },
    {
      title: "1x1 convolution",
      inputs: [
        [2, 3, 4, 5],
        [6, 3],
      ],
      attrs: { equation: "bchw,oc->bohw" },
    },
    {
      title: "ellipsis that broadcasts",
      inputs: [
        [2, 1, 3, 4],
        [5, 4, 2],
      ],
      attrs: { equation: "...ij,...jk->...ik" },
    },
    { title: "diagonal", inputs: [[4, 4]], attrs: { equation: "ii->i" } },
    { title: "trace", inputs: [[3, 3]], attrs: { equation: "ii" } },
    { title: "diagonals of a stack", inputs: [[3, 2, 3, 2]], attrs: { equation: "iaib->bia" } },
    { title: "transpose", inputs: [[2, 3, 4]], attrs: { equation: "abc->cab" } },
    { title: "sums", inputs: [[2, 3, 4]], attrs: { equation: "abc->b" } },
    { title: "outer product", inputs: [[3], [4]], attrs: { equation: "i,j->ji" } },
    {
      title: "three operands",
      inputs: [
        [2, 3],
        [3, 4],
        [4, 2],
      ],
      attrs: { equation: "ab,bc,ca->b" },
    },
    {
      title: "element by element, a sum within",
      inputs: [
        [2, 3, 4],
        [2, 3],
      ],
      attrs: { equation: "abc,ab->a" },
    },
    {
      title: "attention",
      inputs: [
        [2, 3, 2, 4],
        [2, 5, 2, 4],
      ],
      attrs: { equation: "bqhd, bkhd -> bhqk" },
    },
  ],
});

/**
 * Einstein summation of float operands by an equation such as "bij,bjk->bik"; "..." stands for any axes, which broadcast, and a letter that an
 * operand repeats takes its diagonal. Throws `ArgumentError` for a malformed equation, `ShapeError` for one that does not fit the operands.
 */
export function einsum<T extends Operand>(equation: string, xs: readonly T[]): T {
  expectList("einsum", "xs", xs, "Tensors or graph Values");
  return apply(einsumOp, xs, { equation });
}
