// Connections of BullMQ to PostgreSQL, 13 or newer.
import type { Socket } from "node:net";
import pg from "npm:pg@^8";
import { withDeadline } from "../../../core/kernel.ts";
import { type BullmqStore, shownUrl, splitQueueName } from "./store.ts";

const SCHEMA = "bullmq";
const CONNECTIONS = 10;
/** How long requests may take to end before their connections are destroyed, milliseconds. */
const END_MS = 5_000;

/** Requests of BullMQ, with the number of the parameter for the current time. */
const NOW_OF: readonly [request: RegExp, parameter: number][] = [
  [/\bmove_to_active\(/, 4],
  [/\bmove_to_completed_fetch\(/, 10],
  [/\bmove_to_failed_fetch\(/, 11],
  [/\bmove_stalled_jobs_to_wait\(|\bnext_signal\(/, 3],
  [/\bextend_lock\(|\blocked_until_ms =/, 5],
];

interface QueryPool {
  query(text: string, values?: unknown[]): Promise<{ rows: { processed_at_ms?: unknown }[] }>;
}

/**
 * Gives locks of jobs the clock of the server, which is the same for all workers. BullMQ sends the
 * time of this machine, so a worker with a fast clock would take the jobs of others.
 */
function useServerClock(pool: QueryPool): void {
  const query = pool.query.bind(pool);
  pool.query = async (text, values = []) => {
    const now = NOW_OF.find(([request]) => request.test(text))?.[1];
    // The data of a starting job may contain a mark, which its successors must not inherit.
    if (/\bupdate_job_scheduler/.test(text)) values = values.with(3, "{}");
    if (now === undefined) return await query(inOrder(text), values);
    const answer = await query(withServerTime(text, now), values);
    // BullMQ compares it with the clock of this machine.
    for (const row of answer.rows) row.processed_at_ms &&= values[now - 1];
    return answer;
  };
}

function withServerTime(text: string, parameter: number): string {
  const now = `(extract(epoch FROM clock_timestamp()) * 1000 + 0 * $${parameter}::bigint)::bigint`;
  return text.replace(new RegExp(`\\$${parameter}\\b`, "g"), () => now);
}

/** Lets one process at a time change a schedule: BullMQ reads it, then adds its next job. */
function inOrder(text: string): string {
  return text.replace(
    /\b((?:add|update|remove)_job_scheduler\w*\()\$1,/,
    "$1(SELECT $$1::text FROM pg_advisory_xact_lock(hashtext($$1), hashtext($$2))),",
  );
}

export function createPostgresStore(url: string): BullmqStore {
  const { queue, server } = splitQueueName(url);
  const serverOptions = server.searchParams.get("options");
  const address = new URL(server);
  address.searchParams.delete("options"); // would replace those below
  const pool = new pg.Pool({
    connectionString: address.href,
    options: `${serverOptions === null ? "" : `${serverOptions} `}-c search_path=${SCHEMA}`, // the last one wins
    max: CONNECTIONS,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  useServerClock(pool);
  const sockets = new Set<{ destroy(): unknown }>();
  pool.on("connect", ({ connection: { stream } }: { connection: { stream: Socket } }) => {
    sockets.add(stream);
    stream.once("close", () => sockets.delete(stream));
  });
  let failure: Error | undefined;
  pool.on("error", (error: Error) => failure = error); // of an idle connection, which is replaced
  return {
    kind: "postgres",
    location: shownUrl(server, queue),
    queue,
    connection: pool,
    ready: async () => void await pool.query("select 1"),
    lastFailure: () => failure,
    async close() {
      const ending = pool.end();
      await withDeadline(ending, { timeoutMs: END_MS }).catch(() => {
        for (const socket of sockets) socket.destroy();
      });
      await ending;
    },
  };
}
