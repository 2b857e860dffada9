// Errors as the answers of OCI.
import { Answer, type RequestInfo, RouteContext } from "../../../apps/gateways.ts";
import { publicUrl } from "../../../apps/server/extending.ts";

/** The path of the route that returns tokens. */
export const TOKEN_PATH = "/v2/token";

const CODES: Readonly<Record<number, string>> = {
  401: "UNAUTHORIZED",
  403: "DENIED",
  405: "UNSUPPORTED",
  416: "RANGE_INVALID",
  422: "UNSUPPORTED",
  429: "TOOMANYREQUESTS",
  503: "UNAVAILABLE",
};

const LOG_IN = "Log in with any user name, and a token of this service as the password.";
const LIST = "List the tags, such as with `crane ls`: versions, aliases and latest.";
const READ_ONLY = "This service is read-only over OCI: save versions by its other interfaces.";

/** Returns an answer as OCI gives it: errors have a code, and a challenge that clients know. */
export function answered(answer: Answer, info: RequestInfo, request: Request): Answer {
  const version = { "docker-distribution-api-version": "registry/2.0" };
  const { problem, headers } = answer;
  if (problem === undefined) {
    return new Answer(answer.body, { ...answer, headers: { ...headers, ...version } });
  }
  const isWrite = info.route === undefined && !/^(GET|HEAD)$/.test(request.method);
  const status = statusOf(answer.status, info, isWrite);
  const isMissingTag = status === 404 && info.version !== undefined;
  const hint = status === 401 ? LOG_IN : isWrite ? READ_ONLY : isMissingTag ? LIST : problem.hint;
  const message = hint === undefined ? problem.detail : `${problem.detail}. ${hint}`;
  const body = JSON.stringify({ errors: [{ code: codeOf(status, info), message }] });
  const own: Record<string, string> = { ...version, "content-type": "application/json" };
  if (status === 401) own["www-authenticate"] = challenge(request, info);
  return new Answer(answer.body === null ? null : `${body}\n`, {
    status,
    headers: { ...headers, ...own },
  });
}

/** Returns where clients exchange a password for a token: some send one nowhere else. */
function challenge(request: Request, info: RequestInfo): string {
  const c = new RouteContext(request, { info, path: "", params: {} });
  return `Bearer realm="${publicUrl(c, TOKEN_PATH)}",service="holdfast"`;
}

function statusOf(status: number, { name, route }: RequestInfo, isWrite: boolean): number {
  if (isWrite && status === 404) return 405;
  if (status === 409) return 404; // deleted or replaced a moment ago
  // Clients ask whether a tag exists, so an impossible one is missing, not invalid.
  if (status === 400 && name !== undefined && route?.includes("/manifests/")) return 404;
  return status;
}

function codeOf(status: number, { route = "" }: RequestInfo): string {
  if (status === 404) {
    if (route.includes("/manifests/")) return "MANIFEST_UNKNOWN";
    return route.includes("/blobs/") ? "BLOB_UNKNOWN" : "NAME_UNKNOWN";
  }
  if (status === 400) return route.endsWith("/:digest") ? "DIGEST_INVALID" : "UNSUPPORTED";
  return CODES[status] ?? "UNKNOWN";
}
