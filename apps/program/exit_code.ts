// Exit codes, which scripts may rely on, and how a failure is told.
import { type ErrorCode, isRegistryError, RegistryError } from "../../mod.ts";
import { inCliWords, withRegistry } from "./hints.ts";

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

/** The exit codes as the help shows them. */
export const EXIT_CODE_HELP = `Exit codes:
  0    done
  1    failed (pipeline run: a step), or problems were found (verify)
  2    wrong usage, or a wrong configuration
  3    not found
  4    exists already, or somebody else changed it first
  5    stored data is damaged
  6    permission denied
  7    the store did not answer, nothing was written
  8    nobody knows whether it was written: look, or repeat with the same key
  130  stopped by Ctrl-C (143: by a TERM signal)`;

/** Why a run was stopped from outside: the reason that its signal carries. */
export class Interruption extends Error {
  /** 128 and the number of the signal. */
  readonly exitCode: number;

  /** Creates the reason for a signal of the system. */
  constructor(signal: "SIGINT" | "SIGTERM") {
    super("Stopped before the end: nothing was half-written");
    this.name = "Interruption";
    this.exitCode = signal === "SIGINT" ? 130 : 143;
  }
}

/** Turns whatever was thrown into a `RegistryError`, or leaves an interruption as it is. */
export function toReportable(error: unknown): RegistryError | Interruption {
  if (error instanceof Interruption || isRegistryError(error)) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const code = codeOf(cause);
  return new RegistryError({
    code,
    message: inWords(cause as NodeJS.ErrnoException),
    hint: code === "Denied" && cause.name !== "NotCapable"
      ? "Check who owns it, who may write there, and whether the disk is mounted for writing."
      : code === "Denied"
      ? "Allow it: --allow-read and --allow-write take the folders concerned, --allow-env the variables, --allow-run the programs."
      : code === "TaskFailed"
      ? "Run again with --verbose to see where this happened."
      : code === "Unavailable"
      ? "Free space or raise the quota, then run it again."
      : (cause as NodeJS.ErrnoException).code === "ENAMETOOLONG"
      ? "Use shorter names: most disks take 255 bytes of each, and 4,096 of a whole path."
      : "Check the path: the folders in it have to be there, and to be folders.",
    cause,
  });
}

function codeOf(error: Error): ErrorCode {
  const system = (error as NodeJS.ErrnoException).code;
  if (
    error.name === "NotCapable" || system === "EACCES" || system === "EPERM" || system === "EROFS"
  ) return "Denied";
  if (system === "ENOSPC" || system === "EDQUOT") return "Unavailable";
  if (system === "ENOENT" || system === "ENOTDIR") return "NotFound";
  if (system === "EISDIR" || system === "EEXIST" || system === "ENAMETOOLONG") return "Invalid";
  return "TaskFailed";
}

const STATES: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOENT: "no such file or folder",
  ENOTDIR: "a part of its path is no folder",
  EISDIR: "it is a folder",
  EEXIST: "it exists",
  ENAMETOOLONG: "its path, or a name in it, is too long for this disk",
};

/** What the system says of a file, in words; anything else as it is. */
function inWords({ code = "", path, message }: NodeJS.ErrnoException): string {
  const state = STATES[code];
  if (state === undefined || typeof path !== "string") return message;
  return `Cannot use ${
    JSON.stringify(path.length > 120 ? `${path.slice(0, 120)}…` : path)
  }: ${state}`;
}

/** The exit code for a failure. */
export function exitCodeOf(error: RegistryError | Interruption): number {
  return error instanceof Interruption ? error.exitCode : EXIT_CODES[error.code] ?? 1;
}

/** A failure as one line of JSON, with the registry that the run was given. */
export function errorJson(error: RegistryError | Interruption, registry?: string): string {
  if (error instanceof Interruption) {
    return JSON.stringify({ error: { code: "Interrupted", message: error.message } });
  }
  const { code, message, key, backend, retry, maybeWritten, commit } = error;
  const hint = withRegistry(inCliWords(error.hint), registry);
  return JSON.stringify({
    error: { code, message, hint, key, backend, retry, maybeWritten, commit },
  });
}

/** A failure as its stack and those of its causes. */
export function errorStack(error: Error): string {
  const causes: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    causes.push(at.stack ?? String(at));
  }
  return causes.join("\ncaused by: ");
}
