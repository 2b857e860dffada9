// Errors of the file system as {@linkcode RegistryError}.
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
  ENAMETOOLONG: ["Invalid", "the path or a name in it is too long for this disk"],
  EINVAL: ["Invalid", "invalid name on this file system"],
  EXDEV: ["Unsupported", "source and target are on different file systems"],
  ENOSPC: ["Unavailable", "disk is full"],
  EDQUOT: ["Unavailable", "disk quota exceeded"],
  EMFILE: ["Unavailable", "too many open files"],
  ENFILE: ["Unavailable", "too many open files"],
  EBUSY: ["Unavailable", "another program uses it"],
  EINTR: ["Unavailable", "interrupted by a signal"],
  EIO: ["Unavailable", "input/output error of the disk"],
  ESTALE: ["Unavailable", "stale NFS handle: the server replaced it"],
};

const HINTS: Partial<Record<ErrorCode, string>> = {
  NotFound: "Check the path; a relative one starts at the current folder.",
  Invalid: "Check the path, or choose another one.",
  AlreadyExists: "Choose another path, or remove what is there.",
  Unsupported: "Copy it, then remove the original.",
  Denied: "Check its owner and permissions.",
  Unavailable: "Check the disk and its free space, then try again.",
};

const UNREADABLE = "Make it readable: check its owner and permissions.";

/**
 * Returns the error of a failed file operation; other errors are returned as they are.
 *
 * @param action the operation: `read`, `write`
 */
export function fileError(action: string, path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof RegistryError) return cause;
  const subject = shown(path);
  const { name, message } = cause;
  // Permissions of Deno, or of Node with --permission.
  if (name === "NotCapable" || (cause as NodeJS.ErrnoException).code === "ERR_ACCESS_DENIED") {
    const state = "this program lacks the permission";
    const hint = `${message.replace(/\.$/, "")}.`;
    return fault({ code: "Denied", action, subject, state, hint, cause });
  }
  const code = errorCode(cause);
  if (code === undefined) return cause;
  const [meaning, state] = MEANING[code] ?? ["Unavailable", message];
  const hint = meaning === "Denied" && action === "read" ? UNREADABLE : HINTS[meaning];
  return fault({ code: meaning, action, subject, state, hint, cause });
}

/** Runs a file operation, and converts its errors with {@linkcode fileError}. */
export function onDisk<T>(action: string, path: string, operation: () => T): T {
  try {
    return operation();
  } catch (cause) {
    throw fileError(action, path, cause);
  }
}

export function errorCode(error: unknown): string | undefined {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (name === "Interrupted" && code === undefined) return "EINTR"; // Deno has no code for it
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
