// How pointers and arrow keys find a cell of a grid, the same in every grid of the lab.

export type Cell = readonly [row: number, column: number];

/** Where each key leads from a cell. Cells outside the grid are possible; each grid decides whether it stops or stays at its edge. */
export function arrowTargets([row, column]: Cell, columns: number): Record<string, Cell> {
  return {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [row, 0],
    End: [row, columns - 1],
  };
}

/** The nearest index of `count`. */
export function clampIndex(index: number, count: number): number {
  return Math.min(count - 1, Math.max(0, index));
}

/** The cell under the pointer, in an element that the grid fills. */
export function cellUnder(event: PointerEvent | MouseEvent, rows: number, columns: number): Cell {
  const { left, top, width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  const within = (share: number, count: number): number => clampIndex(Math.floor(share * count), count);
  return [within((event.clientY - top) / height, rows), within((event.clientX - left) / width, columns)];
}
