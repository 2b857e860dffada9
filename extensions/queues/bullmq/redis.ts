// Connections of BullMQ to Redis or Valkey.
import { checkDatabase, createWaitingClient, parseRedisUrl } from "../redis.ts";
import { type BullmqStore, shownUrl, splitQueueName } from "./store.ts";

const WHAT = "the queue";

/** Creates the store of a `redis:` or `rediss:` URL, which reconnects forever. */
export function createRedisStore(url: string): BullmqStore {
  const { queue, server } = splitQueueName(url);
  const client = createWaitingClient(parseRedisUrl(server.href, WHAT));
  let failure: Error | undefined;
  client.on("error", (error: Error) => failure = error);
  return {
    kind: "redis",
    location: shownUrl(server, queue),
    queue,
    connection: client,
    async ready() {
      await client.ping();
      await checkDatabase(client, server, WHAT);
    },
    lastFailure: () => failure,
    close() {
      client.disconnectAll();
      return Promise.resolve();
    },
  };
}
