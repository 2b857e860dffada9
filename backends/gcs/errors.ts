// What the answers of the store mean to the caller.
import { concatBytes } from "../../core/bytes/bytes.ts";
import { type Advice, fault, joinHints, type RegistryError } from "../../core/errors.ts";
import type { RegistryErrorFields } from "../../core/errors.ts";
import { NO_FIRST_ANSWER, REACH_HINT } from "../bucket/first_contact.ts";
import type { HttpFault, HttpReply } from "./exchange.ts";

export interface FailedCall {
  action: string;
  key?: string;
  /** The `location` of the backend. */
  backend: string;
  /** True when the object may have been written nevertheless. */
  maybeWritten?: boolean;
}

type Meaning = Pick<RegistryErrorFields, "code" | "hint" | "retry">;

const LATER: Meaning = { code: "Unavailable", hint: "Try again later." };
const BUSY: Meaning = {
  code: "Unavailable",
  hint: "The store asks for fewer requests: try again later, or do less at once.",
};
const FORBIDDEN: Meaning = {
  code: "Denied",
  hint:
    "Grant this account a role on the bucket: Storage Object User to write, Storage Object Viewer to read.",
};

const MEANINGS: Record<number, Meaning> = {
  400: {
    code: "Invalid",
    hint:
      "Check the endpoint (https:// where it speaks TLS) and the putOptions; the cause says what the store refuses.",
  },
  401: {
    code: "Denied",
    hint:
      "The store does not accept the credentials: they have expired or been revoked, or none were given. Renew them.",
  },
  403: FORBIDDEN,
  404: { code: "NotFound", hint: "Somebody removed it; look whether it is still there." },
  408: LATER,
  409: LATER,
  410: LATER,
  412: {
    code: "Conflict",
    hint: "A condition of the bucket or of another writer does not hold; read again and decide.",
  },
  413: { code: "Invalid", hint: "The object is larger than the store allows." },
  429: BUSY,
};

/** Reasons under which a 403 passes (https://cloud.google.com/storage/docs/json_api/v1/status-codes). */
const BUSY_REASONS = new Set(["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"]);
/** Reasons under which a 403 has nothing to do with the account. */
const HELD_REASONS = new Set(["retentionPolicyNotMet", "objectUnderActiveHold"]);

export function replyError(reply: HttpReply, call: FailedCall): RegistryError {
  const { status } = reply;
  const { reason, message } = readError(reply);
  let meaning = MEANINGS[status] ??
    (status >= 500 ? LATER : {
      code: "Unsupported",
      hint: "This does not look like Google Cloud Storage: check the endpoint.",
    });
  if (status === 403 && BUSY_REASONS.has(reason)) meaning = BUSY;
  if (status === 403 && HELD_REASONS.has(reason)) {
    meaning = {
      code: "Denied",
      hint:
        "A retention policy or a hold of the bucket forbids it: a registry needs a bucket without.",
    };
  }
  const said = reason === "" ? String(status) : `${status} ${reason}`;
  return failure(`the store answered ${said}`, call, {
    ...meaning,
    place: whereOf(call),
    cause: message === "" ? undefined : { status, reason, message },
  });
}

/** The error of a request without a reply. */
export function faultError(
  { fault, hint }: Pick<HttpFault, "fault" | "hint">,
  call: FailedCall,
): RegistryError {
  if (hint !== undefined) {
    return failure("the store's certificate is not trusted", call, {
      code: "Unavailable",
      place: whereOf(call),
      retry: "never",
      hint,
    });
  }
  return failure(fault, call, {
    code: "Unavailable",
    place: whereOf(call),
    hint: "Check the endpoint and the network, then try again.",
  });
}

function whereOf({ backend }: FailedCall): string {
  const { host, searchParams } = new URL(backend);
  const endpoint = searchParams.get("endpoint");
  return `bucket "${host}" at ${
    endpoint === null ? "storage.googleapis.com" : URL.parse(endpoint)?.host ?? endpoint
  }`;
}

/** Where Google's library looks (https://cloud.google.com/docs/authentication/application-default-credentials). */
const LOOKED =
  "looked in GOOGLE_APPLICATION_CREDENTIALS, in gcloud's file (application_default_credentials.json) and " +
  "asked this machine's own service for them";

export interface Unreached {
  /** The `location` of the backend. */
  backend: string;
  /** What failed. @default no answer came */
  error?: RegistryError;
  signing?: boolean;
}

/** The error of a store that never answered, with where it is. */
export function unreached(
  where: string,
  { backend, error, signing = false }: Unreached,
): RegistryError {
  const { code, action, state, retry, key, maybeWritten, cause } = error ?? {};
  const isSignIn = signing || action === "sign in" && code === "Denied";
  const known = isSignIn ? SIGN_IN_HINT : "Check the endpoint and the network.";
  const advice: Advice = error?.hint === undefined ? { hint: known } : error;
  const hints = isSignIn || retry === "never" ? [advice] : [advice, REACH_HINT];
  return fault({
    code: code ?? (signing ? "Denied" : "Unavailable"),
    action: "reach",
    subject: where,
    state: (isSignIn ? `there are no credentials that work; ${LOOKED}: ` : "") +
      (state ?? error?.message ?? NO_FIRST_ANSWER),
    place: where,
    ...joinHints(...hints),
    ...{ backend, retry, key, maybeWritten, cause },
  });
}

export function missingBucket(bucket: string, call: FailedCall): RegistryError {
  return failure(`there is no bucket "${bucket}"`, { ...call, maybeWritten: undefined }, {
    code: "NotFound",
    hint: "Check its name, or make it: `createBucket: true` does.",
    hints: { cli: "Check its name, or make it: holdfast init URL --create-bucket." },
  });
}

/** What to do without credentials. */
export const SIGN_IN_HINT =
  "Give `credentials`, `keyFilename` or `storage`, or set GOOGLE_APPLICATION_CREDENTIALS; " +
  "`gcloud auth application-default login` signs a person in.";

export function failure(
  state: string,
  { action, key, backend, maybeWritten }: FailedCall,
  fields: Omit<RegistryErrorFields, "message" | "action" | "subject" | "state">,
): RegistryError {
  return fault({
    action,
    subject: key === undefined ? backend : JSON.stringify(key),
    state,
    place: key === undefined ? backend : undefined,
    key,
    backend,
    ...(maybeWritten && fields.code === "Unavailable" ? { maybeWritten } : {}),
    ...fields,
  });
}

function readError(reply: HttpReply): { reason: string; message: string } {
  const text = replyText(reply);
  try {
    const { error } = JSON.parse(text);
    const reason = String(error.errors?.[0]?.reason ?? "").replace(/[^A-Za-z0-9]/g, "");
    return { reason, message: withoutSecrets(String(error.message ?? "")) };
  } catch {
    return { reason: "", message: withoutSecrets(text) };
  }
}

export function replyText({ chunks }: HttpReply): string {
  return new TextDecoder().decode(concatBytes(chunks));
}

/** Foreign text, short, without what could let somebody in. */
export function withoutSecrets(text: string): string {
  return text.slice(0, 2000)
    .replace(/-----BEGIN[^]*?(-----END[^-]*-----|$)/g, "…")
    .replace(/\b(bearer|authorization:?)\s+\S+/gi, "$1 …")
    .replace(/\b(ya29\.|eyJ)[\w.\-/+=]+/g, "…")
    .replace(
      /((?:upload_id|access_token|assertion|x-goog-signature|private_key)["']?\s*[=:]\s*["']?)[^\s"'&]+/gi,
      "$1…",
    )
    .slice(0, 500);
}
