// Text for terminals: columns that line up, and lines that end before the edge.

/** Rows with columns padded to the same width; `right` names those that hold numbers. */
export function alignColumns(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => row[c].length)));
  return rows
    .map((row) =>
      row
        .map((cell, c) => (right.includes(c) ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Breaks at spaces, so that no line is longer than `width` where a word allows it; later lines are indented by `indent` spaces. */
export function wrapText(text: string, indent: number, width = 80): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const start = lines.length === 0 ? 0 : indent;
    if (line !== "" && start + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

/** At most `width` characters: what is too long loses its middle, "layer4...conv1", since paths differ at their ends. */
export function shortenMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  const kept = Math.max(2, width - 3);
  return `${text.slice(0, Math.floor(kept / 2))}...${text.slice(text.length - Math.ceil(kept / 2))}`;
}

/** 1536 -> "1.5 KiB". */
export function showBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const unit = bytes < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
