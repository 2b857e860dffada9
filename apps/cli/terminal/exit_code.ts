// Exit codes, which scripts may rely on, and how errors are printed.
import { fault, isRegistryError, messageOf, RegistryError } from "../../../core/errors.ts";
import type { Advice, ErrorCode } from "../../../core/errors.ts";
import { errorCode } from "../../../core/faults/errno.ts";
import { diskFault, type Meaning } from "../../../core/faults/meanings.ts";
import { type CliIo, createColors, ReaderGone, wrappedFor } from "./cli_io.ts";
import { withRegistry } from "./hints.ts";
import { printable, printableJson, printableLines } from "./table.ts";
import { cliHint } from "./hint_words.ts";

const EXIT_CODES: Record<ErrorCode, number> = {
  Invalid: 2,
  NotFound: 3,
  AlreadyExists: 4,
  Conflict: 4,
  Corrupt: 5,
  Denied: 6,
  Unavailable: 7,
  Unknown: 8,
  Unsupported: 1,
  TaskFailed: 1,
};

export const EXIT_CODE_HELP = `Exit codes:
  0    success
  1    failure (pipeline run: of a step), or problems found (verify, mirror --check)
  2    wrong usage or configuration
  3    not found
  4    already exists, or changed by someone else first
  5    stored data is damaged
  6    permission denied
  7    the store did not answer; nothing was written
  8    outcome unknown: check, or repeat
  9    saved without the files that you may not read (--skip-unreadable)
  130  interrupted by Ctrl-C (143: by SIGTERM)`;

/** The exit code of a save that left out what may not be read. */
export const INCOMPLETE = 9;

/** The abort reason of a run that a signal stopped. */
export class Interruption extends Error {
  /** 128 plus the number of the signal. */
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super("Interrupted: nothing was left half-written");
    this.name = "Interruption";
    this.exitCode = signal === "SIGINT" ? 130 : 143;
  }
}

const ABSENT = "Check the path: its parent must exist and be a folder.";

/** The errors of files whose exit code or hint differs for what a command was given. */
const OF_COMMANDS: Readonly<Record<string, Partial<Meaning>>> = {
  ENOENT: { hint: ABSENT },
  ENOTDIR: { code: "NotFound", hint: ABSENT },
  EISDIR: { hint: ABSENT },
  EEXIST: { code: "Invalid", hint: ABSENT },
  ELOOP: { code: "Invalid", state: "too many symbolic links" },
};

/** Converts any thrown value to a `RegistryError`; keeps an interruption. */
export function toReportable(error: unknown): RegistryError | Interruption {
  if (error instanceof Interruption || isRegistryError(error)) return error;
  const cause: NodeJS.ErrnoException = error instanceof Error ? error : new Error(messageOf(error));
  const { message, path, name } = cause;
  if (name === "NotCapable") {
    const hint = "Allow it: --allow-read and --allow-write take folders, --allow-env variables, " +
      "--allow-run programs.";
    return new RegistryError({ code: "Denied", message, hint, cause });
  }
  if (cause instanceof ReaderGone) {
    const hint = "Keep the program that reads the output running.";
    return new RegistryError({ code: "TaskFailed", message, hint, cause });
  }
  const system = errorCode(cause) ?? "";
  const known = diskFault(system);
  if (known === undefined || path === undefined && system === "EINVAL") {
    const hint = "Rerun with --verbose to see the stack.";
    return new RegistryError({ code: "TaskFailed", message, hint, cause });
  }
  const { code, state, hint, retry } = { ...known, ...OF_COMMANDS[system] };
  if (path === undefined && isSpace(system)) {
    return fault({ code, action: "write", state, hint, retry, cause });
  }
  if (path === undefined) return new RegistryError({ code, message, hint, retry, cause });
  const subject = printableJson(path.length > 120 ? `${path.slice(0, 120)}…` : path);
  return fault({ code, action: "use", subject, state, hint, retry, cause });
}

function isSpace(system: string): boolean {
  return system === "ENOSPC" || system === "EDQUOT";
}

export function exitCodeOf(error: RegistryError | Interruption): number {
  return error instanceof Interruption ? error.exitCode : EXIT_CODES[error.code] ?? 1;
}

export function errorJson(error: RegistryError | Interruption, hint?: string): string {
  if (error instanceof Interruption) {
    return printableJson({ error: { code: "Interrupted", message: error.message } });
  }
  const { code, message, key, backend, retry, maybeWritten, commit } = error;
  return printableJson({
    error: { code, message, hint, key, backend, retry, maybeWritten, commit },
  });
}

const MOST_CAUSES = 8;

export function errorStack(error: Error): string {
  const causes: string[] = [];
  for (let at: unknown = error; at !== undefined; at = (at as { cause?: unknown } | null)?.cause) {
    // The answer of a store is plain data: its code, status, sentence and request id.
    causes.push(at instanceof Error ? at.stack ?? String(at) : JSON.stringify(at) ?? String(at));
    if (causes.length === MOST_CAUSES) break;
  }
  return causes.join("\ncaused by: ");
}

/**
 * Hints as a run makes them.
 *
 * @internal
 */
interface ErrorWords {
  hint(error: Advice): string | undefined;
  withRegistry(text: string | undefined): string | undefined;
}

/** Prints what a run has thrown, for programs or people, and returns the exit code. */
export async function reportError(
  thrown: unknown,
  shared: { json?: boolean; verbose?: boolean; registry?: string },
  io: CliIo,
  words: ErrorWords = {
    hint: (error) => cliHint(error, io.system.env),
    withRegistry: (text) => withRegistry(text, shared.registry),
  },
): Promise<number> {
  const error = toReportable(thrown);
  const lines: string[] = [];
  const own = error instanceof Interruption ? undefined : words.hint(error);
  const hint = words.withRegistry(own);
  if (shared.json) lines.push(errorJson(error, hint));
  else {
    // A message may be a list. Its lines are indented, so that none looks like another message.
    const clean = (text: string) => text.split("\n  ").map(printable).join("\n  ");
    const shown = (text: string, indent: number) => wrappedFor(clean(text), io.stderr, indent);
    const label = createColors(io.stderr, io).red("error:");
    lines.push(`${label} ${shown(error.message, "error: ".length)}`);
    if (hint) lines.push(`hint: ${shown(hint, "hint: ".length)}`);
  }
  if (shared.verbose) lines.push(printableLines(errorStack(error)));
  await io.stderr.write(`${lines.join("\n")}\n`).catch(() => {}); // the exit code says it too
  return exitCodeOf(error);
}
