// Errors of calls to a store.
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { errorCode } from "../../core/faults/errno.ts";
import { shown } from "../../core/naming/names.ts";
import type { S3CallName } from "./calls.ts";
import { isPage, withoutSecrets } from "../bucket/store_faults.ts";
import { type Failure, meaningOf } from "./meanings.ts";

export interface FailedCall {
  action: string;
  key?: string;
  backend: string;
  bucket: string;
  /** True if the object may have been written after a lost reply. */
  creates?: boolean;
  request?: S3CallName;
}

export function s3Error(error: unknown, call: FailedCall): RegistryError {
  if (isRegistryError(error)) return error;
  const failure = describeFailure(error);
  if (isForeign(failure, call)) failure.foreign = true;
  const { state, refused = false, ...meaning } = meaningOf(failure);
  const { action, key, backend, creates = false } = call;
  return fault({
    action,
    subject: key === undefined ? undefined : shown(key),
    state,
    ...meaning,
    ...(key === undefined ? {} : { key }),
    backend,
    ...(creates && meaning.code === "Unavailable" && !refused ? { maybeWritten: true } : {}),
    cause: failure,
  });
}

export function failureOf(error: unknown): Failure | undefined {
  if (!isRegistryError(error)) return undefined;
  const { cause } = error;
  return typeof cause === "object" && cause !== null && "name" in cause && "message" in cause
    ? cause as Failure
    : undefined;
}

/** Returns true if the key, and not the bucket, is missing. */
export function isMissingKey(error: unknown): boolean {
  const failure = failureOf(error);
  if (!isRegistryError(error, "NotFound")) return false; // a 404 may mean an unknown access key
  return failure?.status === 404 && failure.name !== "NoSuchBucket" &&
    failure.name !== "NoSuchUpload";
}

/** Returns true if the store answered, not a page in front of it. */
export function wasAnswered(error: unknown, request: S3CallName): boolean {
  const failure = describeFailure(error);
  return (failure.status ?? 0) >= 300 && !isForeign(failure, { request });
}

/** The names that the SDK invents for a reply without an S3 error. */
const INVENTED = /^(NotFound|Unknown|UnknownError|Error|SyntaxError)$/;
/** Statuses that proxies and gateways answer in place of the store, with a page. */
const OF_PAGES = [301, 302, 303, 307, 308, 400, 401, 403, 404];
/** Statuses that only they answer. */
const OF_PROXIES = [407, 413, 511];

/** Returns true for a reply without an S3 error, which only HEAD requests get. */
function isForeign(
  { status = 0, name, page }: Failure,
  { request = "HeadObject" }: Pick<FailedCall, "request">,
): boolean {
  if (!INVENTED.test(name)) return false;
  if (OF_PROXIES.includes(status)) return true;
  const isHead = request.startsWith("Head");
  if (page && !(isHead && status === 404)) return OF_PAGES.includes(status);
  return !isHead && (status === 400 || status === 404);
}

/** Returns what the store answered to people, if it answered an error of its own. */
export function sentenceOf(error: RegistryError): string | undefined {
  const { status = 0, name = "", message } = failureOf(error) ?? {};
  return status >= 300 && !INVENTED.test(name) ? message : undefined;
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*/s, "");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function describeFailure(error: unknown): Failure {
  const { name, code, message, $metadata, $response, Region } = (error ?? {}) as {
    name?: string;
    code?: string;
    message?: string;
    Region?: string;
    $metadata?: { httpStatusCode?: number; requestId?: string };
    $response?: { statusCode?: number; headers?: Record<string, string> };
  };
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  const { headers = {} } = $response ?? {};
  const region = Region ?? headers["x-amz-bucket-region"];
  const requestId = $metadata?.requestId;
  return {
    name: (status === undefined ? errorCode(error) ?? textOf(code) : undefined) ?? name ?? "Error",
    message: withoutSecrets(String(message ?? error)).slice(0, 300),
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(region === undefined ? {} : { region }),
    ...(isPage(headers) ? { page: true } : {}),
    ...(headers.location === undefined ? {} : { location: withoutQuery(headers.location) }),
  };
}
