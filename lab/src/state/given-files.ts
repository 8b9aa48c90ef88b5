// Files as they come from outside: chosen, dropped or pasted; a dropped folder stands for everything in it.

/** A file with the path that it has in what was given: "cats/1.png". */
export interface GivenFile {
  readonly path: string;
  readonly file: Blob;
}

/** Of a file field; those of a folder know their paths. */
export function filesChosen(files: Iterable<File> | null): GivenFile[] {
  return Array.from(files ?? [], (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** What a drop or the clipboard carries. Call while the event lasts: afterwards browsers give nothing. */
export function filesCarried(data: DataTransfer | null): Promise<GivenFile[]> {
  const entries = Array.from(data?.items ?? [], (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const files = filesChosen(data?.files ?? null);
  // Files that a program made, rather than the system's, have no entries.
  return entries.some((entry) => entry.isDirectory) ? Promise.all(entries.map(walk)).then((found) => found.flat()) : Promise.resolve(files);
}

async function walk(entry: FileSystemEntry): Promise<GivenFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: GivenFile[] = [];
  // A reader gives a part of the folder at a time.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return found;
    found.push(...(await Promise.all(part.map(walk))).flat());
  }
}

/** Paths with bytes, as the library takes files. */
export function bytesOf(files: readonly GivenFile[]): Promise<(readonly [path: string, bytes: Uint8Array])[]> {
  return Promise.all(files.map(async ({ path, file }) => [path, new Uint8Array(await file.arrayBuffer())] as const));
}
