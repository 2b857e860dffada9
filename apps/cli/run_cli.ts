// One run of the command line.
import manifest from "../../deno.json" with { type: "json" };
import { type CliIo, ReaderGone } from "./terminal/cli_io.ts";
import { createCommandContext } from "./program/command_context.ts";
import type { SharedOptions } from "./program/command.ts";
import { GROUPS, loadCommandsFor } from "./commands/mod.ts";
import { reportError } from "./terminal/exit_code.ts";
import { refuseHalfRefs } from "./program/refusals.ts";
import { splitRemotes } from "./program/split_remotes.ts";
import { runProgram } from "./program/program.ts";

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
        if (command.works) io.stdout.ignoreClose?.();
        const context = createCommandContext({ io, shared });
        try {
          return await command.run(words, call.options, context) ?? 0;
        } finally {
          await context[Symbol.asyncDispose]();
        }
      },
    });
  } catch (error) {
    return error instanceof ReaderGone ? 0 : await reportError(error, shared, io);
  }
}
