// Numbers as all rooms write them. What is not a share goes through `show` of fovea's report: three digits, a true minus, powers as × 10⁻⁸.

/** A share as percent with one decimal: 0.994 is "99.4 %". What is not 0 or 1 never reads as if it were; what is no number is a dash. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return "–";
  const text = (100 * share).toFixed(1);
  if (text === "0.0" && share > 0) return "< 0.1 %";
  if (text === "100.0" && share < 1) return "> 99.9 %";
  return `${signed(text)} %`;
}

/** A whole number or a tick of an axis: all its digits, with a true minus. */
export function plain(value: number): string {
  return signed(String(value));
}

const signed = (text: string): string => (/^-[0.]+$/.test(text) ? text.slice(1) : text.replace("-", "−"));
