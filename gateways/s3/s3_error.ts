// Errors with a code of S3.
import { RefusedRequest } from "../../apps/server/extending.ts";

/** The header of the code of an error. An answer to HEAD has no other place for it. */
export const ERROR_CODE = "x-amz-error-code";

interface Words {
  action: string;
  subject?: string;
  state: string;
  hint?: string;
}

/** Returns an error with a code of S3. */
export function s3Error(status: number, code: string, words: Words): RefusedRequest {
  const ours = status === 403
    ? "Denied"
    : status === 404
    ? "NotFound"
    : status === 501
    ? "Unsupported"
    : "Invalid";
  return new RefusedRequest({ status, code: ours, headers: { [ERROR_CODE]: code }, ...words });
}
