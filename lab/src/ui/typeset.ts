// Formulas of the library are plain ASCII, for terminals and programs; people read real minus signs, powers, indices and brackets.

const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const lowered = "₀₁₂₃₄₅₆₇₈₉";
const digits = (text: string, as: string): string => text.replace(/\d/g, (digit) => as[Number(digit)]);

/** "o = floor((i - k)/s1) = 5.2e-8" as "o = ⌊(i − k)/s₁⌋ = 5.2 × 10⁻⁸", "2^3" as "2³". */
export function typeset(formula: string): string {
  const powers = formula.replace(
    /(?<=\d)e([+-]?)(\d+)/g,
    (_, sign: string, power: string) => ` × 10${sign === "-" ? "⁻" : ""}${digits(power, raised)}`,
  );
  const raisedTo = powers.replace(/\^(\d+)/g, (_, power: string) => digits(power, raised));
  const indices = raisedTo.replace(/(?<![\p{L}\d])(\p{L})(\d+)/gu, (_, letter: string, index: string) => letter + digits(index, lowered));
  return brackets(brackets(indices, "floor", "⌊⌋"), "ceil", "⌈⌉").replaceAll("-", "−");
}

/** name(...) with brackets of its own in place of the name. */
function brackets(text: string, name: string, [open, close]: string): string {
  const from = text.indexOf(`${name}(`);
  if (from < 0) return text;
  const start = from + name.length;
  let depth = 0;
  let end = start;
  for (; end < text.length; end++) {
    if (text[end] === "(") depth += 1;
    if (text[end] === ")") depth -= 1;
    if (depth === 0) break;
  }
  return brackets(`${text.slice(0, from)}${open}${text.slice(start + 1, end)}${close}${text.slice(end + 1)}`, name, open + close);
}
