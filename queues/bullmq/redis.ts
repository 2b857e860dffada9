/**
 * A connection of BullMQ to Redis, or Valkey.
 *
 * @module
 */
import { Redis } from "npm:ioredis@^5";
import { shownUrl, splitQueueName } from "./store.ts";
import type { BullmqStore } from "./store.ts";

/** How long is waited before the connection is tried again, at most, milliseconds. */
const MOST_WAIT_MS = 1_000;

/** Creates the store at a `redis:` or `rediss:` URL. It connects by itself, again and again. */
export function createRedisStore(url: string): BullmqStore {
  const { queue, server } = splitQueueName(url);
  const client = new Redis(server.href, {
    maxRetriesPerRequest: null, // BullMQ waits for jobs in requests that may last
    keepAlive: 10_000,
    retryStrategy: (times: number) => Math.min(50 * times, MOST_WAIT_MS),
  });
  let failure: Error | undefined;
  client.on("error", (error: Error) => failure = error);
  return {
    kind: "redis",
    location: shownUrl(server, queue),
    queue,
    connection: client,
    ready: async () => void await client.ping(),
    lastFailure: () => failure,
    close() {
      client.disconnect();
      return Promise.resolve();
    },
  };
}
