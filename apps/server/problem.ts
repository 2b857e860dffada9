// Errors as answers: `application/problem+json` (RFC 9457).
import { isRegistryError, RegistryError } from "../../mod.ts";
import type { ErrorCode } from "../../mod.ts";
import type { RegistryErrorFields, RetryAdvice } from "../../registry/mod.ts";
import { hintFor, sentenceOf } from "../../core/errors.ts";
import type { Access } from "./access/access.ts";

export const PROBLEM_TYPE = "application/problem+json";

/** The status of each code. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  Invalid: 400,
  Denied: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Unsupported: 422,
  Unavailable: 503,
  Unknown: 503,
  Corrupt: 500,
  TaskFailed: 500,
};

/** Titles of errors, and their descriptions in the OpenAPI document. */
export const TITLES: Readonly<Record<number, string>> = {
  400: "The request is wrong",
  401: "A token is needed",
  403: "Not allowed",
  404: "Not found",
  405: "No such method here",
  406: "No such form of it",
  408: "Too slow",
  409: "Something else is there",
  410: "It is over",
  412: "It is not as was expected",
  413: "Too large",
  415: "This media type is not taken",
  416: "No such range",
  422: "This cannot be done here",
  429: "Too many requests",
  460: "Another checksum",
  500: "Something is broken",
  503: "Not available now",
};

export interface ProblemFields {
  code: ErrorCode;
  detail: string;
  action?: string;
  subject?: string;
  state?: string;
  hint?: string;
  hints?: RegistryErrorFields["hints"];
  suggestion?: string;
  maybeWritten?: boolean;
  /** Whether the same request may succeed later, where the code does not say it. */
  retry?: RetryAdvice;
  commit?: string;
  key?: string;
}

export function problem(
  status: number,
  { code, detail, ...fields }: ProblemFields,
  headers: Record<string, string> = {},
): Response {
  const body = { title: TITLES[status] ?? "It failed", status, detail, code, ...fields };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": PROBLEM_TYPE, "cache-control": "no-store", ...headers },
  });
}

/**
 * The answer to what was thrown, without where the store is, and without a suggestion of what whoever asks may not
 * read; nobody hears one where it is not said who asks. What is no {@linkcode RegistryError} is a fault of this program,
 * and what it says is for its log.
 */
export function problemOf(thrown: unknown, access?: Access): Response {
  if (isOfRouter(thrown)) {
    const hint = "The document at /openapi.json says what is taken here.";
    return problem(thrown.status, {
      code: "Invalid",
      detail: `Cannot read the request: ${thrown.message}`,
      hint,
    });
  }
  if (!isRegistryError(thrown)) {
    return problem(500, { code: "TaskFailed", detail: "Cannot answer: this service has a fault" });
  }
  const { code, message, maybeWritten, commit, key } = thrown;
  const isUsual = thrown.retry === new RegistryError({ code, message }).retry; // who reads it knows that by the code
  const retry = isUsual ? undefined : thrown.retry;
  const status = thrown instanceof RefusedRequest ? thrown.status : STATUS[code];
  const headers: Record<string, string> = status === 503 ? { "retry-after": "1" } : {};
  if (thrown instanceof RefusedRequest) Object.assign(headers, thrown.headers);
  return problem(status, {
    code,
    ...toldOf(access, thrown),
    maybeWritten,
    retry,
    commit,
    key,
  }, headers);
}

/** The words of an error: without where the store is, and without a suggestion of what the caller may not read. */
function toldOf(
  access: Access | undefined,
  error: RegistryError,
): Omit<ProblemFields, "code"> {
  const { message, action, state, place, backend, hints } = error;
  const isOfPlace = place !== undefined && error.subject === place;
  const subject = isOfPlace ? "the store" : error.subject;
  const detail = action !== undefined && state !== undefined
    ? sentenceOf({ action, subject, state })
    : place === undefined
    ? message
    : message.replaceAll(` (${place})`, "");
  const mayHear = error.suggestion === undefined ||
    access?.may("read", error.suggestion.split("@", 1)[0]);
  const suggestion = mayHear ? error.suggestion : undefined;
  const hint = mayHear ? error.hint : undefined; // a hint without hints names the suggestion
  const folder = backend?.startsWith("file:///") ? decodeURIComponent(backend.slice(7)) : backend;
  const unplaced = (text: string | undefined) =>
    [backend, folder].reduce(
      (left, place) => place ? left?.replaceAll(place, "the store") : left,
      text,
    ) || undefined;
  const others = { library: unplaced(hints?.library ?? hint), cli: unplaced(hints?.cli) };
  return {
    detail: unplaced(detail) ?? "",
    action,
    subject: unplaced(subject),
    state: unplaced(state),
    hint: unplaced(hintFor({ hint, hints, suggestion }, "http")),
    hints: hints === undefined ? undefined : others,
    suggestion,
  };
}

export function isOfRouter(thrown: unknown): thrown is Error & { status: number } {
  if (!(thrown instanceof Error) || !("getResponse" in thrown)) return false;
  const { status } = thrown as Error & { status?: unknown };
  return typeof status === "number" && status >= 400 && status < 500;
}

export class RefusedRequest extends RegistryError {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(
    { status, headers = {}, ...fields }: RegistryErrorFields & {
      status: number;
      headers?: Record<string, string>;
    },
  ) {
    super(fields);
    this.status = status;
    this.headers = headers;
  }
}
