// What BullMQ keeps its jobs in.
import { fault, isRegistryError, messageOf, type RegistryError } from "../../core/errors.ts";
export interface BullmqStore {
  readonly kind: string;
  /** Where it is, without secrets. */
  readonly location: string;
  readonly queue: string;
  /** What BullMQ takes as its connection: a client of Redis, or a pool of PostgreSQL. */
  readonly connection: unknown;
  ready(): Promise<void>;
  lastFailure(): Error | undefined;
  close(): Promise<void>;
}

export function splitQueueName(url: string): { queue: string; server: URL } {
  const server = new URL(url);
  const queue = server.searchParams.get("queue") ?? "holdfast";
  server.searchParams.delete("queue");
  return { queue, server };
}

/** The URL as it is shown: without user, password and parameters, which may be secrets. */
export function shownUrl({ protocol, host, pathname }: URL, queue: string): string {
  return `${protocol}//${host}${pathname}${queue === "holdfast" ? "" : `?queue=${queue}`}`;
}

/** Codes of PostgreSQL for who may not connect, and answers of Redis for the same. */
const REFUSED = /^(28000|28P01|42501)$|^(NOAUTH|WRONGPASS|NOPERM)\b/;

/** What the caller is told of a failure: what was to be done, and why it was not. */
export function failure(
  what: string,
  { kind, location, lastFailure }: BullmqStore,
  cause: unknown,
): RegistryError {
  if (isRegistryError(cause)) return cause;
  const timedOut = cause instanceof Error && cause.name === "TimeoutError";
  const error = timedOut ? lastFailure() ?? cause : cause;
  const { code = "" } = error as { code?: string };
  const refused = REFUSED.test(code) || REFUSED.test(messageOf(error));
  const state = messageOf(error) || code || "it does not answer";
  return fault({
    code: refused ? "Denied" : "Unavailable",
    action: what,
    subject: `the queue at ${location}`,
    state: state.replace(/[.\s]+$/, ""),
    hint: refused
      ? "Check user and password in its URL."
      : `Check that ${
        kind === "redis" ? "Redis" : "PostgreSQL"
      } runs there, and try again: jobs that it has are not lost.`,
    cause: withoutCommand(error),
  });
}

/** Answers of Redis carry the command that they answer, with its arguments: passwords, and data of jobs. */
function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, "command");
  return error;
}
