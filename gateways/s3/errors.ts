// Errors as the answers of S3.
import { Answer } from "../../apps/server/extending.ts";
import type { RequestInfo } from "../../apps/gateways.ts";
import { element, elements, xmlAnswer } from "./answers.ts";
import { ERROR_CODE } from "./s3_error.ts";

/** The code and the status of S3 for each status of the service. */
const CODES: Readonly<Record<number, readonly [code: string, status: number]>> = {
  400: ["InvalidRequest", 400],
  401: ["AccessDenied", 403],
  403: ["AccessDenied", 403],
  404: ["NoSuchKey", 404],
  405: ["MethodNotAllowed", 405],
  408: ["RequestTimeout", 400],
  409: ["PreconditionFailed", 412],
  412: ["PreconditionFailed", 412],
  413: ["EntityTooLarge", 400],
  416: ["InvalidRange", 416],
  422: ["NotImplemented", 501],
  429: ["SlowDown", 503],
  500: ["InternalError", 500],
  501: ["NotImplemented", 501],
  503: ["SlowDown", 503],
};

/** Hint for clients that write. */
const READ_ONLY = "This service is read-only over S3: save a version with `holdfast save`.";

/** Hint for requests without a token, or with one that ended: they send it otherwise than elsewhere. */
const SEND_TOKEN = "Pass a token of this service as secret key and as session token.";

/** Returns an answer as S3 gives it: errors as XML, and the id of the request. */
export function answered(
  answer: Answer,
  info: RequestInfo,
  { url, bucket }: { url: string; bucket: string },
): Answer {
  const ids = { "x-amz-request-id": info.requestId };
  const { problem, headers } = answer;
  if (problem === undefined) {
    return new Answer(answer.body, { ...answer, headers: { ...headers, ...ids } });
  }
  // Clients ask whether a key exists: one that cannot be is not a fault of the request.
  const isNoKey = answer.status === 400 && info.name !== undefined &&
    headers[ERROR_CODE] === undefined;
  const [usual, status] = CODES[isNoKey ? 404 : answer.status] ?? ["InternalError", answer.status];
  const isUnknown = answer.status === 401 && info.refusal !== undefined; // a token that was sent
  const isElsewhere = answer.status === 404 && info.route === undefined;
  const code = headers[ERROR_CODE] ??
    (isUnknown ? "InvalidAccessKeyId" : isElsewhere ? "NoSuchBucket" : usual);
  const detail = isElsewhere
    ? `Cannot find this bucket: the only one is ${bucket}`
    : problem.detail;
  const hint = status === 405
    ? READ_ONLY
    : isElsewhere
    ? undefined
    : answer.status === 401
    ? SEND_TOKEN
    : problem.hint;
  const body = element("Error", [
    ...elements({
      Code: code,
      Message: hint === undefined ? detail : `${detail}. ${hint}`,
      Resource: new URL(url).pathname,
      RequestId: info.requestId,
    }),
  ]);
  const { "www-authenticate": _, "content-type": __, ...kept } = headers;
  return xmlAnswer(answer.body === null ? null : body, {
    status,
    headers: { ...kept, ...ids, [ERROR_CODE]: code },
  });
}
