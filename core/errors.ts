// The one error class of Holdfast and its guard.
/**
 * What went wrong, in terms of what the caller can do next:
 *
 * - `NotFound`: there is no such thing; create it or ask for another.
 * - `AlreadyExists`: choose another version or name, or ask to skip or overwrite.
 * - `Conflict`: somebody else changed it first; read again and decide.
 * - `Invalid`: the request is wrong; correct it.
 * - `Unsupported`: this store, format or value cannot do that; use another.
 * - `Corrupt`: stored bytes are damaged or gone; restore or re-save them.
 * - `Denied`: the store refused; check credentials and permissions.
 * - `Unavailable`: the store did not answer and nothing was committed; try again later.
 * - `Unknown`: a commit was sent and its outcome is not known; read, or repeat with the same idempotency key.
 * - `TaskFailed`: the caller's own code (a materializer, a callback) failed.
 */
export type ErrorCode =
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Invalid"
  | "Unsupported"
  | "Corrupt"
  | "Denied"
  | "Unavailable"
  | "Unknown"
  | "TaskFailed";

/** Whether the same call may succeed later: `unknown` means that it may already have succeeded. */
export type RetryAdvice = "never" | "later" | "unknown";

/** The fields of a {@linkcode RegistryError}. */
export interface RegistryErrorFields {
  /** What the caller can do about it. */
  code: ErrorCode;
  /** Action, colon, state: `Cannot save "a@1.0.0": version exists`. */
  message: string;
  /** One sentence on what to do next. */
  hint?: string;
  /** The ref that was probably meant, of one that leads to nothing; the hint says it too. */
  suggestion?: string;
  /** The storage key concerned. */
  key?: string;
  /** The `location` of the backend concerned. */
  backend?: string;
  /** Whether the same call may succeed later. @default "later" for `Unavailable`, "unknown" for `Unknown`, else "never" */
  retry?: RetryAdvice;
  /** True when a write was sent and its reply never came. */
  maybeWritten?: boolean;
  /** The commit id that the failed operation used. */
  commit?: string;
  /** The error underneath. */
  cause?: unknown;
}

/** The only error that Holdfast throws on purpose. Branch on `code`, never on `message`. */
export class RegistryError extends Error {
  /** What the caller can do about it. */
  readonly code: ErrorCode;
  /** One sentence on what to do next. */
  declare readonly hint?: string;
  /** The ref that was probably meant, of one that leads to nothing. */
  declare readonly suggestion?: string;
  /** The storage key concerned. */
  declare readonly key?: string;
  /** The `location` of the backend concerned. */
  declare readonly backend?: string;
  /** Whether the same call may succeed later. */
  readonly retry: RetryAdvice;
  /** True when a write was sent and its reply never came. */
  declare readonly maybeWritten?: boolean;
  /** The commit id that the failed operation used. */
  declare readonly commit?: string;

  /** Creates an error from its fields. */
  constructor(fields: RegistryErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "RegistryError";
    this.code = fields.code;
    this.retry = fields.retry ?? ADVICE[fields.code] ?? "never";
    if (fields.hint !== undefined) this.hint = fields.hint;
    if (fields.suggestion !== undefined) this.suggestion = fields.suggestion;
    if (fields.key !== undefined) this.key = fields.key;
    if (fields.backend !== undefined) this.backend = fields.backend;
    if (fields.maybeWritten !== undefined) this.maybeWritten = fields.maybeWritten;
    if (fields.commit !== undefined) this.commit = fields.commit;
    if (this.hint !== undefined && ONLY_STACKS) tellInStack(this, this.hint);
  }
}

/** A failure as data: its message is `Cannot ACTION SUBJECT: STATE`. */
export interface Fault extends Omit<RegistryErrorFields, "message"> {
  /** A verb and what belongs to it: `save`, `read a range of`. */
  action: string;
  /** A ref, a path or a place, quoted. */
  subject?: string | number;
  /** A fact, without a full stop: `version exists`. */
  state: string;
}

/** Makes the error of a failure. */
export function fault({ action, subject, state, ...fields }: Fault): RegistryError {
  const what = subject === undefined ? action : `${action} ${subject}`;
  return new RegistryError({ ...fields, message: `Cannot ${what}: ${state}` });
}

/**
 * Deno shows only the first line and the frames of an error that nobody caught (2.9.6); where it finds no frames, the
 * text of its stack. Node and Bun show its fields too.
 */
const ONLY_STACKS = "Deno" in globalThis;

/** Errors that are being shown with their fields, the hint among them. */
const shownWhole = new WeakSet<RegistryError>();

/** Puts the hint into the stack, which is put together when somebody asks for it. */
function tellInStack(error: RegistryError, hint: string): void {
  const frames: { stack?: string } = {};
  Error.captureStackTrace(frames, RegistryError); // to read those of the error itself would let Deno find them
  const set = (value: unknown) =>
    Object.defineProperty(error, "stack", { value, writable: true, configurable: true });
  const get = () => {
    const at = frames.stack?.match(/^ {4}at .*$/gm) ?? [];
    const told = shownWhole.has(error) ? [] : [`    hint: ${hint}`];
    return [`${error.name}: ${error.message}`, ...told, ...at].join("\n");
  };
  Object.defineProperty(error, "stack", { get, set, configurable: true, enumerable: false });
}

if (ONLY_STACKS) {
  // console.log shows both, so that the hint stood there twice.
  const inspect = Symbol.for("Deno.customInspect");
  Object.defineProperty(RegistryError.prototype, inspect, {
    get(this: RegistryError) {
      return shownWhole.has(this) ? undefined : showWhole;
    },
  });
}

/** What `console.log` shows of an error on Deno. */
function showWhole(
  this: RegistryError,
  inspect: (value: unknown, options: unknown) => string,
  options: unknown,
) {
  shownWhole.add(this);
  try {
    return inspect(this, options);
  } finally {
    shownWhole.delete(this);
  }
}

const ADVICE: Partial<Record<ErrorCode, RetryAdvice>> = {
  Unavailable: "later",
  Unknown: "unknown",
};

/** The fields of an error, to make another one of them. */
export function fieldsOf(error: RegistryError): RegistryErrorFields {
  const { code, message, hint, suggestion, key, backend, retry, maybeWritten, commit, cause } =
    error;
  return { code, message, hint, suggestion, key, backend, retry, maybeWritten, commit, cause };
}

/** The same failure, told in another way. */
export function retold(error: RegistryError, changes: Partial<RegistryErrorFields>): RegistryError {
  return new RegistryError({ ...fieldsOf(error), ...changes });
}

/**
 * True for a {@linkcode RegistryError}, and when codes are given, for one of those.
 *
 * Works across copies of this module (an error from another realm or version counts).
 *
 * @example
 * ```ts
 * import { isRegistryError, RegistryError } from "@holdfast/holdfast";
 * import { assert } from "@std/assert";
 *
 * const error: unknown = new RegistryError({ code: "NotFound", message: "Cannot load \"a\": no such name" });
 * assert(isRegistryError(error));
 * assert(isRegistryError(error, "NotFound", "Conflict"));
 * assert(!isRegistryError(error, "Corrupt"));
 * ```
 */
export function isRegistryError(error: unknown, ...codes: ErrorCode[]): error is RegistryError {
  if (Object.prototype.toString.call(error) !== "[object Error]") return false; // instanceof knows its own realm only
  const { name, code } = error as RegistryError;
  if (name !== "RegistryError") return false;
  return typeof code === "string" && (codes.length === 0 || codes.includes(code));
}

/**
 * True for what cannot be read where others can: it is damaged, or of a newer release. A listing says so and goes on.
 */
export function isUnreadable(error: unknown): error is RegistryError {
  return isRegistryError(error, "Corrupt", "Unsupported");
}

/** What is found, or undefined where that is `NotFound`. */
export async function orMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
  }
}

/** What an error says, whatever was thrown; what has no text is named by its type. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return typeof error;
  }
}
