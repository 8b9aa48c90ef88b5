// The two ends of a Winograd convolution: pixels become planes of factors, planes of products become pixels. Vectorised over channels.
import type { Expression } from "../../../ops/expression.ts";
import { type Code, type FunctionBuilder, f32x4, type I32, i32, type Local, type V128, v128 } from "../assembler.ts";
import type { Border, Tier } from "../kernel.ts";
import { floatBytes, type Steps } from "./conv-plan.ts";
import { lanes, loadColumns, storeLanes, vectorBytes } from "./matmul-tile.ts";
import { odometer, type Pointer } from "./pack-nest.ts";
import { emitVector } from "./vector-expression.ts";
import type { WinogradPlan } from "./winograd-plan.ts";
import { inputTransform, outputTransform, transformSquare, windowOf } from "./winograd-transforms.ts";

type Address = Local<"i32">;
/** [row][column][vector] */
type Squares = readonly (readonly (readonly Local<"v128">[])[])[];

interface TileRange {
  /** Tile number of item 0. */
  readonly first: Address;
  readonly start: Address;
  readonly end: Address;
}

/** Calls `body` for every tile of the range; the pointers follow it from where tile 0 has them. */
function forTiles(
  f: FunctionBuilder,
  { geometry, tiles: [rows, columns] }: WinogradPlan,
  { first, start, end }: TileRange,
  pointers: readonly Address[],
  steps: readonly (readonly [image: number, row: number, column: number])[],
  body: (item: Address) => void,
): void {
  const level = (axis: 0 | 1 | 2, count: number): { count: number; steps: number[] } => ({ count, steps: steps.map((s) => s[axis]) });
  const walk = odometer(
    f,
    [level(0, geometry.batch), level(1, rows), level(2, columns)],
    pointers.map((local, step): Pointer => ({ local, step })),
  );
  const item = f.i32(start);
  walk.seek(f.i32(i32.add(first, start)));
  f.loop((again) => {
    body(item);
    f.advance(item, 1);
    f.if(i32.ltU(item, end), () => {
      walk.next();
      f.br(again);
    });
  });
}

function squares(f: FunctionBuilder, size: number, vectors: number): Squares {
  return Array.from({ length: size }, () => Array.from({ length: size }, () => f.locals("v128", vectors)));
}

/** Loads, transforms and hands on `x`, all vectors of one position side by side so that an engine may pair them. */
function transformAll(
  c: { readonly f: FunctionBuilder; readonly tier: Tier },
  transform: Parameters<typeof transformSquare>[1],
  x: Squares,
  load: (row: number, column: number, vector: number) => V128,
): V128[][][] {
  for (const [i, row] of x.entries()) {
    for (const [j, position] of row.entries()) for (const [v, local] of position.entries()) c.f.set(local, load(i, j, v));
  }
  return x[0][0].map((_, v) =>
    transformSquare(
      c,
      transform,
      x.map((row) => row.map((position) => position[v])),
    ),
  );
}

export interface FactorArguments extends TileRange {
  readonly source: Address;
  readonly scratch: Address;
}

/** Pixels -> factors, for x with these steps and this border. */
export function emitFactors(f: FunctionBuilder, plan: WinogradPlan, x: Steps, border: Border, tier: Tier, args: FactorArguments): void {
  const { m, geometry, tiles, vectors, factors } = plan;
  const size = windowOf(m);
  const stepBytes = vectors * vectorBytes;
  const rounds = Math.ceil((geometry.inChannels * floatBytes) / stepBytes);
  const [readRows, readColumns] = geometry.axes.map(({ input, before, after: _ }, axis) => {
    const [zerosBefore, zerosAfter] = border[2 + axis];
    // Positions of a tile's first pixel, counted from the first one that may be read.
    const firstPixel = zerosBefore - before;
    const readable = zerosBefore + input + zerosAfter;
    return { firstPixel, readable, inside: firstPixel >= 0 && firstPixel + (tiles[axis] - 1) * m + size <= readable };
  });
  const [rowStep, columnStep] = x.spatial;
  const corner = f.i32(i32.add(args.source, -geometry.axes[0].before * rowStep - geometry.axes[1].before * columnStep));
  const row = f.i32(readRows.firstPixel);
  const column = f.i32(readColumns.firstPixel);
  const to = f.local("i32");
  const rows = f.locals("i32", size);
  const loaded = squares(f, size, vectors);
  const planeAt = (i: number, j: number, v: number): number => (i * size + j) * factors.planeBytes + v * vectorBytes;
  const emitTransforms = (load: (row: number, column: number, vector: number) => V128, moving: readonly Address[]): void => {
    f.repeat(rounds, () => {
      const made = transformAll({ f, tier }, inputTransform[m], loaded, load);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) for (let v = 0; v < vectors; v++) f.storeV128(to, made[v][i][j], planeAt(i, j, v));
      }
      for (const pointer of [to, ...moving]) f.advance(pointer, stepBytes);
    });
  };
  const inPlace = (): void => {
    for (const [i, pointer] of rows.entries()) f.set(pointer, i32.add(corner, i * rowStep));
    emitTransforms((i, j, v) => v128.load(rows[i], j * columnStep + v * vectorBytes), rows);
  };
  const copied = (): void => {
    copyClipped(f, {
      corner,
      to,
      row,
      column,
      x,
      size,
      rounds: rounds * vectors,
      planeBytes: factors.planeBytes,
      rows: readRows.readable,
      columns: readColumns.readable,
    });
    emitTransforms((i, j, v) => v128.load(to, planeAt(i, j, v)), []);
  };
  const alwaysInside = readRows.inside && readColumns.inside;
  const steps = [
    [x.outer, m * rowStep, m * columnStep],
    [0, m, 0],
    [0, 0, m],
  ] as const;
  forTiles(f, plan, args, [corner, row, column], steps, (item) => {
    f.set(to, i32.add(i32.add(args.scratch, factors.offset), i32.mul(item, factors.tileBytes)));
    const fits = (at: Address, readable: number): Code<"i32"> => i32.leS(i32.add(at, size), readable);
    const inside = i32.and(
      i32.and(i32.geS(row, 0), i32.geS(column, 0)),
      i32.and(fits(row, readRows.readable), fits(column, readColumns.readable)),
    );
    f.if(alwaysInside ? 1 : inside, inPlace, copied);
  });
}

interface Clip {
  readonly corner: Address;
  readonly to: Address;
  readonly row: Address;
  readonly column: Address;
  readonly x: Steps;
  readonly size: number;
  /** Vectors per pixel. */
  readonly rounds: number;
  readonly planeBytes: number;
  /** Positions from 0 up to these may be read; the rest are zeros. */
  readonly rows: number;
  readonly columns: number;
}

/** Copies the pixels of a tile that reaches out of its image to where its factors will be. */
function copyClipped(f: FunctionBuilder, { corner, to, row, column, x, size, rounds, planeBytes, rows, columns }: Clip): void {
  const line = f.i32(corner);
  const pixel = f.local("i32");
  const target = f.i32(to);
  const y = f.i32(row);
  const xx = f.local("i32");
  const from = f.local("i32");
  const at = f.local("i32");
  const each = (value: () => V128): void => {
    f.set(at, target);
    f.set(from, pixel);
    f.repeat(rounds, () => {
      f.storeV128(at, value());
      f.advance(at, vectorBytes);
      f.advance(from, vectorBytes);
    });
  };
  f.repeat(size, () => {
    f.set(pixel, line);
    f.set(xx, column);
    f.repeat(size, () => {
      // Unsigned: positions before the first are beyond the last.
      f.if(
        i32.and(i32.ltU(y, rows), i32.ltU(xx, columns)),
        () => each(() => v128.load(from)),
        () => each(() => v128.zero()),
      );
      f.advance(target, planeBytes);
      f.advance(pixel, x.spatial[1]);
      f.advance(xx, 1);
    });
    f.advance(line, x.spatial[0]);
    f.advance(y, 1);
  });
}

export interface ResultArguments extends TileRange {
  readonly scratch: Address;
  /** The result and the operands of the epilogue. */
  readonly results: readonly Address[];
  readonly bias?: Address;
}

/** Products -> pixels, plus bias, through the epilogue. `results` are the steps of the result and of the epilogue's operands. */
export function emitResults(
  f: FunctionBuilder,
  plan: WinogradPlan,
  results: readonly Steps[],
  epilogue: Expression | undefined,
  tier: Tier,
  args: ResultArguments,
): void {
  const { m, geometry, vectors, products } = plan;
  const size = windowOf(m);
  const perRound = vectors * lanes;
  const corners = args.results.map((result) => f.i32(result));
  const pointers = corners.map(() => f.local("i32"));
  const row = f.i32(0);
  const column = f.i32(0);
  const from = f.local("i32");
  const bias = f.local("i32");
  const loaded = squares(f, size, vectors);
  const values = f.locals("v128", vectors);
  const [height, width] = geometry.axes.map(({ output }) => output);
  const exists = (at: Address, offset: number, limit: number): I32 => (limit % m === 0 || offset === 0 ? 1 : i32.ltS(at, limit - offset));

  const emitRound = (count: number): void => {
    const used = Math.ceil(count / lanes);
    const squaresUsed = loaded.map((line) => line.map((position) => position.slice(0, used)));
    const made = transformAll({ f, tier }, outputTransform[m], squaresUsed, (i, j, v) =>
      v128.load(from, (i * size + j) * products.planeBytes + v * vectorBytes),
    ).map((square) => square.map((line) => line.map((value) => f.v128(value))));
    for (let i = 0; i < m; i++) {
      f.if(exists(row, i, height), () => {
        for (let j = 0; j < m; j++) f.if(exists(column, j, width), () => emitPixel(made, i, j, count));
      });
    }
  };
  const emitPixel = (made: readonly Local<"v128">[][][], i: number, j: number, count: number): void => {
    const offsetOf = ({ spatial }: Steps): number => i * spatial[0] + j * spatial[1];
    for (const [v, square] of made.entries()) {
      const value = square[i][j];
      f.set(values[v], args.bias === undefined ? value : f32x4.add(value, v128.load(bias, v * vectorBytes)));
    }
    const finish =
      epilogue === undefined
        ? undefined
        : (value: Local<"v128">, v: number, here: number): V128 =>
            emitVector(
              { f, tier },
              epilogue,
              (k) =>
                k === 0
                  ? value
                  : loadColumns(f, pointers[k], results[k].channel, here, offsetOf(results[k]) + v * lanes * results[k].channel),
              undefined,
            );
    storeLanes(f, pointers[0], values.slice(0, made.length), count, finish, offsetOf(results[0]));
  };
  const whole = Math.floor(geometry.outChannels / perRound);
  const rest = geometry.outChannels % perRound;
  const steps = [...results.map(({ outer, spatial }) => [outer, m * spatial[0], m * spatial[1]] as const), [0, m, 0], [0, 0, m]] as const;
  forTiles(f, plan, args, [...corners, row, column], steps, (item) => {
    f.set(from, i32.add(i32.add(args.scratch, products.offset), i32.mul(item, products.tileBytes)));
    for (const [k, pointer] of pointers.entries()) f.set(pointer, corners[k]);
    if (args.bias !== undefined) f.set(bias, args.bias);
    if (whole > 0) {
      f.repeat(whole, () => {
        emitRound(perRound);
        f.advance(from, vectors * vectorBytes);
        f.advance(bias, vectors * vectorBytes);
        for (const [k, pointer] of pointers.entries()) f.advance(pointer, perRound * results[k].channel);
      });
    }
    if (rest > 0) emitRound(rest);
  });
}
