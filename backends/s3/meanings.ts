// Meanings of failures of a store and of the connection to it, by error code or HTTP status.
import { connectionFault, FAULTS, type Meaning, meaning } from "../../core/faults/meanings.ts";
import { tunnelFault } from "../../core/faults/meanings.ts";
import { storeTlsProblem } from "../bucket/connections.ts";
import { PAGE_DENIED, redirectFault, STORE_CODES, storeFault } from "../bucket/store_faults.ts";

/** The safe part of an SDK error: no headers and no request, which may contain secrets. */
export interface Failure {
  name: string;
  message: string;
  /** HTTP status; absent without a reply. */
  status?: number;
  requestId?: string;
  region?: string;
  /** True for HTML. */
  page?: boolean;
  /** Target of a redirect, without its query. */
  location?: string;
  /** True without an S3 error: it may come from another server, or from TLS. */
  foreign?: boolean;
}

const refused = { refused: true };

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
  { ...refused, reason: { kind: "s3_credentials_missing", variables: OF_BUCKET } },
);

/** The end of the SDK's sentence if no source had credentials. */
export const VAGUE = "from any providers";

function unusable(sentence: string): Meaning {
  const said = sentence.replace(/\s+/g, " ").trim();
  return meaning(
    "Denied",
    "no valid credentials found",
    `Fix what Amazon's SDK reports: ${said}`,
    { ...refused, reason: { kind: "credentials_unusable" } }, // the hint may name a command
  );
}

/** Codes of the SDK and of runtimes, which no store sends. */
const BY_CODE: Readonly<Record<string, Meaning>> = {
  CredentialsProviderError: NO_CREDENTIALS,
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
};

const ELSEWHERE = new Set([
  "PermanentRedirect",
  "TemporaryRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);

/** Meanings of statuses of S3 without a known code. */
const BY_STATUS: Readonly<Record<number, Meaning>> = {
  401: STORE_CODES.AccessDenied!,
  403: STORE_CODES.AccessDenied!,
  404: meaning("NotFound", "it does not exist", "Check the key."),
  405: STORE_CODES.MethodNotAllowed!,
  409: meaning("Invalid", "the key conflicts with another key", "Use no key below another key."),
  412: STORE_CODES.PreconditionFailed!,
  501: STORE_CODES.NotImplemented!,
};

export function meaningOf(failure: Failure): Meaning {
  const { name, status, message } = failure;
  return redirected(failure) ?? ofCode(failure) ??
    storeFault({ code: name, status, sentence: message }) ??
    (status === undefined ? withoutReply(failure) : ofStatus(failure, status));
}

function redirected(failure: Failure): Meaning | undefined {
  const { name, status = 0, foreign, region, location } = failure;
  const isElsewhere = region !== undefined || !foreign; // S3 answers to HEAD without a body
  if (ELSEWHERE.has(name) || isElsewhere && (status === 301 || status === 307)) {
    return elsewhere(failure);
  }
  return [301, 302, 303, 307, 308].includes(status) ? redirectFault(location) : undefined;
}

function ofCode({ name, message }: Failure): Meaning | undefined {
  if (name === "CredentialsProviderError" && !message.endsWith(VAGUE)) return unusable(message);
  return Object.hasOwn(BY_CODE, name) ? BY_CODE[name] : undefined;
}

function ofStatus({ name, foreign }: Failure, status: number): Meaning {
  if (foreign) {
    if (status === 401 || status === 403) return PAGE_DENIED;
    return status === 400 ? NOT_UNDERSTOOD : STRANGER;
  }
  if (status < 300) return STRANGER;
  return BY_STATUS[status] ?? meaning(
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
    reason: { kind: "bucket_elsewhere", region: known },
  });
}

function withoutReply({ name, message }: Failure): Meaning {
  const known = connectionFault(name) ?? tunnelFault({ name, message });
  if (known !== undefined) return known;
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
  if (!/CERT|SSL|TLS|certificate/i.test(`${name} ${message}`)) return FAULTS.lost;
  const hint = "Check that the endpoint speaks TLS, and the name and date of its certificate.";
  return meaning("Unavailable", "the TLS connection failed", hint, never);
}
