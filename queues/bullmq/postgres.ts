// Connections of BullMQ to PostgreSQL, 13 or newer.
import pg from "npm:pg@^8";
import { type BullmqStore, shownUrl, splitQueueName } from "./store.ts";

const SCHEMA = "bullmq";
const CONNECTIONS = 10;

export function createPostgresStore(url: string): BullmqStore {
  const { queue, server } = splitQueueName(url);
  const given = server.searchParams.get("options");
  const address = new URL(server);
  address.searchParams.delete("options"); // would replace those below
  const pool = new pg.Pool({
    connectionString: address.href,
    options: `${given === null ? "" : `${given} `}-c search_path=${SCHEMA}`, // the last one wins
    max: CONNECTIONS,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
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
    close: async () => void await pool.end(),
  };
}
