// Answers of a service that are errors.
import { fault, invalid, RegistryError, retold, unavailable } from "../../core/errors.ts";
import { errorCode } from "../../core/faults/errno.ts";
import { connectionFault, type Meaning, meaning, statusFault } from "../../core/faults/meanings.ts";
import { tunnelFault } from "../../core/faults/meanings.ts";
import { readReason } from "../../core/hints/reasons.ts";
import { tlsProblem } from "../../core/urls/tls_problems.ts";
import type { ErrorCode, RetryAdvice } from "../../core/errors.ts";

/** The request that an error belongs to. */
export interface Asked {
  action: string;
  location: string;
  /** The request changes something, so its outcome is unknown without an answer. */
  writes: boolean;
  /** A token was sent with it. */
  hasToken?: boolean;
}

const CODES: Readonly<Record<ErrorCode, true>> = {
  NotFound: true,
  AlreadyExists: true,
  Conflict: true,
  Invalid: true,
  Unsupported: true,
  Corrupt: true,
  Denied: true,
  Unavailable: true,
  Unknown: true,
  TaskFailed: true,
};

/** Codes of answers without a problem document, such as those of a proxy, or to `HEAD`. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: "Denied",
  403: "Denied",
  404: "NotFound",
  408: "Unavailable",
  409: "Conflict",
  412: "Conflict",
  422: "Unsupported",
  425: "Unavailable",
  429: "Unavailable",
  503: "Unavailable",
};

const REDIRECTS = [301, 302, 303, 307, 308];
const RETRY_ADVICE: readonly RetryAdvice[] = ["never", "later", "unknown"];
const TOKEN_HINT = "Pass a token of the service: openHttpRegistry(url, { token }).";

const LIMITED = "The service or a proxy limits requests: send fewer at once, or try later.";

/** Hints for answers without a problem document. */
const HINT_OF_STATUS: Readonly<Record<number, string>> = { 401: TOKEN_HINT, 429: LIMITED };

const TOKEN_MISSING = { kind: "token_missing" } as const;
const WRONG_PATH = "Check that the URL is that of a Holdfast service. Behind a proxy it may have " +
  "a path, such as https://HOST/models.";
const TOKEN_LOST = "The token did not reach the service. Let the proxy in between pass the " +
  "header Authorization, and turn off its own sign-in for the service.";

type Problem = Record<string, unknown> & { code: ErrorCode };

export async function problemOf(response: Response, asked: Asked): Promise<RegistryError> {
  if (response.type === "opaqueredirect" || REDIRECTS.includes(response.status)) {
    return await redirected(response, asked);
  }
  const problem = await readProblem(response);
  const isForeign = response.body !== null || !isOfService(response); // answers to HEAD have no body
  if (problem === undefined && response.status === 404 && isForeign) {
    const error = unexpected(asked, "status 404 without a reply of the service");
    return retold(error, { hint: WRONG_PATH }); // no name is missing
  }
  const error = problem === undefined
    ? unexplained(response.status, asked)
    : errorOf(problem, asked, response.status);
  if (response.status !== 401 || !asked.hasToken) return error;
  const challenge = response.headers.get("www-authenticate") ?? "";
  const isLost = problem === undefined || /^bearer (?!.*invalid_token)/i.test(challenge); // RFC 6750
  return isLost ? retold(error, { hint: TOKEN_LOST }) : error;
}

/** Returns the error of a problem document inside an answer, such as a listing. */
export function errorOfProblem(problem: unknown, asked: Asked): RegistryError {
  if (isProblem(problem)) return errorOf(problem, asked);
  return unexpected(asked, "it contains an error without a code");
}

function errorOf(problem: Problem, { action, location }: Asked, status?: number): RegistryError {
  const field = (name: string) => text(problem[name]);
  const http = field("hint") ?? (status === 401 ? TOKEN_HINT : undefined);
  return new RegistryError({
    code: problem.code,
    message: field("detail") ?? `Cannot ${action}: the service answers ${status ?? problem.code}`,
    action: field("action"),
    subject: field("subject"),
    state: field("state"),
    hint: hintOfLibrary(problem) ?? http,
    reason: readReason(problem.reason) ?? (http === TOKEN_HINT ? TOKEN_MISSING : undefined),
    suggestion: field("suggestion"),
    key: field("key"),
    backend: location,
    retry: RETRY_ADVICE.find((advice) => advice === problem.retry),
    maybeWritten: problem.maybeWritten === true || undefined,
    commit: field("commit"),
  });
}

/** Returns the hint for programs, which a service sends beside one for HTTP. */
function hintOfLibrary({ hints, suggestion }: Problem): string | undefined {
  const library = text((hints as { library?: unknown } | null | undefined)?.library);
  if (library === undefined) return undefined;
  const lead = typeof suggestion === "string" ? `Did you mean ${JSON.stringify(suggestion)}? ` : "";
  return `${lead}${library}`;
}

async function redirected(response: Response, { action, location }: Asked): Promise<RegistryError> {
  await response.body?.cancel();
  const to = URL.parse(response.headers.get("location") ?? "", location); // null in browsers
  const state = `${location} redirects${to === null ? "" : ` to ${to.origin}${to.pathname}`}`;
  const isElsewhere = to !== null && to.origin !== URL.parse(location)?.origin;
  const hint = isElsewhere
    ? "Redirects are not followed. If the service moved, open the registry there. If a proxy " +
      "asks for a sign-in of its own, let it pass requests with a token."
    : "Redirects are not followed. Open the registry at the final URL.";
  return invalid(action, undefined, state, { hint, backend: location });
}

/** Returns the error of an answer that is not one of the service, such as that of a proxy. */
function unexplained(status: number, asked: Asked): RegistryError {
  const { action, location } = asked;
  const meaning = statusFault(status);
  const code = codeOf(status, asked);
  const isFinal = meaning?.retry === "never";
  return fault({
    code,
    action,
    state: `${location} answers with status ${status}${isFinal ? `: ${meaning.state}` : ""}`,
    ...(isFinal ? { retry: "never" } : {}),
    hint: HINT_OF_STATUS[status] ?? (isFinal ? meaning.hint : hintOf(status, code, location)),
    reason: status === 401 ? TOKEN_MISSING : undefined,
    backend: location,
    ...(code === "Unknown" ? { maybeWritten: true } : {}),
  });
}

/** Returns the code for a status alone. The service may go on behind a gateway that fails. */
function codeOf(status: number, { writes }: Asked): ErrorCode {
  const meaning = statusFault(status);
  const code = BY_STATUS[status] ?? (meaning?.refused ? meaning.code : undefined);
  if (code !== undefined) return code;
  const isOpen = status >= 500 || meaning !== undefined;
  if (!isOpen) return "Invalid";
  return writes ? "Unknown" : "Unavailable";
}

function hintOf(status: number, code: ErrorCode, location: string): string {
  if (status === 400 && location.startsWith("http:")) {
    return "Check the URL: a port with TLS needs https://.";
  }
  return code === "Invalid"
    ? "Check that the URL is that of a Holdfast service, and check any proxy in between."
    : "Check the log of the service, and of any proxy in between.";
}

/** Returns true for an answer with the type that the service gives, also to `HEAD`. */
export function isOfService({ headers }: Response): boolean {
  return /^application\/(problem\+)?json\b/i.test(headers.get("content-type") ?? "");
}

async function readProblem(response: Response): Promise<Problem | undefined> {
  if (!isOfService(response)) {
    await response.body?.cancel();
    return undefined;
  }
  const body = await response.json().catch(() => undefined);
  return isProblem(body) ? body : undefined;
}

function isProblem(value: unknown): value is Problem {
  const code = (value as Partial<Problem> | null | undefined)?.code;
  return code !== undefined && Object.hasOwn(CODES, code);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function unanswered({ action, location, writes }: Asked, cause: unknown): RegistryError {
  const problem = tlsProblem(cause);
  if (problem !== undefined) {
    return unavailable(action, undefined, `${location} ${problem.state}`, {
      hint: problem.hint,
      retry: "never",
      backend: location,
      cause,
    });
  }
  const here = faultHere(cause);
  if (here !== undefined) {
    const { code, state, hint, retry } = here;
    return fault({
      code,
      action,
      state: `cannot reach ${location}: ${state}`,
      hint,
      retry,
      backend: location,
      cause,
    });
  }
  return fault({
    code: writes ? "Unknown" : "Unavailable",
    action,
    state: `${location} did not answer`,
    hint: writes
      ? "Check whether it was done before you repeat it."
      : "Check the URL, and that the service runs; in a browser also that it allows this page " +
        "(CORS).",
    reason: writes ? undefined : { kind: "service_unreachable" },
    backend: location,
    cause,
    ...(writes ? { maybeWritten: true } : {}),
  });
}

/** Returns the fault of this machine or its name server, which sent nothing. */
function faultHere(error: unknown): Meaning | undefined {
  const { name, message, cause } = (error ?? {}) as Record<string, unknown>;
  if (name === "NotCapable") {
    return meaning("Denied", "this program lacks the permission", `${message}.`);
  }
  const code = errorCode(error);
  const isName = code === "ENOTFOUND" || code === "EAI_AGAIN" || /\bdns error\b/.test(`${message}`);
  if (isName) {
    const hint = "Check the spelling of the URL, and DNS.";
    return { code: "Unavailable", state: "its host name does not resolve", hint };
  }
  const known = code === "ECONNREFUSED" ? undefined : connectionFault(code) ?? tunnelFault(error);
  if (known?.refused) return known;
  return cause === undefined ? undefined : faultHere(cause);
}

/** Returns the error of an answer that is not that of a Holdfast service. */
export function unexpected(
  { action, location, writes }: Asked,
  state: string,
  cause?: unknown,
): RegistryError {
  return fault({
    code: "Unsupported",
    action,
    state: `unexpected response from ${location}: ${state}`,
    hint:
      "Check that the URL is that of a Holdfast service, and use the same release as the service.",
    backend: location,
    cause,
    ...(writes ? { maybeWritten: true } : {}), // a proxy may have replaced the answer
  });
}
