// Connections to Redis, or Valkey: the one place that knows its client.
import { Redis } from "npm:ioredis@^5";
import { fault, isRegistryError, messageOf, type RegistryError } from "../core/errors.ts";
import { withDeadline } from "../core/retry.ts";

/** How long is waited before the connection is tried again, at most, milliseconds. */
const MOST_WAIT_MS = 1_000;

export type RedisCommand = [name: string, ...args: (string | number)[]];

export interface RedisConnection {
  /** Where it is, without user, password and parameters, which may be secrets. */
  readonly location: string;
  /** Waits for the server and sends a command. `signal` ends the waiting, `withinMs` too. */
  send(command: RedisCommand, options?: SendOptions): Promise<unknown>;
  /** The same for several, sent one after the other at once; the first failure is thrown once all were answered. */
  sendAll(commands: readonly RedisCommand[], options?: SendOptions): Promise<unknown[]>;
  /** Hears of what is published in channels that fit these patterns, also after the connection broke. */
  onMessage(hear: (pattern: string, channel: string, message: string) => void): void;
  onBroken(hear: (reason: string) => void): void;
  reset(): void;
  close(): void;
}

/** Options of {@linkcode RedisConnection.send}. */
export interface SendOptions {
  signal?: AbortSignal;
  /** How long the server may take, milliseconds. @default as the connection was opened */
  withinMs?: number;
}

export interface OpenRedisOptions {
  what: string;
  /** What the server calls the connection. @default nothing */
  name?: string;
  /** How long the server may take until it answers at first, milliseconds. @default 10000 */
  connectWithinMs?: number;
  /** How long a command may take later, milliseconds. @default 10000 */
  answerWithinMs?: number;
}

/** The URL as it is shown: without user, password and parameters, which may be secrets. */
function shownRedisUrl({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** Takes apart a `redis:` or `rediss:` URL; throws `Invalid` for another. The message never quotes it. */
export function parseRedisUrl(url: string, what: string): URL {
  if (URL.canParse(url) && /^rediss?:\/\/[^/]/i.test(url)) return new URL(url);
  throw fault({
    code: "Invalid",
    action: "open",
    subject: what,
    state: "this is no URL of Redis",
    hint: "As in redis://127.0.0.1:6379 or, over TLS, rediss://user:password@host:6379/0.",
  });
}

/** The client as BullMQ wants it: its requests may last, and wait for the server without end. */
export function createWaitingClient(server: URL): Redis {
  return new Redis(server.href, {
    maxRetriesPerRequest: null,
    keepAlive: 10_000,
    retryStrategy: (times: number) => Math.min(50 * times, MOST_WAIT_MS),
  });
}

/**
 * Opens a connection. Nothing is sent twice, and nothing is kept for later where the server is away: what was under way
 * then fails as `Unavailable`, of which nobody knows whether the server has done it.
 *
 * @throws {RegistryError} `Invalid` for another URL; `Unavailable` where no server answers, `Denied` where it refuses
 */
export async function openRedis(url: string, options: OpenRedisOptions): Promise<RedisConnection> {
  const { what, connectWithinMs = 10_000 } = options;
  const client = new RedisClient(parseRedisUrl(url, what), options);
  try {
    await client.untilReady({ timeoutMs: connectWithinMs });
  } catch (error) {
    client.close();
    throw client.failure("open", error);
  }
  return client;
}

class RedisClient implements RedisConnection {
  readonly location: string;
  readonly #what: string;
  readonly #answerWithinMs: number;
  readonly #client: Redis;
  readonly #broken: ((reason: string) => void)[] = [];
  /** The last failure of the connection, until it is ready again. */
  #last?: Error;
  /** Settles when the server can be asked, or refuses: waiting does not help then. */
  #ready = createReady();
  #isSettled = false;
  #isReady = false;
  #isClosed = false;

  constructor(server: URL, options: OpenRedisOptions) {
    const { what, name, connectWithinMs = 10_000, answerWithinMs = 10_000 } = options;
    this.location = shownRedisUrl(server);
    this.#what = what;
    this.#answerWithinMs = answerWithinMs;
    this.#client = new Redis(server.href, {
      connectionName: name,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      keepAlive: 10_000,
      connectTimeout: connectWithinMs,
      retryStrategy: (times: number) => Math.min(50 * times, MOST_WAIT_MS),
    });
    this.#client.on("ready", () => this.#begin());
    this.#client.on("error", (error: Error) => this.#note(error));
    this.#client.on("close", () => this.#end());
  }

  send([name, ...args]: RedisCommand, options?: SendOptions): Promise<unknown> {
    return this.#answer("ask", () => this.#client.call(name, ...args), options);
  }

  sendAll(commands: readonly RedisCommand[], options?: SendOptions): Promise<unknown[]> {
    return this.#answer("ask", async () => {
      const answers = await Promise.allSettled(
        commands.map(([name, ...args]) => this.#client.call(name, ...args)),
      );
      return answers.map((one) => {
        if (one.status === "rejected") throw one.reason;
        return one.value;
      });
    }, options);
  }

  onMessage(hear: (pattern: string, channel: string, message: string) => void): void {
    this.#client.on("pmessage", hear);
  }

  onBroken(hear: (reason: string) => void): void {
    this.#broken.push(hear);
  }

  reset(): void {
    this.#client.disconnect(true);
  }

  close(): void {
    this.#isClosed = true;
    this.#ready.reject(wasClosed("ask", this.#what, this.location));
    this.#client.disconnect();
  }

  async untilReady(deadline: { timeoutMs?: number; signal?: AbortSignal }): Promise<void> {
    await withDeadline(this.#ready.promise, deadline);
  }

  failure(action: string, cause: unknown): RegistryError {
    const { location } = this;
    return redisFailure({ action, what: this.#what, location, last: this.#last }, cause);
  }

  #begin(): void {
    this.#isReady = this.#isSettled = true;
    this.#last = undefined;
    this.#ready.resolve();
  }

  #note(error: Error): void {
    if (!isEnded(error)) this.#last = error;
    if (!isRefused(error)) return;
    this.#isSettled = true;
    this.#ready.reject(error); // it will not be better by waiting
  }

  #end(): void {
    const wasReady = this.#isReady; // else it is one more try to connect that failed
    this.#isReady = false;
    if (wasReady && !this.#isClosed) {
      for (const hear of this.#broken) hear(messageOf(this.#last ?? "it was ended"));
    }
    if (!this.#isSettled) return;
    this.#isSettled = false;
    this.#ready = createReady();
  }

  async #answer<T>(
    action: string,
    ask: () => Promise<T>,
    { signal, withinMs = this.#answerWithinMs }: SendOptions = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw wasClosed(action, this.#what, this.location);
    const deadline = AbortSignal.timeout(withinMs);
    const ended = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    try {
      // The order of what is sent at once is kept: all of it waits, or none.
      if (!this.#isReady) await this.untilReady({ signal: ended });
      return await withDeadline(ask(), { signal: ended });
    } catch (error) {
      signal?.throwIfAborted();
      throw this.failure(action, error);
    }
  }
}

function createReady(): PromiseWithResolvers<void> {
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  return ready;
}

function isEnded(error: unknown): boolean {
  return /Stream isn't writeable|max retries per request|Connection is closed/i.test(
    messageOf(error),
  );
}

/** Answers of Redis to who may not connect, or may not do this. */
const REFUSED = /^(NOAUTH|WRONGPASS|NOPERM)\b/;

function isRefused(error: unknown): boolean {
  return REFUSED.test(messageOf(error));
}

/** Answers of Redis carry the command that they answer, with its arguments: passwords, and what is stored. */
function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, "command");
  return error;
}

function wasClosed(action: string, what: string, location: string): RegistryError {
  return fault({
    code: "Invalid",
    action,
    subject: `${what} at ${location}`,
    state: "the connection was closed",
    hint: "Use it before it is disposed of, or open it anew.",
  });
}

interface FailedAction {
  action: string;
  what: string;
  location: string;
  last?: Error;
}

function redisFailure(
  { action, what, location, last }: FailedAction,
  cause: unknown,
): RegistryError {
  if (isRegistryError(cause)) return cause;
  const timedOut = cause instanceof Error && cause.name === "TimeoutError";
  const error = withoutCommand(timedOut || isEnded(cause) ? last ?? cause : cause);
  const { code = "", name } = error as { code?: string; name?: string };
  const state = isEnded(error)
    ? "the connection ended before there was an answer"
    : messageOf(error) || code || "it does not answer";
  const facts = {
    action,
    subject: `${what} at ${location}`,
    state: state.replace(/[.\s]+$/, ""),
    cause: error,
  };
  if (isRefused(error)) {
    return fault({ ...facts, code: "Denied", hint: "Check user and password in its URL." });
  }
  const isUnknown = name === "ReplyError" && /^ERR unknown/.test(messageOf(error));
  return fault({
    ...facts,
    ...action !== "open" && { maybeWritten: true },
    code: isUnknown ? "Unsupported" : "Unavailable",
    hint: isUnknown
      ? "Redis 6.2, or Valkey, is needed, or newer."
      : hintOf(state, action === "open" && location.startsWith("redis:")),
  });
}

function hintOf(state: string, isOpenedPlain: boolean): string {
  if (/certificate/.test(state)) {
    return "Name the authority of its certificate: DENO_CERT=ca.pem, or NODE_EXTRA_CA_CERTS.";
  }
  return isOpenedPlain && /ECONNRESET|before there was/.test(state)
    ? "Check that Redis runs there: one that speaks TLS is named by rediss:."
    : "Check that Redis runs there, and try again.";
}
