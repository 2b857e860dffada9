// Errors as the answers of S3.
import { Answer, type RequestInfo } from "../../../apps/gateways.ts";
import { element, elements, xmlAnswer } from "./answers.ts";
import { ERROR_CODE } from "./s3_error.ts";

/** An error as S3 answers it. */
interface DescribedError {
  code: string;
  status: number;
  /** @default the message of the service */
  detail?: string;
  /** @default that of the service, which may be for clients of its own routes */
  hint?: string;
}

const LIST_KEYS = "List the keys with the delimiter /.";
const READ_ONLY = "This service is read-only over S3: save a version with `holdfast save`.";
const READ_AGAIN =
  "If the alias has moved, read the file from the beginning, or read an exact version.";
const SEND_TOKEN = "Pass a token of this service as secret key and as session token.";

/** The error for each status of the service. */
const ERRORS: Readonly<Record<number, DescribedError>> = {
  400: { code: "InvalidRequest", status: 400 },
  401: { code: "AccessDenied", status: 403, hint: SEND_TOKEN },
  403: { code: "AccessDenied", status: 403 },
  404: { code: "NoSuchKey", status: 404, hint: LIST_KEYS },
  405: { code: "MethodNotAllowed", status: 405, hint: READ_ONLY },
  408: { code: "RequestTimeout", status: 400 },
  409: { code: "PreconditionFailed", status: 412 },
  412: { code: "PreconditionFailed", status: 412, hint: READ_AGAIN },
  413: { code: "EntityTooLarge", status: 400 },
  416: { code: "InvalidRange", status: 416 },
  422: { code: "NotImplemented", status: 501 },
  429: { code: "SlowDown", status: 503 },
  500: { code: "InternalError", status: 500 },
  501: { code: "NotImplemented", status: 501 },
  503: { code: "SlowDown", status: 503 },
};

/** Returns an answer as S3 gives it: errors as XML, and the id of the request. */
export function answered(
  answer: Answer,
  info: RequestInfo,
  { method, url, bucket }: { method: string; url: string; bucket: string },
): Answer {
  const ids = { "x-amz-request-id": info.requestId };
  const { problem, headers } = answer;
  if (problem === undefined) {
    return new Answer(answer.body, { ...answer, headers: { ...headers, ...ids } });
  }
  const described = describedError(answer, info, { isRead: /^(GET|HEAD)$/.test(method), bucket });
  const { code, status, detail = problem.detail, hint = problem.hint } = described;
  const isMeant = hint === LIST_KEYS && problem.suggestion !== undefined;
  const meant = isMeant ? `Did you mean ${JSON.stringify(problem.suggestion)}? ` : "";
  const body = element(
    "Error",
    elements({
      Code: code,
      Message: hint ? `${detail}. ${meant}${hint}` : detail,
      Resource: new URL(url).pathname,
      RequestId: info.requestId,
    }),
  );
  const { "www-authenticate": _, "content-type": __, ...kept } = headers;
  return xmlAnswer(answer.body === null ? null : body, {
    status,
    headers: { ...kept, ...ids, [ERROR_CODE]: code },
  });
}

function describedError(
  { status, headers: { [ERROR_CODE]: code } }: Answer,
  { name, route, refusal }: RequestInfo,
  { isRead, bucket }: { isRead: boolean; bucket: string },
): DescribedError {
  const usual = ERRORS[status] ?? { code: "InternalError", status };
  if (code !== undefined) return { code, status: usual.status };
  const isElsewhere = status === 404 && route === undefined;
  if (isElsewhere && !isRead) return { ...ERRORS[405]!, detail: "Cannot write here" };
  if (isElsewhere) {
    const detail = `Cannot find this bucket: the only one is ${bucket}`;
    return { code: "NoSuchBucket", status, detail, hint: "" };
  }
  if (status === 401 && refusal !== undefined) return { ...usual, code: "InvalidAccessKeyId" };
  // Clients check whether a key exists, so an impossible key is missing, not invalid.
  if (status === 400 && name !== undefined) return { code: "NoSuchKey", status: 404 };
  return usual;
}
