/**
 * A bus of events over Redis, or Valkey, 6.2 or newer: by pub/sub, and by streams with consumer groups where each event
 * shall be heard at least once.
 *
 * @module
 */
import { fault } from "../../core/errors.ts";
import type { Logger } from "../../core/registry.ts";
import { createBus } from "./create_bus.ts";
import type { AnyTopics, EventBus } from "../../core/event_bus.ts";
import { realSystem, silentLogger, type System } from "../../core/system.ts";
import { openRedis, parseRedisUrl, type RedisCommand } from "../../queues/redis.ts";
import { encodeEvent } from "./redis/envelope.ts";
import { createFanOut, type FanOut } from "./redis/fan_out.ts";
import { joinGroup } from "./redis/group.ts";

/** Options of {@linkcode openRedisBus}. */
export interface RedisBusOptions {
  /** How long the server may take until it answers at first, milliseconds. @default 10000 */
  connectWithinMs?: number;
  /** How long a command may take later, milliseconds. @default 10000 */
  answerWithinMs?: number;
  /** How many events are kept for groups that are slow, or gone, about; the oldest are lost. @default 100000 */
  maxEvents?: number;
  /** After so long a member of a group that says nothing is taken for dead, and others get its events. @default 30000 */
  takeOverAfterMs?: number;
  system?: System;
  /** Hears of trouble. @default silent */
  logger?: Logger;
}

/**
 * Opens the bus at a URL: `redis://host:6379/0`, `rediss://…`. `?bus=name` may follow, else it is called `holdfast`:
 * buses of different names hear nothing of one another.
 *
 * Without groups nothing is stored. From the first subscription with a `group` on, events are kept in one stream until
 * all groups have acknowledged them. Redis is to have `maxmemory-policy noeviction`, and `appendonly yes` where they
 * shall be there after it was killed.
 *
 * @throws {RegistryError} `Invalid` for another URL; `Unavailable` where no server answers, `Denied` where it refuses
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
  const stream = `{${name}:events}:stream`; // in braces: all keys of a bus are on one node of a cluster
  const channel = `${name}:events:`;
  let fanOut: Promise<FanOut> | undefined;

  /** The connection that hears of what is published: made when somebody wants to. */
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
      const said = encodeEvent(event, json);
      // Where no group ever was there is no stream, and none is made.
      const limit = ["NOMKSTREAM", "MAXLEN", "~", maxEvents] as const;
      const kept: RedisCommand = ["XADD", stream, ...limit, "*", "event", said];
      await commands.sendAll([kept, ["PUBLISH", `${channel}${event.topic}`, said]], { signal });
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
  throw fault({
    code: "Invalid",
    action: "open bus",
    subject: JSON.stringify(name),
    state: "that is no name of a bus",
    hint: "Take 1 to 100 of A-Z a-z 0-9 _ . -",
  });
}
