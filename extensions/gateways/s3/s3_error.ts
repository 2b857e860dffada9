// Errors with a code of S3.
import { RefusedRequest } from "../../../apps/gateways.ts";
import type { Asked } from "./query.ts";

/** The header of the code of an error. An answer to HEAD has no other place for it. */
export const ERROR_CODE = "x-amz-error-code";

const OURS = { 403: "Denied", 404: "NotFound", 501: "Unsupported" } as const;

/** Returns an error with a code of S3. */
export function s3Error(
  status: number,
  code: string,
  words: { action: string; subject?: string; state: string; hint?: string },
): RefusedRequest {
  const ours = OURS[status as keyof typeof OURS] ?? "Invalid";
  return new RefusedRequest({ status, code: ours, headers: { [ERROR_CODE]: code }, ...words });
}

export function wrongArgument(state: string, hint: string): RefusedRequest {
  return s3Error(400, "InvalidArgument", { action: "read the query", state, hint });
}

/**
 * Throws for an operation that the gateway does not have: S3 names it by a member of the query without
 * a value. Members of listings are no operations: objects ignore them.
 */
export function checkOperation(query: Asked, known: ReadonlySet<string>): void {
  for (const [key, value] of Object.entries(query)) {
    const isOther = value === "" && !known.has(key) && !/^(x-|response-)/i.test(key);
    if (!isOther && key !== "uploadId") continue;
    const state = "this service has no such operation";
    throw s3Error(501, "NotImplemented", { action: `answer ?${key}`, state });
  }
}
