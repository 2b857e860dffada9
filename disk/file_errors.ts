// Failures of the file system in the terms of {@linkcode RegistryError}.
import { type ErrorCode, fault, RegistryError } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";

const MEANING: Record<string, [code: ErrorCode, state: string]> = {
  ENOENT: ["NotFound", "no such file or folder"],
  ENOTDIR: ["Invalid", "a part of the path is not a folder"],
  EISDIR: ["Invalid", "it is a folder"],
  ELOOP: ["Conflict", "it is a symbolic link"],
  EEXIST: ["AlreadyExists", "it exists"],
  ENOTEMPTY: ["AlreadyExists", "the folder has content"],
  EACCES: ["Denied", "permission denied"],
  EPERM: ["Denied", "operation not permitted"],
  EROFS: ["Denied", "the file system is read-only"],
  ENAMETOOLONG: ["Invalid", "its path, or a name in it, is too long for this disk"],
  EINVAL: ["Invalid", "the file system does not take this name"],
  EXDEV: ["Unsupported", "it would go from one file system to another"],
  ENOSPC: ["Unavailable", "no space is left on the disk"],
  EDQUOT: ["Unavailable", "the disk quota is used up"],
  EMFILE: ["Unavailable", "too many files are open"],
  ENFILE: ["Unavailable", "too many files are open"],
  EBUSY: ["Unavailable", "another program uses it"],
  EINTR: ["Unavailable", "a signal interrupted it"],
  EIO: ["Unavailable", "the disk failed to read or write"],
  ESTALE: ["Unavailable", "its server has put something else in its place, a stale handle of NFS"],
};

const HINTS: Partial<Record<ErrorCode, string>> = {
  NotFound: "Check the path: a relative one begins at the current folder.",
  Invalid: "Check the path, or choose another one.",
  AlreadyExists: "Choose another path, or remove what is there.",
  Unsupported: "Copy it, and remove the original.",
  Denied: "Check who owns it and who may write there.",
  Unavailable: "Try again when the disk is well and has room.",
};

/**
 * What to throw for a failed file operation. What is no failure of the file system stays what it is.
 *
 * @param action what was tried: `read`, `write`
 * @param path the file or folder
 */
export function fileError(action: string, path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof RegistryError) return cause;
  const { name, message } = cause;
  if (name === "NotCapable" || (cause as NodeJS.ErrnoException).code === "ERR_ACCESS_DENIED") { // of Deno; of Node with --permission
    return fault({
      code: "Denied",
      action,
      subject: shown(path),
      state: "this program was not allowed to",
      hint: `${message.replace(/\.$/, "")}.`,
      cause,
    });
  }
  const code = errorCode(cause);
  if (code === undefined) return cause;
  const [meaning, state] = MEANING[code] ?? ["Unavailable", message];
  const hint = HINTS[meaning];
  return fault({ code: meaning, action, subject: shown(path), state, hint, cause });
}

/** Runs a file operation; its failure is told by {@linkcode fileError}. */
export function onDisk<T>(action: string, path: string, operation: () => T): T {
  try {
    return operation();
  } catch (cause) {
    throw fileError(action, path, cause);
  }
}

/** The name of what the file system said, or undefined where it was something else that failed. */
export function errorCode(error: unknown): string | undefined {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (name === "Interrupted" && code === undefined) return "EINTR"; // Deno gives this one no code
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
