/**
 * A bus of events over Redis, or Valkey, 6.2 or newer: by pub/sub, and by streams with consumer groups where each event
 * shall be heard at least once.
 *
 * @module
 */
import { fault } from "../../core/errors.ts";
import type { Logger } from "../../core/registry.ts";
import { checkTopic, encodePayload } from "../../core/services/event_bus.ts";
import type {
  AnyTopics,
  BusEvent,
  EventBus,
  EventHandler,
  Subscription,
} from "../../core/services/event_bus.ts";
import type { SubscribeOptions } from "../../core/services/event_bus.ts";
import { createEventStream } from "../../core/services/event_stream.ts";
import { planSubscription } from "../../core/services/subscribing.ts";
import { realSystem, silentLogger, type System } from "../../core/system.ts";
import { openRedis, parseRedisUrl, type RedisCommand } from "../../queues/redis.ts";
import { encodeEvent } from "./redis/envelope.ts";
import { createFanOut, type FanOut } from "./redis/fan_out.ts";
import { joinGroup } from "./redis/group.ts";

export type * from "../../core/services/event_bus.ts";
export type { Logger, SignalOptions } from "../../core/registry.ts";
export type { System } from "../../core/system.ts";
export type { PlainValue } from "../../core/text/plain_value.ts";

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
 * Without groups nothing is stored. From the first `at-least-once` subscription on, events are kept in one stream until
 * all groups have acknowledged them. Redis is to have `maxmemory-policy noeviction`, and `appendonly yes` where they
 * shall be there after it was killed.
 *
 * @throws {RegistryError} `Invalid` for another URL; `Unavailable` where no server answers, `Denied` where it refuses
 *
 * @example
 * ```ts ignore
 * import { openRedisBus } from "@holdfast/holdfast/events/redis";
 *
 * await using bus = await openRedisBus("redis://127.0.0.1:6379");
 * await bus.subscribe("registry.saved", ({ payload }) => console.log(payload), { group: "indexer" });
 * ```
 */
export async function openRedisBus<T = AnyTopics>(
  url: string,
  options: RedisBusOptions = {},
): Promise<EventBus<T>> {
  const { connectWithinMs, answerWithinMs, maxEvents = 100_000, takeOverAfterMs = 30_000 } =
    options;
  const { system = realSystem, logger = silentLogger } = options;
  const server = parseRedisUrl(url, "the events");
  const name = checkBusName(server.searchParams.get("bus") ?? "holdfast");
  server.searchParams.delete("bus");
  const connect = (name?: string) =>
    openRedis(server.href, { what: "the events", name, connectWithinMs, answerWithinMs });
  const commands = await connect();
  const stream = `{${name}:events}:stream`; // in braces: all keys of a bus are on one node of a cluster
  const channel = `${name}:events:`;
  const subscriptions = new Set<Subscription>();
  const closing = new AbortController();
  let fanOut: Promise<FanOut> | undefined;

  function checkOpen(action: string): void {
    if (!closing.signal.aborted) return;
    throw fault({
      code: "Invalid",
      action,
      state: "the bus was closed",
      hint: "Use it before it is disposed of, or open it anew.",
    });
  }

  /** The connection that hears of what is published: made when somebody wants to. */
  async function openFanOut(): Promise<FanOut> {
    fanOut ??= connect().then((connection) => createFanOut({ connection, channel, logger }));
    fanOut.catch(() => fanOut = undefined);
    return await fanOut;
  }

  async function subscribe(
    pattern: string,
    handler: EventHandler<BusEvent>,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    const { signal } = options;
    signal?.throwIfAborted();
    const plan = planSubscription(pattern, options, { logger, handler });
    checkOpen(`subscribe to ${pattern}`);
    const member = plan.group === undefined
      ? await (await openFanOut()).join(handler, plan)
      : await joinGroup(handler, plan, { stream, commands, connect, takeOverAfterMs, system });
    let left: Promise<void> | undefined;
    const leave = async () => {
      subscriptions.delete(subscription);
      signal?.removeEventListener("abort", stop);
      await member.close();
    };
    const stop = () => void (left ??= leave()).catch(() => {});
    const subscription: Subscription = {
      pattern,
      async unsubscribe(options) {
        await (left ??= leave());
        if (options?.forgetGroup) await member.forget?.();
      },
      [Symbol.asyncDispose]: () => subscription.unsubscribe(),
    };
    subscriptions.add(subscription);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted || closing.signal.aborted) {
      await subscription.unsubscribe();
      signal?.throwIfAborted();
      checkOpen(`subscribe to ${pattern}`);
    }
    return subscription;
  }

  const bus: EventBus = {
    kind: "redis",
    location: `${commands.location}${name === "holdfast" ? "" : `?bus=${name}`}`,
    async publish(topic, payload, options) {
      options?.signal?.throwIfAborted();
      checkTopic(topic);
      const json = encodePayload(topic, payload);
      checkOpen(`publish "${topic}"`);
      const [id, at] = [system.id(), system.now()];
      const said = encodeEvent({ id, topic, at }, json);
      // Where no group ever was there is no stream, and none is made.
      const kept: RedisCommand = [
        "XADD",
        stream,
        "NOMKSTREAM",
        "MAXLEN",
        "~",
        maxEvents,
        "*",
        "event",
        said,
      ];
      await commands.sendAll([kept, ["PUBLISH", `${channel}${topic}`, said]], {
        signal: options?.signal,
      });
      return { id, topic, at: new Date(at), payload: JSON.parse(json) };
    },
    subscribe: (pattern, handler, options) =>
      subscribe(pattern, handler as EventHandler<BusEvent>, options),
    listen: (pattern, options = {}) =>
      createEventStream(
        (handler) =>
          subscribe(pattern, handler as EventHandler<BusEvent>, { ...options, concurrency: 1 }),
        { signal: options.signal, closed: closing.signal },
      ),
    async [Symbol.asyncDispose]() {
      if (closing.signal.aborted) return;
      closing.abort();
      await Promise.allSettled(
        [...subscriptions].map((subscription) => subscription.unsubscribe()),
      );
      (await fanOut?.catch(() => undefined))?.close();
      commands.close();
    },
  };
  return bus as unknown as EventBus<T>;
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
