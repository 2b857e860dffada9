// The parser of the command line, built with `commander` from the definitions of the commands.
import { Command as Parser, type CommanderError, Help, Option } from "npm:commander@^15";
import type { RegistryError } from "../../../core/errors.ts";
import { itemAt } from "../../../core/faults/present.ts";
import { type CliIo, type CliOutput, createColors, knownColumns } from "../terminal/cli_io.ts";
import { EXTENSION_OPTION, SHARED_OPTIONS } from "./command.ts";
import type { Command, OptionDefinition, SharedOptions } from "./command.ts";
import { EXIT_CODE_HELP } from "../terminal/exit_code.ts";
import { type CommandGroup, groupHelp, groupLines } from "./groups.ts";
import { invalid } from "../terminal/hints.ts";

export interface ProgramOptions {
  commands: readonly Command[];
  groups: readonly CommandGroup[];
  io: CliIo;
  version: string;
  run(
    command: Command,
    call: { args: readonly unknown[]; options: unknown; shared: SharedOptions },
  ): Promise<number>;
}

const FIRST_STEPS = `First steps:
  $ holdfast init                          # a registry in ./.holdfast
  $ holdfast save my:model ./model.bin     # my:model@1.0.0, then 2.0.0
  $ holdfast ls
  $ holdfast download my:model@1.0.0 ./old.bin

A ref is name, name@1.2.0, name@^1.2, name@latest or name@alias.`;

/** Parses the arguments and runs their command. Throws `Invalid` for wrong usage. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions,
): Promise<number> {
  const { commands, io, run } = options;
  let exitCode = 0;
  let help = "";
  const program = createProgram(options, (text) => void (help += text));

  for (const command of commands) {
    const sub = addCommand(program, command, io);
    sub.action(async () => {
      const shared = { ...program.opts(), ...sub.opts() } as SharedOptions;
      if (program.opts().cache === false) shared.cache = false; // --no-… options default to true
      exitCode = await run(command, { args: sub.processedArgs, options: sub.opts(), shared });
    });
  }

  const asksVersion = args.some((arg) => /^(-V|--version)$/.test(arg));
  if (asksVersion && args.every((arg) => arg.startsWith("-"))) {
    await io.stdout.write(`${options.version}\n`);
    return 0;
  }
  const topic = args.length === 2 && args[0] === "help"
    ? topicHelp(itemAt(args, 1), options)
    : undefined;
  if (topic !== undefined) {
    await io.stdout.write(`${topic}\n`);
    return 0;
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

function addCommand(program: Parser, command: Command, io: CliIo): Parser {
  const [name = "", group] = command.name.split(" ").reverse();
  const parent = group === undefined ? program : groupOf(program, group);
  const { summary, details, hidden } = command;
  const sub = parent.command(name, { hidden }).summary(summary)
    .description(details === undefined ? summary : `${summary}\n\n${details}`);
  sub.exitOverride((error) => refuse(error, sub));
  for (const { usage, text } of command.args) sub.argument(usage, text);
  for (const option of command.options) addOption(sub, option, command);
  for (const option of SHARED_OPTIONS) {
    sub.addOption(toOption(option).helpGroup("Options of every command:"));
  }
  if (command.examples.length > 0) {
    sub.addHelpText(
      "before",
      ({ error }) => `${examplesHelp(command, helpWidth(error ? io.stderr : io.stdout))}\n`,
    );
  }
  return sub;
}

/** Adds an option. Two extensions may bring the same one. */
function addOption(sub: Parser, option: OptionDefinition, command: Command): void {
  try {
    sub.addOption(toOption(option));
  } catch (cause) {
    const state = `two options of it are ${option.flags.replace(/ [<[].*/, "")}`;
    const hint = "Rename the option of your extension.";
    throw invalid(`read the options of ${command.name}`, state, hint, cause);
  }
}

function createProgram(
  { io, groups }: ProgramOptions,
  write: (text: string) => void,
): Parser {
  const colors = createColors(io.stdout, io);
  const program = new Parser("holdfast")
    .description(
      "Store, version and share models, datasets and files of any size.\n\n" +
        `${FIRST_STEPS}\n\nCommands, explained by holdfast help GROUP, COMMAND or exit-codes:\n` +
        groupLines(groups),
    )
    .option("-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "Show help, or the help of a command.")
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
    .configureHelp({
      styleTitle: colors.bold,
      visibleCommands: (parser) => parser.parent === null ? [] : new Help().visibleCommands(parser),
      subcommandTerm: (sub) =>
        [...wordsOf(sub), ...sub.registeredArguments.map(argumentTerm)].join(" "),
    }).configureOutput({
      writeOut: write,
      writeErr: write,
      outputError: () => {},
      getOutHelpWidth: () => helpWidth(io.stdout),
      getErrHelpWidth: () => helpWidth(io.stderr),
      getOutHasColors: () => true, // the styles above decide about color
      getErrHasColors: () => true,
    });
  program.exitOverride((error) => refuse(error, program));
  for (const option of SHARED_OPTIONS) program.addOption(toOption(option));
  program.addOption(toOption(EXTENSION_OPTION)); // only for the help: the program has taken it
  return program;
}

function topicHelp(topic: string, { commands, groups, io }: ProgramOptions) {
  const group = groups.find(({ name }) => name === topic);
  if (group !== undefined) return groupHelp(group, commands, helpWidth(io.stdout));
  return topic === "exit-codes" ? EXIT_CODE_HELP : undefined;
}

/** Refuses help of an unknown command, for which the parser would show the help of the program. */
function refuseUnknownHelp([first, word]: readonly string[], program: Parser): void {
  if (first !== "help" || word === undefined || word.startsWith("-") || word === "help") return;
  if (program.commands.some((command) => command.name() === word)) return;
  const state = `unknown command ${JSON.stringify(word)}`;
  throw invalid("show help", state, 'See "holdfast --help".', new WrongUsage());
}

class HelpShown extends Error {
  constructor(readonly wanted: boolean) {
    super("Help was shown");
  }
}

/** The cause of errors of the parser. */
class WrongUsage extends Error {
  constructor(cause?: unknown) {
    super("The command line has another form", { cause });
  }
}

/** True for the error of a line that could not be parsed. */
export function isWrongUsage(error: RegistryError): boolean {
  return error.cause instanceof WrongUsage;
}

function refuse(error: CommanderError, parser: Parser): never {
  if (error.code === "commander.helpDisplayed") throw new HelpShown(true);
  if (error.code === "commander.help") throw new HelpShown(error.exitCode === 0);
  // Excess arguments are not shown: they may be secrets.
  const state = error.message.replace(/^error: /, "").replace(/( but got \d+): .*$/s, "$1");
  const path = ["holdfast", ...wordsOf(parser)].join(" ");
  const usage = parser.registeredArguments.map(argumentTerm).join(" ");
  const isOfArguments = /^commander\.(missingArgument|excessArguments)$/.test(error.code);
  const form = usage === "" ? `${path}, or ${path} -r REGISTRY` : `${path} ${usage}`;
  const right = isOfArguments ? `Write: ${form}. ` : "";
  const hint = `${right}See "${path} --help".`;
  throw invalid("read the command line", state, hint, new WrongUsage(error));
}

function groupOf(program: Parser, name: string): Parser {
  const known = program.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const group = program.command(name).helpCommand(false);
  group.exitOverride((error) => refuse(error, group));
  return group;
}

/** Returns `["batch", "save"]`, or nothing for the program itself. */
function wordsOf(parser: Parser): string[] {
  if (parser.name() === "holdfast") return [];
  return [...(parser.parent === null ? [] : wordsOf(parser.parent)), parser.name()];
}

function toOption(definition: OptionDefinition): Option {
  const { flags, text, choices, parse, repeat } = definition;
  const option = new Option(flags, text);
  if (choices !== undefined) option.choices([...choices]);
  else if (repeat) {
    option.argParser((value, before: unknown) => [
      ...(Array.isArray(before) ? before : []),
      parse?.(value) ?? value,
    ]);
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

/** Formats examples with their purposes behind them, or above them if that is too wide. */
function examplesHelp({ examples }: Command, columns: number): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const beside = examples.map(([line, purpose]) => `  $ ${line.padEnd(width)}  # ${purpose}`);
  const above = examples.flatMap(([line, purpose]) => [`  # ${purpose}`, `  $ ${line}`]);
  return ["Examples:", ...(beside.every((line) => line.length <= columns) ? beside : above)].join(
    "\n",
  );
}
