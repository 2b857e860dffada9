// Errors of calls to a store.
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { errorCode } from "../../core/faults/errno.ts";
import { shown } from "../../core/naming/names.ts";
import type { S3CallName } from "./calls.ts";
import { withoutSecrets } from "../bucket/store_faults.ts";
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
  if (isWordless(failure, call)) failure.wordless = true;
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

/**
 * Returns true for a reply without an S3 error, which only HEAD requests get. The SDK invents a
 * name.
 */
export function isWordless(
  { status, name }: Pick<Failure, "status" | "name">,
  { request = "HeadObject" }: Pick<FailedCall, "request">,
): boolean {
  return (status === 400 || status === 404) && !request.startsWith("Head") &&
    /^(NotFound|Unknown|UnknownError|Error|SyntaxError)$/.test(name);
}

/** Returns what the store answered to people, if it answered an error of its own. */
export function sentenceOf(error: RegistryError): string | undefined {
  const { status = 0, wordless, message } = failureOf(error) ?? {};
  return status >= 300 && !wordless ? message : undefined;
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
  const region = Region ?? $response?.headers?.["x-amz-bucket-region"];
  const requestId = $metadata?.requestId;
  return {
    name: (status === undefined ? errorCode(error) ?? textOf(code) : undefined) ?? name ?? "Error",
    message: withoutSecrets(String(message ?? error)).slice(0, 300),
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(region === undefined ? {} : { region }),
  };
}
