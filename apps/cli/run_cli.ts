// One run of the command line. Each folder beside this file imports only those after it: `suggest/`;
// `commands/`; what several commands share (`batch/`, `completion/`, `doctor/`, `look/`, `services/`);
// `jobs/` and `values/`; `program/`; `places/`; `terminal/`.
import { VERSION } from "../holdfast_version.ts";
import { type Advice, isRegistryError, type RegistryError, retold } from "../../core/errors.ts";
import { type CliIo, ReaderGone } from "./terminal/cli_io.ts";
import { createCommandContext } from "./program/command_context.ts";
import type { Command, SharedOptions } from "./program/command.ts";
import type { Extension } from "./program/extension.ts";
import { type CommandTable, createCommandTable } from "./commands/mod.ts";
import { reportError } from "./terminal/exit_code.ts";
import { cliHint } from "./terminal/hint_words.ts";
import { refuseHalfRefs } from "./program/refusals.ts";
import { splitRemotes } from "./program/split_remotes.ts";
import { isWrongUsage, type ProgramOptions, runProgram } from "./program/program.ts";

/** Runs the command line and returns its exit code. Results, notes and errors go to `io`. */
export async function runCli(
  args: readonly string[],
  io: CliIo,
  { extensions }: { extensions: readonly Extension[] },
): Promise<number> {
  // Also for arguments that cannot be parsed.
  const verbose = args.includes("--verbose") || args.includes("-v");
  const shared: SharedOptions = { json: args.includes("--json"), verbose };
  // Other programs have the command `version`.
  const typed = args.length === 1 && args[0] === "version" ? ["--version"] : args;
  const tokens = extensions.flatMap(({ tokens = [] }) => tokens);
  const hints = extensions.flatMap(({ hints }) => hints === undefined ? [] : [hints]);
  const hintOf = (error: Advice) => cliHint(error, io.system.env, hints);
  const table = createCommandTable(extensions);
  const program = { groups: table.groups, io, version: VERSION };
  let whenUnread: Command["whenUnread"] = "end"; // help and versions
  try {
    return await runProgram(typed, {
      ...program,
      commands: await table.loadFor(typed),
      async run(command, call) {
        const { args: words, registry } = splitRemotes(command, call.args, call.shared);
        Object.assign(shared, call.shared, registry === undefined ? {} : { registry });
        refuseHalfRefs(command, words);
        ({ whenUnread } = command);
        if (whenUnread === undefined) io.stdout.ignoreClose?.();
        const context = createCommandContext({ io, shared, tokens, hints });
        try {
          return await command.run(words, call.options, context) ?? 0;
        } finally {
          await context[Symbol.asyncDispose]();
        }
      },
    });
  } catch (error) {
    if (error instanceof ReaderGone && whenUnread === "end") return 0;
    const hint = isRegistryError(error, "Invalid", "NotFound")
      ? await hintForLine(error, typed, { ...program, table, extensions })
      : undefined;
    if (hint === undefined) return await reportError(error, shared, io, hintOf);
    const told = retold(error as RegistryError, { hint, cause: error });
    return await reportError(told, { ...shared, registry: undefined }, io, hintOf); // a line names it
  }
}

/** Returns what a wrong line means, if it is known. */
async function hintForLine(
  error: RegistryError,
  args: readonly string[],
  { table, extensions, ...program }: Pick<ProgramOptions, "groups" | "io" | "version"> & {
    table: CommandTable;
    extensions: readonly Extension[];
  },
): Promise<string | undefined> {
  const { suggestLine } = await import("./suggest/suggest_line.ts");
  const commands = await table.load();
  const parses = (words: readonly string[]) =>
    runProgram(words, { ...program, commands, run: () => Promise.resolve(0) })
      .then(() => true, () => false);
  const wasParsed = !isWrongUsage(error);
  const others = extensions.flatMap(({ words = [] }) => words);
  return await suggestLine(args, { commands, others, cwd: program.io.cwd, wasParsed, parses });
}
