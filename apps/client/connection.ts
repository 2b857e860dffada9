// Requests to one service, with retries and errors.
import { invalid, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { Logger } from "../../core/registry.ts";
import { isPassing, retry, withDeadline } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import { parseExactJson } from "../../core/text/json_text.ts";
import { type Asked, problemOf, unanswered, unexpected } from "./problem.ts";

/** A function that sends a request: `fetch`, or the handler of a service. */
export type SendRequest = (request: Request) => Promise<Response>;

export interface Call {
  action: string;
  /** Encoded path below the URL of the service. */
  path: string;
  /** A URL to read from instead, without the token. */
  url?: string;
  /** @default "GET" */
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Undefined values are left out. */
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Record<string, string>;
  json?: unknown;
  body?: () => Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;
  /** The request changes something: without an answer its outcome is unknown. @default false */
  writes?: boolean;
  /** A repeat is safe even if the first request was processed. @default `!writes` */
  repeats?: boolean;
  /** Never repeats: the body is consumed, or the caller checks first. @default false */
  once?: boolean;
  /** How long to retry, milliseconds. @default that of the connection */
  retryForMs?: number;
  /** Limit for the answer, milliseconds. @default that of the connection; none with a body */
  timeoutMs?: number;
  /** Status codes that are answers rather than errors. */
  also?: readonly number[];
  signal?: AbortSignal;
}

interface ConnectionOptions {
  location: string;
  token?: string | (() => string | Promise<string>);
  send: SendRequest;
  /** How long to retry, milliseconds. */
  retryForMs: number;
  /** Limit for the start of an answer, and for each chunk of it, milliseconds. */
  timeoutMs: number;
  system: System;
  logger: Logger;
}

/** The longest `Retry-After` that is followed. */
const MAX_WAIT_MS = 30_000;

type Use<T> = (response: Response) => T | Promise<T>;

export class Connection {
  readonly location: string;
  readonly system: System;
  readonly logger: Logger;
  readonly retryForMs: number;
  readonly timeoutMs: number;
  /** The service lets clients send large content to its bucket. */
  hasDirectUploads = false;
  readonly #send: SendRequest;
  readonly #token: ConnectionOptions["token"];

  constructor(options: ConnectionOptions) {
    this.location = options.location;
    this.system = options.system;
    this.logger = options.logger;
    this.retryForMs = options.retryForMs;
    this.timeoutMs = options.timeoutMs;
    this.#send = options.send;
    this.#token = options.token;
  }

  /** Returns a successful answer with its body unread. Throws any other. */
  request(call: Call): Promise<Response> {
    return this.#ask(call, (response) => response);
  }

  json<T>(call: Call): Promise<T> {
    return this.read<T, T>(call, (wire) => wire);
  }

  /** Returns the JSON of the answer, null without content, parsed by `parse`. */
  read<W, T>(call: Call, parse: (wire: W, asked: Asked) => T): Promise<T> {
    return this.#ask(call, async (response) => {
      const text = response.status === 204 ? "null" : await response.text();
      let wire: W;
      try {
        wire = parseExactJson(text) as W;
      } catch (error) { // a message of the parser would quote the text
        const state = isRegistryError(error) ? error.message : "the body is not JSON";
        throw this.unexpected(call, state);
      }
      return parse(wire, this.#asked(call));
    });
  }

  /** Returns the error of an answer that does not match the wire format. */
  unexpected(call: Pick<Call, "action" | "writes">, state: string): RegistryError {
    return unexpected(this.#asked(call), state);
  }

  /** Sends a request and reads the answer. Retries both. */
  async #ask<T>(call: Call, use: Use<T>): Promise<T> {
    const { signal, writes = false, once = false, retryForMs = this.retryForMs } = call;
    const { repeats = !writes && !once } = call;
    const { system, logger, location } = this;
    let maybe: unknown; // after an unanswered write, a later failure does not mean "not written"
    const startedAt = system.monotonic();
    const leftMs = () => retryForMs - (system.monotonic() - startedAt);
    try {
      return await retry(() => this.#attempt(call, use, leftMs), {
        system,
        retryForMs,
        signal,
        passes(error) {
          if (isRegistryError(error, "Unknown")) maybe = error;
          return !once && isPassing(error) || (repeats && isRegistryError(error, "Unknown"));
        },
        onRetry: (error) => logger.debug((error as Error).message, { backend: location }),
      });
    } catch (error) {
      if (maybe !== undefined && (isPassing(error) || signal?.aborted)) throw maybe;
      throw error;
    }
  }

  async #attempt<T>(call: Call, use: Use<T>, leftMs: () => number): Promise<T> {
    const { signal, writes = false, also = [] } = call;
    signal?.throwIfAborted();
    const stop = new AbortController();
    const signals = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const request = await this.#makeRequest(call, signals);
    const hasBody = call.json !== undefined || call.body !== undefined;
    const timeoutMs = call.timeoutMs ?? (hasBody ? undefined : this.timeoutMs);
    const send = this.#send; // `fetch` of a browser must not be called as a method
    try {
      const response = await withDeadline(send(request), { signal, timeoutMs });
      if (!response.ok && !also.includes(response.status)) {
        throw await this.#refusal(response, call, leftMs);
      }
      return await withDeadline(Promise.resolve(use(response)), { signal, timeoutMs });
    } catch (cause) {
      if (isRegistryError(cause) || (signal?.aborted && !writes)) throw cause;
      stop.abort(cause);
      throw unanswered({ ...this.#asked(call), writes: writes && !wasRefused(cause) }, cause);
    }
  }

  /** Returns the error of an answer, after its `Retry-After`. */
  async #refusal(response: Response, call: Call, leftMs: () => number): Promise<RegistryError> {
    const after = response.headers.get("retry-after") ?? ""; // seconds, or a date
    const waitMs = /\D/.test(after) ? Date.parse(after) - this.system.now() : Number(after) * 1000;
    const hasToken = this.#token !== undefined;
    const error = await problemOf(response, { ...this.#asked(call), hasToken });
    if (isPassing(error) && waitMs > 0 && waitMs <= Math.min(MAX_WAIT_MS, leftMs())) {
      await this.system.sleep(waitMs, call.signal);
    }
    return error;
  }

  async #makeRequest(call: Call, signal: AbortSignal): Promise<Request> {
    const { path, method = "GET", query = {}, json, body } = call;
    const headers = new Headers(call.headers);
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    if (token !== undefined && call.url === undefined) setToken(headers, token);
    // Following a redirect could turn a POST into a GET, and send the token elsewhere.
    const init: RequestInit & { duplex?: "half" } = { method, headers, signal, redirect: "manual" };
    if (json !== undefined) {
      headers.set("content-type", "application/json");
      init.body = JSON.stringify(json);
    } else if (body !== undefined) {
      init.body = body();
      if (init.body instanceof ReadableStream) init.duplex = "half";
    }
    const entries = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(entries.map(([name, value]) => [name, String(value)]));
    const asked = search.size > 0 ? `?${search}` : "";
    return new Request(call.url ?? `${this.location}/${path}${asked}`, init);
  }

  #asked({ action, writes = false }: Pick<Call, "action" | "writes">): Asked {
    return { action, location: this.location, writes };
  }
}

/** Sets the token. The error omits an invalid one, which the runtime's error would show. */
function setToken(headers: Headers, token: string): void {
  if (/^[\x21-\x7e]+$/.test(token)) return headers.set("authorization", `Bearer ${token}`);
  const state = "it is empty or contains characters not allowed in an HTTP header";
  const hint = "Pass one line of ASCII without spaces or a newline at its end.";
  throw invalid("send the token", undefined, state, { hint });
}

/** Returns true if no connection was made, so nothing was sent. */
function wasRefused(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  const code = (error as { code?: unknown }).code ??
    (cause as { code?: unknown } | undefined)?.code;
  if (code !== undefined) return code === "ECONNREFUSED" || code === "ConnectionRefused";
  return cause instanceof Error && cause.message.includes("client error (Connect)"); // Deno
}
