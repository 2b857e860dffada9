// One bucket and prefix, and how a request to it is made: which are repeated, what their failures
// mean.
import type { ObjectInfo } from "../../core/backend.ts";
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Logger } from "../../core/registry.ts";
import { isPassing, retry } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import { objectName, S3_NAMES } from "../bucket/keys.ts";
import type { S3Provider } from "../s3_providers.ts";
import type { ReplyHeaders, S3CallName, S3Calls, SendOptions } from "./calls.ts";
import type { S3Contact } from "./contact.ts";
import { checkReply, type S3Wire } from "./wire.ts";
import type { CredentialCache, S3Credentials } from "./credentials.ts";
import { type FailedCall, failureOf, s3Error } from "./errors.ts";

export interface S3Store {
  readonly bucket: string;
  /** What all keys begin with: empty, or ending with `/`. */
  readonly prefix: string;
  readonly provider: S3Provider;
  readonly location: string;
  readonly wire: S3Wire;
  readonly contact: S3Contact;
  readonly credentials?: CredentialCache;
  readonly putOptions: Record<string, unknown>;
  readonly partBytes: number;
  readonly parallel: number;
  /** How long nothing may come on a connection, milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long requests are repeated, milliseconds. */
  readonly retryForMs: number;
  readonly system: System;
  readonly logger: Logger;
  /** Makes the bucket, where it was asked for; once. */
  ready(signal?: AbortSignal): Promise<void>;
  readonly known: { bucketExists: boolean };
}

export interface CallSettings extends SendOptions {
  action: string;
  /** The key or prefix, without the store's own, for messages. */
  key?: string;
  /** False for what is sent once: the caller decides what its failure means. @default true */
  repeat?: boolean;
  /** True where a lost reply leaves it open whether an object was written. */
  creates?: boolean;
}

/** Makes a request. It is sent again after failures that may pass, unless `repeat` is false. Throws `RegistryError` or the signal's reason. */
export async function call<N extends S3CallName>(
  store: S3Store,
  name: N,
  input: Omit<S3Calls[N][0], "Bucket">,
  { action, key, headers, signal: ofCaller, repeat = true, creates = false }: CallSettings,
): Promise<S3Calls[N][1] & ReplyHeaders> {
  const { bucket, location: backend, logger, contact, wire, credentials } = store;
  let used: S3Credentials | undefined;
  const attempt = async (signal?: AbortSignal) => {
    signal?.throwIfAborted();
    await store.ready(signal);
    used = await credentials?.provide(signal);
    try {
      await contact.findCredentials(wire);
      const whole = { Bucket: bucket, ...input } as S3Calls[N][0];
      const { output, headers: replied } = await wire.send(name, whole, { signal, headers });
      checkReply(name, output);
      store.known.bucketExists = true;
      return Object.assign(output as S3Calls[N][1] & object, { headers: replied });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (isRegistryError(error) && contact.made) throw error; // it says itself what it is about
      throw callError(store, error, { action, key, creates, request: name });
    }
  };
  const renewing = async (signal?: AbortSignal) => {
    try {
      return await attempt(signal);
    } catch (error) {
      // What was refused for its credentials was not done: it may be sent again, a create too.
      if (!isExpired(error) || credentials === undefined || used === undefined) throw error;
      credentials.expire(used);
      logger.debug(`s3: the credentials expired; asking for new ones`, { backend });
      return await attempt(signal);
    }
  };
  return await contact.within(async ({ signal, goesOn }) => {
    if (!repeat) return await renewing(signal);
    const passes = (error: unknown) => mayPass(error) && goesOn(error);
    return await repeated(store, () => renewing(signal), { what: name, key, signal, passes });
  }, { signal: ofCaller, ended: !("Body" in input) }); // a large body takes its time, also where it is the first that is sent
}

export interface Repetition {
  what: string;
  key?: string;
  signal?: AbortSignal;
  /** Whether a failure may pass. @default mayPass */
  passes?: (error: unknown) => boolean;
}

/** Does it again after failures that may pass. Each is a line of the log. */
export async function repeated<T>(
  { system, retryForMs, logger, location }: S3Store,
  action: () => Promise<T>,
  { what, key, signal, passes = mayPass }: Repetition,
): Promise<T> {
  return await retry(action, {
    system,
    retryForMs,
    signal,
    passes,
    onRetry: (error, count) =>
      logger.debug(`s3: ${what} failed (${count}): ${(error as Error).message}`, {
        key,
        backend: location,
      }),
  });
}

/** True for a failure that the same request may not meet again. An upload that was swept away does not come back. */
export function mayPass(error: unknown): boolean {
  return isPassing(error) && failureOf(error)?.name !== "NoSuchUpload";
}

function isExpired(error: unknown): boolean {
  const failure = failureOf(error);
  return failure !== undefined &&
    /^(ExpiredToken|ExpiredTokenException|TokenRefreshRequired)$/.test(failure.name);
}

/** The key in the bucket. Throws `Invalid` for what some server would take for another key. */
export function fullKey({ prefix, location }: S3Store, key: string): string {
  return objectName({ prefix, rules: S3_NAMES, location }, key);
}

/** What a failure means for a call, with where that was. */
export function callError(
  { bucket, location: backend, contact }: S3Store,
  error: unknown,
  call: Omit<FailedCall, "bucket" | "backend">,
): RegistryError {
  return contact.told(s3Error(error, { ...call, backend, bucket }));
}

export function keyFault(
  { location: backend }: S3Store,
  key: string,
  fields: Omit<Parameters<typeof fault>[0], "subject" | "key" | "backend">,
): RegistryError {
  return fault({ ...fields, subject: shown(key), key, backend });
}

/** What `list` and the others say of an object. */
export function objectInfo(
  key: string,
  size: number,
  about: { ETag?: string; LastModified?: Date },
): ObjectInfo {
  const etag = plainEtag(about.ETag);
  // Whole seconds everywhere: a HEAD has no more, a listing may.
  const modifiedAt = Math.floor((about.LastModified?.getTime() ?? 0) / 1000) * 1000;
  return { key, size, modifiedAt, ...(etag === undefined ? {} : { etag }) };
}

/** An entity tag without its quotes, which some stores forget in listings. */
export function plainEtag(etag: string | undefined): string | undefined {
  return etag?.replace(/^"|"$/g, "");
}

export function replyTime(store: S3Store, { headers }: ReplyHeaders): Date {
  const time = Date.parse(headers.date ?? "");
  return new Date(Number.isNaN(time) ? store.system.now() : time);
}
