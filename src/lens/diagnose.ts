// An empty map is a finding about the net, not an error. These sentences say which one, so that nobody takes grey for calm.
import type { Tensor } from "../tensor/tensor.ts";

/** What is wrong, or not to be trusted, with a map. Empty when nothing is. */
export function diagnoseMap(map: Tensor, score: number, method: string, relus: readonly string[]): string[] {
  const warnings: string[] = [];
  if (map.data.some(Number.isNaN)) warnings.push("the map has numbers that are not numbers: the net overflows on this picture");
  if (map.data.every((v) => v === 0)) warnings.push(whyZero(score, method, relus));
  else if ((method === "guided" || method === "deconvnet") && relus.length === 0) {
    warnings.push(`there is no ReLU before the target, so the ${method} map is the plain gradient`);
  }
  return warnings;
}

function whyZero(score: number, method: string, relus: readonly string[]): string {
  if (relus.length > 0 && score <= 0) {
    return "the map is zero everywhere: the target is not above 0 on this picture, so a ReLU before it passes nothing back (a dead or silent unit)";
  }
  if (method === "guided" || method === "deconvnet") {
    return `the map is zero everywhere: every gradient that reaches a ReLU is negative, and the ${method} rule passes only positive ones`;
  }
  return "the map is zero everywhere: the target has no gradient here (a saturated value, a dead layer, or weights that are zero)";
}

/** What is wrong with a climbed picture. */
export function diagnoseAscent(image: Tensor, flat: boolean): string[] {
  if (image.data.some(Number.isNaN)) return ["the picture has numbers that are not numbers: lower the learning rate, or bound the picture"];
  return flat
    ? ["no gradient reached the picture at any step, so it shows nothing: the unit is dead, or does not depend on the input"]
    : [];
}
