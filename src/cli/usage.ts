// What is wrong with a command line before any command looks at it, in our own words: the parser's speak of "args" and say nothing of what was
// probably meant.
import type { CAC } from "cac";
import { ArgumentError } from "../tensor/errors.ts";
import { proposal } from "../tensor/options.ts";

/** Throws `ArgumentError` for unknown options, options without their value, and arguments that are missing or too many. */
export function checkUsage({ matchedCommand: command, globalCommand, options, args }: CAC): void {
  if (command === undefined) return;
  const declared = [...globalCommand.options, ...command.options];
  const written = declared.flatMap(({ rawName }) => rawName.match(/--[\w-]+/g) ?? []);
  for (const name of Object.keys(options)) {
    if (name === "--" || command.hasOption(name) || globalCommand.hasOption(name)) continue;
    const given = `${name.length > 1 ? "--" : "-"}${dashed(name)}`;
    throw new ArgumentError(`there is no option ${given}${proposal(given, written)}`);
  }
  for (const { name, rawName, required } of declared) {
    if (required === true && options[name] === true) throw new ArgumentError(`${rawName.split(" ")[0]} needs a value: ${rawName}`);
  }
  const missing = command.args.filter(({ required }) => required)[args.length];
  if (missing !== undefined) throw new ArgumentError(`say which ${missing.value}: fovea ${command.rawName}`);
  const surplus = command.args.some(({ variadic }) => variadic) ? undefined : args[command.args.length];
  if (surplus !== undefined) {
    const takes = command.args.length === 0 ? "takes options only" : `takes ${command.args.map(({ value }) => value).join(" and ")} only`;
    throw new ArgumentError(`"${surplus}" is one word too many: fovea ${command.name} ${takes}`);
  }
}

/** The parser keeps names as outputSize. */
const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
