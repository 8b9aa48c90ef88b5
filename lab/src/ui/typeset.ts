// The library writes formulas so that a terminal can show them; a page has the signs.

/** "floor((i - k) / s) + 1" as "⌊(i − k) / s⌋ + 1". */
export function typeset(formula: string): string {
  let text = formula;
  for (const [name, open, close] of [
    ["floor(", "⌊", "⌋"],
    ["ceil(", "⌈", "⌉"],
  ] as const) {
    for (let from = text.indexOf(name); from >= 0; from = text.indexOf(name)) {
      let depth = 0;
      let end = from + name.length - 1;
      for (; end < text.length; end++) {
        if (text[end] === "(") depth += 1;
        else if (text[end] === ")" && --depth === 0) break;
      }
      text = text.slice(0, from) + open + text.slice(from + name.length, end) + close + text.slice(end + 1);
    }
  }
  return text.replace(/(^|[\s(⌊⌈,])-/g, "$1−").replaceAll(" - ", " − ");
}
