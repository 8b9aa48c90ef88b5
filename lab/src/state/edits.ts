// Weights that were changed by hand, as the address has them: "conv1.weight:12=0.5,conv1.bias:3=-1".

export interface WeightEdit {
  readonly parameter: string;
  /** Row-major position. */
  readonly offset: number;
  readonly value: number;
}

export function readEdits(written: string): WeightEdit[] {
  return written.split(",").flatMap((one) => {
    const found = /^(.+):(\d+)=(.+)$/.exec(one);
    const value = Number(found?.[3]);
    return found !== null && Number.isFinite(value) ? [{ parameter: found[1], offset: Number(found[2]), value }] : [];
  });
}

export function writeEdits(edits: readonly WeightEdit[]): string {
  return edits.map(({ parameter, offset, value }) => `${parameter}:${offset}=${value}`).join(",");
}

/** `edits` with one more; a second one of the same weight replaces the first. */
export function withEdit(edits: string, edit: WeightEdit): string {
  const others = readEdits(edits).filter(({ parameter, offset }) => parameter !== edit.parameter || offset !== edit.offset);
  return writeEdits([...others, edit]);
}

/** The id of a net that is another one with changed weights; changes of a changed net are changes of the first. */
export function editedId(base: string, edits: string): string {
  const before = readEdited(base);
  if (before === undefined) return `edited: ${base}; ${edits}`;
  const all = readEdits(edits).reduce((sum, edit) => withEdit(sum, edit), writeEdits(before.edits));
  return `edited: ${before.base}; ${all}`;
}

export function readEdited(id: string): { readonly base: string; readonly edits: readonly WeightEdit[] } | undefined {
  const found = /^edited: (.+); ([^;]+)$/.exec(id);
  return found === null ? undefined : { base: found[1], edits: readEdits(found[2]) };
}
