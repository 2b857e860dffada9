// What BullMQ keeps its jobs in.
/** A connection to a server, and what BullMQ is to be told of it. */
export interface BullmqStore {
  /** `redis` or `postgres`. */
  readonly kind: string;
  /** Where it is, without secrets. */
  readonly location: string;
  /** The name of the queue. */
  readonly queue: string;
  /** What BullMQ takes as its connection: a client of Redis, or a pool of PostgreSQL. */
  readonly connection: unknown;
  /** Resolves when the server has answered; rejects where it refuses. */
  ready(): Promise<void>;
  /** What the server, or the way to it, said last. */
  lastFailure(): Error | undefined;
  /** Ends the connection. */
  close(): Promise<void>;
}

/** The name of the queue in a URL, `?queue=…`, and the URL without it. */
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
