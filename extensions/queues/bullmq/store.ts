// Servers that store the jobs of BullMQ.
import { fault, isRegistryError, messageOf, type RegistryError } from "../../../core/kernel.ts";
import { isRefused, withoutCommand } from "../checks/server_errors.ts";

export interface BullmqStore {
  readonly kind: string;
  /** The URL without secrets. */
  readonly location: string;
  readonly queue: string;
  /** The connection for BullMQ: a client of Redis, or a pool of PostgreSQL. */
  readonly connection: unknown;
  ready(): Promise<void>;
  lastFailure(): Error | undefined;
  /** Ends all connections, also while the server is away. */
  close(): Promise<void>;
}

export function splitQueueName(url: string): { queue: string; server: URL } {
  const server = new URL(url);
  const queue = server.searchParams.get("queue") ?? "holdfast";
  server.searchParams.delete("queue");
  return { queue, server };
}

/** Returns the URL without user, password and parameters. */
export function shownUrl({ protocol, host, pathname }: URL, queue: string): string {
  return `${protocol}//${host}${pathname}${queue === "holdfast" ? "" : `?queue=${queue}`}`;
}

export function failure(
  action: string,
  { kind, location, lastFailure }: BullmqStore,
  cause: unknown,
): RegistryError {
  if (isRegistryError(cause)) return cause;
  const timedOut = cause instanceof Error && cause.name === "TimeoutError";
  const error = timedOut ? lastFailure() ?? cause : cause;
  const { code = "" } = error as { code?: string };
  const refused = isRefused(error);
  const state = messageOf(error) || code || "no answer";
  const server = kind === "redis" ? "Redis" : "PostgreSQL";
  return fault({
    code: refused ? "Denied" : "Unavailable",
    action,
    subject: "the queue",
    state: refused ? "access denied" : "unavailable",
    place: `${location}: ${state.replace(/[.\s]+$/, "")}`,
    hint: refused
      ? "Check user and password in its URL."
      : `Check that ${server} runs, and try again: its jobs are not lost.`,
    cause: withoutCommand(error),
  });
}
