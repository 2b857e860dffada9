// Errors of the store as errors of the library.
import { concatBytes } from "../../core/bytes/bytes.ts";
import { type Advice, fault, type RegistryError } from "../../core/errors.ts";
import type { RegistryErrorFields } from "../../core/errors.ts";
import { NO_FIRST_ANSWER, unreachable } from "../bucket/first_contact.ts";
import {
  isPage,
  PAGE_DENIED,
  placeWith,
  redirectFault,
  storeFault,
  withoutSecrets,
} from "../bucket/store_faults.ts";
import type { HttpFault, HttpReply } from "./exchange.ts";

export interface FailedCall {
  action: string;
  key?: string;
  backend: string;
  /** True if the object may have been written nevertheless. */
  maybeWritten?: boolean;
}

type Advised = Pick<RegistryErrorFields, "code" | "hint" | "reason" | "retry"> & { state?: string };

const LATER: Advised = { code: "Unavailable", hint: "Try again later." };
const FOREIGN: Advised = {
  code: "Unsupported",
  hint: "Check that the endpoint is Google Cloud Storage.",
};

/** Statuses that mean something else to a user of GCS than to others. */
const MEANINGS: Readonly<Record<number, Advised>> = {
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
  409: LATER,
  410: LATER,
  412: { code: "Conflict", hint: "Read it again: a condition of the request no longer holds." },
};

export function replyError(reply: HttpReply, call: FailedCall): RegistryError {
  const { status } = reply;
  const { reason, message } = readError(reply);
  const known = isPage(reply.headers) && (status === 401 || status === 403)
    ? PAGE_DENIED
    : status >= 300 && status < 400
    ? redirectFault(reply.headers.location)
    : storeFault({ code: reason, status, sentence: message });
  const { state, ...advice } = known ?? MEANINGS[status] ?? FOREIGN;
  const answer = `the store answered ${`${status} ${reason}`.trim()}`;
  return failure(state === undefined ? answer : `${state}: ${answer}`, call, {
    ...advice,
    place: placeWith(placeOf(call), message),
    cause: message === "" ? undefined : { status, reason, message },
  });
}

/** Returns the error of a request without a reply. */
export function faultError(
  { fault, hint, meaning }: Pick<HttpFault, "fault" | "hint" | "meaning">,
  call: FailedCall,
): RegistryError {
  const place = placeOf(call);
  if (meaning !== undefined) return failure(fault, call, { ...meaning, place });
  return hint === undefined
    ? failure(fault, call, {
      code: "Unavailable",
      place,
      hint: "Check the endpoint and the network, then try again.",
    })
    : failure(fault, call, { code: "Unavailable", place, retry: "never", hint });
}

function placeOf({ backend }: FailedCall): string {
  const { host, searchParams } = new URL(backend);
  const endpoint = searchParams.get("endpoint") ?? "https://storage.googleapis.com";
  return `bucket "${host}" at ${URL.parse(endpoint)?.host ?? endpoint}`;
}

/** https://cloud.google.com/docs/authentication/application-default-credentials */
const SEARCHED = "searched GOOGLE_APPLICATION_CREDENTIALS, gcloud's " +
  "application_default_credentials.json and the metadata server";

interface Unreached {
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
    ...(isSignIn || retry === "never"
      ? { hint: advice.hint, reason: advice.reason }
      : unreachable(advice)),
    backend,
    retry,
    key,
    maybeWritten,
    cause,
  });
}

export function missingBucket(bucket: string, call: FailedCall): RegistryError {
  return failure(`bucket "${bucket}" does not exist`, { ...call, maybeWritten: undefined }, {
    code: "NotFound",
    hint: "Check its name, or create it with `createBucket: true`.",
    reason: { kind: "bucket_missing" },
  });
}

/** The hint for missing credentials. */
export const SIGN_IN: Advice = {
  hint: "Pass `credentials`, `keyFilename` or `storage`, set GOOGLE_APPLICATION_CREDENTIALS, or " +
    "run `gcloud auth application-default login`.",
  reason: { kind: "gcs_credentials_missing" },
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
  if (isPage(reply.headers)) return { reason: "", message: "" };
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

export { withoutSecrets };
