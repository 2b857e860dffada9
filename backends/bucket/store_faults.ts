// The refusals of stores and what to do about them: a row for each kind, and the codes by which S3
// and its relatives and GCS report it. `core/faults/meanings.ts` has the rows of statuses and
// connections.
import { FAULTS, type Meaning, meaning, statusFault } from "../../core/faults/meanings.ts";

const REFUSED = { refused: true } as const;

const EXPIRED = meaning(
  "Denied",
  "the credentials have expired",
  "Renew them, or pass a function, which is called again when they expire.",
);
const UNKNOWN_KEY = meaning(
  "Denied",
  "unknown access key",
  "Check accessKeyId, and that it belongs to this endpoint.",
  { reason: { kind: "access_key_unknown" } },
);
const DAMAGED = meaning(
  "Unavailable",
  "checksum mismatch: the bytes were damaged on the way",
  "Try again; if it persists, check network devices and memory.",
  REFUSED,
);
const TOO_LARGE = meaning(
  "Invalid",
  "it is too large for one request",
  "Lower partBytes, or use a store that accepts larger objects.",
);
/** Part of a body arrived: nothing was stored. */
const INCOMPLETE = meaning(
  "Unavailable",
  "the store received only a part of the request",
  "Check the network and any proxy, then try again.",
  REFUSED,
);
const BUSY_KEY = meaning(
  "Unavailable",
  "another request for this key was running",
  "Try again.",
  REFUSED,
);
const QUOTA = meaning(
  "Unavailable",
  "the quota of the store is used up",
  "Raise the quota or the cap of the account or bucket, or remove data: prune the registry, then " +
    "collect its garbage.",
  { reason: { kind: "store_full" }, retry: "never", ...REFUSED },
);
const FULL: Meaning = FAULTS.full;
const KEY = meaning(
  "Denied",
  "the encryption key cannot be used",
  "Grant these credentials the KMS key of the bucket (encrypt and decrypt), and check that it is " +
    "enabled.",
  REFUSED,
);
const ACCOUNT = meaning(
  "Denied",
  "the account of the store is not active",
  "Check the account, its billing and its projects in the console of the provider.",
  REFUSED,
);
const LOCKED = meaning(
  "Denied",
  "the object is locked",
  "Use a bucket without object lock, retention policies and holds.",
  REFUSED,
);
const DENIED = meaning(
  "Denied",
  "access denied",
  "Grant these credentials to read, write, list and delete objects under this prefix.",
);
const TOKEN = meaning(
  "Denied",
  "invalid session token",
  "Check sessionToken, and that all three credentials belong to one session.",
);

/** The codes of S3 and of stores with its API, and the reasons of GCS. */
export const STORE_CODES: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: meaning(
    "NotFound",
    "the bucket does not exist",
    "Create it, pass createBucket: true, or check its name, endpoint and region.",
    { reason: { kind: "bucket_missing" } },
  ),
  NoSuchUpload: meaning(
    "Unavailable",
    "the upload was removed while it ran",
    "Try again, and let sweepUploads spare newer uploads.",
    REFUSED,
  ),
  AccessDenied: DENIED,
  InvalidAccessKeyId: UNKNOWN_KEY,
  XAdminUserNotFound: UNKNOWN_KEY, // versitygw, with status 404
  SignatureDoesNotMatch: meaning(
    "Denied",
    "the signature does not match",
    "Check secretAccessKey and region, and that no proxy changes the requests.",
    { reason: { kind: "signature_mismatch" } },
  ),
  RequestTimeTooSkewed: meaning(
    "Denied",
    "the clock of this machine differs too much from that of the store",
    "Set the clock (NTP): stores accept a difference of about 15 minutes.",
  ),
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  TokenRefreshRequired: EXPIRED,
  InvalidToken: TOKEN,
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
  uploadTooLarge: TOO_LARGE, // GCS
  KeyTooLongError: meaning("Invalid", "the key is too long", "Use a shorter key or prefix."),
  ConditionalRequestConflict: BUSY_KEY,
  OperationAborted: BUSY_KEY,
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

  // Space.
  QuotaExceeded: QUOTA, // Ceph, versitygw
  QuotaExceededException: QUOTA,
  XMinioAdminBucketQuotaExceeded: QUOTA,
  StorageQuotaExceeded: QUOTA,
  InsufficientQuota: QUOTA,
  StorageCapExceeded: QUOTA,
  storage_cap_exceeded: QUOTA, // Backblaze B2
  cap_exceeded: QUOTA,
  XMinioStorageFull: FULL,
  StorageFull: FULL,
  InsufficientStorage: FULL,
  InsufficientCapacity: FULL,

  // Encryption keys.
  "KMS.DisabledException": KEY,
  "KMS.InvalidKeyUsageException": KEY,
  "KMS.KMSInvalidStateException": KEY,
  "KMS.NotFoundException": KEY,
  KMSAccessDenied: KEY,
  KMSNotConfigured: KEY,
  XMinioKMSNotConfigured: KEY,
  XMinioKMSKeyNotFoundException: KEY,
  XMinioKMSDefaultKeyAlreadyConfigured: KEY,

  // Accounts.
  AccountProblem: ACCOUNT,
  AccountSuspended: ACCOUNT,
  AllAccessDisabled: ACCOUNT,
  InvalidPayer: ACCOUNT,
  NotSignedUp: ACCOUNT,
  UserDisable: ACCOUNT, // OSS
  UserSuspended: ACCOUNT,
  accountDisabled: ACCOUNT, // GCS
  billingDisabled: ACCOUNT,
  userProjectAccountProblem: ACCOUNT,

  // Locks.
  ObjectLocked: LOCKED,
  ObjectLockConfigurationNotFoundError: LOCKED,
  retentionPolicyNotMet: LOCKED, // GCS
  objectUnderActiveHold: LOCKED,

  // Passing.
  SlowDown: FAULTS.slow,
  SlowDownRead: FAULTS.slow,
  SlowDownWrite: FAULTS.slow,
  Throttling: FAULTS.slow,
  ThrottlingException: FAULTS.slow,
  TooManyRequests: FAULTS.slow,
  TooManyRequestsException: FAULTS.slow,
  ErrTooManyRequest: FAULTS.slow,
  RequestLimitExceeded: FAULTS.slow,
  BandwidthLimitExceeded: FAULTS.slow,
  rateLimitExceeded: FAULTS.slow, // GCS
  userRateLimitExceeded: FAULTS.slow,
  quotaExceeded: FAULTS.slow, // of requests: GCS has no quota of bytes
  RequestTimeout: FAULTS.timeout,
  TimeoutError: FAULTS.timeout,
  InternalError: FAULTS.troubled,
  ServiceUnavailable: FAULTS.troubled,
  IncompleteBody: INCOMPLETE,
  RequestBodyIncomplete: INCOMPLETE,
  ClientDisconnected: FAULTS.lost,
  ClientClosedRequest: FAULTS.lost,
};

/** Words by which stores with one code for all refusals, `AccessDenied`, say why. */
const BY_WORDS: readonly [RegExp, Meaning][] = [
  [/\bkms\b|\bkms:|encryption key|cloudkms/i, KEY],
  [/\b(quota|cap)\b.{0,40}\b(exceed|reached|used up)|\bexceed\w*\b.{0,40}\b(quota|cap)\b/i, QUOTA],
  [
    /\baccount\b.{0,60}\b(suspended|disabled|not active)|\bproblem with your .{0,20}account/i,
    ACCOUNT,
  ],
  [/\bbilling\b/i, ACCOUNT],
  [/no space left|storage (is )?full|disk (is )?full/i, FULL],
];

/** A refusal of a store. */
interface Refusal {
  /** Its code or reason. */
  code: string;
  status?: number;
  /** Its answer to people. */
  sentence: string;
}

/** Returns what a refusal means, undefined for an unknown one. */
export function storeFault({ code, status, sentence }: Refusal): Meaning | undefined {
  const byCode = Object.hasOwn(STORE_CODES, code) ? STORE_CODES[code] : undefined;
  if (byCode !== undefined && byCode !== DENIED) return byCode;
  const isRefusal = status !== undefined && status >= 400 && status < 500 && status !== 429;
  const byWords = isRefusal && status !== 404
    ? BY_WORDS.find(([words]) => words.test(sentence))?.[1]
    : undefined;
  return byWords ?? byCode ?? (status === undefined ? undefined : statusFault(status));
}

/** Returns true for a reply of something in front of the store, which never sends HTML. */
export function isPage(
  { "content-type": type = "" }: Readonly<Record<string, string | undefined>>,
): boolean {
  return /^text\/html\b/i.test(type);
}

/** The refusal of a page in front of the store. */
export const PAGE_DENIED = meaning(
  "Denied",
  "a proxy or a gateway in front of the store denies access",
  "Let it pass requests to the store, or check the endpoint.",
  REFUSED,
);

/** Returns what a redirect of something in front of the store means. */
export function redirectFault(location = ""): Meaning {
  const to = URL.parse(location);
  return meaning(
    "Unavailable",
    `a proxy or a gateway redirects${to === null ? "" : ` to ${to.origin}${to.pathname}`}`,
    "Sign in to the network or the proxy in between, or check the endpoint.",
    { retry: "never", ...REFUSED },
  );
}

/** Sentences that say no more than a code. */
const EMPTY_WORDS =
  /^((access ?denied|forbidden|unauthorized|not ?found|(unknown|internal|server| )*error)\.?)?$/i;
const MOST_SHOWN = 300;

/**
 * Returns the place of an error with the store's own sentence. Services reveal no place: the
 * sentence may name accounts and keys of their operator.
 */
export function placeWith(place: string, sentence = ""): string {
  const said = withoutSecrets(sentence).replace(/\s+/g, " ").trim().slice(0, MOST_SHOWN)
    .replace(/\.$/, "");
  return EMPTY_WORDS.test(said) ? place : `${place}; its answer: ${said}`;
}

/** Shortens foreign text and removes keys, tokens and signatures. */
export function withoutSecrets(text: string): string {
  const named = "upload_id|access_token|assertion|x-(?:goog|amz)-(?:signature|security-token)|" +
    "private_key|secret\\w*|signature|password|session_?token";
  return text.slice(0, 2000)
    .replace(/-----BEGIN[^]*?(-----END[^-]*-----|$)/g, "…")
    .replace(/\b(bearer|authorization:?)\s+\S+/gi, "$1 …")
    .replace(/\b(ya29\.|eyJ)[\w.\-/+=]+/g, "…")
    .replace(new RegExp(`((?:${named})["']?\\s*[=:]\\s*["']?)[^\\s"'&]+`, "gi"), "$1…")
    .slice(0, 500);
}
