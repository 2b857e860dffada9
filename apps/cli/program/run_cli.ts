// One run of the command line, and how its failures are reported.
import manifest from "../../../deno.json" with { type: "json" };
import { type CliIo, createColors, ReaderGone } from "../terminal/cli_io.ts";
import { createCommandContext } from "./command_context.ts";
import type { SharedOptions } from "./command.ts";
import { GROUPS, loadCommandsFor } from "../commands/mod.ts";
import {
  errorJson,
  errorStack,
  exitCodeOf,
  Interruption,
  toReportable,
} from "../terminal/exit_code.ts";
import { withRegistry } from "../terminal/hints.ts";
import { hintFor } from "../../../core/errors.ts";
import { refuseHalfRefs } from "./refusals.ts";
import { splitRemotes } from "./split_remotes.ts";
import { printable, printableLines } from "../terminal/table.ts";
import { wrappedFor } from "../terminal/wrap.ts";
import { runProgram } from "./program.ts";

/** Runs the command line and returns its exit code. Results, notes and errors go to `io`. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  // Also for arguments that cannot be parsed.
  const verbose = args.includes("--verbose") || args.includes("-v");
  const shared: SharedOptions = { json: args.includes("--json"), verbose };
  // Other programs have the command `version`.
  const given = args.length === 1 && args[0] === "version" ? ["--version"] : args;
  try {
    return await runProgram(given, {
      commands: await loadCommandsFor(given),
      groups: GROUPS,
      io,
      version: manifest.version,
      async run(command, call) {
        const { args: words, registry } = splitRemotes(command, call.args, call.shared);
        Object.assign(shared, call.shared, registry === undefined ? {} : { registry });
        refuseHalfRefs(command, words);
        const context = createCommandContext({ io, shared });
        try {
          return await command.run(words, call.options, context) ?? 0;
        } finally {
          await context[Symbol.asyncDispose]();
        }
      },
    });
  } catch (error) {
    return error instanceof ReaderGone ? 0 : await report(error, shared, io);
  }
}

async function report(thrown: unknown, shared: SharedOptions, io: CliIo): Promise<number> {
  const error = toReportable(thrown);
  const lines: string[] = [];
  if (shared.json) lines.push(errorJson(error, shared.registry));
  else {
    // A message may be a list. Its lines are indented, so that none looks like another message.
    const clean = (text: string) => text.split("\n  ").map(printable).join("\n  ");
    const shown = (text: string, indent: number) => wrappedFor(clean(text), io.stderr, indent);
    const label = createColors(io.stderr, io).red("error:");
    lines.push(`${label} ${shown(error.message, "error: ".length)}`);
    const hint = error instanceof Interruption ? undefined : hintFor(error, "cli");
    if (hint) lines.push(`hint: ${shown(withRegistry(hint, shared.registry), "hint: ".length)}`);
  }
  if (shared.verbose) lines.push(printableLines(errorStack(error)));
  await io.stderr.write(`${lines.join("\n")}\n`);
  return exitCodeOf(error);
}
