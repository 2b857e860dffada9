// One run of the command line. Each folder beside this file imports only those after it: `suggest/`;
// `commands/`; what several commands share (`batch/`, `completion/`, `doctor/`, `look/`, `services/`);
// `jobs/` and `values/`; `program/`; `places/`; `terminal/`.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../holdfast_version.ts";
import { type Advice, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { retold, taskFailed } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { withDeadline } from "../../core/retry.ts";
import { type CliIo, ReaderGone } from "./terminal/cli_io.ts";
import { createCommandContext } from "./program/command_context.ts";
import type { Command, SharedOptions } from "./program/command.ts";
import type { Extension } from "./program/extension.ts";
import { type CommandTable, createCommandTable } from "./commands/mod.ts";
import { reportError } from "./terminal/exit_code.ts";
import { cliHint } from "./terminal/hint_words.ts";
import { shellWord, withRegistry } from "./terminal/hints.ts";
import { configuredExtensions, type NamedModule } from "./program/extensions/named_modules.ts";
import { isExtensionLate, splitExtensions } from "./program/extensions/named_modules.ts";
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
  try {
    const { files, rest } = splitExtensions(args);
    if (files.length > 0) shared.extensions = files.map((file) => absolute(file, io.cwd));
    const own = await loadOwn(files, rest, { io, extensions });
    return await runLine(rest, io, { shared, extensions: [...extensions, ...own] });
  } catch (error) {
    return await reportError(error, shared, io);
  }
}

/** Lines that work without the extensions of a configuration, so that it can be fixed. */
const WITHOUT_CONFIGURED = /^(help|doctor|init|completions|__complete|remote)$/;

/** Loads the extensions that the user names on this line or in the configuration. */
async function loadOwn(
  files: readonly string[],
  words: readonly string[],
  { io, extensions }: { io: CliIo; extensions: readonly Extension[] },
): Promise<Extension[]> {
  if (words.length === 1 && /^(-V|--version|version)$/.test(words[0]!)) return [];
  const load = async (modules: readonly NamedModule[], own: readonly Extension[] = []) => {
    if (modules.length === 0) return [];
    const { loadExtensions } = await import("./program/extensions/load_extensions.ts");
    const known = [...extensions, ...own];
    const { names } = createCommandTable(known);
    const loading = loadExtensions(modules, { extensions: known, commands: names });
    return await withDeadline(loading, { signal: io.signal }); // a module may never end
  };
  const isHelp = words.length === 0 || words.includes("--help") || words.includes("-h");
  const goesOn = isHelp || WITHOUT_CONFIGURED.test(words[0]!);
  let modules: readonly NamedModule[] = [], configured: readonly Extension[] = [];
  try {
    modules = configuredExtensions(io.system);
    configured = await load(modules);
  } catch (error) {
    if (!goesOn) throw error;
    if (words[0] !== "__complete") await warn(error, io);
  }
  const missing = "Pass the path of a module, such as ./mine.ts.";
  const named = files.map((module) => ({ module, cwd: io.cwd, missing }));
  const paths = modules.map(({ module, cwd }) => absolute(module, cwd));
  const others = named.filter(({ module, cwd }) => !paths.includes(absolute(module, cwd)));
  return [...configured, ...await load(others, configured)];
}

async function warn(error: unknown, io: CliIo): Promise<void> {
  const { message, hint } = error as Partial<RegistryError>;
  await io.stderr.write(`warning: ${message}\n${hint ? `hint: ${hint}\n` : ""}`);
}

function absolute(file: string, cwd: string): string {
  return resolve(cwd, /^file:/i.test(file) ? fileURLToPath(file) : file);
}

async function runLine(
  args: readonly string[],
  io: CliIo,
  { shared, extensions }: { shared: SharedOptions; extensions: readonly Extension[] },
): Promise<number> {
  // Other programs have the command `version`.
  const typed = args.length === 1 && args[0] === "version" ? ["--version"] : args;
  const tokens = extensions.flatMap(({ tokens = [] }) => tokens);
  const hints = extensions.flatMap(({ hints }) => hints === undefined ? [] : [hints]);
  const ofRegistry = extensions.flatMap(({ ofRegistry = [] }) => ofRegistry);
  const words = {
    hint: (error: Advice) => cliHint(error, io.system.env, hints),
    withRegistry: (text?: string) => withRegistry(text, shared.registry, ofRegistry),
  };
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
        const context = createCommandContext({ io, shared, tokens, hints, ofRegistry });
        try {
          return checkExitCode(command, await command.run(words, call.options, context) ?? 0);
        } finally {
          await context[Symbol.asyncDispose]();
        }
      },
    });
  } catch (error) {
    if (error instanceof ReaderGone && whenUnread === "end") return 0;
    const hint = isRegistryError(error, "Invalid", "NotFound")
      ? await hintForLine(error, typed, { ...program, table, extensions, shared }).catch(() => {})
      : undefined;
    if (hint === undefined) return await reportError(error, shared, io, words);
    const told = retold(error as RegistryError, { hint, cause: error });
    const whole = { ...words, withRegistry: (text?: string) => text }; // the line names it
    return await reportError(told, shared, io, whole);
  }
}

/** Throws for a code that no process can have: commands of extensions may return anything. */
function checkExitCode({ name }: Command, code: number): number {
  if (Number.isInteger(code) && code >= 0 && code <= 255) return code;
  throw taskFailed(`run ${name}`, undefined, `its exit code is ${shown(code)}`, {
    hint: "Return a whole number from 0 to 255 from the command, or nothing.",
  });
}

/** Returns what a wrong line means, if it is known. */
async function hintForLine(
  error: RegistryError,
  args: readonly string[],
  { table, extensions, shared, ...program }: Pick<ProgramOptions, "groups" | "io" | "version"> & {
    table: CommandTable;
    extensions: readonly Extension[];
    shared: SharedOptions;
  },
): Promise<string | undefined> {
  if (isWrongUsage(error) && isExtensionLate(args)) {
    return "Write it before the command: holdfast --extension ./mine.ts COMMAND";
  }
  const { suggestLine } = await import("./suggest/suggest_line.ts");
  const commands = await table.load();
  const parses = (words: readonly string[]) =>
    runProgram(words, { ...program, commands, run: () => Promise.resolve(0) })
      .then(() => true, () => false);
  const wasParsed = !isWrongUsage(error);
  const others = extensions.flatMap(({ words = [] }) => words);
  const suggestions = extensions.flatMap(({ suggestions }) => suggestions ?? []);
  const { cwd } = program.io;
  const words = { others, suggestions };
  const hint = await suggestLine(args, { commands, ...words, cwd, wasParsed, parses });
  const named = (shared.extensions ?? []).map((file) => ` --extension ${shellWord(file)}`).join("");
  return hint?.replace(/^ {2}holdfast/gm, (program) => program + named);
}
