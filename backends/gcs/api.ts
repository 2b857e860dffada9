// Calls of the JSON API: signed in, repeated where they may be, their failures told as what the
// caller can do.
import type { ObjectInfo } from "../../core/backend.ts";
import { RegistryError } from "../../core/errors.ts";
import { isPassing, retry } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import type { Connections } from "../bucket/connections.ts";
import { FirstContact, type FirstTry } from "../bucket/first_contact.ts";
import { failure, faultError, replyError, replyText, unreached } from "./errors.ts";
import type { FailedCall } from "./errors.ts";
import { exchange, type HttpFault, type HttpReply, type HttpRequest } from "./exchange.ts";
import type { Place } from "./place.ts";
import type { Pass, SignIn } from "./sign_in.ts";

export interface ApiCall {
  action: string;
  key?: string;
  method: string;
  path: string;
  /** What is undefined is left out. */
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Record<string, string>;
  body?: readonly Uint8Array[];
  /** Statuses above 299 that are answers too. @default none */
  answers?: readonly number[];
  /** Whether an object may be there after a reply that was lost. @default false */
  writes?: boolean;
  /** Whether the runtime may repeat it (see exchange.ts). @default false */
  repeatable?: boolean;
  /** Whether it is sent once only, except where the store refused the credentials. @default false */
  once?: boolean;
  /** Bytes of body that are taken of the reply. @default 16 MiB */
  maxBytes?: number;
  signal?: AbortSignal;
}

export interface PersistOptions extends Pick<ApiCall, "action" | "key" | "signal"> {
  /** Whether this failure may pass. @default what says so itself */
  passes?: (error: unknown) => boolean;
}

export interface ApiOptions {
  place: Place;
  signIn: SignIn;
  system: System;
  connections: Connections;
  requestTimeoutMs: number;
  /** How long what may be repeated is, milliseconds. @default 30000; less as long as nothing has answered at all */
  retryForMs?: number;
  logger?: Pick<Console, "debug">;
}

const MAX_REPLY_BYTES = 16 * 2 ** 20;

/** The calls to one store. */
export class GcsApi {
  readonly place: Place;
  readonly system: System;
  readonly #options: ApiOptions;
  readonly #where: string;
  readonly #contact: FirstContact;
  #signing = false;

  constructor(options: ApiOptions) {
    const { place, signIn, system } = options;
    this.place = place;
    this.system = system;
    this.#options = options;
    this.#where = `bucket "${place.bucket}" at ${new URL(signIn.endpoint).host}`;
    const bounded = options.retryForMs === undefined;
    this.#contact = new FirstContact(
      { system, bounded },
      () => unreached(this.#where, { backend: place.location, signing: this.#signing }),
    );
  }

  /** Sends a call and gives its answer; any other outcome throws. */
  async call(call: ApiCall): Promise<HttpReply> {
    const { action, key, signal } = call;
    const failed: FailedCall = { action, key, backend: this.place.location };
    // A large body takes its time, also where it is the first that is sent.
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
    { action: name, key, passes = isPassing }: PersistOptions,
  ): Promise<T> {
    const { system, retryForMs, logger, place } = this.#options;
    return await retry(action, {
      system,
      retryForMs,
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
      throw this.#told(faultError(reply, failed));
    }
    const { status } = reply;
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
      const reply = await exchange({
        ...{ method, url, headers, body, repeatable, signal },
        ...{ connections, maxBytes, timeoutMs, onAnswer },
      });
      // A refused request has done nothing: to send it once more is no second create.
      if ("fault" in reply || reply.status !== 401 || again || !signIn.refused(pass)) return reply;
      logger?.debug(`${call.action}: the credentials were refused; asked for new ones`, {
        backend: this.place.location,
      });
    }
  }

  async #pass(signal?: AbortSignal): Promise<Pass> {
    this.#signing = true;
    try {
      return await this.#options.signIn.pass(signal);
    } catch (error) {
      const isOfStore = error instanceof RegistryError && error.code !== "TaskFailed";
      throw isOfStore ? this.#told(error) : error;
    } finally {
      this.#signing = false;
    }
  }

  #told(error: RegistryError): RegistryError {
    const backend = this.place.location;
    return this.#contact.made ? error : unreached(this.#where, { backend, error });
  }
}

function queryText(query: ApiCall["query"] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(value!)}`).join("&");
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

/** The fields of {@linkcode ObjectResource}, for `fields`. */
export const OBJECT_FIELDS = "name,size,generation,updated,crc32c";

/**
 * Whole seconds, because that is what a download says; `updated`, because that is what it says it of. The registry
 * never changes what the store keeps beside an object, so it is the time of the write.
 */
export function objectInfo(
  place: Place,
  { name, size, generation, updated }: ObjectResource,
): ObjectInfo {
  return {
    key: place.keyOf(name),
    size: Number(size),
    modifiedAt: Math.floor(Date.parse(updated) / 1000) * 1000,
    etag: generation,
  };
}

/** The JSON of a reply. Throws `Unsupported` where it is none. */
export function replyJson<T>(reply: HttpReply, call: FailedCall): T {
  try {
    return JSON.parse(replyText(reply));
  } catch {
    throw failure("its answer is not JSON", call, {
      code: "Unsupported",
      hint: "This does not look like Google Cloud Storage: check the endpoint.",
    });
  }
}

/** True where an error says that the thing is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof RegistryError && error.code === "NotFound";
}
