// The command line as `commander` reads it: built from the definitions of the commands.
import { Command as Parser, type CommanderError, Help, Option } from "npm:commander@^15";
import { fault } from "../../../core/errors.ts";
import { nearest } from "../../../core/text/nearest.ts";
import { type CliIo, type CliOutput, createColors, knownColumns } from "../terminal/cli_io.ts";
import { SHARED_OPTIONS } from "./command.ts";
import type { Command, OptionDefinition, SharedOptions } from "./command.ts";
import { EXIT_CODE_HELP } from "./exit_code.ts";

export type RunCommand = (
  command: Command,
  call: { args: readonly unknown[]; options: unknown; shared: SharedOptions },
) => Promise<number>;

export interface ProgramOptions {
  commands: readonly Command[];
  /** Where help goes. */
  io: CliIo;
  version: string;
  run: RunCommand;
}

const FIRST_STEPS = `First steps:
  $ holdfast init                          # a registry in ./.holdfast
  $ holdfast save my:model ./model.bin     # my:model@1.0.0
  $ holdfast save my:model ./model.bin     # my:model@2.0.0
  $ holdfast ls
  $ holdfast download my:model@1.0.0 ./old.bin

A ref is name, name@1.2.0, name@^1.2, name@latest or name@alias.`;

/** Parses the arguments and runs the command that they name. Wrong usage throws `Invalid`. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions,
): Promise<number> {
  const { commands, io, version, run } = options;
  const colors = createColors(io.stdout, io);
  let exitCode = 0;
  let help = "";
  const program = new Parser("holdfast")
    .description(
      "Stores and versions models, datasets and files of any size in a folder that several may write to.",
    )
    .version(version, "-V, --version", "the version of this program")
    .helpOption("-h, --help", "this help")
    .helpCommand("help [command]", "Show this help, or that of a command.")
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
    .configureHelp({
      styleTitle: colors.bold,
      visibleCommands: (parser) => visibleCommands(parser),
      subcommandTerm: (sub) =>
        [...wordsOf(sub), ...sub.registeredArguments.map(argumentTerm)].join(" "),
    })
    .configureOutput({
      writeOut: (text) => void (help += text),
      writeErr: (text) => void (help += text),
      outputError: () => {},
      getOutHelpWidth: () => helpWidth(io.stdout),
      getErrHelpWidth: () => helpWidth(io.stderr),
      getOutHasColors: () => true, // the styles above know whether there is colour
      getErrHasColors: () => true,
    })
    .addHelpText("after", `\n${FIRST_STEPS}\n\n${EXIT_CODE_HELP}`);
  program.exitOverride((error) => refuse(error, program));
  for (const option of SHARED_OPTIONS) program.addOption(toOption(option));

  for (const command of commands) {
    const [name, ...groups] = command.name.split(" ").reverse();
    const parent = groups.length === 0 ? program : groupOf(program, groups[0]);
    const sub = parent.command(name, { hidden: command.hidden })
      .summary(command.summary)
      .description(
        command.details === undefined
          ? command.summary
          : `${command.summary}\n\n${command.details}`,
      );
    sub.exitOverride((error) => refuse(error, sub));
    for (const { usage, text } of command.args) sub.argument(usage, text);
    for (const option of command.options) sub.addOption(toOption(option));
    for (const option of SHARED_OPTIONS) {
      sub.addOption(toOption(option).helpGroup("Options of every command:"));
    }
    if (command.examples.length > 0) {
      sub.addHelpText(
        "after",
        ({ error }) => `\n${examplesHelp(command, helpWidth(error ? io.stderr : io.stdout))}`,
      );
    }
    sub.action(async () => {
      const shared = { ...program.opts(), ...sub.opts() } as SharedOptions;
      if (program.opts().cache === false) shared.cache = false; // a --no-… has a value where it is not given, too
      exitCode = await run(command, { args: sub.processedArgs, options: sub.opts(), shared });
    });
  }

  try {
    refuseUnknownHelp(args, program);
    const isOfGroup = args[0] === "help" && args.length === 3;
    await program.parseAsync(isOfGroup ? [...args.slice(1), "--help"] : args, { from: "user" });
  } catch (error) {
    if (!(error instanceof HelpShown)) throw error;
    await (error.wanted ? io.stdout : io.stderr).write(help);
    return error.wanted ? 0 : 2;
  }
  return exitCode;
}

/** Of a command that there is not, the parser would show the help of the program. */
function refuseUnknownHelp([first, word]: readonly string[], program: Parser): void {
  if (first !== "help" || word === undefined || word.startsWith("-") || word === "help") return;
  if (program.commands.some((command) => command.name() === word)) return;
  const state = `there is no command ${JSON.stringify(word)}`;
  const hint = `${meaning(commandLike(word, program))}See "holdfast --help".`;
  throw fault({ code: "Invalid", action: "help", state, hint });
}

class HelpShown extends Error {
  constructor(readonly wanted: boolean) {
    super("Help was shown");
  }
}

function refuse(error: CommanderError, parser: Parser): never {
  if (error.code === "commander.helpDisplayed" || error.code === "commander.version") {
    throw new HelpShown(true);
  }
  if (error.code === "commander.help") throw new HelpShown(error.exitCode === 0);
  // What was too much is not shown: it may be a secret.
  const state = error.message.replace(/^error: /, "").replace(/( but got \d+): .*$/s, "$1");
  const path = ["holdfast", ...wordsOf(parser)].join(" ");
  throw fault({
    code: "Invalid",
    action: "read the command line",
    state,
    hint: `${meaning(likeWrong(error, parser))}See "${path} --help".`,
    cause: error,
  });
}

function meaning(meant: string | undefined): string {
  return meant === undefined ? "" : `Did you mean ${meant}? `;
}

function likeWrong({ code, message }: CommanderError, parser: Parser): string | undefined {
  const typed = /'([^']*)'/.exec(message)?.[1] ?? "";
  if (code === "commander.unknownCommand") return commandLike(typed, parser);
  if (code !== "commander.unknownOption") return undefined;
  return nearest(typed, parser.options.flatMap(({ long }) => long ?? []));
}

/** The command that a word is like, those of groups by their last word: `status` is also `pipeline status`. */
function commandLike(word: string, parser: Parser): string | undefined {
  if (Object.hasOwn(OTHER_NAMES, word)) return OTHER_NAMES[word];
  const named = new Map<string, string>();
  for (const command of [...parser.commands, ...parser.commands.flatMap((sub) => sub.commands)]) {
    if (!named.has(command.name())) named.set(command.name(), wordsOf(command).join(" "));
  }
  return named.get(nearest(word, named.keys()) ?? "");
}

function groupOf(program: Parser, name: string): Parser {
  const there = program.commands.find((command) => command.name() === name);
  if (there !== undefined) return there;
  const group = program.command(name).helpCommand(false);
  group.exitOverride((error) => refuse(error, group));
  return group;
}

/** Commands as the help lists them: those of a group one by one. */
function visibleCommands(parser: Parser): Parser[] {
  const own = new Help().visibleCommands(parser);
  return parser.parent === null
    ? own.flatMap((sub) => sub.commands.length > 0 ? sub.commands : [sub])
    : own;
}

/** `["batch", "save"]`, and none for the program itself. */
function wordsOf(parser: Parser): string[] {
  if (parser.name() === "holdfast") return [];
  return [...(parser.parent === null ? [] : wordsOf(parser.parent)), parser.name()];
}

/** What other programs call a thing that is called something else here. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  add: "save",
  collect: "gc",
  cp: "copy",
  create: "init",
  delete: "rm",
  get: "load",
  list: "ls",
  pull: "download",
  push: "save",
  put: "save",
  remove: "rm",
  show: "info",
  tag: "alias",
};

function toOption(definition: OptionDefinition): Option {
  const { flags, text, choices, parse, repeat } = definition;
  const option = new Option(flags, text);
  if (choices !== undefined) option.choices([...choices]);
  else if (repeat) {
    option.argParser((
      value,
      before: unknown,
    ) => [...(Array.isArray(before) ? before : []), parse?.(value) ?? value]);
  } else if (parse !== undefined) option.argParser(parse);
  return option;
}

function argumentTerm(argument: { name(): string; required: boolean; variadic: boolean }): string {
  const name = argument.name() + (argument.variadic ? "..." : "");
  return argument.required ? `<${name}>` : `[${name}]`;
}

function helpWidth(output: CliOutput): number {
  return Math.min(knownColumns(output) ?? 80, 110);
}

/** Command lines with their purposes behind them, or above them where that is too wide. */
function examplesHelp({ examples }: Command, columns: number): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const beside = examples.map(([line, purpose]) => `  $ ${line.padEnd(width)}  # ${purpose}`);
  const above = examples.flatMap(([line, purpose]) => [`  # ${purpose}`, `  $ ${line}`]);
  return ["Examples:", ...(beside.every((line) => line.length <= columns) ? beside : above)].join(
    "\n",
  );
}
