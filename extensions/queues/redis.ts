// Connections to Redis or Valkey: the only module that imports a client.
import { Redis, type RedisOptions } from "npm:ioredis@^5";
import {
  denied,
  fault,
  invalid,
  isRegistryError,
  messageOf,
  timerMs,
  withDeadline,
} from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import { isRefused, withoutCommand } from "./checks/server_errors.ts";

/** The longest delay between attempts to connect, milliseconds. */
const MOST_WAIT_MS = 1_000;

export type RedisCommand = [name: string, ...args: (string | number)[]];

export interface RedisConnection {
  /** The URL without user, password and parameters. */
  readonly location: string;
  send(command: RedisCommand, options?: SendOptions): Promise<unknown>;
  /** Sends commands in one go; throws the first failure once all are answered. */
  sendAll(commands: readonly RedisCommand[], options?: SendOptions): Promise<unknown[]>;
  /** Receives messages of subscribed patterns, also after reconnecting. */
  onMessage(receive: (pattern: string, channel: string, message: string) => void): void;
  onBroken(receive: (reason: string) => void): void;
  reset(): void;
  close(): void;
}

interface SendOptions {
  signal?: AbortSignal;
  /** The time limit of the server, milliseconds. @default as the connection was opened */
  withinMs?: number;
}

interface OpenRedisOptions {
  what: string;
  /** The name of the connection on the server. @default none */
  name?: string;
  /** The time limit for the first answer of the server, milliseconds. @default 10000 */
  connectWithinMs?: number;
  /** The time limit of a later command, milliseconds. @default 10000 */
  answerWithinMs?: number;
}

/** Parses a `redis:` or `rediss:` URL, or throws `Invalid`, without quoting it. */
export function parseRedisUrl(url: string, what: string): URL {
  const isUrl = URL.canParse(url) && /^rediss?:\/\/[^/]/i.test(url);
  if (isUrl && /^[0-9]{0,9}$/.test(databaseIn(new URL(url)))) return new URL(url);
  const state = isUrl ? "its URL has no database number" : "invalid Redis URL";
  throw invalid("open", what, state, {
    hint: "Use redis://127.0.0.1:6379 or, over TLS, rediss://user:password@host:6379/0.",
  });
}

function databaseIn({ pathname, searchParams }: URL): string {
  return pathname.slice(1) || searchParams.get("db") || "";
}

/**
 * Selects the database of a URL again: the client ignores that the server refuses it, and would use
 * database 0. Throws `Invalid` if there is no such database.
 */
export async function checkDatabase(client: Redis, server: URL, what: string): Promise<void> {
  const database = Number(databaseIn(server));
  if (database === 0) return;
  try {
    await client.select(database);
  } catch (error) {
    if ((error as Error).name !== "ReplyError" || isRefused(error)) throw error;
    throw invalid("open", what, `the server does not have database ${database}`, {
      place: `${locationOf(server)}: ${messageOf(error)}`,
      hint: "Use /0, or raise `databases` in its configuration.",
      cause: withoutCommand(error),
    });
  }
}

/** Returns a URL without user, password and parameters. */
function locationOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** A client for BullMQ, which copies it for each worker: those wait for jobs. */
class WaitingClient extends Redis {
  readonly #copies: WaitingClient[] = [];

  override duplicate(options?: Partial<RedisOptions>): WaitingClient {
    const copy = new WaitingClient({ ...this.options, ...options });
    this.#copies.push(copy);
    return copy;
  }

  /**
   * Ends the connection, and fails requests that wait for it. Between two attempts to reconnect,
   * the client of ioredis only stops: requests, and who waits for the end, would wait for ever. So
   * it makes a last attempt.
   */
  override disconnect(reconnect = false): void {
    super.disconnect(reconnect);
    if (reconnect || this.status !== "reconnecting") return;
    const stop = () => super.disconnect();
    this.once("connect", stop);
    this.once("end", () => this.off("connect", stop));
    this.connect().catch(() => {}); // its end is awaited
  }

  /** Ends its connection and those of its copies. */
  disconnectAll(): void {
    for (const client of [...this.#copies, this]) client.disconnect();
  }
}

/** Creates a client for BullMQ: its requests wait for the server without a time limit. */
export function createWaitingClient(server: URL): WaitingClient {
  return new WaitingClient(server.href, {
    maxRetriesPerRequest: null,
    keepAlive: 10_000,
    retryStrategy: (times: number) => Math.min(50 * times, MOST_WAIT_MS),
  });
}

/**
 * Opens a connection. Commands are never sent twice, and not queued while the server is away: those
 * in progress fail as `Unavailable`, and may have been executed.
 *
 * @throws {RegistryError} `Invalid` for another URL; `Unavailable` without an answer of the server,
 * `Denied` without permission
 */
export async function openRedis(url: string, options: OpenRedisOptions): Promise<RedisConnection> {
  const { what, connectWithinMs = 10_000 } = options;
  const client = new RedisClient(parseRedisUrl(url, what), options);
  try {
    await client.open({ timeoutMs: connectWithinMs });
  } catch (error) {
    client.close();
    throw client.failure("open", error);
  }
  return client;
}

class RedisClient implements RedisConnection {
  readonly location: string;
  readonly #server: URL;
  readonly #what: string;
  readonly #answerWithinMs: number;
  readonly #client: Redis;
  readonly #broken: Parameters<RedisConnection["onBroken"]>[0][] = [];
  /** The last failure of the connection, until it is ready again. */
  #last?: Error;
  /** Resolves when the server is ready, and rejects if it refuses: waiting does not help then. */
  #ready = createReady();
  #isDecided = false;
  #isReady = false;
  #isClosed = false;

  constructor(server: URL, options: OpenRedisOptions) {
    const { what, name, connectWithinMs = 10_000, answerWithinMs = 10_000 } = options;
    this.location = locationOf(server);
    this.#server = server;
    this.#what = what;
    this.#answerWithinMs = answerWithinMs;
    this.#client = new Redis(server.href, {
      connectionName: name,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      keepAlive: 10_000,
      connectTimeout: timerMs(connectWithinMs),
      retryStrategy: (times: number) => Math.min(50 * times, MOST_WAIT_MS),
    });
    this.#client.on("ready", () => this.#begin());
    this.#client.on("error", (error: Error) => this.#note(error));
    this.#client.on("close", () => this.#end());
  }

  send([name, ...args]: RedisCommand, options?: SendOptions): Promise<unknown> {
    return this.#request(() => this.#client.call(name, ...args), options);
  }

  sendAll(commands: readonly RedisCommand[], options?: SendOptions): Promise<unknown[]> {
    return this.#request(async () => {
      const answers = await Promise.allSettled(
        commands.map(([name, ...args]) => this.#client.call(name, ...args)),
      );
      return answers.map((one) => {
        if (one.status === "rejected") throw one.reason;
        return one.value;
      });
    }, options);
  }

  onMessage(receive: Parameters<RedisConnection["onMessage"]>[0]): void {
    this.#client.on("pmessage", receive);
  }

  onBroken(receive: Parameters<RedisConnection["onBroken"]>[0]): void {
    this.#broken.push(receive);
  }

  reset(): void {
    this.#client.disconnect(true);
  }

  close(): void {
    this.#isClosed = true;
    this.#ready.reject(this.#closed());
    this.#client.disconnect();
  }

  async open(deadline: { timeoutMs: number }): Promise<void> {
    await this.untilReady(deadline);
    await withDeadline(checkDatabase(this.#client, this.#server, this.#what), deadline);
  }

  async untilReady(deadline: { timeoutMs?: number; signal?: AbortSignal }): Promise<void> {
    await withDeadline(this.#ready.promise, deadline);
  }

  failure(action: string, cause: unknown): RegistryError {
    if (isRegistryError(cause)) return cause;
    const timedOut = cause instanceof Error && cause.name === "TimeoutError";
    const error = withoutCommand(timedOut || isEnded(cause) ? this.#last ?? cause : cause);
    const { name } = error as { name?: string };
    const state = stateOf(error);
    const facts = { place: `${this.location}: ${state}`, cause: error };
    if (isRefused(error)) {
      const hint = "Check user and password in its URL.";
      return denied(action, this.#what, "access denied", { ...facts, hint });
    }
    const isUnknown = name === "ReplyError" && /^ERR unknown/.test(messageOf(error));
    return fault({
      ...facts,
      action,
      subject: this.#what,
      state: isUnknown ? "unknown command" : "unavailable",
      ...action !== "open" && { maybeWritten: true },
      code: isUnknown ? "Unsupported" : "Unavailable",
      hint: isUnknown
        ? "Use Redis 6.2 or newer, or Valkey."
        : hintOf(state, action === "open" && this.location.startsWith("redis:")),
    });
  }

  #closed(): RegistryError {
    return invalid("use", `${this.#what} at ${this.location}`, "the connection is closed", {
      hint: "Open it again.",
    });
  }

  #begin(): void {
    this.#isReady = this.#isDecided = true;
    this.#last = undefined;
    this.#ready.resolve();
  }

  #note(error: Error): void {
    if (!isEnded(error)) this.#last = error;
    if (!isRefused(error)) return;
    this.#isDecided = true;
    this.#ready.reject(error);
  }

  #end(): void {
    const wasReady = this.#isReady; // else an attempt to connect failed
    this.#isReady = false;
    if (wasReady && !this.#isClosed) {
      for (const receive of this.#broken) receive(messageOf(this.#last ?? "it ended"));
    }
    if (!this.#isDecided) return;
    this.#isDecided = false;
    this.#ready = createReady();
  }

  async #request<T>(
    send: () => Promise<T>,
    { signal, withinMs = this.#answerWithinMs }: SendOptions = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw this.#closed();
    const deadline = AbortSignal.timeout(timerMs(withinMs));
    const ended = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    try {
      // Either all concurrent commands wait, or none: so they keep their order.
      if (!this.#isReady) await this.untilReady({ signal: ended });
      return await withDeadline(send(), { signal: ended });
    } catch (error) {
      signal?.throwIfAborted();
      throw this.failure("ask", error);
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

function stateOf(error: unknown): string {
  const { code } = error as { code?: string };
  const state = isEnded(error)
    ? "the connection ended before an answer"
    : messageOf(error) || code || "no answer";
  return state.replace(/[.\s]+$/, "");
}

function hintOf(state: string, isOpenedPlain: boolean): string {
  if (/certificate/.test(state)) {
    return "Trust its certificate authority: DENO_CERT=ca.pem, or NODE_EXTRA_CA_CERTS.";
  }
  return isOpenedPlain && /ECONNRESET|before an answer/.test(state)
    ? "Check that Redis runs there; use rediss: if it requires TLS."
    : "Check that Redis runs there, and try again.";
}
