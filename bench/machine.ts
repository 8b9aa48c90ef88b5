// Where a table was made.
import { cpus } from "node:os";

export function processor(): string {
  const all = cpus();
  return `${all[0].model}, ${all.length} cores`;
}

export function machine(): string {
  return `${processor()}, Node ${process.versions.node} (V8 ${process.versions.v8})`;
}
