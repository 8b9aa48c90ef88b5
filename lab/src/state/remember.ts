// What the browser keeps from one visit to the next. Where it keeps nothing (private windows, pages from disk), the lab forgets and works on.

const prefix = "fovea-lab:";

export function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(prefix + name) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(name: string, text: string): void {
  try {
    localStorage.setItem(prefix + name, text);
  } catch {
    // Nothing depends on it.
  }
}
