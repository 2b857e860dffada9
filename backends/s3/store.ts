// One bucket and prefix, and requests to it with retries and errors.
//
// `../s3.ts` creates an `S3Store`: the settings of a backend, and what it learns while it is open
// (credentials, contact with the server, that the bucket exists). Each request is a `call`:
//
//   const input = { Key: fullKey(store, key) };
//   const reply = await call(store, "HeadObject", input, { action: "head", key, signal });
//
// Temporary failures are retried for `retryForMs`. The last failure is thrown as a `RegistryError`
// with the code that `meanings.ts` gives it, such as `NotFound` or `Denied`. `Unavailable` of a
// request that `creates` has `maybeWritten` unless the server refused it: read the key back, as
// `registry/cell/cell.ts` does. An abort throws the signal's reason.
import type { ObjectInfo } from "../../core/backend.ts";
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Logger } from "../../core/registry.ts";
import { isPassing, retry } from "../../core/retry.ts";
import { realSystem, type System } from "../../core/system.ts";
import { eitherSignal } from "../../core/work/until_aborted.ts";
import { objectName, S3_NAMES } from "../bucket/keys.ts";
import { aheadOf } from "../bucket/query_signature.ts";
import type { ReadPatience } from "../bucket/read_patience.ts";
import type { S3Place } from "./location.ts";
import type { ReplyHeaders, S3CallName, S3Calls, SendOptions } from "./calls.ts";
import type { S3Contact } from "./contact.ts";
import { checkReply, type S3Wire } from "./wire.ts";
import type { CredentialCache, S3Credentials } from "./credentials.ts";
import { type FailedCall, failureOf, s3Error } from "./errors.ts";

export interface S3Store
  extends Readonly<Pick<S3Place, "provider" | "bucket" | "prefix" | "location">> {
  readonly wire: S3Wire;
  readonly contact: S3Contact;
  readonly credentials?: CredentialCache;
  readonly putOptions: Record<string, unknown>;
  readonly requesterPays?: boolean;
  readonly partBytes: number;
  readonly parallel: number;
  readonly patience: ReadPatience;
  readonly retryForMs: number;
  readonly system: System;
  readonly logger: Logger;
  /** Creates the bucket once, on request. */
  ready(signal?: AbortSignal): Promise<void>;
  /** `aheadMs` is by how much the clock of the store is ahead, milliseconds. */
  readonly known: { bucketExists: boolean; aheadMs: number };
}

/** Calls that may be sent again at any time. */
const READS: readonly S3CallName[] = ["GetObject", "HeadObject", "ListObjectsV2"];

export interface CallSettings extends SendOptions {
  action: string;
  /** The key or prefix, without that of the store. */
  key?: string;
  /** False to send it once. @default true */
  repeat?: boolean;
  /** True if an object may have been written after a lost reply. */
  creates?: boolean;
}

/**
 * Sends a request, with retries unless `repeat` is false. Throws `RegistryError` or the signal's
 * reason.
 */
export async function call<N extends S3CallName>(
  store: S3Store,
  name: N,
  input: Omit<S3Calls[N][0], "Bucket">,
  { action, key, headers, signal: ofCaller, repeat = true, creates = false }: CallSettings,
): Promise<S3Calls[N][1] & ReplyHeaders> {
  const { bucket, location: backend, logger, contact, wire, credentials } = store;
  const hasBody = "Body" in input; // a large one takes its time
  let used: S3Credentials | undefined;
  const attempt = async (signal?: AbortSignal) => {
    signal?.throwIfAborted();
    await store.ready(signal);
    used = await credentials?.provide(signal);
    try {
      await contact.findCredentials(wire);
      const whole = { Bucket: bucket, ...input } as S3Calls[N][0];
      const send = (signal?: AbortSignal) => wire.send(name, whole, { signal, headers });
      const sent = READS.includes(name) ? askTwice(store, send, signal) : send(signal);
      const { output, headers: replied } = await sent;
      checkReply(name, output);
      store.known.bucketExists = true;
      store.known.aheadMs = aheadOf(store.system.now(), replied);
      return Object.assign(output as S3Calls[N][1] & object, { headers: replied });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (isRegistryError(error) && contact.made) throw error;
      throw callError(store, error, { action, key, creates, request: name });
    }
  };
  const renewing = async (signal?: AbortSignal) => {
    try {
      return await attempt(signal);
    } catch (error) {
      // A request with rejected credentials did nothing: also a create may be resent.
      if (!isExpired(error) || credentials === undefined || used === undefined) throw error;
      credentials.expire(used);
      logger.debug(`s3: credentials expired; requesting new ones`, { backend });
      return await attempt(signal);
    }
  };
  return await contact.within(async ({ signal, goesOn }) => {
    if (!repeat) return await renewing(signal);
    const passes = (error: unknown) => mayPass(error) && goesOn(error);
    const repetition = { what: name, key, signal, passes, fromFailure: hasBody };
    return await repeated(store, () => renewing(signal), repetition);
  }, { signal: ofCaller, ended: !hasBody });
}

/** Asks over another connection if the first one is silent. */
async function askTwice<T>(
  { patience, system }: S3Store,
  ask: (signal?: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { firstMs, timeoutMs } = patience;
  if (firstMs === timeoutMs) return await ask(signal);
  const late = new AbortController(), over = new AbortController();
  realSystem.sleep(firstMs, over.signal).then(() => late.abort(), () => {});
  try {
    return await ask(eitherSignal(late.signal, signal));
  } catch (error) {
    if (signal?.aborted || !late.signal.aborted) throw error;
  } finally {
    over.abort();
  }
  const askedAt = system.monotonic();
  const reply = await ask(signal);
  patience.answered(system.monotonic() - askedAt);
  return reply;
}

interface Repetition {
  /** The name of the action in the log. */
  what: string;
  key?: string;
  signal?: AbortSignal;
  passes?: (error: unknown) => boolean;
  fromFailure?: boolean;
}

/** Calls `action` with retries, and logs each. */
export async function repeated<T>(
  { system, retryForMs, logger, location }: S3Store,
  action: () => Promise<T>,
  { what, key, signal, passes = mayPass, fromFailure }: Repetition,
): Promise<T> {
  return await retry(action, {
    system,
    retryForMs,
    signal,
    passes,
    fromFailure,
    onRetry: (error, count) =>
      logger.debug(`s3: ${what} failed (${count}): ${(error as Error).message}`, {
        key,
        backend: location,
      }),
  });
}

/** Returns true for a temporary failure. A removed upload does not come back. */
function mayPass(error: unknown): boolean {
  return isPassing(error) && failureOf(error)?.name !== "NoSuchUpload";
}

function isExpired(error: unknown): boolean {
  const failure = failureOf(error);
  return failure !== undefined &&
    /^(ExpiredToken|ExpiredTokenException|TokenRefreshRequired)$/.test(failure.name);
}

/** Returns the key in the bucket. Throws `Invalid` for one that some server takes for another. */
export function fullKey({ prefix, location }: S3Store, key: string): string {
  return objectName({ prefix, rules: S3_NAMES, location }, key);
}

export function callError(
  { bucket, location: backend, contact }: S3Store,
  error: unknown,
  call: Omit<FailedCall, "bucket" | "backend">,
): RegistryError {
  return contact.located(s3Error(error, { ...call, backend, bucket }));
}

export function keyFault(
  { location: backend }: S3Store,
  key: string,
  fields: Omit<Parameters<typeof fault>[0], "subject" | "key" | "backend">,
): RegistryError {
  return fault({ ...fields, subject: shown(key), key, backend });
}

export function objectInfo(
  key: string,
  size: number,
  { ETag, LastModified }: { ETag?: string; LastModified?: Date },
): ObjectInfo {
  const etag = plainEtag(ETag);
  // Whole seconds everywhere, as in a HEAD; listings may be finer.
  const modifiedAt = Math.floor((LastModified?.getTime() ?? NaN) / 1000) * 1000;
  return { key, size, modifiedAt, ...(etag === undefined ? {} : { etag }) };
}

/**
 * Returns an entity tag as the store knows it: without quotes, which some stores omit in listings,
 * and without what gateways that compress add, `W/` (nginx) or `-gzip` (Apache, Caddy).
 */
export function plainEtag(etag: string | undefined): string | undefined {
  return etag?.replace(/^(W\/)?"|"$/g, "").replace(/-?-(gzip|br|deflate|zstd)$/, "");
}

/** Returns an entity tag as conditions and lists of parts name it. */
export function quotedEtag(etag: string | undefined): string | undefined {
  const plain = plainEtag(etag);
  return plain === undefined ? undefined : `"${plain}"`;
}

export function replyTime(store: S3Store, { headers }: ReplyHeaders): Date {
  const time = Date.parse(headers.date ?? "");
  return new Date(Number.isNaN(time) ? store.system.now() : time);
}
