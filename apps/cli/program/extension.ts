/**
 * Extensions of the command line and the service: parts that may be absent. One is an object with
 * commands, gateways, options of commands, and jobs of workers. `holdfast --extension ./mine.ts` loads
 * one of your own.
 *
 * @example
 * ```ts
 * import { defineExtension } from "@holdfast/holdfast/extending";
 * import { defineCommand } from "@holdfast/holdfast/extending/cli";
 *
 * export const extension = defineExtension({
 *   name: "hello",
 *   commands: [{
 *     load: {
 *       hello: () =>
 *         defineCommand({
 *           name: "hello",
 *           summary: "Say hello.",
 *           args: [],
 *           options: [],
 *           examples: [],
 *           run: (_args, _flags, context) => context.result({ hello: true }, "Hello"),
 *         }),
 *     },
 *   }],
 * });
 * ```
 *
 * @module
 */
import { stamped } from "./extensions/stamp.ts";
import type { DownloadResult, OpenRegistryOptions, Registry, SavedArtifact } from "../../../mod.ts";
import type { FileInfo, FileToSave } from "../../../materializers/mod.ts";
import type { Hints } from "../../../core/hints/reasons.ts";
import type { Command, CommandContext, FlagsOf, OptionDefinition } from "./command.ts";
import type { Maintained } from "./maintained.ts";
import type { Suggestions } from "./suggestions.ts";
import type { TokenContext, TokenSource } from "./token_source.ts";
import type { TokenCheck } from "../../server/access/token_file.ts";
import type { AddedFiles } from "../../server/files/added_files.ts";
import type { Gateway } from "../../server/gateways/gateway.ts";
import type { AuditSink } from "../../server/observe/audit_entry.ts";
import type { UploadOptions } from "../../server/uploads/next_step.ts";

export { VERSION } from "../../holdfast_version.ts";
export { accessOf } from "../../server/access/access.ts";
export { commandReasons } from "../terminal/reasons.ts";
export type { Gateway, TokenCheck, TokenContext };
export type { SignIn, SignInIssuer } from "../../server/access/sign_in.ts";

/** A part of the product that may be absent. */
export interface Extension {
  /** One word: `hub`. */
  readonly name: string;
  /** The releases of Holdfast that it works with, a range such as `^0.1`. @default any */
  readonly holdfast?: string;
  readonly commands?: readonly CommandSet[];
  /**
   * Hints of the command line for the reasons of the extension, and for those of the kernel that its
   * commands help with.
   */
  readonly hints?: Hints;
  /**
   * Patterns of its commands that work on the registry of a run: hints add `-r REGISTRY` to them.
   * `pipeline (plan|run)`.
   */
  readonly ofRegistry?: readonly string[];
  /**
   * Wrong lines that mean a command of the extension: their beginning, such as
   * `import .*\\bmlruns\\b`, and what to write for it.
   */
  readonly words?: readonly (readonly [typed: RegExp, usage: string])[];
  /** Words of other tools that mean its commands and options. */
  readonly suggestions?: Suggestions;
  readonly serving?: Serving;
  /** Options that it adds to commands of others. */
  readonly adding?: readonly Adding[];
  /** Files that gateways and exported sites show beside those of a version. */
  readonly adds?: AddedFiles;
  /** Loads what `holdfast worker` needs to do jobs of the extension. */
  readonly working?: () => Promise<Working>;
  /** Its records among the names of a registry, which `holdfast ls` leaves out. */
  readonly records?: HiddenRecords;
  /** Maintenance that it does, in the order of a night. */
  readonly maintains?: readonly Maintained[];
  /** Tokens of this user for services, beside those that are passed to a program. */
  readonly tokens?: TokenSource;
}

/**
 * Versions that an extension saves for itself.
 *
 * @internal
 */
interface HiddenRecords {
  /** The things that they are records of, in the plural: `pipelines`. */
  readonly of: string;
  /** Names of some: `p:run and p:step:a`. */
  readonly such: string;
  /** Yields the names that are no such records, and counts the others. */
  without(
    registry: Pick<Registry, "names" | "versions">,
    names: AsyncIterable<string>,
    hidden: { count: number },
  ): AsyncIterable<string>;
}

/** Defines an extension that `--extension` loads. Its module exports it as `extension`. */
export function defineExtension(extension: Extension): Extension {
  return stamped(extension);
}

/** Commands of a group of the help. */
export interface CommandSet {
  /** One word, as in `holdfast help data`. @default the help does not list them */
  readonly group?: string;
  /** The title of a group that no other set has. */
  readonly title?: string;
  /** The group of the program that is before it in the help. @default the last but one */
  readonly behind?: string;
  /** Functions that load the command of these words, or all that begin with a word, when one is called. */
  readonly load: Readonly<
    Record<
      string,
      (
        extensions: readonly Extension[],
      ) => Command | readonly Command[] | Promise<Command | readonly Command[]>
    >
  >;
}

/** The part of an extension in `holdfast serve`. */
// deno-lint-ignore no-explicit-any -- see `defineServing`
export interface Serving<Flags = any> {
  readonly options: readonly OptionDefinition[];
  /** Options of `holdfast explore`. Without any, it opens no parts of the extension. */
  readonly exploring?: readonly OptionDefinition[];
  /** Lines of the help of `holdfast serve`. */
  readonly examples?: Command["examples"];
  /** The option that adds routes, by the first folder of their paths: `{ jobs: "--queue URL" }`. */
  readonly routes?: Readonly<Record<string, string>>;
  /**
   * Returns the gateways that the options of a line ask for, before the service starts. A process
   * that watches those which serve asks for them, too.
   */
  gateways?(flags: Flags): Promise<readonly Gateway[]>;
  /** Opens the parts that the options of a line ask for, in a process that serves. */
  open?(flags: Flags, context: CommandContext): AsyncIterable<ServedPart>;
  /** Adds further tokens to those of a service, if the options of a line ask for it. */
  tokens?(flags: Flags, parts: ServedTokens): Promise<TokenCheck | undefined>;
  /**
   * Serves in place of this process until `use` has ended, if the options of a line ask for it.
   * Resolves to the number of requests that were cut; to undefined if that is not known.
   */
  instead?(
    flags: Flags,
    context: CommandContext,
    serving: ServedInstead,
  ): Promise<number | undefined> | undefined;
}

/**
 * The parts of `holdfast serve` for what serves in place of its process.
 *
 * @internal
 */
interface ServedInstead {
  readonly extensions: readonly Extension[];
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** How long a stop waits for running requests, milliseconds. */
  readonly stopWithin: number;
  /** Opens the audit trail, if the options of the line ask for it. */
  openAudit(): AuditSink | undefined;
  /** Opens the gateways that the options of the line ask for. */
  openGateways(): Promise<readonly Gateway[]>;
  /** Reads the token file from standard input, if it comes from there. */
  readTokens(): Promise<string | undefined>;
  /** Reloads the certificate of a server on SIGHUP. Returns a function that ends it. */
  reloadOnHangup(server: { reloadCertificate(): Promise<void> }): () => void;
  use(started: { url: string; location: string; hasTokens: boolean }): Promise<void>;
}

/** Options that an extension adds to commands, and what it does with them. */
// deno-lint-ignore no-explicit-any -- see `defineAdding`
export interface Adding<Flags = any> {
  /** The commands: `download`, `load`, `cat`, `verify`, `save`, `import files`, `rules set`. */
  readonly to: readonly string[];
  readonly options: readonly OptionDefinition[];
  /** Returns the registry that refuses versions which the options of a line refuse to read. */
  through?(registry: Registry, flags: Flags, context: CommandContext): Promise<Registry>;
  /** Reads what lies beside a path that is saved. */
  before?(source: string, flags: Flags, context: CommandContext): Promise<Beside | undefined>;
  /** Returns a reader of extra files in imported folders, such as signatures, if any is wanted. */
  among?(
    flags: Flags,
    context: CommandContext,
  ): ((folder: ImportedFolder) => Promise<Beside | undefined>) | undefined;
  /** Returns more members of the JSON output of a download. */
  after?(downloaded: Downloaded, flags: Flags, context: CommandContext): Promise<object>;
  /** Returns members of `promote` of a rule. */
  conditions?(flags: Flags, context: CommandContext): Promise<Readonly<Record<string, unknown>>>;
}

/**
 * A version that was downloaded.
 *
 * @internal
 */
interface Downloaded extends Pick<DownloadResult, "info" | "path"> {
  readonly registry: Registry;
  readonly overwrite?: boolean;
}

/**
 * A version that was saved.
 *
 * @internal
 */
interface Saved extends Pick<SavedArtifact, "name" | "version"> {
  readonly registry: Registry;
}

/** Data that an extension keeps in addition to the files of a version. */
export interface Beside {
  /** Paths below the folder that are not saved as files. */
  readonly files: readonly string[];
  /** Throws, before anything is saved, if it does not fit the files of the version. */
  check(files: readonly Pick<FileInfo, "path" | "mode" | "sha256">[]): void;
  /** Returns more members of the JSON output. */
  after(saved: Saved): Promise<object>;
}

/** A folder on a disk or in a bucket that becomes a version. */
export interface ImportedFolder {
  /** Its path, for errors. */
  readonly path: string;
  readonly files: readonly FileToSave[];
}

/** A part of a service, which ends it after the registry is closed. */
export interface ServedPart extends Partial<AsyncDisposable> {
  readonly gateways?: readonly Gateway[];
  /** The next step of an upload. */
  readonly upload?: UploadOptions;
  /** Receives the changes of the registry. */
  readonly events?: OpenRegistryOptions["events"];
  /** Works beside the service, in one of its processes, until the run ends. Never rejects. */
  beside?(registry: Registry): Promise<void>;
}

/** Jobs that `holdfast worker` takes from a queue. */
export interface Working {
  /** One word, in the plural: `steps`. */
  readonly takes: string;
  /** The same in the help: `steps of pipelines`. @default `takes` */
  readonly does?: string;
  /** Sentences of the help, of which the first goes on "Otherwise" if it is the default. */
  readonly details?: string;
  readonly examples?: Command["examples"];
  readonly options: readonly OptionDefinition[];
  /** Takes the jobs if a line has no option of any kind of jobs. @default false */
  readonly isDefault?: boolean;
  /** Takes jobs of the queue at a URL until the run is stopped. */
  // deno-lint-ignore no-explicit-any -- see `defineWorking`
  work(url: string, flags: any, context: CommandContext): Promise<void>;
}

/** Options of `holdfast worker` for all kinds of jobs. */
export interface WorkerFlags {
  /** Jobs at once. @default 1 */
  concurrency?: number;
  /** Hand running jobs to another worker at the first signal. @default false */
  handBack?: boolean;
}

/**
 * The tokens of a service, and what a check of them needs.
 *
 * @internal
 */
interface ServedTokens extends Pick<CommandContext, "io" | "logger"> {
  readonly tokens: TokenCheck | undefined;
}

/** Defines a part of `holdfast serve`, whose functions get the options by their types. */
export function defineServing<const Options extends readonly OptionDefinition[]>(
  serving: Omit<Serving<FlagsOf<Options>>, "options"> & { readonly options: Options },
): Serving {
  return serving;
}

/** Defines options of commands, whose functions get them by their types. */
export function defineAdding<const Options extends readonly OptionDefinition[]>(
  adding: Omit<Adding<FlagsOf<Options>>, "options"> & { readonly options: Options },
): Adding {
  return adding;
}

/** Defines a kind of jobs of `holdfast worker`. */
export function defineWorking<const Options extends readonly OptionDefinition[]>(
  working: Omit<Working, "options" | "work"> & {
    readonly options: Options;
    work(
      url: string,
      flags: FlagsOf<Options> & WorkerFlags,
      context: CommandContext,
    ): Promise<void>;
  },
): Working {
  return working;
}
