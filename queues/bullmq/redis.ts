// Connections of BullMQ to Redis or Valkey.
import { createWaitingClient } from "../redis.ts";
import { type BullmqStore, shownUrl, splitQueueName } from "./store.ts";

/** Creates the store of a `redis:` or `rediss:` URL, which reconnects forever. */
export function createRedisStore(url: string): BullmqStore {
  const { queue, server } = splitQueueName(url);
  const client = createWaitingClient(server);
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
