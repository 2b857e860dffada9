// Errors of the store as errors of the library.
import { concatBytes } from "../../core/bytes/bytes.ts";
import { type Advice, fault, joinHints, type RegistryError } from "../../core/errors.ts";
import type { RegistryErrorFields } from "../../core/errors.ts";
import { NO_FIRST_ANSWER, REACH_HINT } from "../bucket/first_contact.ts";
import type { HttpFault, HttpReply } from "./exchange.ts";

export interface FailedCall {
  action: string;
  key?: string;
  backend: string;
  /** True if the object may have been written nevertheless. */
  maybeWritten?: boolean;
}

type Meaning = Pick<RegistryErrorFields, "code" | "hint" | "retry">;

const LATER: Meaning = { code: "Unavailable", hint: "Try again later." };
const BUSY: Meaning = {
  code: "Unavailable",
  hint: "Try again later, or send fewer requests at once.",
};
const FOREIGN: Meaning = {
  code: "Unsupported",
  hint: "Check that the endpoint is Google Cloud Storage.",
};

const MEANINGS: Record<number, Meaning> = {
  400: {
    code: "Invalid",
    hint: "Check the endpoint (https:// for TLS); see the cause for details.",
  },
  401: { code: "Denied", hint: "Renew the credentials: they are missing, expired or revoked." },
  403: {
    code: "Denied",
    hint: "Grant this account a role on the bucket: Storage Object User to write, Storage Object " +
      "Viewer to read.",
  },
  404: { code: "NotFound", hint: "Check whether it was deleted." },
  408: LATER,
  409: LATER,
  410: LATER,
  412: { code: "Conflict", hint: "Read it again: a condition of the request no longer holds." },
  413: { code: "Invalid", hint: "Store smaller objects." },
  429: BUSY,
};

/** Reasons of a temporary 403 (https://cloud.google.com/storage/docs/json_api/v1/status-codes). */
const BUSY_REASONS = new Set(["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"]);
/** Reasons of a 403 that does not depend on the account. */
const HELD_REASONS = new Set(["retentionPolicyNotMet", "objectUnderActiveHold"]);
const HELD: Meaning = {
  code: "Denied",
  hint: "Use a bucket without retention policies and holds.",
};

export function replyError(reply: HttpReply, call: FailedCall): RegistryError {
  const { status } = reply;
  const { reason, message } = readError(reply);
  let meaning = MEANINGS[status] ?? (status >= 500 ? LATER : FOREIGN);
  if (status === 403 && BUSY_REASONS.has(reason)) meaning = BUSY;
  if (status === 403 && HELD_REASONS.has(reason)) meaning = HELD;
  return failure(`the store answered ${`${status} ${reason}`.trim()}`, call, {
    ...meaning,
    place: placeOf(call),
    cause: message === "" ? undefined : { status, reason, message },
  });
}

/** Returns the error of a request without a reply. */
export function faultError(
  { fault, hint }: Pick<HttpFault, "fault" | "hint">,
  call: FailedCall,
): RegistryError {
  const place = placeOf(call);
  return hint === undefined
    ? failure(fault, call, {
      code: "Unavailable",
      place,
      hint: "Check the endpoint and the network, then try again.",
    })
    : failure("the store's certificate is not trusted", call, {
      code: "Unavailable",
      place,
      retry: "never",
      hint,
    });
}

function placeOf({ backend }: FailedCall): string {
  const { host, searchParams } = new URL(backend);
  const endpoint = searchParams.get("endpoint") ?? "https://storage.googleapis.com";
  return `bucket "${host}" at ${URL.parse(endpoint)?.host ?? endpoint}`;
}

/** https://cloud.google.com/docs/authentication/application-default-credentials */
const SEARCHED = "searched GOOGLE_APPLICATION_CREDENTIALS, gcloud's " +
  "application_default_credentials.json and the metadata server";

export interface Unreached {
  backend: string;
  /** @default no answer came */
  error?: RegistryError;
  /** True if the sign-in did not finish. */
  signing?: boolean;
}

/** Returns the error of a store that never answered. */
export function unreached(
  where: string,
  { backend, error, signing = false }: Unreached,
): RegistryError {
  const { code, action, state, retry, key, maybeWritten, cause } = error ?? {};
  const isSignIn = signing || action === "sign in" && code === "Denied";
  const known = isSignIn ? SIGN_IN : { hint: "Check the endpoint and the network." };
  const advice: Advice = error?.hint === undefined ? known : error;
  return fault({
    code: code ?? (signing ? "Denied" : "Unavailable"),
    action: "reach",
    subject: where,
    state: (isSignIn ? `no working credentials found (${SEARCHED}): ` : "") +
      (state ?? error?.message ?? NO_FIRST_ANSWER),
    place: where,
    ...joinHints(...(isSignIn || retry === "never" ? [advice] : [advice, REACH_HINT])),
    ...{ backend, retry, key, maybeWritten, cause },
  });
}

export function missingBucket(bucket: string, call: FailedCall): RegistryError {
  return failure(`bucket "${bucket}" does not exist`, { ...call, maybeWritten: undefined }, {
    code: "NotFound",
    hint: "Check its name, or create it with `createBucket: true`.",
    hints: { cli: "Check its name, or create it: holdfast init URL --create-bucket" },
  });
}

/** The hint for missing credentials. */
export const SIGN_IN: Advice = {
  hint: "Pass `credentials`, `keyFilename` or `storage`, set GOOGLE_APPLICATION_CREDENTIALS, or " +
    "run `gcloud auth application-default login`.",
  hints: {
    cli: "Set GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`.",
  },
};

/** Returns the error of an answer that Google Cloud Storage would not give. */
export function foreignReply(state: string, call: FailedCall): RegistryError {
  return failure(state, call, FOREIGN);
}

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

/** Shortens foreign text and removes keys, tokens and signatures. */
export function withoutSecrets(text: string): string {
  const named = "upload_id|access_token|assertion|x-goog-signature|private_key";
  return text.slice(0, 2000)
    .replace(/-----BEGIN[^]*?(-----END[^-]*-----|$)/g, "…")
    .replace(/\b(bearer|authorization:?)\s+\S+/gi, "$1 …")
    .replace(/\b(ya29\.|eyJ)[\w.\-/+=]+/g, "…")
    .replace(new RegExp(`((?:${named})["']?\\s*[=:]\\s*["']?)[^\\s"'&]+`, "gi"), "$1…")
    .slice(0, 500);
}
