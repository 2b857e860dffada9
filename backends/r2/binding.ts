// The part of the binding that the backend uses, and its errors. Their messages end with a code:
// https://developers.cloudflare.com/r2/api/error-codes/
import { type Fault, fault, messageOf, type RegistryError } from "../../core/errors.ts";

/** The methods of an `R2Bucket` that the backend calls. */
export interface R2Binding {
  head(key: string): Promise<R2Found | null>;
  get(key: string, options: {
    range: { offset: number; length: number };
    onlyIf?: { etagMatches: string };
  }): Promise<R2Found & { arrayBuffer?(): Promise<ArrayBuffer> } | null>;
  put(
    key: string,
    value: ReadableStream | Uint8Array,
    options: R2Settings & { onlyIf?: Headers },
  ): Promise<R2Found | null>;
  delete(keys: string | string[]): Promise<void>;
  list(options: {
    prefix: string;
    limit: number;
    delimiter?: string;
    startAfter?: string;
    cursor?: string;
  }): Promise<{
    objects: R2Found[];
    delimitedPrefixes: string[];
    truncated: boolean;
    cursor?: string;
  }>;
  createMultipartUpload(key: string, options: R2Settings): Promise<R2Upload>;
}

/** The members of an `R2Object` that the backend reads. */
export interface R2Found {
  key: string;
  size: number;
  etag: string;
  uploaded: Date;
}

/** The methods of an `R2MultipartUpload` that the backend calls. */
export interface R2Upload {
  uploadPart(partNumber: number, value: Uint8Array): Promise<R2Part>;
  complete(parts: R2Part[]): Promise<R2Found>;
  abort(): Promise<void>;
}

/** Metadata of a new object. */
export interface R2Settings {
  httpMetadata?: { contentType: string };
  customMetadata?: Record<string, string>;
}

/** One part of a multipart upload, an `R2UploadedPart`. */
export interface R2Part {
  partNumber: number;
  etag: string;
}

interface FailedCall {
  action: string;
  key?: string;
  backend: string;
  /** True if the object may have been written despite the error. */
  writes?: boolean;
}

type Meaning = Pick<Fault, "hint" | "retry"> & Required<Pick<Fault, "code">>;

const DENIED: Meaning = { code: "Denied", hint: "Check r2_buckets in wrangler.jsonc." };
const INVALID: Meaning = { code: "Invalid", hint: "Check the limits of R2; see the cause." };
const BUSY: Meaning = {
  code: "Unavailable",
  hint: "Try again later, or send fewer requests at once.",
};
const OVER_LIMIT: Meaning = {
  code: "Unavailable",
  retry: "never",
  hint: "Do less in one request, or raise limits.subrequests in wrangler.jsonc.",
};
const LATER: Meaning = { code: "Unavailable", hint: "Try again later." };

/**
 * Refusals, which write nothing. They have a table of their own: that of the other stores takes 4 %
 * of a Worker with this backend.
 */
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  10002: DENIED,
  10003: DENIED,
  10006: { code: "NotFound", hint: "Create the bucket: `wrangler r2 bucket create NAME`." },
  10012: INVALID,
  10020: INVALID,
  10042: DENIED,
  10058: BUSY,
  10069: { code: "Denied", hint: "Use a bucket without lock rules." },
  100100: INVALID,
};

export function r2Error(error: unknown, { writes, ...call }: FailedCall): RegistryError {
  const message = messageOf(error).slice(0, 300);
  const code = /\((\d+)\)\W*$/.exec(message)?.[1];
  const refusal = /too many subrequests/i.test(message) ? OVER_LIMIT : MEANINGS[code ?? ""];
  return fault({
    ...call,
    subject: call.key === undefined ? call.backend : JSON.stringify(call.key),
    ...(refusal ?? LATER),
    state: code === undefined ? message : `R2 answered ${message.replace(/\W*$/, "")}`,
    ...(writes && refusal === undefined ? { maybeWritten: true } : {}),
    cause: error,
  });
}
