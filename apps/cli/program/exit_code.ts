// Exit codes, which scripts may rely on, and how a failure is told.
import { type ErrorCode, isRegistryError, RegistryError } from "../../../mod.ts";
import { fault, hintFor } from "../../../core/errors.ts";
import { withRegistry } from "./hints.ts";

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

/** What failures of the system are: `Denied` and so on, in words, and what to do. */
const DENIED =
  "Check who owns it, who may write there, and whether the disk is mounted for writing.";
const FULL = "Free space or raise the quota, then run it again.";
const ABSENT = "Check the path: the folders in it have to be there, and to be folders.";
const TOO_LONG = "Use shorter names: most disks take 255 bytes of each, and 4,096 of a whole path.";
const OF_SYSTEM: Readonly<Record<string, readonly [ErrorCode, state: string, hint: string]>> = {
  EACCES: ["Denied", "permission is denied", DENIED],
  EPERM: ["Denied", "permission is denied", DENIED],
  EROFS: ["Denied", "the file system is read-only", DENIED],
  ENOSPC: ["Unavailable", "the disk is full", FULL],
  EDQUOT: ["Unavailable", "the disk quota is used up", FULL],
  ENOENT: ["NotFound", "no such file or folder", ABSENT],
  ENOTDIR: ["NotFound", "a part of its path is no folder", ABSENT],
  EISDIR: ["Invalid", "it is a folder", ABSENT],
  EEXIST: ["Invalid", "it exists", ABSENT],
  ENAMETOOLONG: ["Invalid", "its path, or a name in it, is too long for this disk", TOO_LONG],
};

/** Turns whatever was thrown into a `RegistryError`, or leaves an interruption as it is. */
export function toReportable(error: unknown): RegistryError | Interruption {
  if (error instanceof Interruption || isRegistryError(error)) return error;
  const cause: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  const { message, path, name } = cause;
  if (name === "NotCapable") {
    const hint =
      "Allow it: --allow-read and --allow-write take the folders concerned, --allow-env the variables, --allow-run the programs.";
    return new RegistryError({ code: "Denied", message, hint, cause });
  }
  const known = OF_SYSTEM[cause.code ?? ""];
  if (known === undefined) {
    const hint = "Run again with --verbose to see where this happened.";
    return new RegistryError({ code: "TaskFailed", message, hint, cause });
  }
  const [code, state, hint] = known;
  if (path === undefined) return new RegistryError({ code, message, hint, cause });
  const subject = JSON.stringify(path.length > 120 ? `${path.slice(0, 120)}…` : path);
  return fault({ code, action: "use", subject, state, hint, cause });
}

export function exitCodeOf(error: RegistryError | Interruption): number {
  return error instanceof Interruption ? error.exitCode : EXIT_CODES[error.code] ?? 1;
}

/** A failure as one line of JSON, with the registry that the run was given. */
export function errorJson(error: RegistryError | Interruption, registry?: string): string {
  if (error instanceof Interruption) {
    return JSON.stringify({ error: { code: "Interrupted", message: error.message } });
  }
  const { code, message, key, backend, retry, maybeWritten, commit } = error;
  const hint = withRegistry(hintFor(error, "cli"), registry);
  return JSON.stringify({
    error: { code, message, hint, key, backend, retry, maybeWritten, commit },
  });
}

export function errorStack(error: Error): string {
  const causes: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    causes.push(at.stack ?? String(at));
  }
  return causes.join("\ncaused by: ");
}
