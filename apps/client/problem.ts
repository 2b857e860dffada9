// What a service says that is wrong, as errors.
import { fault, hintFor, RegistryError } from "../../core/errors.ts";
import type { ErrorCode, RegistryErrorFields, RetryAdvice } from "../../core/errors.ts";

export interface Asked {
  action: string;
  location: string;
  /** Whether it changes something, so that it may have been done though the answer says nothing. */
  writes: boolean;
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

/** What a status means where nothing else is said: of a proxy before the service, of a `HEAD`. */
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

export async function problemOf(response: Response, asked: Asked): Promise<RegistryError> {
  if (response.type === "opaqueredirect" || REDIRECTIONS.includes(response.status)) {
    return await moved(response, asked);
  }
  const said = await readProblem(response);
  return said === undefined
    ? unexplained(response.status, asked)
    : errorOf(said, asked, response.status);
}

/** The error of a problem that stands in an answer, as beside a version that cannot be read. */
export function errorOfProblem(said: unknown, asked: Asked): RegistryError {
  return isProblem(said)
    ? errorOf(said, asked)
    : strange(asked, "it says of an error not what it is");
}

function errorOf(said: Problem, { action, location }: Asked, status?: number): RegistryError {
  const http = text(said.hint) ?? (status === 401 ? TOKEN_HINT : undefined);
  const [hints, suggestion] = [hintsOf(said.hints), text(said.suggestion)];
  return new RegistryError({
    code: said.code,
    message: text(said.detail) ?? `Cannot ${action}: the service answers ${status ?? said.code}`,
    action: text(said.action),
    subject: text(said.subject),
    state: text(said.state),
    hint: hintFor({ hint: http, hints, suggestion }, "library"),
    hints,
    suggestion,
    key: text(said.key),
    backend: location,
    retry: RETRY_ADVICE.find((advice) => advice === said.retry),
    maybeWritten: said.maybeWritten === true || undefined,
    commit: text(said.commit),
  });
}

const RETRY_ADVICE: readonly RetryAdvice[] = ["never", "later", "unknown"];

function hintsOf(said: unknown): RegistryErrorFields["hints"] {
  if (typeof said !== "object" || said === null) return undefined;
  const { library, cli } = said as Record<string, unknown>;
  return { library: text(library), cli: text(cli) };
}

const REDIRECTIONS = [301, 302, 303, 307, 308];

async function moved(response: Response, { action, location }: Asked): Promise<RegistryError> {
  await response.body?.cancel();
  const to = URL.parse(response.headers.get("location") ?? "", location); // browsers do not say where
  return fault({
    code: "Invalid",
    action,
    state: `${location} says that it moved${to === null ? "" : ` to ${to.origin}${to.pathname}`}`,
    hint: "Nothing was sent there. Open the registry at the address where its service is.",
    backend: location,
  });
}

const TOKEN_HINT = "Pass a token that the service knows: openHttpRegistry(url, { token }).";

function unexplained(status: number, { action, location, writes }: Asked): RegistryError {
  const known = BY_STATUS[status];
  const broken = status >= 500 && known === undefined; // a gateway that gave up: what is behind it may go on
  const code = known ?? (broken ? (writes ? "Unknown" : "Unavailable") : "Invalid");
  return fault({
    code,
    action,
    state: `${location} answers with status ${status}`,
    hint: status === 401
      ? TOKEN_HINT
      : code === "Invalid"
      ? "It may be no Holdfast service: check the address, and what stands before it."
      : "The answer says no more; what stands before the service may have given it.",
    backend: location,
    ...(code === "Unknown" ? { maybeWritten: true } : {}),
  });
}

type Problem = Record<string, unknown> & { code: ErrorCode };

async function readProblem(response: Response): Promise<Problem | undefined> {
  const isJson = /^application\/(problem\+)?json\b/i.test(
    response.headers.get("content-type") ?? "",
  );
  if (!isJson) {
    await response.body?.cancel();
    return undefined;
  }
  try {
    const said = await response.json();
    return isProblem(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

function isProblem(said: unknown): said is Problem {
  const code = (said as Partial<Problem> | null)?.code;
  return code !== undefined && Object.hasOwn(CODES, code);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function unanswered({ action, location, writes }: Asked, cause: unknown): RegistryError {
  return fault({
    code: writes ? "Unknown" : "Unavailable",
    action,
    state: `${location} did not answer`,
    hint: writes
      ? "It may have been done: look, and decide whether it is to be done again."
      : "Check the address, and that the service runs (holdfast serve); in a browser also that it allows this page (CORS).",
    hints: writes ? undefined : {
      cli:
        "Check the address, and that the service runs (holdfast serve). To wait longer: --wait 90s.",
    },
    backend: location,
    cause,
    ...(writes ? { maybeWritten: true } : {}),
  });
}

export function strange(
  { action, location, writes }: Asked,
  state: string,
  cause?: unknown,
): RegistryError {
  return fault({
    code: "Unsupported",
    action,
    state: `${location} answers in another way: ${state}`,
    hint:
      "Use the release of the service, or check that the address is that of a Holdfast service.",
    backend: location,
    cause,
    ...(writes ? { maybeWritten: true } : {}), // what answers may have altered what the service said
  });
}
