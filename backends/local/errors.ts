// Errors of the file system as errors of the library.
import { fileURLToPath } from "node:url";
import { errorCode } from "../../disk/file_errors.ts";
import { type ErrorCode, fault, type RegistryErrorFields } from "../../core/errors.ts";

export interface FailedCall {
  action: string;
  key?: string;
  backend: string;
  /** True if the object may exist nevertheless. */
  maybeWritten?: boolean;
}

type Meaning = Pick<RegistryErrorFields, "code" | "hint" | "retry"> & { state: string };

function meaning(code: ErrorCode, state: string, hint: string): Meaning {
  return { code, state, hint };
}

const FULL: Meaning = {
  ...meaning("Unavailable", "the disk is full", "Free space, then try again."),
  retry: "never",
};
const QUOTA: Meaning = {
  ...FULL,
  state: "the disk quota is used up",
  hint: "Free space or raise the quota, then try again.",
};
const DENIED = meaning(
  "Denied",
  "permission denied",
  "Check the owner and the permissions of the folder.",
);
const CROWDED = meaning(
  "Unavailable",
  "too many open files",
  "Run fewer operations at once, or raise the limit (ulimit -n).",
);
const NOT_A_FOLDER = meaning(
  "Invalid",
  "a part of its path is a file, not a folder",
  "Use a folder, or move the file away.",
);
const NOT_OFFERED = meaning(
  "Unsupported",
  "the file system does not support this",
  "Use a folder on another file system.",
);
const BUSY = meaning("Unavailable", "another process is using it", "Try again.");
const NO_SERVER = meaning(
  "Unavailable",
  "the server of this folder does not answer",
  "Check the network and the file server, then try again.",
);
export const LINK_HINT = "Replace the link with its target (a bind mount works), or remove it.";

const MEANINGS: Record<string, Meaning> = {
  ENOSPC: FULL,
  EDQUOT: QUOTA,
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: meaning(
    "Denied",
    "the file system is read-only",
    "Mount it for writing, or use another folder.",
  ),
  EMFILE: CROWDED,
  ENFILE: CROWDED,
  ENOTDIR: NOT_A_FOLDER,
  ELOOP: meaning("Denied", "symbolic link, or too many levels of them", LINK_HINT),
  EEXIST: NOT_A_FOLDER,
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
  ESTALE: meaning(
    "Unavailable",
    "stale NFS file handle",
    "Try again; if it persists, remount the folder.",
  ),
  EXDEV: meaning(
    "Unsupported",
    "the folder spans several file systems",
    "Keep the whole folder on one file system, without mounts inside.",
  ),
  EIO: meaning(
    "Unavailable",
    "the disk failed to read or write",
    "Check the system log: the disk or its connection may be broken.",
  ),
  EFBIG: meaning(
    "Invalid",
    "it is too large for this file system",
    "Use a file system that supports larger files, or raise the limit (ulimit -f).",
  ),
  ENOTSUP: NOT_OFFERED,
  EOPNOTSUPP: NOT_OFFERED,
  ENOSYS: NOT_OFFERED,
  EAGAIN: BUSY,
  EBUSY: BUSY,
  ETXTBSY: BUSY,
  ETIMEDOUT: NO_SERVER,
  EHOSTDOWN: NO_SERVER,
  ENOTCONN: NO_SERVER,
};

/** Returns the {@linkcode RegistryError} for a file system error; any other error unchanged. */
export function diskError(error: unknown, call: FailedCall): unknown {
  const { name, code, message } = error as { name?: string; code?: unknown; message?: string };
  const found = name === "NotCapable"
    ? notAllowed(`${message}.`)
    : meaningOf(code ?? errorCode(error), message);
  if (found === undefined) return error;
  const folder = fileURLToPath(call.backend);
  return fault({
    ...found,
    ...call,
    subject: call.key === undefined ? folder : `"${call.key}"`,
    place: call.key === undefined ? folder : `in ${folder}`,
    cause: error,
  });
}

/** Returns true if an error of {@linkcode diskError} means that there is no space. */
export function saysFull(error: unknown): boolean {
  const found = meaningOf((error as { cause?: { code?: unknown } }).cause?.code);
  return found === FULL || found === QUOTA;
}

function notAllowed(hint: string): Meaning {
  return meaning("Denied", "this program lacks the permission", hint);
}

function meaningOf(code: unknown, message = ""): Meaning | undefined {
  if (code === "ERR_ACCESS_DENIED") {
    // Node never allows fsync with --permission.
    return notAllowed(
      message.startsWith("fsync ")
        ? 'Open it with durability: "os", or run Node without --permission, which forbids fsync.'
        : message,
    );
  }
  const name = errorCode({ code });
  if (name === undefined) return undefined;
  return MEANINGS[name] ??
    meaning("Unavailable", `the disk reports ${name}`, "Check the system log, then try again.");
}
