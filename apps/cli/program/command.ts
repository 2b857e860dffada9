// Definitions of commands: plain data and a function, which help, parsing and completion all read.
import type { Logger, OpenRegistryOptions, Registry } from "../../../mod.ts";
import type { RegistrySettings } from "../../../registry/mod.ts";
import type { Advice } from "../../../core/errors.ts";
import { VERIFY } from "../../../core/registry/operations/reading.ts";
import { CHOICES } from "../../../core/registry/operations/saving.ts";
import type { TokenSource } from "./token_source.ts";
import type { CliIo, Colors } from "../terminal/cli_io.ts";
import { parseDuration } from "../terminal/units.ts";
import type { Progress, ProgressOptions } from "../terminal/progress.ts";

/**
 * Kinds of words. `alias`, `version` and `path` belong to the first argument, a name or ref. A
 * function completes words that a registry has.
 *
 * @internal
 */
export type Completes =
  | ((registry: Registry, typed: string) => Promise<string[]>)
  | "name"
  | "ref"
  | "file"
  | "place"
  | "remote"
  | "alias"
  | "version"
  | "path";

/**
 * An argument of a command.
 *
 * @internal
 */
export interface ArgumentDefinition {
  /** `<name>` if required, `[name]` if optional, `[names...]` for any number. */
  usage: string;
  text: string;
  completes?: Completes;
}

/** An option of a command. */
export interface OptionDefinition {
  /** Short form, long form and value: `-o, --output <file>`. */
  flags: string;
  text: string;
  choices?: readonly string[];
  /** Parses the value; throws `Invalid`. */
  parse?: (text: string) => unknown;
  repeat?: boolean;
  completes?: Completes;
}

/** @internal */
type Example = readonly [commandLine: string, purpose: string];

/** A command of the command line. */
export interface Command {
  name: string;
  summary: string;
  details?: string;
  args: readonly ArgumentDefinition[];
  options: readonly OptionDefinition[];
  examples: readonly Example[];
  /** Omit it from the list of commands. @default false */
  hidden?: boolean;
  /**
   * Behavior once the reader of standard output has left, as `head` does. `end`: it only prints,
   * and ends with 0. `fail`: its output is needed. @default it goes on, and the exit code is that of
   * its work
   */
  whenUnread?: "end" | "fail";
  /** True if its second argument may be in another registry than the first. @default false */
  between?: boolean;
  /** Returns the exit code if it is not 0. */
  // deno-lint-ignore no-explicit-any -- see `CommandOf`
  run(args: any, flags: any, context: CommandContext): Promise<number | void>;
}

/**
 * A command that runs with the values of its own arguments and options.
 *
 * @internal
 */
interface CommandOf<
  Args extends readonly ArgumentDefinition[],
  Options extends readonly OptionDefinition[],
> extends Command {
  args: Args;
  options: Options;
  run(
    args: { -readonly [Index in keyof Args]: ArgumentValue<Args[Index]["usage"]> },
    flags: FlagsOf<Options>,
    context: CommandContext,
  ): Promise<number | void>;
}

/** @internal */
type ArgumentValue<Usage extends string> = Usage extends `${string}...${string}` ? string[]
  : Usage extends `[${string}` ? string | undefined
  : string;

/** The values of options as the parser names them: `--no-dry-run` is `dryRun`. */
export type FlagsOf<Options extends readonly OptionDefinition[]> = {
  [Option in Options[number] as FlagName<Option["flags"]>]?: FlagValue<Option>;
};

/** @internal */
type FlagName<Flags extends string> = Flags extends `${infer Form} ${"<" | "["}${string}`
  ? FlagName<Form>
  : Flags extends `${string}--no-${infer Word}` ? CamelCase<Word>
  : Flags extends `${string}--${infer Word}` ? CamelCase<Word>
  : never;

type CamelCase<Word extends string> = Word extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Word;

/** @internal */
type FlagValue<Option extends OptionDefinition> = Option["flags"] extends `${string}<${string}`
  ? Values<Option>
  : Option["flags"] extends `${string}[${string}` ? Values<Option> | true
  : boolean;

type Values<Option extends OptionDefinition> = Option extends { repeat: true }
  ? ParsedValue<Option>[]
  : ParsedValue<Option>;

type ParsedValue<Option extends OptionDefinition> = Option extends
  { parse: (text: string) => infer Value } ? Value
  : Option extends { choices: readonly (infer Value)[] } ? Value
  : string;

/** Returns an option without its value: `--queue`. */
export function formOf({ flags }: OptionDefinition): string {
  return flags.replace(/ .*/, "");
}

/** Defines a command whose function gets its arguments and options by their types. */
export function defineCommand<
  const Args extends readonly ArgumentDefinition[],
  const Options extends readonly OptionDefinition[],
>(command: CommandOf<Args, Options>): Command {
  return command;
}

/** The surroundings of one run of a command. */
export interface CommandContext {
  readonly io: CliIo;
  readonly shared: SharedOptions;
  /** Tokens of extensions for services. */
  readonly tokens: readonly TokenSource[];
  readonly colors: Colors;
  readonly logger: Logger;
  /** Returns the hint of an error in the words of the command line. */
  hint(error: Advice): string | undefined;
  /** Adds `-r REGISTRY` of this run to the commands in a hint, unless it names a registry. */
  withRegistry<Hint extends string | undefined>(text: Hint): Hint;
  /** Opens the registry of this run, read-only unless `write`. The run closes it. */
  open(options?: OpenRunOptions): Promise<Registry>;
  /** Prints a result: one line of JSON with `--json`, otherwise the text and a line break. */
  result(value: unknown, text: string | undefined): Promise<void>;
  /** Like `result`, for a change: `--quiet` prints `short` instead, or nothing. */
  done(value: unknown, text: string, short?: string): Promise<void>;
  /** Prints to standard error, unless `--quiet`. */
  note(text: string): Promise<void>;
  /** Asks a question on the terminal; true for yes. Throws `Invalid` without a terminal. */
  confirm(question: string): Promise<boolean>;
  /** Shows a transfer, unless `--quiet`. The run ends it. */
  progress(label: string, options?: ProgressOptions): Progress;
}

/**
 * Options of `open` of a command.
 *
 * @internal
 */
export interface OpenRunOptions {
  /** @default false */
  write?: boolean;
  /** The location. @default that of the run */
  registry?: string;
  /** A bus that receives the changes. */
  events?: OpenRegistryOptions["events"];
  /** The hint for a missing registry. @default the command that creates it */
  missing?: string;
  /** Settings to create a missing registry with; without `write`, one in memory replaces it. */
  create?:
    & Pick<RegistrySettings, "versioned" | "mutable" | "graceMs">
    & Partial<Pick<RegistrySettings, "leastGraceMs">>;
}

/** The values of {@linkcode SHARED_OPTIONS}. */
export interface SharedOptions {
  registry?: string;
  tokenFile?: string;
  /** Milliseconds. */
  wait?: number;
  cache?: boolean;
  json?: boolean;
  wide?: boolean;
  verbose?: boolean;
  quiet?: boolean;
  /** Absolute paths of the extensions of this line. */
  extensions?: readonly string[];
}

/** The argument of commands that read a version. */
export const REF_ARGUMENT = {
  usage: "<ref>",
  text: "name, name@version, name@range or name@alias",
  completes: "ref",
} as const;

/** The option of commands that ask before they change something. */
export const YES_OPTION = { flags: "-y, --yes", text: "do not ask" } as const;

export const OUTPUT_OPTION = {
  flags: "-o, --output <file>",
  text: "write to this file; - for standard output",
  completes: "file",
} as const;

export const ON_CONFLICT_OPTION: {
  readonly flags: "--on-conflict <action>";
  readonly text: string;
  readonly choices: typeof CHOICES.onConflict;
} = { flags: "--on-conflict <action>", text: "if the version exists", choices: CHOICES.onConflict };

export const VERIFY_OPTION: {
  readonly flags: "--verify <how>";
  readonly text: string;
  readonly choices: typeof VERIFY;
} = {
  flags: "--verify <how>",
  text: "check bytes: not at all, by digest (default), or also query the store for deletions",
  choices: VERIFY,
};

/** The option that stands before a command, as it may define the command. */
export const EXTENSION_OPTION: OptionDefinition = {
  flags: "--extension <file>",
  text: "before the command: load an extension of yours",
  completes: "file",
  repeat: true,
};

export const SHARED_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: "-r, --registry <where>",
    text: "the registry: a folder, URL or @name (default: HOLDFAST_REGISTRY, also from .env, " +
      "then the nearest .holdfast in this folder or above)",
    completes: "place",
  },
  {
    flags: "--token-file <file>",
    text: "the file with the token of a service (default: HOLDFAST_TOKEN)",
    completes: "file",
  },
  {
    flags: "--wait <time>",
    text: "how long to wait for a store or service: 90s, 5m (default: 5s for the first answer, " +
      "then 30s)",
    parse: parseDuration,
  },
  { flags: "--no-cache", text: "neither read nor write the cache of this machine" },
  { flags: "--json", text: "print JSON: one object, or one per line in listings" },
  { flags: "--wide", text: "do not fit tables to the terminal" },
  { flags: "-q, --quiet", text: "no progress, no notes, the shortest results" },
  { flags: "-v, --verbose", text: "log to standard error; show stacks of errors" },
];
