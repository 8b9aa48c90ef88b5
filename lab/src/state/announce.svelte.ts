// What screen readers are told in passing: at most one sentence a second, the latest one.

let sentence = $state("");
let waiting: string | undefined;
let quietUntil = 0;

/** The sentence that stands in the live region now. */
export const announced: { readonly sentence: string } = {
  get sentence() {
    return sentence;
  },
};

/** Says a move or a result. Training must not call this at every step. */
export function announce(text: string): void {
  const now = performance.now();
  if (now >= quietUntil) {
    sentence = text;
    quietUntil = now + 1000;
    return;
  }
  if (waiting === undefined) {
    setTimeout(() => {
      sentence = waiting ?? sentence;
      waiting = undefined;
      quietUntil = performance.now() + 1000;
    }, quietUntil - now);
  }
  waiting = text;
}
