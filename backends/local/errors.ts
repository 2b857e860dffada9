// Errors of the file system as errors of the library.
import { fileURLToPath } from "node:url";
import { fault } from "../../core/errors.ts";
import { errorCode, SyncRefused } from "../../core/faults/errno.ts";
import { diskFault, type Meaning, meaning } from "../../core/faults/meanings.ts";

export interface FailedCall {
  action: string;
  key?: string;
  backend: string;
  /** True if the object may exist nevertheless. */
  maybeWritten?: boolean;
}

export const LINK_HINT = "Replace the link with its target (a bind mount works), or remove it.";

const NOT_A_FOLDER = meaning(
  "Invalid",
  "a part of its path is a file, not a folder",
  "Use a folder, or move the file away.",
);

/** The errors that mean something else in the folder of a store than for a file of its user. */
const OF_STORES: Readonly<Record<string, Meaning>> = {
  ENOTDIR: NOT_A_FOLDER,
  EEXIST: NOT_A_FOLDER,
  ELOOP: meaning("Denied", "symbolic link, or too many levels of them", LINK_HINT),
  EISDIR: meaning("Invalid", "other keys exist below it", "Use no key below another key."),
  ENAMETOOLONG: meaning(
    "Invalid",
    "a file name is too long for this disk",
    "Use a shorter folder path, or shorter names, versions and aliases: most disks limit each " +
      "name to 255 bytes (encrypted ones to 143) and a path to 4,096.",
  ),
  ENOENT: meaning(
    "Unavailable",
    "its folder was removed during the operation",
    "Check that the folder exists and that no other program removes files in it, then try again.",
  ),
  EXDEV: meaning(
    "Unsupported",
    "the folder spans several file systems",
    "Keep the whole folder on one file system, without mounts inside.",
  ),
};

/** Returns the {@linkcode RegistryError} for a file system error; any other error unchanged. */
export function diskError(error: unknown, call: FailedCall): unknown {
  const known = meaningOf(error);
  if (known === undefined) return error;
  const folder = fileURLToPath(call.backend);
  return fault({
    ...known,
    ...call,
    subject: call.key === undefined ? folder : `"${call.key}"`,
    place: call.key === undefined ? folder : `in ${folder}`,
    cause: error,
  });
}

/** Returns true if an error of {@linkcode diskError} means that there is no space. */
export function saysFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(errorCode((error as { cause?: unknown }).cause) ?? "");
}

function notAllowed(hint: string): Meaning {
  return meaning("Denied", "this program lacks the permission", hint);
}

/** A file system whose files no program can make durable. */
const NO_SYNC = meaning(
  "Unsupported",
  "its file system cannot sync files",
  'Open it with durability: "os", which a power cut may undo, or use another file system.',
);

function meaningOf(error: unknown): Meaning | undefined {
  const { name, code, message = "" } = error as { name?: string; code?: unknown; message?: string };
  if (error instanceof SyncRefused) return NO_SYNC;
  if (name === "NotCapable") return notAllowed(`${message}.`);
  if (code === "ERR_ACCESS_DENIED") {
    // Node never allows fsync with --permission.
    return notAllowed(
      message.startsWith("fsync ")
        ? 'Open it with durability: "os", or run Node without --permission, which forbids fsync.'
        : message,
    );
  }
  const known = errorCode(error);
  if (known === undefined) return undefined;
  return OF_STORES[known] ?? diskFault(known) ??
    meaning("Unavailable", `the disk reports ${known}`, "Check the system log, then try again.");
}
