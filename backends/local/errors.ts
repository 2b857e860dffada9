/**
 * What the errors of a file system mean to the caller.
 *
 * @module
 */
import { errorCode } from "../../core/disk/file_errors.ts";
import { RegistryError } from "../../core/errors.ts";
import type { RegistryErrorFields } from "../../core/errors.ts";

/** The call that failed. */
export interface FailedCall {
  /** The verb, for the message. */
  action: string;
  /** Its key, where it has one. */
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
  hint: "Free space or raise the quota, then try again.",
  retry: "never",
};
const DENIED: Meaning = {
  code: "Denied",
  state: "the file system denies it",
  hint: "Check the owner and the permissions of the folder.",
};
const CROWDED: Meaning = {
  code: "Unavailable",
  state: "too many files are open",
  hint: "Do less at once, or raise the limit (ulimit -n).",
};
const NOT_A_FOLDER: Meaning = {
  code: "Invalid",
  state: "a part of its path is a file and not a folder",
  hint: "The root must be a folder, and no key may be another key followed by / and more.",
};

const MEANINGS: Record<string, Meaning> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
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
    state: "it is too long for this disk",
    hint: "Use segments of at most 200 bytes, or a root with a shorter path.",
  },
};

/** The {@linkcode RegistryError} for an error of the file system; any other error unchanged. */
export function diskError(error: unknown, call: FailedCall): unknown {
  const { name, code, message } = error as { name?: string; code?: unknown; message?: string };
  const meaning = name === "NotCapable"
    ? { code: "Denied" as const, state: "the program has no permission for it", hint: `${message}.` }
    : meaningOf(code);
  if (meaning === undefined) return error;
  const { state, ...fields } = meaning;
  const { action, ...where } = call;
  const object = call.key === undefined ? call.backend : `"${call.key}"`;
  return new RegistryError({ ...fields, ...where, message: `Cannot ${action} ${object}: ${state}`, cause: error });
}

/** Whether an error of {@linkcode diskError} says that there is no room. */
export function saysFull(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown } };
  return meaningOf(cause?.code) === FULL;
}

function meaningOf(code: unknown): Meaning | undefined {
  const name = errorCode({ code });
  if (name === undefined) return undefined;
  return MEANINGS[name] ?? { code: "Unavailable", state: `the file system says ${name}` };
}
