// Requests to one service: what may be sent again is, and what went wrong is an error with a code.
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { Logger } from "../../core/registry.ts";
import { isPassing, retry, withDeadline } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import { type Asked, problemOf, strange, unanswered } from "./problem.ts";

/** What sends a request: `fetch`, or the handler of a service itself. */
export type SendRequest = (request: Request) => Promise<Response>;

export interface Call {
  action: string;
  /** Below the address of the service, encoded. */
  path: string;
  /** @default "GET" */
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** What stands behind `?`; what is undefined does not. */
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Record<string, string>;
  json?: unknown;
  body?: () => Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;
  /** Whether what it does counts: without an answer it may have been done. @default false */
  writes?: boolean;
  /** Whether it may be sent again, though it may have been done. @default what does not write */
  repeats?: boolean;
  /** Nothing of it is sent again here, whatever fails: what is sent is gone, or its sender looks first. @default false */
  once?: boolean;
  /** How long it is sent again, milliseconds. @default as the connection */
  retryForMs?: number;
  /** How long an answer may take to begin, milliseconds. @default as the connection; with a body without end */
  timeoutMs?: number;
  also?: readonly number[];
  signal?: AbortSignal;
}

export interface ConnectionOptions {
  location: string;
  token?: string | (() => string | Promise<string>);
  send: SendRequest;
  /** How long what may be repeated is, milliseconds. */
  retryForMs: number;
  /** How long an answer to what only reads may take to begin, milliseconds. */
  timeoutMs: number;
  system: System;
  logger: Logger;
}

/** Longest that a service may ask to wait. */
const MAX_WAIT_MS = 30_000;

/** Requests to one service. */
export class Connection {
  readonly location: string;
  readonly system: System;
  readonly logger: Logger;
  /** How long what may be repeated is, milliseconds. */
  readonly retryForMs: number;
  /** How long an answer may take to begin, or to go on, milliseconds. */
  readonly timeoutMs: number;
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

  /** Returns the answer, its body unread. Any that reports no success is thrown. */
  request(call: Call): Promise<Response> {
    return this.#ask(call, (response) => response);
  }

  json<T>(call: Call): Promise<T> {
    return this.#ask(call, (response) => this.#readJson(response, call) as Promise<T>);
  }

  /** Returns what `parse` makes of the JSON of the answer. */
  read<W, T>(call: Call, parse: (wire: W, asked: Asked) => T): Promise<T> {
    return this.#ask(
      call,
      async (response) => parse(await this.#readJson(response, call) as W, this.#asked(call)),
    );
  }

  /** Returns the error of an answer that does not match the wire format. */
  strange(call: Pick<Call, "action" | "writes">, state: string): RegistryError {
    return strange(this.#asked(call), state);
  }

  /** Asks, and uses the answer; where that breaks off, asks again as where there is none. */
  async #ask<T>(call: Call, use: (response: Response) => T | Promise<T>): Promise<T> {
    const {
      signal,
      writes = false,
      once = false,
      repeats = !writes && !once,
      retryForMs = this.retryForMs,
    } = call;
    const { system, logger, location } = this;
    let maybe: unknown; // after a write without an answer, no other failure says that nothing was done
    const passes = (error: unknown) => {
      if (isRegistryError(error, "Unknown")) maybe = error;
      return !once && isPassing(error) || (repeats && isRegistryError(error, "Unknown"));
    };
    const onRetry = (error: unknown) =>
      logger.debug((error as Error).message, { backend: location });
    const startedAt = system.monotonic();
    const leftMs = () => retryForMs - (system.monotonic() - startedAt);
    try {
      return await retry(() => this.#attempt(call, use, leftMs), {
        system,
        retryForMs,
        signal,
        passes,
        onRetry,
      });
    } catch (error) {
      if (maybe !== undefined && (isPassing(error) || signal?.aborted)) throw maybe;
      throw error;
    }
  }

  async #attempt<T>(
    call: Call,
    use: (response: Response) => T | Promise<T>,
    leftMs: () => number,
  ): Promise<T> {
    const { signal, writes = false, also = [], json, body } = call;
    signal?.throwIfAborted();
    const stop = new AbortController();
    const signals = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const made = await this.#makeRequest(call, signals);
    const answersIn = json === undefined && body === undefined
      ? call.timeoutMs ?? this.timeoutMs
      : undefined;
    const send = this.#send; // `fetch` of a browser must not be called as a method
    try {
      const response = await withDeadline(send(made), { signal, timeoutMs: answersIn });
      if (!response.ok && !also.includes(response.status)) {
        throw await this.#refusal(response, call, leftMs);
      }
      return await withDeadline(Promise.resolve(use(response)), { signal, timeoutMs: answersIn });
    } catch (cause) {
      if (isRegistryError(cause) || (signal?.aborted && !writes)) throw cause;
      stop.abort(cause);
      const asked = this.#asked(call);
      throw unanswered({ ...asked, writes: writes && !wasRefused(cause) }, cause);
    }
  }

  /** Returns the error that an answer reports, after the wait that the service asks for. */
  async #refusal(response: Response, call: Call, leftMs: () => number): Promise<RegistryError> {
    const waitMs = Number(response.headers.get("retry-after") ?? NaN) * 1000;
    const error = await problemOf(response, this.#asked(call));
    if (isPassing(error) && waitMs > 0 && waitMs <= Math.min(MAX_WAIT_MS, leftMs())) {
      await this.system.sleep(waitMs, call.signal);
    }
    return error;
  }

  async #makeRequest(call: Call, signal: AbortSignal): Promise<Request> {
    const { path, method = "GET", query = {}, headers: given, json, body } = call;
    const headers = new Headers(given);
    const token = this.#token;
    const secret = typeof token === "function" ? await token() : token;
    if (secret !== undefined) setToken(headers, secret);
    // Where a redirection leads, a POST may be a GET and the token somebody else's.
    const init: RequestInit & { duplex?: "half" } = { method, headers, signal, redirect: "manual" };
    if (json !== undefined) {
      headers.set("content-type", "application/json");
      init.body = JSON.stringify(json);
    } else if (body !== undefined) {
      init.body = body();
      if (init.body instanceof ReadableStream) init.duplex = "half";
    }
    return new Request(`${this.location}/${path}${queryText(query)}`, init);
  }

  async #readJson(response: Response, call: Call): Promise<unknown> {
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch { // its message would quote the text
      throw strange(this.#asked(call), "what it says is no JSON");
    }
  }

  #asked({ action, writes = false }: Pick<Call, "action" | "writes">): Asked {
    return { action, location: this.location, writes };
  }
}

function queryText(query: NonNullable<Call["query"]>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

/** A token that no header can hold is not shown, as the runtime would. */
function setToken(headers: Headers, token: string): void {
  if (/^[\x21-\x7e]+$/.test(token)) return headers.set("authorization", `Bearer ${token}`);
  throw fault({
    code: "Invalid",
    action: "send the token",
    state: "it is empty, or has characters that no header takes",
    hint: "A token is one line of ASCII without spaces: mind a line feed at the end of its file.",
  });
}

/** True where no connection was made, so that nothing was sent. */
function wasRefused(error: unknown): boolean {
  const { cause, code = (cause as { code?: unknown } | undefined)?.code } = error as {
    cause?: unknown;
    code?: unknown;
  };
  if (code !== undefined) return code === "ECONNREFUSED" || code === "ConnectionRefused";
  return cause instanceof Error && cause.message.includes("client error (Connect)"); // Deno has no code for it
}
