// Subscriptions by pub/sub, over one connection per process.
import type { Logger } from "../../../../mod.ts";
import { type BusEvent, type EventHandler, topicMatcher } from "../event_bus.ts";
import { createDeliveries, type Deliveries, type SubscriptionPlan } from "../subscribing.ts";
import type { RedisConnection } from "../../../queues/redis.ts";
import { decodeEvent } from "./envelope.ts";

export interface FanOut {
  join(
    handler: EventHandler<BusEvent>,
    plan: SubscriptionPlan,
  ): Promise<{ close(): Promise<void> }>;
  close(): void;
}

interface Listeners {
  members: Map<Deliveries, { plan: SubscriptionPlan; fits(topic: string): boolean }>;
  subscribed: Promise<unknown>;
}

/** @param channel the common prefix of all channels of the bus */
export function createFanOut(
  { connection, channel, logger }: { connection: RedisConnection; channel: string; logger: Logger },
): FanOut {
  const heard = new Map<string, Listeners>();

  connection.onMessage((pattern, _channel, message) => {
    const listeners = heard.get(pattern);
    let event = decodeEvent(message);
    if (event === undefined) {
      return logger.debug(`Ignoring a message in ${channel}… that is not an event`);
    }
    const { topic } = event;
    const take = () => { // each handler receives its own copy
      const own = event ?? decodeEvent(message)!;
      event = undefined;
      return own;
    };
    for (const [deliveries, { fits }] of listeners?.members ?? []) {
      if (fits(topic)) deliveries.offer(take);
    }
  });
  connection.onBroken((reason) => {
    for (const { members } of heard.values()) {
      for (const { plan } of members.values()) {
        const lost = "the connection broke; events are lost until it is back";
        plan.trouble({ trouble: "unreachable", reason: `${lost}: ${reason}` });
      }
    }
  });

  return {
    async join(handler, plan) {
      // `*` of Redis also matches dots: `fits` filters again.
      const key = `${channel}${plan.pattern.replace(/\*\*$/, "*")}`;
      const deliveries = createDeliveries(handler, plan);
      const listeners = heard.get(key) ??
        { members: new Map(), subscribed: connection.send(["psubscribe", key]) };
      heard.set(key, listeners);
      listeners.members.set(deliveries, { plan, fits: topicMatcher(plan.pattern) });
      const leave = async () => {
        listeners.members.delete(deliveries);
        await deliveries.close();
        if (listeners.members.size > 0 || heard.get(key) !== listeners) return;
        heard.delete(key);
        await connection.send(["punsubscribe", key]).catch(() => {});
      };
      try {
        await listeners.subscribed;
      } catch (error) {
        await leave();
        throw error;
      }
      return { close: leave };
    },
    close: () => connection.close(),
  };
}
