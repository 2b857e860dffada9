// What BullMQ keeps its jobs in.
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
