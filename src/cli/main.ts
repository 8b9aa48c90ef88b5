#!/usr/bin/env node
// The command line: finds the command, runs it, and turns whatever goes wrong into one clear line and an exit code.
import { readFileSync } from "node:fs";
import { cac } from "cac";
import { ArgumentError } from "../tensor/errors.ts";
import { proposal } from "../tensor/options.ts";
import { addClassifyCommand } from "./classify.ts";
import { addCompareCommand } from "./compare.ts";
import { addConvCommand } from "./conv.ts";
import { addConvertCommand } from "./convert.ts";
import { addDissectCommand } from "./dissect.ts";
import { addExplainCommand } from "./explain.ts";
import { addExportCommand } from "./export.ts";
import { describeFailure, exitCodes } from "./failure.ts";
import { addFilterCommand } from "./filter.ts";
import { tidyHelp } from "./help.ts";
import { addInspectCommand } from "./inspect.ts";
import { addLabCommand } from "./lab.ts";
import { addNeuronsCommand } from "./neurons.ts";
import { readArguments } from "./options.ts";
import { addRunCommand } from "./run.ts";
import { addTrainCommand } from "./train.ts";
import { checkUsage } from "./usage.ts";
import { addZooCommand } from "./zoo.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

// A first Ctrl-C lets the running command save what it has; a second one leaves at once.
const interruption = new AbortController();
process.on("SIGINT", () => {
  if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
  interruption.abort();
  // The lab has no steps: Ctrl-C is how it ends.
  if (cli.matchedCommandName !== "lab") process.stderr.write("\nstopping after this step; press Ctrl-C again to leave at once\n");
});

const cli = cac("fovea");
cli.usage("<command> [options]");
addTrainCommand(cli, interruption.signal);
addInspectCommand(cli);
addZooCommand(cli);
addExplainCommand(cli, interruption.signal);
addCompareCommand(cli, interruption.signal);
addNeuronsCommand(cli, interruption.signal);
addDissectCommand(cli, interruption.signal);
addClassifyCommand(cli, interruption.signal);
addRunCommand(cli, interruption.signal);
addConvertCommand(cli);
addExportCommand(cli);
addConvCommand(cli, interruption.signal);
addFilterCommand(cli, interruption.signal);
addLabCommand(cli, interruption.signal);
cli.help(tidyHelp);
cli.version(version);

try {
  const { args, options } = cli.parse(readArguments(process.argv, cli.commands), { run: false });
  if (cli.matchedCommand !== undefined) {
    if (options.help !== true) {
      checkUsage(cli);
      await cli.runMatchedCommand();
    }
  } else if (args.length > 0) {
    const commands = cli.commands.map((c) => c.name);
    throw new ArgumentError(`there is no command "${args[0]}"${proposal(args[0], commands)}; commands: ${commands.join(", ")}`);
  } else if (options.help !== true && options.version !== true) {
    const unknown = Object.keys(options).filter((name) => name !== "--");
    if (unknown.length > 0)
      throw new ArgumentError(`there is no option --${unknown[0]}${proposal(`--${unknown[0]}`, ["--help", "--version"])}`);
    cli.outputHelp();
  }
} catch (error) {
  const { message, exitCode } = describeFailure(error, cli.matchedCommandName);
  if (message !== undefined) process.stderr.write(`fovea: ${message}\n`);
  if (process.env.FOVEA_DEBUG !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = exitCode;
}
