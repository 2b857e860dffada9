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
  /** `Cannot ACTION SUBJECT: STATE (PLACE)`, for people. */
  message: string;
  /** The failed action, a verb and what belongs to it: `save`, `read a range of`. */
  action?: string;
  /** The object of the action, a quoted ref, key or path. */
  subject?: string;
  /** The reason, without a full stop: `version exists`. */
  state?: string;
  /** Where the store is: `in /data/registry`. A service does not reveal it. */
  place?: string;
  /** One sentence on what to do next. */
  hint?: string;
  /** The hint for readers who need other words, without the suggestion. @default `hint` for each of them */
  hints?: { library?: string; cli?: string; http?: string };
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
  /** The failed action: `save`. It, `subject`, `state`, `place` and `hints` are not enumerable. */
  declare readonly action?: string;
  /** The object of the action, a quoted ref, key or path. */
  declare readonly subject?: string;
  /** The reason: `version exists`. */
  declare readonly state?: string;
  /** Where the store is: `in /data/registry`. */
  declare readonly place?: string;
  /** One sentence on what to do next. */
  declare readonly hint?: string;
  /** The hint for readers who need other words, without the suggestion. */
  declare readonly hints?: RegistryErrorFields["hints"];
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

  /** Creates an error from its fields. The message is made from `action`, `subject`, `state` and `place`. */
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
    if (fields.hint !== undefined) this.hint = fields.hint;
    if (fields.suggestion !== undefined) this.suggestion = fields.suggestion;
    if (fields.key !== undefined) this.key = fields.key;
    if (fields.backend !== undefined) this.backend = fields.backend;
    if (fields.maybeWritten !== undefined) this.maybeWritten = fields.maybeWritten;
    if (fields.commit !== undefined) this.commit = fields.commit;
    for (const name of WORDS) { // the message shows them already
      const value = fields[name];
      if (value !== undefined) Object.defineProperty(this, name, { value });
    }
    if (this.hint !== undefined && ONLY_STACKS) tellInStack(this, this.hint);
  }
}

/** The fields that the message and the hint are made of. */
const WORDS = ["action", "subject", "state", "place", "hints"] as const;

/** A failure as data. */
export interface Fault extends Omit<RegistryErrorFields, "message" | "subject"> {
  action: string;
  subject?: string | number;
  state: string;
}

/** Makes the error of a failure. */
export function fault({ subject, ...fields }: Fault): RegistryError {
  return new RegistryError(subject === undefined ? fields : { ...fields, subject: `${subject}` });
}

/** The message of a failure. A place that is the subject is not repeated. */
export function sentenceOf(
  { action, subject, state, place }: Pick<Fault, "action" | "subject" | "state" | "place">,
): string {
  const what = subject === undefined ? action : `${action} ${subject}`;
  return `Cannot ${what}: ${state}${place === undefined || place === subject ? "" : ` (${place})`}`;
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
  const { code, message, action, subject, state, place, hint, hints, suggestion, key, backend } =
    error;
  const { retry, maybeWritten, commit, cause } = error;
  const words = { code, message, action, subject, state, place, hint, hints, suggestion };
  return { ...words, key, backend, retry, maybeWritten, commit, cause };
}

/** The same failure with other fields. The message of an error without an action becomes the state. */
export function retold(error: RegistryError, changes: Partial<Fault>): RegistryError {
  const { message, hints, ...kept } = fieldsOf(error);
  const advice = "hint" in changes ? {} : { hints }; // they say the same as the hint
  const { action, state = message, ...fields } = { ...kept, ...advice, ...changes };
  if (action !== undefined) return fault({ ...fields, action, state });
  const { subject: _, place, ...others } = fields;
  return new RegistryError({
    ...others,
    message: place === undefined ? state : `${state} (${place})`,
  });
}

/** A hint for each reader. */
export type Advice = Pick<RegistryErrorFields, "hint" | "hints">;

/** The reader of a hint: a programmer, a user of the command line, or a client of the HTTP API. */
export type Reader = keyof NonNullable<RegistryErrorFields["hints"]>;

/** Returns the hint of an error in the words of a reader. */
export function hintFor(
  { hint, hints, suggestion }: Advice & Pick<RegistryErrorFields, "suggestion">,
  reader: Reader,
): string | undefined {
  const own = hints?.[reader] ?? hints?.library;
  if (own === undefined) return hint;
  return suggestion === undefined
    ? own
    : `Did you mean ${JSON.stringify(suggestion)}? ${own}`.trim();
}

/** Joins hints to one, for each reader. */
export function joinHints(...parts: readonly Advice[]): Advice {
  const told = (reader: Reader) =>
    parts.flatMap((part) => hintFor(part, reader) ?? []).join(" ") || undefined;
  const hint = told("library");
  const hints = { cli: told("cli"), http: told("http") };
  return hints.cli === hint && hints.http === hint ? { hint } : { hint, hints };
}

/** The same failure, with the ref that was probably meant. */
export function withSuggestion(error: RegistryError, suggestion: string): RegistryError {
  const hints = { ...error.hints, library: error.hint ?? "" };
  return retold(error, { suggestion, hints, hint: hintFor({ hints, suggestion }, "library") });
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
