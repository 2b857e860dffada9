// What a command of the command line is: plain data and a function, so that help, parsing and shell
// completion all read the same definition.
import type { Logger, Registry } from "../../../mod.ts";
import type { RegistrySettings } from "../../../registry/mod.ts";
import type { EventBus, RegistryTopics } from "../../../plugins/events/mod.ts";
import type { CliIo, Colors } from "../terminal/cli_io.ts";
import { parseDuration } from "../terminal/units.ts";
import type { Progress } from "../terminal/progress.ts";

export type Completes = "name" | "ref" | "run" | "file" | "command" | "place" | "remote";

export interface ArgumentDefinition {
  /** `<name>` where it is required, `[name]` where not, `[names...]` for any number. */
  usage: string;
  text: string;
  completes?: Completes;
}

export interface OptionDefinition {
  /** Its short and long form and its value: `-o, --output <file>`. */
  flags: string;
  text: string;
  /** The only values that it takes. */
  choices?: readonly string[];
  /** Reads its value; throws `Invalid`. */
  parse?: (text: string) => unknown;
  repeat?: boolean;
  completes?: Completes;
}

export type Example = readonly [commandLine: string, purpose: string];

/** A command. */
// deno-lint-ignore no-explicit-any
export interface Command<Args extends readonly unknown[] = any, Options = any> {
  name: string;
  summary: string;
  details?: string;
  args: readonly ArgumentDefinition[];
  options: readonly OptionDefinition[];
  examples: readonly Example[];
  /** Not shown in the list of commands. @default false */
  hidden?: boolean;
  /** Does it. Returns the exit code where that is not 0. */
  run(args: Args, options: Options, context: CommandContext): Promise<number | void>;
}

export function defineCommand<Args extends readonly unknown[], Options = Record<never, never>>(
  command: Command<Args, Options>,
): Command {
  return command;
}

export interface CommandContext {
  readonly io: CliIo;
  readonly shared: SharedOptions;
  loadCommands(): Promise<readonly Command[]>;
  readonly colors: Colors;
  readonly logger: Logger;
  /**
   * Opens the registry of this run, which must exist; for reading only unless `write`. The run closes it, and then the
   * bus that it tells of changes.
   */
  open(options?: OpenRunOptions): Promise<Registry>;
  /** Prints a result: as one line of JSON with `--json`, else the text with a line end. */
  result(value: unknown, text: string | undefined): Promise<void>;
  /** Like `result`, for what was done: `--quiet` prints `short` instead, or nothing. */
  done(value: unknown, text: string, short?: string): Promise<void>;
  /** Says something on standard error, unless `--quiet`. */
  note(text: string): Promise<void>;
  /** Asks a question on the terminal; true for yes. `Invalid` where nobody can answer. */
  confirm(question: string): Promise<boolean>;
  /** Shows a transfer, unless `--quiet`. The run ends it. */
  progress(label: string): Progress;
}

export interface OpenRunOptions {
  /** Not for reading only. @default false */
  write?: boolean;
  /** Where it is. @default that of the run */
  registry?: string;
  events?: EventBus<RegistryTopics>;
  /** The hint where there is none. @default how it is created */
  missing?: string;
  /** Where there is none, create it as one with these settings; where only read, one in memory stands for it. */
  create?: Pick<RegistrySettings, "versioned" | "mutable" | "graceMs">;
}

export interface SharedOptions {
  /** Where the registry is. */
  registry?: string;
  tokenFile?: string;
  /** How long a store or service that does not answer is waited for, milliseconds. */
  wait?: number;
  /** False: nothing is taken from the cache, nor kept there. */
  cache?: boolean;
  json?: boolean;
  wide?: boolean;
  verbose?: boolean;
  /** No progress, no notes. */
  quiet?: boolean;
}

/** The argument of commands about one version. */
export const REF_ARGUMENT: ArgumentDefinition = {
  usage: "<ref>",
  text: "name, name@version, name@range or name@alias",
  completes: "ref",
};

/** The option of commands that ask first. */
export const YES_OPTION: OptionDefinition = { flags: "-y, --yes", text: "do not ask" };

/** The option of commands that write a file or to standard output. */
export const OUTPUT_OPTION: OptionDefinition = {
  flags: "-o, --output <file>",
  text: "a file instead, - for standard output",
  completes: "file",
};

/** The option of commands that save a version. */
export const ON_CONFLICT_OPTION: OptionDefinition = {
  flags: "--on-conflict <action>",
  text: "when the version exists",
  choices: ["fail", "skip", "overwrite"],
};

/** The option of commands that read what is stored. */
export const VERIFY_OPTION: OptionDefinition = {
  flags: "--verify <how>",
  text:
    "how bytes are checked: not at all, by their digests (the default), or with the store asked what counts, too",
  choices: ["none", "integrity", "full"],
};

/** The definitions of {@linkcode SharedOptions}. */
export const SHARED_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: "-r, --registry <where>",
    text:
      "the registry, a folder, URL or @name; else HOLDFAST_REGISTRY (also from .env), else the nearest .holdfast upward",
    completes: "place",
  },
  {
    flags: "--token-file <file>",
    text: "where the registry is a service: the file that holds its token; else HOLDFAST_TOKEN",
    completes: "file",
  },
  {
    flags: "--wait <time>",
    text:
      "how long a store or service that does not answer is waited for: 90s, 5m (5s for the first answer, then 30s)",
    parse: parseDuration,
  },
  {
    flags: "--no-cache",
    text: "take nothing from the cache of this machine, and keep nothing there",
  },
  { flags: "--json", text: "print JSON: one object, or one per line in listings" },
  { flags: "--wide", text: "tables as wide as what is in them, also on a narrow terminal" },
  { flags: "-q, --quiet", text: "no progress and no notes; results as short as possible" },
  {
    flags: "-v, --verbose",
    text: "say on standard error what is being done; errors with their stack",
  },
];
