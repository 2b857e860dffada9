// Errors as answers: `application/problem+json` (RFC 9457).
import type { RegistryErrorFields } from "../../registry/mod.ts";
import {
  ADVICE,
  hintFor,
  isRegistryError,
  plainHint,
  RegistryError,
  retold,
  sentenceOf,
} from "../../core/errors.ts";
import type { Fault } from "../../core/errors.ts";
import type { Hints } from "../../core/hints/reasons.ts";
import type { Access } from "./access/access.ts";
import { HTTP_HINTS, OF_STORE, SILENT_STORE } from "./hint_words.ts";
import { Answer, type ProblemFields } from "./answer.ts";
import { STATUS } from "./schemas/status.ts";

export const PROBLEM_TYPE = "application/problem+json";

/** Titles of problems, and their descriptions in the OpenAPI document. */
export const TITLES: Readonly<Record<number, string>> = {
  400: "Invalid request",
  401: "Token required",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  406: "Not acceptable",
  408: "Request timeout",
  409: "Conflict",
  410: "Gone",
  412: "Precondition failed",
  413: "Too large",
  415: "Unsupported media type",
  416: "Range not satisfiable",
  422: "Not supported here",
  429: "Too many requests",
  500: "Internal error",
  503: "Unavailable",
};

export function problem(
  status: number,
  { code, detail, ...fields }: ProblemFields,
  headers: Record<string, string> = {},
): Answer {
  const body = { title: TITLES[status] ?? "Error", status, detail, code, ...fields };
  const problem = { code, detail, ...fields };
  return new Answer(`${JSON.stringify(body)}\n`, {
    status,
    headers: { "content-type": PROBLEM_TYPE, "cache-control": "no-store", ...headers },
    problem,
  });
}

/**
 * Returns the answer to an error. It omits the location of the store, and suggests only refs that
 * `access` may read: none without it. Errors other than a {@linkcode RegistryError} are faults of the
 * service, without their message.
 *
 * @param hints those of gateways
 */
export function problemOf(
  thrown: unknown,
  access?: Access,
  hints: readonly Hints[] = [],
): Answer {
  if (!isRegistryError(thrown)) {
    return problem(500, { code: "TaskFailed", detail: "Cannot answer: internal error" });
  }
  const { code, maybeWritten, commit, key } = thrown;
  const retry = thrown.retry === (ADVICE[code] ?? "never") ? undefined : thrown.retry;
  const refused = thrown instanceof RefusedRequest ? thrown : undefined;
  const status = refused?.status ?? STATUS[code];
  return problem(
    status,
    { code, ...wordsOf(thrown, access, hints), maybeWritten, retry, commit, key },
    { ...(status === 503 && retry !== "never" ? { "retry-after": "1" } : {}), ...refused?.headers },
  );
}

/** Returns an error as a part of an answer. */
export function problemWithin(thrown: unknown): unknown {
  return JSON.parse(problemOf(thrown).body as string);
}

const NO_ANSWER = "the store behind the service does not answer";

/** Returns the words of an error without the place of the store. */
function wordsOf(
  thrown: RegistryError,
  access: Access | undefined,
  hints: readonly Hints[],
): Omit<ProblemFields, "code"> {
  const { kind = "" } = thrown.reason ?? {};
  const error = SILENT_STORE.has(kind)
    ? retold(thrown, { state: NO_ANSWER, place: undefined })
    : thrown;
  const { action, state, place, reason } = error;
  const subject = place !== undefined && error.subject === place ? "the store" : error.subject;
  const unplaced = placeRemover(error);
  const suggestion = readableSuggestion(access, error);
  const library = plainHint(error);
  const plain = hintFor({ hint: library, reason }, ...hints, HTTP_HINTS);
  const isOfStore = OF_STORE.has(kind);
  const facts = Object.entries(reason ?? {}).map(([name, value]) => [name, unplaced(value) ?? ""]);
  return {
    detail: unplaced(detailOf(error, subject)) ?? "",
    action,
    subject: unplaced(subject),
    state: unplaced(state),
    hint: unplaced(
      plain === undefined || suggestion === undefined
        ? plain
        : `Did you mean ${JSON.stringify(suggestion)}? ${plain}`,
    ),
    hints: plain === library || isOfStore ? undefined : { library: unplaced(library) },
    reason: isOfStore ? undefined : reason && Object.fromEntries(facts),
    suggestion,
  };
}

function detailOf({ message, action, state, place }: RegistryError, subject?: string): string {
  if (action !== undefined && state !== undefined) return sentenceOf({ action, subject, state });
  return place === undefined ? message : message.replaceAll(` (${place})`, "");
}

/** Returns the suggestion, unless the token may not read its name. */
function readableSuggestion(
  access: Access | undefined,
  { suggestion }: RegistryError,
): string | undefined {
  if (suggestion === undefined) return undefined;
  return access?.may("read", suggestion.replace(/@.*/s, "")) ? suggestion : undefined;
}

/** Returns a function that replaces the place of the store in a text. */
function placeRemover({ backend }: RegistryError): (text?: string) => string | undefined {
  const folder = backend?.startsWith("file:///") ? decodeURIComponent(backend.slice(7)) : backend;
  const places = [backend, folder].flatMap((place) => place || []);
  return (text) =>
    places.reduce((rest, place) => rest?.replaceAll(place, "the store"), text) || undefined;
}

/** An error with its own status and headers. */
export class RefusedRequest extends RegistryError {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** The sender, if a token without rights proves it. The audit trail names it. */
  readonly sender?: Pick<Access, "author" | "issuer">;

  constructor(
    { status, headers = {}, sender, ...fields }:
      & (RegistryErrorFields | (Fault & { message?: undefined }))
      & {
        status: number;
        headers?: Record<string, string>;
        sender?: Pick<Access, "author" | "issuer">;
      },
  ) {
    super(fields as RegistryErrorFields);
    this.status = status;
    this.headers = headers;
    this.sender = sender;
  }
}
