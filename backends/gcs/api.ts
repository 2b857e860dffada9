// Calls of the JSON API, with credentials and retries; failures become errors of the library.
import type { ObjectInfo } from "../../core/backend.ts";
import { RegistryError } from "../../core/errors.ts";
import { isPassing, retry } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import type { Connections } from "../bucket/connections.ts";
import { FirstContact, type FirstTry } from "../bucket/first_contact.ts";
import { aheadOf } from "../bucket/query_signature.ts";
import { ReadPatience } from "../bucket/read_patience.ts";
import { type FailedCall, faultError, foreignReply, replyError } from "./errors.ts";
import { replyText, unreached } from "./errors.ts";
import { exchange, type HttpFault, type HttpReply, type HttpRequest } from "./exchange.ts";
import type { Place } from "./place.ts";
import type { Pass, SignIn } from "./sign_in.ts";
import { parsedJson } from "../../core/text/json_text.ts";

export interface ApiCall {
  action: string;
  key?: string;
  method: string;
  path: string;
  /** Undefined values are omitted. */
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Record<string, string>;
  body?: readonly Uint8Array[];
  /** Statuses above 299 that do not throw. @default none */
  answers?: readonly number[];
  /** True if an object may exist after a lost reply. @default false */
  writes?: boolean;
  /** True if the runtime may resend it (see exchange.ts). @default false */
  repeatable?: boolean;
  /** True to send it once, except after rejected credentials. @default false */
  once?: boolean;
  /** Maximum size of the reply. @default 16 MiB */
  maxBytes?: number;
  signal?: AbortSignal;
}

interface PersistOptions extends Pick<ApiCall, "action" | "key" | "body" | "maxBytes" | "signal"> {
  /** Returns true for failures to retry. @default those with `retry: "later"` */
  passes?: (error: unknown) => boolean;
}

export interface ApiOptions {
  place: Place;
  signIn: SignIn;
  system: System;
  connections: Connections;
  requestTimeoutMs: number;
  /** @default 30000; less until the store has answered once */
  retryForMs?: number;
  logger?: Pick<Console, "debug">;
}

const MAX_REPLY_BYTES = 16 * 2 ** 20;

export class GcsApi {
  readonly place: Place;
  readonly system: System;
  /** By how much the clock of the store is ahead, milliseconds. */
  aheadMs = 0;
  readonly #options: ApiOptions;
  readonly #where: string;
  readonly #contact: FirstContact;
  readonly #patience: ReadPatience;
  #signing = false;

  constructor(options: ApiOptions) {
    const { place, signIn, system } = options;
    this.place = place;
    this.system = system;
    this.#options = options;
    this.#patience = new ReadPatience(options.requestTimeoutMs);
    this.#where = `bucket "${place.bucket}" at ${new URL(signIn.endpoint).host}`;
    const bounded = options.retryForMs === undefined;
    this.#contact = new FirstContact(
      { system, bounded },
      () => unreached(this.#where, { backend: place.location, signing: this.#signing }),
    );
  }

  /** Sends a call and returns its reply; any other outcome throws. */
  async call(call: ApiCall): Promise<HttpReply> {
    const { action, key, signal } = call;
    const failed: FailedCall = { action, key, backend: this.place.location };
    // A large body takes its time, even as the first request.
    return await this.#contact.within((first) => {
      const ask = () => this.#once({ ...call, signal: first.signal }, failed);
      return call.once ? ask() : this.#persistWithin(first, ask, call);
    }, { signal, ended: call.body === undefined });
  }

  async exchange(
    request: Pick<HttpRequest, "method" | "url" | "headers" | "body" | "signal">,
  ): Promise<HttpReply | HttpFault> {
    const { connections, requestTimeoutMs: timeoutMs } = this.#options;
    return await exchange({ ...request, connections, maxBytes: MAX_REPLY_BYTES, timeoutMs });
  }

  async persist<T>(action: () => Promise<T>, call: PersistOptions): Promise<T> {
    return await this.#contact.within((first) => this.#persistWithin(first, action, call), {
      signal: call.signal,
      ended: false,
    });
  }

  async #persistWithin<T>(
    first: FirstTry,
    action: () => Promise<T>,
    { action: name, key, passes = isPassing, body, maxBytes }: PersistOptions,
  ): Promise<T> {
    const { system, retryForMs, logger, place } = this.#options;
    return await retry(action, {
      system,
      retryForMs,
      fromFailure: body !== undefined || maxBytes !== undefined, // a slow line takes longer
      signal: first.signal,
      passes: (error) => passes(error) && first.goesOn(error),
      onRetry: (error, attempt) =>
        logger?.debug(`${name}: attempt ${attempt} failed: ${(error as Error).message}`, {
          backend: place.location,
          key,
        }),
    });
  }

  async #once(call: ApiCall, failed: FailedCall): Promise<HttpReply> {
    const reply = await this.#signedIn(call);
    if ("fault" in reply) {
      failed.maybeWritten ||= call.writes && reply.sent;
      throw this.#located(faultError(reply, failed));
    }
    const { status } = reply;
    this.aheadMs = aheadOf(this.system.now(), reply.headers);
    if (status < 300 || call.answers?.includes(status)) return reply;
    failed.maybeWritten ||= call.writes && (status >= 500 || status === 408);
    throw replyError(reply, failed);
  }

  async #signedIn(call: ApiCall): Promise<HttpReply | HttpFault> {
    const { method, path, body, repeatable, signal, maxBytes = MAX_REPLY_BYTES } = call;
    const { signIn, connections, requestTimeoutMs: timeoutMs, logger } = this.#options;
    const url = `${signIn.endpoint}${path}${queryText(call.query)}`;
    const onAnswer = this.#contact.make;
    for (let again = false;; again = true) {
      const pass = await this.#pass(signal);
      const headers = { ...call.headers, ...pass.headers };
      const request = { method, url, headers, body, repeatable, signal, connections, maxBytes };
      const reply = await this.#exchangeOnce({ ...request, timeoutMs, onAnswer });
      // A rejected request has done nothing: resending it cannot create twice.
      if ("fault" in reply || reply.status !== 401 || again || !signIn.refused(pass)) return reply;
      logger?.debug(`${call.action}: credentials rejected; requesting new ones`, {
        backend: this.place.location,
      });
    }
  }

  /** Asks over another connection if the first one of a read is silent. */
  async #exchangeOnce(request: HttpRequest): Promise<HttpReply | HttpFault> {
    const { firstMs, timeoutMs } = this.#patience;
    if (!request.repeatable || firstMs === timeoutMs) return await exchange(request);
    const reply = await exchange({ ...request, timeoutMs: firstMs });
    if (!("fault" in reply) || !reply.isSilent) return reply;
    const askedAt = this.system.monotonic();
    return await exchange({
      ...request,
      onAnswer: () => {
        request.onAnswer?.();
        this.#patience.answered(this.system.monotonic() - askedAt);
      },
    });
  }

  async #pass(signal?: AbortSignal): Promise<Pass> {
    this.#signing = true;
    try {
      return await this.#options.signIn.pass(signal);
    } catch (error) {
      const isOfStore = error instanceof RegistryError && error.code !== "TaskFailed";
      throw isOfStore ? this.#located(error) : error;
    } finally {
      this.#signing = false;
    }
  }

  #located(error: RegistryError): RegistryError {
    const backend = this.place.location;
    return this.#contact.made ? error : unreached(this.#where, { backend, error });
  }
}

function queryText(query: ApiCall["query"] = {}): string {
  const present = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = present.map(([name, value]) => `${name}=${encodeURIComponent(value!)}`).join("&");
  return text === "" ? "" : `?${text}`;
}

export function objectPath(place: Place, name?: string): string {
  const bucket = `/storage/v1/b/${encodeURIComponent(place.bucket)}/o`;
  return name === undefined ? bucket : `${bucket}/${encodeURIComponent(name)}`;
}

export interface ObjectResource {
  name: string;
  size: string;
  generation: string;
  updated: string;
  crc32c?: string;
}

export const OBJECT_FIELDS = "name,size,generation,updated,crc32c";

/**
 * Returns the info of an object, with the time that downloads report: `updated`, in whole seconds.
 * It is the time of the write, since the registry never changes metadata.
 */
export function objectInfo(
  place: Pick<Place, "keyOf">,
  { name, size, generation, updated }: ObjectResource,
): ObjectInfo {
  return {
    key: place.keyOf(name),
    size: Number(size),
    modifiedAt: Math.floor(Date.parse(updated) / 1000) * 1000,
    etag: generation,
  };
}

/** Parses a reply. Throws `Unsupported` if it is not JSON. */
export function replyJson<T>(reply: HttpReply, call: FailedCall): T {
  const value = parsedJson(replyText(reply));
  if (value === undefined) throw foreignReply("the reply is not JSON", call);
  return value as T;
}
