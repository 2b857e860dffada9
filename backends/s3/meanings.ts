// Meanings of failures of a store and of the connection to it, by error code or HTTP status.
import type { ErrorCode, RegistryErrorFields } from "../../core/errors.ts";
import { storeTlsProblem } from "../bucket/connections.ts";

/** The safe part of an SDK error: no headers and no request, which may contain secrets. */
export interface Failure {
  name: string;
  message: string;
  /** HTTP status; absent without a reply. */
  status?: number;
  requestId?: string;
  region?: string;
  /** True for a 400 or 404 without an S3 error: it may come from another server, or from TLS. */
  wordless?: boolean;
}

export interface Meaning extends Pick<RegistryErrorFields, "code" | "hint" | "hints" | "retry"> {
  state: string;
  /** True if nothing was written and nothing will be. */
  refused?: boolean;
}

function meaning(
  code: ErrorCode,
  state: string,
  hint: string,
  more: Pick<Meaning, "hints" | "retry" | "refused"> = {},
): Meaning {
  return { code, state, hint, ...more };
}

const refused = { refused: true };

const SLOW_DOWN = meaning(
  "Unavailable",
  "the store limits the request rate",
  "Send fewer requests at once, or try again later.",
);
const BUSY = meaning(
  "Unavailable",
  "the store has an internal error",
  "Try again later, and check the status page of the store.",
);
const NO_ANSWER = meaning(
  "Unavailable",
  "the connection broke before the reply",
  "Check the network and the store, then try again.",
);
const TIMED_OUT = meaning(
  "Unavailable",
  "the store did not answer in time",
  "Try again, or raise requestTimeoutMs.",
  { hints: { cli: "Check the network and the store, then try again." } },
);
const UNREACHABLE = meaning(
  "Unavailable",
  "nothing answers at the endpoint",
  "Check the endpoint, its port, and that the store is running.",
);
/** Unlike {@linkcode UNREACHABLE}, it cannot end an open connection. */
const REFUSED: Meaning = { ...UNREACHABLE, ...refused };
const NO_HOST = meaning(
  "Unavailable",
  "cannot resolve the host name of the endpoint",
  "Check the spelling of endpoint, region and bucket, and DNS.",
  refused,
);
const EXPIRED = meaning(
  "Denied",
  "the credentials have expired",
  "Renew them, or pass a function, which is called again when they expire.",
);
const UNKNOWN_KEY = meaning(
  "Denied",
  "unknown access key",
  "Check accessKeyId, and that it belongs to this endpoint.",
  { hints: { cli: "Check the access key (…_ACCESS_KEY), and that it belongs to this endpoint." } },
);
const DAMAGED = meaning(
  "Unavailable",
  "checksum mismatch: the bytes were damaged on the way",
  "Try again; if it persists, check network devices and memory.",
  refused,
);
const TOO_LARGE = meaning(
  "Invalid",
  "it is too large for one request",
  "Raise partBytes, or use a store that accepts larger objects.",
);
const STRANGER = meaning(
  "Unavailable",
  "the reply is not S3",
  "Check that the endpoint is an S3 API, without a gateway or a web page in front of it.",
);
/** Replies of TLS servers to plain HTTP, for example. */
const NOT_UNDERSTOOD = meaning(
  "Invalid",
  "the request was rejected, and the reply is not S3",
  "Check that the endpoint is an S3 API, and uses https:// for TLS.",
);

const OF_BUCKET = "S3_NAME_ACCESS_KEY and S3_NAME_SECRET_KEY, where NAME is the bucket in upper " +
  "case, with _ for dashes and dots.";

// https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/setting-credentials-node.html
export const NO_CREDENTIALS: Meaning = meaning(
  "Denied",
  "no credentials found; searched the environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, " +
    "AWS_WEB_IDENTITY_TOKEN_FILE), ~/.aws/credentials, ~/.aws/config and the metadata service of " +
    "this machine",
  "Pass credentials, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run `aws configure`, or " +
    `for a bucket URL set ${OF_BUCKET} For a public bucket pass credentials: "anonymous".`,
  {
    ...refused,
    hints: {
      cli: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`. For this " +
        `bucket alone, set ${OF_BUCKET} For a public bucket, add ?anonymous=true to the URL.`,
    },
  },
);

/** The end of the SDK's sentence if no source had credentials. */
export const VAGUE = "from any providers";

function unusable(sentence: string): Meaning {
  const said = sentence.replace(/\s+/g, " ").trim();
  return meaning(
    "Denied",
    "no valid credentials found",
    `Fix what Amazon's SDK reports: ${said}`,
    { ...refused, hints: { http: "Ask the operator of the service." } }, // it may name a command
  );
}

const BY_CODE = {
  NoSuchBucket: meaning(
    "NotFound",
    "the bucket does not exist",
    "Create it, pass createBucket: true, or check its name, endpoint and region.",
    {
      hints: {
        cli: "Create it with `holdfast init URL --create-bucket`, or check its name, endpoint " +
          "and region.",
      },
    },
  ),
  NoSuchUpload: meaning(
    "Unavailable",
    "the upload was removed while it ran",
    "Try again, and let sweepUploads spare newer uploads.",
    refused,
  ),
  AccessDenied: meaning(
    "Denied",
    "access denied",
    "Grant these credentials to read, write, list and delete objects under this prefix.",
  ),
  InvalidAccessKeyId: UNKNOWN_KEY,
  XAdminUserNotFound: UNKNOWN_KEY, // versitygw, with status 404
  SignatureDoesNotMatch: meaning(
    "Denied",
    "the signature does not match",
    "Check secretAccessKey and region, and that no proxy changes the requests.",
    {
      hints: {
        cli: "Check the secret key (…_SECRET_KEY) and the region, and that no proxy changes the " +
          "requests.",
      },
    },
  ),
  RequestTimeTooSkewed: meaning(
    "Denied",
    "the clock of this machine differs too much from that of the store",
    "Set the clock (NTP): stores accept a difference of about 15 minutes.",
  ),
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  InvalidToken: meaning(
    "Denied",
    "invalid session token",
    "Check sessionToken, and that all three credentials belong to one session.",
  ),
  CredentialsProviderError: NO_CREDENTIALS,
  InvalidBucketName: meaning("Invalid", "invalid bucket name", "Check the name of the bucket."),
  InvalidObjectState: meaning(
    "Unsupported",
    "the object is archived",
    "Restore it, and exclude this prefix from lifecycle rules that archive objects.",
  ),
  BadDigest: DAMAGED,
  XAmzContentChecksumMismatch: DAMAGED,
  XAmzContentSHA256Mismatch: DAMAGED,
  InvalidDigest: DAMAGED,
  EntityTooLarge: TOO_LARGE,
  KeyTooLongError: meaning("Invalid", "the key is too long", "Use a shorter key or prefix."),
  ConditionalRequestConflict: meaning(
    "Unavailable",
    "another request for this key was running",
    "Try again.",
    refused,
  ),
  OperationAborted: meaning(
    "Unavailable",
    "another request of the same kind was running",
    "Try again.",
    refused,
  ),
  SlowDown: SLOW_DOWN,
  SlowDownRead: SLOW_DOWN,
  SlowDownWrite: SLOW_DOWN,
  RequestTimeout: TIMED_OUT,
  InternalError: BUSY,
  ServiceUnavailable: BUSY,
  TimeoutError: TIMED_OUT,
  ETIMEDOUT: TIMED_OUT,
  ECONNREFUSED: REFUSED,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ECONNRESET: NO_ANSWER,
  EPIPE: NO_ANSWER,
  NotCapable: meaning(
    "Denied",
    "the program lacks the permission",
    "Run it with --allow-net, and for https: with --allow-sys, which certificates need.",
    refused,
  ),
  ERR_INVALID_CHAR: meaning(
    "Invalid",
    "a header contains an invalid character",
    "Use ASCII without line breaks in contentType, metadata, putOptions and credentials.",
    refused,
  ),
  ReferenceError: meaning(
    "Unsupported",
    "the program was bundled with the XML parser of browsers",
    "For a Worker, add the alias of @aws-sdk/xml-builder from docs/edge.md.",
  ),
  ENOTFOUND: NO_HOST,
  EAI_AGAIN: NO_HOST,
  PreconditionFailed: meaning(
    "Conflict",
    "the object was replaced during the request",
    "Read it again.",
  ),
  NotImplemented: meaning(
    "Unsupported",
    "the store does not implement this",
    "Use another store, and check the provider.",
  ),
  MethodNotAllowed: meaning(
    "Unsupported",
    "the store does not allow this",
    "Check that the endpoint is an S3 API, and the settings of the bucket.",
  ),
} satisfies Record<string, Meaning>;

const ELSEWHERE = new Set([
  "PermanentRedirect",
  "TemporaryRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);

/** Meanings of codes without a row. */
const BY_STATUS: Record<number, Meaning> = {
  401: BY_CODE.AccessDenied,
  403: BY_CODE.AccessDenied,
  404: meaning("NotFound", "it does not exist", "Check the key."),
  405: BY_CODE.MethodNotAllowed,
  408: TIMED_OUT,
  409: meaning("Invalid", "the key conflicts with another key", "Use no key below another key."),
  412: BY_CODE.PreconditionFailed,
  413: TOO_LARGE,
  429: SLOW_DOWN,
  501: BY_CODE.NotImplemented,
};

export function meaningOf(failure: Failure): Meaning {
  const { name, status } = failure;
  if (ELSEWHERE.has(name) || status === 301 || status === 307) return elsewhere(failure);
  if (name === "CredentialsProviderError" && !failure.message.endsWith(VAGUE)) {
    return unusable(failure.message);
  }
  const known = (BY_CODE as Record<string, Meaning>)[name];
  if (known !== undefined) return known;
  if (status === undefined) return withoutReply(failure);
  if (failure.wordless && status !== 401 && status !== 403) {
    return status === 400 ? NOT_UNDERSTOOD : STRANGER;
  }
  const usual = BY_STATUS[status];
  if (usual !== undefined) return usual;
  if (status >= 500) return BUSY;
  if (status < 300) return STRANGER;
  return meaning(
    "Invalid",
    `the store rejects the request (${name})`,
    "Check key, options and provider; see the cause for details.",
  );
}

function elsewhere({ region, message }: Failure): Meaning {
  const known = region ?? /expecting '([\w-]+)'/.exec(message)?.[1];
  if (known === undefined) {
    const hint = "Pass the region and endpoint of the bucket.";
    return meaning("Invalid", "the bucket has another region or endpoint", hint);
  }
  return meaning("Invalid", "the bucket is in another region", `Set region: "${known}".`, {
    hints: { http: "Ask the operator of the service." },
  });
}

function withoutReply({ name, message }: Failure): Meaning {
  if (message === "Region is missing") { // the SDK has no code for this
    const hint = "Pass `region`, add ?region=eu-central-1 to the URL, or set AWS_REGION.";
    return meaning("Invalid", "the region of the bucket is not set", hint, refused);
  }
  if (message === "Credential is missing") return NO_CREDENTIALS; // in a Worker
  const never = { retry: "never", refused: true } as const;
  const problem = storeTlsProblem({ code: name, message });
  if (problem !== undefined) {
    return meaning("Unavailable", `the store ${problem.state}`, problem.hint, never);
  }
  if (!/CERT|SSL|TLS|certificate/i.test(`${name} ${message}`)) return NO_ANSWER;
  const hint = "Check that the endpoint speaks TLS, and the name and date of its certificate.";
  return meaning("Unavailable", "the TLS connection failed", hint, never);
}
