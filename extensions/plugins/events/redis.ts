/**
 * An event bus over Redis or Valkey, 6.2 or newer: pub/sub, and streams with consumer groups for
 * delivery at least once.
 *
 * @module
 */
import { invalid, realSystem, silentLogger } from "../../../core/kernel.ts";
import type { EventBus, OpenEventBusOptions } from "./event_bus.ts";
import type { AnyTopics } from "../../../core/registry/registry_events.ts";
import { openRedis, parseRedisUrl, type RedisCommand } from "../../queues/redis.ts";
import { createBus } from "./create_bus.ts";
import { encodeEvent } from "./redis/envelope.ts";
import { createFanOut, type FanOut } from "./redis/fan_out.ts";
import { joinGroup } from "./redis/group.ts";

interface RedisBusOptions extends OpenEventBusOptions {
  /** Milliseconds until a later command times out. @default 10000 */
  answerWithinMs?: number;
}

/**
 * Opens the event bus of a URL: `redis://host:6379/0`, `rediss://…`. `?bus=name` sets its name,
 * `holdfast` by default. Buses with different names are separate.
 *
 * Without groups nothing is stored. Once a subscription has a `group`, events are kept in a stream
 * until all groups have acknowledged them. Configure Redis with `maxmemory-policy noeviction`, and
 * with `appendonly yes` to keep events after a crash.
 *
 * @throws {RegistryError} `Invalid` for an invalid URL; `Unavailable` if no server answers,
 * `Denied` if it refuses
 */
export async function openRedisBus<T = AnyTopics>(
  url: string,
  options: RedisBusOptions = {},
): Promise<EventBus<T>> {
  const { connectWithinMs, answerWithinMs, maxEvents = 100_000 } = options;
  const { takeOverAfterMs = 30_000, system = realSystem, logger = silentLogger } = options;
  const server = parseRedisUrl(url, "the events");
  const name = checkBusName(server.searchParams.get("bus") ?? "holdfast");
  server.searchParams.delete("bus");
  const connect = (name?: string) =>
    openRedis(server.href, { what: "the events", name, connectWithinMs, answerWithinMs });
  const commands = await connect();
  const stream = `{${name}:events}:stream`; // braces: one cluster node for all keys of a bus
  const channel = `${name}:events:`;
  let fanOut: Promise<FanOut> | undefined;

  /** Opens the connection for subscriptions on demand. */
  async function openFanOut(): Promise<FanOut> {
    fanOut ??= connect().then((connection) => createFanOut({ connection, channel, logger }));
    fanOut.catch(() => fanOut = undefined);
    return await fanOut;
  }

  return createBus<T>({
    kind: "redis",
    location: `${commands.location}${name === "holdfast" ? "" : `?bus=${name}`}`,
    system,
    logger,
    async send({ json, ...event }, signal) {
      const text = encodeEvent(event, json);
      // Without a group there is no stream, and none is created.
      const limit = ["NOMKSTREAM", "MAXLEN", "~", maxEvents] as const;
      const command: RedisCommand = ["XADD", stream, ...limit, "*", "event", text];
      await commands.sendAll([command, ["PUBLISH", `${channel}${event.topic}`, text]], { signal });
    },
    async join(handler, plan) {
      if (plan.group === undefined) return await (await openFanOut()).join(handler, plan);
      return await joinGroup(handler, plan, { stream, commands, connect, takeOverAfterMs, system });
    },
    async close() {
      (await fanOut?.catch(() => undefined))?.close();
      commands.close();
    },
  });
}

function checkBusName(name: string): string {
  if (/^[A-Za-z0-9_.-]{1,100}$/.test(name)) return name;
  throw invalid("open event bus", JSON.stringify(name), "invalid bus name", {
    hint: "Use 1 to 100 characters: A-Z, a-z, 0-9, _, . and -",
  });
}
