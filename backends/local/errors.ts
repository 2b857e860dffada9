// What the errors of a file system mean to the caller.
import { fileURLToPath } from "node:url";
import { errorCode } from "../../disk/file_errors.ts";
import { fault, type RegistryErrorFields } from "../../core/errors.ts";

export interface FailedCall {
  action: string;
  key?: string;
  /** The `location` of the backend. */
  backend: string;
  /** True when the object may be there nevertheless. */
  maybeWritten?: boolean;
}

type Meaning = Pick<RegistryErrorFields, "code" | "hint" | "retry"> & { state: string };

const FULL: Meaning = {
  code: "Unavailable",
  state: "the disk is full",
  hint: "Free space, then try again.",
  retry: "never",
};
const QUOTA: Meaning = {
  code: "Unavailable",
  state: "the disk quota is used up",
  hint: "Free space or raise the quota, then try again.",
  retry: "never",
};
const DENIED: Meaning = {
  code: "Denied",
  state: "permission is denied",
  hint: "Check the owner and the permissions of the folder.",
};
const CROWDED: Meaning = {
  code: "Unavailable",
  state: "too many files are open",
  hint: "Do less at once, or raise the limit (ulimit -n).",
};
const NOT_ALLOWED = { code: "Denied", state: "this program was not allowed to" } as const;
const NOT_A_FOLDER: Meaning = {
  code: "Invalid",
  state: "a part of its path is a file and not a folder",
  hint:
    "A registry is a folder, and nothing else may replace what is in it; no key may be another key followed by / " +
    "and more.",
};
const NOT_OFFERED: Meaning = {
  code: "Unsupported",
  state: "its file system cannot do that",
  hint: "Use a folder on another file system.",
};
const BUSY: Meaning = { code: "Unavailable", state: "others were using it", hint: "Try again." };
const NO_SERVER: Meaning = {
  code: "Unavailable",
  state: "the server of this folder does not answer",
  hint: "Check the network and the server that the folder is mounted from, then try again.",
};

const MEANINGS: Record<string, Meaning> = {
  ENOSPC: FULL,
  EDQUOT: QUOTA,
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: {
    code: "Denied",
    state: "the file system is read-only",
    hint: "Mount it for writing, or use another folder.",
  },
  EMFILE: CROWDED,
  ENFILE: CROWDED,
  ENOTDIR: NOT_A_FOLDER,
  ELOOP: {
    code: "Denied",
    state: "it is a symbolic link, or too many lead to it",
    hint: "Put what it leads to in its place (a bind mount will do), or remove the link.",
  },
  EEXIST: NOT_A_FOLDER,
  EISDIR: {
    code: "Invalid",
    state: "other keys lie below it",
    hint: "No key may be another key followed by / and more.",
  },
  ENAMETOOLONG: {
    code: "Invalid",
    state: "the name of a file would be too long for this disk",
    hint:
      "Use a folder with a shorter path, or shorter names, versions and aliases: most disks take 255 bytes of each " +
      "name in a path, encrypted ones 143, and 4,096 of all of it.",
  },
  ENOENT: {
    code: "Unavailable",
    state: "a folder of it was removed meanwhile",
    hint:
      "Check that the folder is there, and that nothing else removes what is in it; then try again.",
  },
  ESTALE: {
    code: "Unavailable",
    state: "the server of this folder has put something else in its place, a stale handle of NFS",
    hint: "Try again; if it stays so, mount the folder anew.",
  },
  EXDEV: {
    code: "Unsupported",
    state: "it is spread over several file systems",
    hint: "Keep the whole folder on one file system: nothing inside it may be a mount.",
  },
  EIO: {
    code: "Unavailable",
    state: "the disk failed to read or write",
    hint: "Look into the log of the system: the disk, or the way to it, may be broken.",
  },
  EFBIG: {
    code: "Invalid",
    state: "it is too large for this file system",
    hint: "Use a folder on a file system that takes larger files, or raise the limit (ulimit -f).",
  },
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

/** The {@linkcode RegistryError} for an error of the file system; any other error unchanged. */
export function diskError(error: unknown, call: FailedCall): unknown {
  const { name, code, message } = error as { name?: string; code?: unknown; message?: string };
  const meaning = name === "NotCapable"
    ? { ...NOT_ALLOWED, hint: `${message}.` }
    : meaningOf(code ?? errorCode(error), message);
  if (meaning === undefined) return error;
  const { state, ...fields } = meaning;
  const { action, ...where } = call;
  const folder = fileURLToPath(call.backend);
  return fault({
    ...fields,
    ...where,
    action,
    state,
    subject: call.key === undefined ? folder : `"${call.key}"`,
    place: call.key === undefined ? folder : `in ${folder}`,
    cause: error,
  });
}

/** Whether an error of {@linkcode diskError} says that there is no room. */
export function saysFull(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown } };
  const meaning = meaningOf(cause?.code);
  return meaning === FULL || meaning === QUOTA;
}

/** Node with --permission lets no program sync files, whatever it allows. */
function notAllowedByNode(message: string): Meaning {
  const hint = message.startsWith("fsync ")
    ? 'Open it with durability: "os", or run without --permission: with it Node brings no file to the disk.'
    : message;
  return { ...NOT_ALLOWED, hint };
}

function meaningOf(code: unknown, message = ""): Meaning | undefined {
  if (code === "ERR_ACCESS_DENIED") return notAllowedByNode(message);
  const name = errorCode({ code });
  if (name === undefined) return undefined;
  return MEANINGS[name] ??
    {
      code: "Unavailable",
      state: `the disk reports ${name}`,
      hint: "Look into the log of the system, then try again.",
    };
}
