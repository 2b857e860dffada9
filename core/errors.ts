// RegistryError, the only error class of Holdfast.
import type { Hints, Reason } from "./hints/reasons.ts";

/**
 * The kind of failure, by what the caller can do next:
 *
 * - `NotFound`: it does not exist; create it or use another ref.
 * - `AlreadyExists`: choose another version or name, or skip or overwrite.
 * - `Conflict`: another writer changed it first; read again and decide.
 * - `Invalid`: the request is wrong; correct it.
 * - `Unsupported`: this store, format or value cannot do that; use another.
 * - `Corrupt`: stored bytes are damaged or missing; repair them from a mirror, or save them again.
 * - `Denied`: the store refused access; check credentials and permissions.
 * - `Unavailable`: the store did not answer and nothing was committed; try again later.
 * - `Unknown`: a commit was sent and its outcome is unknown; read, or repeat with the same
 *   idempotency key.
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

/** Advice whether to repeat the call. `unknown`: it may already have succeeded. */
export type RetryAdvice = "never" | "later" | "unknown";

/** The fields of a {@linkcode RegistryError}. */
export interface RegistryErrorFields {
  code: ErrorCode;
  /** `Cannot ACTION SUBJECT: STATE (PLACE)`. */
  message: string;
  /** The failed action: `save`, `read a range of`. */
  action?: string;
  /** The object of the action, a quoted ref, key or path. */
  subject?: string;
  /** The reason, without a full stop: `version exists`. */
  state?: string;
  /** The location of the store, or the ref of a release. A service does not reveal it. */
  place?: string;
  /** One sentence that explains how to fix it. */
  hint?: string;
  /** A stable code, with the names in the hint: interfaces make their own hints of it. */
  reason?: Reason;
  /** The ref that the caller probably meant; part of the hint too. */
  suggestion?: string;
  /** The storage key. */
  key?: string;
  /** The `location` of the backend. */
  backend?: string;
  /** @default "later" for `Unavailable`, "unknown" for `Unknown`, else "never" */
  retry?: RetryAdvice;
  /** True if a write was sent and its reply never came. */
  maybeWritten?: boolean;
  /** The commit id of the failed operation. */
  commit?: string;
  cause?: unknown;
}

/** The only error that Holdfast throws on purpose. Branch on `code`, never on `message`. */
export class RegistryError extends Error {
  readonly code: ErrorCode;
  /**
   * See {@linkcode RegistryErrorFields}. `action`, `subject`, `state`, `place` and `reason` are not
   * enumerable.
   */
  declare readonly action?: string;
  declare readonly subject?: string;
  declare readonly state?: string;
  declare readonly place?: string;
  declare readonly hint?: string;
  declare readonly reason?: Reason;
  declare readonly suggestion?: string;
  declare readonly key?: string;
  declare readonly backend?: string;
  readonly retry: RetryAdvice;
  declare readonly maybeWritten?: boolean;
  declare readonly commit?: string;

  /** Creates an error. The default message joins `action`, `subject`, `state` and `place`. */
  constructor(
    fields:
      | RegistryErrorFields
      | Omit<RegistryErrorFields, "message"> & {
        message?: undefined;
        action: string;
        state: string;
      },
  ) {
    super(
      fields.message === undefined ? sentenceOf(fields) : fields.message,
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.name = "RegistryError";
    this.code = fields.code;
    this.retry = fields.retry ?? ADVICE[fields.code] ?? "never";
    for (const name of SHOWN) {
      if (fields[name] !== undefined) Object.assign(this, { [name]: fields[name] });
    }
    for (const name of HIDDEN) {
      const value = fields[name];
      if (value !== undefined) Object.defineProperty(this, name, { value });
    }
    if (this.hint !== undefined && ONLY_STACKS) showHintInStack(this, this.hint);
  }
}

const SHOWN = ["hint", "suggestion", "key", "backend", "maybeWritten", "commit"] as const;
/** Fields of which message and hint are made. */
const HIDDEN = ["action", "subject", "state", "place", "reason"] as const;

/** A failure as data. */
export interface Fault extends Omit<RegistryErrorFields, "message" | "subject"> {
  action: string;
  subject?: string | number;
  state: string;
}

/** Returns the error `Cannot ACTION SUBJECT: STATE`. */
export function fault({ subject, ...fields }: Fault): RegistryError {
  return new RegistryError(subject === undefined ? fields : { ...fields, subject: `${subject}` });
}

/** @internal */
type CreateFault = (
  action: string,
  subject: Fault["subject"],
  state: string,
  details?: Omit<Fault, "code" | "action" | "subject" | "state">,
) => RegistryError;

/** Returns a constructor of failures with one code: `notFound("load", "a@1", "no such version")`. */
function faultOf(code: ErrorCode): CreateFault {
  return (action, subject, state, details) => fault({ code, action, subject, state, ...details });
}

/** Returns the error of something that does not exist. */
export const notFound: CreateFault = faultOf("NotFound");
/** Returns the error of something that exists already. */
export const alreadyExists: CreateFault = faultOf("AlreadyExists");
/** Returns the error of a change that another one came before, or that a rule refuses. */
export const conflict: CreateFault = faultOf("Conflict");
/** Returns the error of wrong arguments or a wrong configuration. */
export const invalid: CreateFault = faultOf("Invalid");
/** Returns the error of something that this store, program or release cannot do. */
export const unsupported: CreateFault = faultOf("Unsupported");
/** Returns the error of damaged data. */
export const corrupt: CreateFault = faultOf("Corrupt");
/** Returns the error of a missing permission. */
export const denied: CreateFault = faultOf("Denied");
/** Returns the error of a store or service that did not answer. */
export const unavailable: CreateFault = faultOf("Unavailable");
export const unresolved: CreateFault = faultOf("Unknown");
/** Returns the error of the user's own code. */
export const taskFailed: CreateFault = faultOf("TaskFailed");

/** Returns the message of a failure. A place that equals the subject is not repeated. */
export function sentenceOf(
  { action, subject, state, place }: Pick<Fault, "action" | "subject" | "state" | "place">,
): string {
  const what = subject === undefined ? action : `${action} ${subject}`;
  return `Cannot ${what}: ${state}${place === undefined || place === subject ? "" : ` (${place})`}`;
}

/** Deno prints only the stack of an uncaught error (2.9.6); Node and Bun print its fields too. */
const ONLY_STACKS = "Deno" in globalThis;

/** Errors that are being printed with all their fields, including the hint. */
const shownWhole = new WeakSet<RegistryError>();

/** Adds the hint to the stack, which is built lazily. */
function showHintInStack(error: RegistryError, hint: string): void {
  const frames: { stack?: string } = {};
  const { captureStackTrace } = Error as { captureStackTrace?(at: object, above: unknown): void };
  captureStackTrace?.(frames, RegistryError); // Deno would print frames of the error itself
  const set = (value: unknown) =>
    Object.defineProperty(error, "stack", { value, writable: true, configurable: true });
  const get = () => {
    const at = frames.stack?.match(/^ {4}at .*$/gm) ?? [];
    const hints = shownWhole.has(error) ? [] : [`    hint: ${hint}`];
    return [`${error.name}: ${error.message}`, ...hints, ...at].join("\n");
  };
  Object.defineProperty(error, "stack", { get, set, configurable: true, enumerable: false });
}

if (ONLY_STACKS) {
  // console.log prints both stack and fields; this prevents a second hint.
  const inspect = Symbol.for("Deno.customInspect");
  Object.defineProperty(RegistryError.prototype, inspect, {
    get(this: RegistryError) {
      return shownWhole.has(this) ? undefined : showWhole;
    },
  });
}

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

/** The usual advice of codes other than `never`. */
export const ADVICE: Partial<Record<ErrorCode, RetryAdvice>> = {
  Unavailable: "later",
  Unknown: "unknown",
};

/** Returns the fields of an error, to create another error from them. */
export function fieldsOf(error: RegistryError): RegistryErrorFields {
  const { code, message, action, subject, state, place, hint, reason, suggestion, key, backend } =
    error;
  const { retry, maybeWritten, commit, cause } = error;
  const words = { code, message, action, subject, state, place, hint, reason, suggestion };
  return { ...words, key, backend, retry, maybeWritten, commit, cause };
}

/** Returns the same failure with other fields; a message without an action becomes the state. */
export function retold(error: RegistryError, changes: Partial<Fault>): RegistryError {
  const { message, reason, ...kept } = fieldsOf(error);
  const advice = "hint" in changes ? {} : { reason }; // a reason belongs to its hint
  const { action, state = message, ...fields } = { ...kept, ...advice, ...changes };
  if (action !== undefined) return fault({ ...fields, action, state });
  const { subject: _, place, ...others } = fields;
  return new RegistryError({
    ...others,
    message: place === undefined ? state : `${state} (${place})`,
  });
}

/**
 * A hint, and the reason of which interfaces make others.
 *
 * @internal
 */
export type Advice = Pick<RegistryErrorFields, "hint" | "reason">;

/**
 * An advice with a suggestion, which is part of the hint.
 *
 * @internal
 */
export type Suggesting = Advice & Pick<RegistryErrorFields, "suggestion">;

/**
 * Returns the hint of an error in the words of an interface: those of the first table with its
 * reason, or the hint itself.
 */
export function hintFor(error: Suggesting, ...tables: readonly Hints[]): string | undefined {
  const { hint, reason, suggestion } = error;
  const table = reason && tables.find((each) => Object.hasOwn(each, reason.kind));
  const words = table?.[reason!.kind] ?? null;
  if (words === null) return hint;
  const plain = plainHint(error) ?? "";
  const own = typeof words === "function" ? words(reason as never, plain) : words;
  return suggestion === undefined ? own : `${didYouMean(suggestion)}${own}`;
}

/** Returns a hint without the suggestion. */
export function plainHint({ hint, suggestion }: Suggesting): string | undefined {
  const lead = suggestion === undefined ? "" : didYouMean(suggestion);
  return `${hint ?? ""} `.startsWith(lead) ? hint?.slice(lead.length) || undefined : hint;
}

function didYouMean(suggestion: string): string {
  return `Did you mean ${JSON.stringify(suggestion)}? `;
}

export function withSuggestion(error: RegistryError, suggestion: string): RegistryError {
  const { hint = "", reason } = error;
  return retold(error, { suggestion, hint: `${didYouMean(suggestion)}${hint}`.trim(), reason });
}

/**
 * True for a {@linkcode RegistryError} (with one of these codes, if any are given). Works across
 * copies and versions of this module and across realms.
 *
 * @example
 * ```ts
 * import { isRegistryError, RegistryError } from "@holdfast/holdfast";
 * import { assert } from "@std/assert";
 *
 * const message = 'Cannot load "a": no such name';
 * const error: unknown = new RegistryError({ code: "NotFound", message });
 * assert(isRegistryError(error));
 * assert(isRegistryError(error, "NotFound", "Conflict"));
 * assert(!isRegistryError(error, "Corrupt"));
 * ```
 */
export function isRegistryError(error: unknown, ...codes: ErrorCode[]): error is RegistryError {
  // works across realms
  if (Object.prototype.toString.call(error) !== "[object Error]") return false;
  const { name, code } = error as RegistryError;
  if (name !== "RegistryError") return false;
  return typeof code === "string" && (codes.length === 0 || codes.includes(code));
}

/** True for data that is damaged or written by a newer release. Listings report it and continue. */
export function isUnreadable(error: unknown): error is RegistryError {
  return isRegistryError(error, "Corrupt", "Unsupported");
}

/** Returns the result, or undefined if the promise rejects with `NotFound`. */
export async function orMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
  }
}

/** Returns the message of a thrown value: of an error, of an object like one, or its text. */
export function messageOf(error: unknown): string {
  try {
    const { message } = Object(error) as { message?: unknown };
    if (error instanceof Error || typeof message === "string") return String(message);
    const text = String(error);
    return text === String({}) ? JSON.stringify(error) : text;
  } catch {
    return typeof error;
  }
}

/** Throws `Invalid` for more arguments than a function has: they would be ignored. */
export function checkCount(action: string, { length }: readonly unknown[], most: number): void {
  if (length <= most) return;
  const state = `got ${length} arguments`;
  throw fault({ code: "Invalid", action, state, hint: `Pass at most ${most}.` });
}
