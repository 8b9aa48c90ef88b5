// Points and weights for integrals over 0..1.

export type QuadratureRule = "gaussLegendre" | "midpoint";

export interface QuadraturePoint {
  readonly at: number;
  readonly weight: number;
}

/** `count` points of the rule; the weights sum to 1. Gauss-Legendre is exact for polynomials of degree 2·count - 1. */
export function quadrature(rule: QuadratureRule, count: number): QuadraturePoint[] {
  if (rule === "midpoint") return Array.from({ length: count }, (_, i) => ({ at: (i + 0.5) / count, weight: 1 / count }));
  return Array.from({ length: count }, (_, i) => legendrePoint(i, count)).sort((a, b) => a.at - b.at);
}

/** Root i of the Legendre polynomial of this degree by Newton's method from its asymptotic position, moved from -1..1 to 0..1. */
function legendrePoint(i: number, degree: number): QuadraturePoint {
  let x = Math.cos((Math.PI * (i + 0.75)) / (degree + 0.5));
  let slope = 1;
  for (let round = 0; round < 100; round++) {
    const [value, derivative] = legendre(degree, x);
    slope = derivative;
    const step = value / derivative;
    x -= step;
    if (Math.abs(step) < 1e-15) break;
  }
  return { at: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
}

/** The Legendre polynomial and its derivative by the three-term recurrence. */
function legendre(degree: number, x: number): [value: number, derivative: number] {
  let [previous, current] = [1, x];
  for (let n = 2; n <= degree; n++) [previous, current] = [current, ((2 * n - 1) * x * current - (n - 1) * previous) / n];
  if (degree === 0) return [1, 0];
  return [current, (degree * (x * current - previous)) / (x * x - 1)];
}
