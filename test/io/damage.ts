// Seeded damage for files: every reader must answer it with a typed error or a correct result, quickly.
import { random } from "../../src/tensor/random.ts";

/** Damaged copies: cut off at random places, bits flipped, bytes overwritten near the beginning where the lengths are. */
export function* damaged(
  bytes: Uint8Array,
  seed: number,
  rounds: number,
): Generator<{ readonly what: string; readonly bytes: Uint8Array }> {
  const generator = random(seed);
  for (let round = 0; round < rounds; round++) {
    const kind = round % 3;
    if (kind === 0) {
      const length = generator.integer(bytes.length);
      yield { what: `cut at ${length}`, bytes: bytes.slice(0, length) };
      continue;
    }
    const copy = bytes.slice();
    const reach = kind === 1 ? copy.length : Math.min(copy.length, 200);
    const places = Array.from({ length: 1 + generator.integer(4) }, () => generator.integer(reach));
    for (const place of places) copy[place] = kind === 1 ? copy[place] ^ (1 << generator.integer(8)) : generator.integer(256);
    yield { what: `${kind === 1 ? "bits flipped" : "bytes replaced"} at ${places.join(", ")}`, bytes: copy };
  }
}
