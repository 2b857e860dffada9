// What the failures of a store and of the way to it mean to the caller, by the store's code or the
// HTTP status.
import type { RegistryErrorFields } from "../../core/errors.ts";
import { untrustedHint } from "../bucket/connections.ts";

/** What is kept of the SDK's error: no headers, no request, nothing that could hold a secret. */
export interface Failure {
  name: string;
  message: string;
  /** HTTP status; absent where no reply came. */
  status?: number;
  requestId?: string;
  region?: string;
  /** True for a 400 or 404 that says nothing, where the store would: it may be of somebody else, or of TLS. */
  wordless?: boolean;
}

export interface Meaning extends Pick<RegistryErrorFields, "code" | "hint" | "hints" | "retry"> {
  state: string;
  /** True where it is certain that nothing was and nothing will be written. */
  refused?: boolean;
}

const SLOW_DOWN: Meaning = {
  code: "Unavailable",
  state: "the store asks to slow down",
  hint: "Do less at once, or try again later.",
};
const BUSY: Meaning = {
  code: "Unavailable",
  state: "the store has an internal problem",
  hint: "Try again later; the store's status page may say more.",
};
const NO_ANSWER: Meaning = {
  code: "Unavailable",
  state: "the connection broke before the reply",
  hint: "Check the network and whether the store is up, then try again.",
};
const TIMED_OUT: Meaning = {
  code: "Unavailable",
  state: "the store did not answer in time",
  hint: "Try again, or give it longer with requestTimeoutMs.",
};
const REFUSED: Meaning = {
  code: "Unavailable",
  state: "nothing answers at the endpoint",
  hint: "Check that the endpoint and its port are right and that the store is up.",
  refused: true,
};
/** A connection that was open may end so too, after what it carried. */
const UNREACHABLE: Meaning = { ...REFUSED, refused: false };
const NO_HOST: Meaning = {
  code: "Unavailable",
  state: "the endpoint's name cannot be resolved",
  hint: "Check the spelling of endpoint, region and bucket, and the name service.",
  refused: true,
};
const EXPIRED: Meaning = {
  code: "Denied",
  state: "the credentials have expired",
  hint: "Renew them, or give them as a function, which is asked again when they expire.",
};
const UNKNOWN_KEY: Meaning = {
  code: "Denied",
  state: "the store does not know this access key",
  hint: "Check accessKeyId, and that it belongs to this endpoint.",
  hints: { cli: "Check the access key (…_ACCESS_KEY), and that it belongs to this endpoint." },
};
const DAMAGED: Meaning = {
  code: "Unavailable",
  state: "the bytes were damaged on the way: the store's checksum differs",
  hint: "Try again; if it happens often, look for a broken network device or memory.",
  refused: true,
};
const TOO_LARGE: Meaning = {
  code: "Invalid",
  state: "it is too large for one request of this store",
  hint: "Raise partBytes, or use a store that takes larger objects.",
};

/** A gateway or a page for people that stands where the store should be. */
const STRANGER: Meaning = {
  code: "Unavailable",
  state: "it answers, but not as S3",
  hint: "Check that the endpoint is that of an S3 API, and that no gateway answers in its place.",
};

/** What servers that speak TLS say to those who do not, in words that are not S3's. */
const NOT_UNDERSTOOD: Meaning = {
  ...STRANGER,
  code: "Invalid",
  state: "the request is refused in words that are not those of S3",
  hint:
    "Check the endpoint: https:// where the store speaks TLS, and that it is that of an S3 API.",
};

/** Where the SDK looks (https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/setting-credentials-node.html). */
export const NO_CREDENTIALS: Meaning = {
  code: "Denied",
  state: "there are no credentials; looked in the environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, " +
    "AWS_WEB_IDENTITY_TOKEN_FILE), in ~/.aws/credentials and ~/.aws/config, and asked this machine's own service for them",
  hint:
    "Give credentials, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws configure`; for a " +
    "bucket named by its URL also S3_{BUCKET}_ACCESS_KEY and S3_{BUCKET}_SECRET_KEY.",
  refused: true,
};

/** The SDK has no name for it. */
const NO_REGION: Meaning = {
  code: "Invalid",
  state: "nobody said in which region the bucket is",
  hint: "Give region, in a URL as ?region=eu-central-1, or set AWS_REGION.",
  refused: true,
};

const BY_CODE: Record<string, Meaning> = {
  NoSuchBucket: {
    code: "NotFound",
    state: "the bucket does not exist",
    hint: "Create it, give createBucket: true, or check its name, endpoint and region.",
    hints: {
      cli:
        "Make it with: holdfast init URL --create-bucket, or check its name, endpoint and region.",
    },
  },
  NoSuchUpload: {
    code: "Unavailable",
    state: "the upload was swept away while it ran",
    hint: "Try again; let sweepUploads spare uploads that are younger.",
    refused: true,
  },
  AccessDenied: {
    code: "Denied",
    state: "the store denies it",
    hint:
      "Give these credentials the right to read, write, list and delete objects under this prefix.",
  },
  InvalidAccessKeyId: UNKNOWN_KEY,
  XAdminUserNotFound: UNKNOWN_KEY, // versitygw, with status 404
  SignatureDoesNotMatch: {
    code: "Denied",
    state: "the signature does not match",
    hint: "Check secretAccessKey and region, and that no proxy changes the requests.",
    hints: {
      cli:
        "Check the secret key (…_SECRET_KEY) and the region, and that no proxy changes the requests.",
    },
  },
  RequestTimeTooSkewed: {
    code: "Denied",
    state: "the clock of this machine differs too much from the store's",
    hint: "Set the clock (NTP): stores allow some 15 minutes.",
  },
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  InvalidToken: {
    code: "Denied",
    state: "the store does not accept the session token",
    hint: "Check sessionToken, and that all three credentials are of one session.",
  },
  CredentialsProviderError: NO_CREDENTIALS,
  InvalidBucketName: {
    code: "Invalid",
    state: "the bucket's name is not valid",
    hint: "Check the bucket's name.",
  },
  InvalidObjectState: {
    code: "Unsupported",
    state: "the object is in an archive",
    hint: "Restore it, and let no lifecycle rule move this prefix to an archive class.",
  },
  BadDigest: DAMAGED,
  XAmzContentChecksumMismatch: DAMAGED,
  XAmzContentSHA256Mismatch: DAMAGED,
  InvalidDigest: DAMAGED,
  EntityTooLarge: TOO_LARGE,
  KeyTooLongError: {
    code: "Invalid",
    state: "the key is too long",
    hint: "Use a shorter key or prefix.",
  },
  ConditionalRequestConflict: {
    code: "Unavailable",
    state: "another request for this key was under way",
    hint: "Try again.",
    refused: true,
  },
  OperationAborted: {
    code: "Unavailable",
    state: "another request of the same kind was under way",
    hint: "Try again.",
    refused: true,
  },
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
  NotCapable: {
    code: "Denied",
    state: "the program has no permission for it",
    hint:
      "Run it with --allow-net, and for https: with --allow-sys: Deno wants it before it looks at certificates.",
    refused: true,
  },
  ERR_INVALID_CHAR: {
    code: "Invalid",
    state: "a header would have a character that headers cannot carry",
    hint: "Give contentType, metadata, putOptions and credentials in ASCII, without line breaks.",
    refused: true,
  },
  ENOTFOUND: NO_HOST,
  EAI_AGAIN: NO_HOST,
  PreconditionFailed: {
    code: "Conflict",
    state: "the object was replaced meanwhile",
    hint: "Read it again.",
  },
  NotImplemented: {
    code: "Unsupported",
    state: "the store does not offer this",
    hint: "Use a store that does; the provider row may be the wrong one.",
  },
  MethodNotAllowed: {
    code: "Unsupported",
    state: "the store does not allow this",
    hint: "Check that the endpoint is that of an S3 API, and the bucket's settings.",
  },
};

const ELSEWHERE = new Set([
  "PermanentRedirect",
  "TemporaryRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);

/** For codes that have no row. */
const BY_STATUS: Record<number, Meaning> = {
  401: BY_CODE.AccessDenied,
  403: BY_CODE.AccessDenied,
  404: { code: "NotFound", state: "it does not exist", hint: "Check the key." },
  405: BY_CODE.MethodNotAllowed,
  408: TIMED_OUT,
  409: {
    code: "Invalid",
    state: "the key is in the way of another one",
    hint: "No key may be another key followed by / and more.",
  },
  412: BY_CODE.PreconditionFailed,
  413: TOO_LARGE,
  429: SLOW_DOWN,
  501: BY_CODE.NotImplemented,
};

export function meaningOf(failure: Failure): Meaning {
  const { name, status } = failure;
  if (ELSEWHERE.has(name) || status === 301 || status === 307) return elsewhere(failure);
  const known = BY_CODE[name];
  if (known !== undefined) return known;
  if (status === undefined) return withoutReply(failure);
  if (failure.wordless && status !== 401 && status !== 403) {
    return status === 400 ? NOT_UNDERSTOOD : STRANGER;
  }
  const usual = BY_STATUS[status];
  if (usual !== undefined) return usual;
  if (status >= 500) return BUSY;
  if (status < 300) return STRANGER;
  return {
    code: "Invalid",
    state: `the store refuses the request (${name})`,
    hint: "Check key, options and provider; the cause says what the store objects to.",
  };
}

function elsewhere({ region, message }: Failure): Meaning {
  const place = region ?? /expecting '([\w-]+)'/.exec(message)?.[1];
  return place === undefined
    ? {
      code: "Invalid",
      state: "the bucket is elsewhere",
      hint: "Give the region and endpoint of the bucket.",
    }
    : {
      code: "Invalid",
      state: "the bucket is in another region",
      hint: `Give region: "${place}".`,
      hints: { http: "Ask the operator of the service." },
    };
}

function withoutReply({ name, message }: Failure): Meaning {
  if (message === "Region is missing") return NO_REGION;
  const untrusted = untrustedHint(name);
  if (untrusted === undefined && !/CERT|SSL|TLS|certificate/i.test(`${name} ${message}`)) {
    return NO_ANSWER;
  }
  return {
    code: "Unavailable",
    state: untrusted === undefined
      ? "there is no secure connection to the store"
      : "the store's certificate is not trusted",
    hint: untrusted ??
      "Check that the endpoint is right and speaks TLS, and its certificate: name and date.",
    retry: "never",
    refused: true,
  };
}
