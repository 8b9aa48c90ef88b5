// fovea zoo: the nets that every command knows by name.
import type { CAC } from "cac";
import { architectures } from "../zoo/registry.ts";
import { wrapText } from "./table.ts";

export function addZooCommand(cli: CAC): void {
  cli.command("zoo", "List the nets that go by a name").option("--json", "Print JSON instead of a table").action(listZoo);
}

function listZoo(options: Readonly<Record<string, unknown>>): void {
  if (options.json === true) {
    const nets = architectures.map(({ name, about, inputShape, classes, gives }) => ({ name, about, inputShape, classes, gives }));
    process.stdout.write(`${JSON.stringify(nets, null, 2)}\n`);
    return;
  }
  const width = Math.max(...architectures.map(({ name }) => name.length));
  const lines = architectures.map(({ name, about }) => wrapText(`${name.padEnd(width + 1)} ${about}`, width + 2));
  process.stdout.write(`${lines.join("\n")}\n`);
}
