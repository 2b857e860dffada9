// Errors of the file system as {@linkcode RegistryError}.
import { fault, RegistryError } from "../core/errors.ts";
import { errorCode } from "../core/faults/errno.ts";
import { diskFault, meaning } from "../core/faults/meanings.ts";
import { shown } from "../core/naming/names.ts";

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
  const known = diskFault(code) ??
    meaning("Unavailable", message, "Check the disk and its free space, then try again.");
  const hint = known.code === "Denied" && action === "read" ? UNREADABLE : known.hint;
  return fault({ ...known, action, subject, hint, cause });
}

/** Runs a file operation, and converts its errors with {@linkcode fileError}. */
export function onDisk<T>(action: string, path: string, operation: () => T): T {
  try {
    return operation();
  } catch (cause) {
    throw fileError(action, path, cause);
  }
}

export { errorCode };
