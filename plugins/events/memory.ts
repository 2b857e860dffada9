/**
 * A bus of events in this process: the reference of the contract. What it holds is gone with the process.
 *
 * @module
 */
import { createBus } from "./create_bus.ts";
import {
  type AnyTopics,
  type BusEvent,
  type EventBus,
  topicMatcher,
} from "../../core/event_bus.ts";
import { createDeliveries } from "./subscribing.ts";
import type { Logger } from "../../core/registry.ts";
import { realSystem, silentLogger, type System } from "../../core/system.ts";
import { MemoryGroup } from "./memory/group.ts";

/** Options of {@linkcode createMemoryBus}. */
export interface MemoryBusOptions {
  /** How many events are kept for a group whose subscriptions are slow, or gone; the oldest are lost. @default 100000 */
  maxEvents?: number;
  system?: System;
  /** Hears of trouble. @default silent */
  logger?: Logger;
}

/**
 * Creates a bus in this process.
 *
 * @example
 * ```ts
 * import { createMemoryBus } from "@holdfast/holdfast/events";
 * import { assertEquals } from "@std/assert";
 *
 * await using bus = createMemoryBus<{ "model.trained": { name: string } }>();
 * await using events = bus.listen("model.*");
 * await bus.publish("model.trained", { name: "my:model" });
 * for await (const event of events) {
 *   assertEquals(event.payload.name, "my:model");
 *   break;
 * }
 * ```
 */
export function createMemoryBus<T = AnyTopics>(
  { maxEvents = 100_000, system = realSystem, logger = silentLogger }: MemoryBusOptions = {},
): EventBus<T> {
  const listeners = new Set<{ fits(topic: string): boolean; offer(event: () => BusEvent): void }>();
  const groups = new Map<string, { group: MemoryGroup; forget(): void }>();

  /** The group of this name and pattern; made where there is none. */
  function groupOf(name: string, pattern: string): { group: MemoryGroup; forget(): void } {
    const key = `${name} ${pattern}`;
    const there = groups.get(key);
    if (there !== undefined) return there;
    const group = new MemoryGroup({ maxEvents, system });
    const listener = {
      fits: topicMatcher(pattern),
      offer: (event: () => BusEvent) => group.offer(event),
    };
    listeners.add(listener);
    const forget = () => {
      group.forget();
      listeners.delete(listener);
      groups.delete(key);
    };
    const made = { group, forget };
    groups.set(key, made);
    return made;
  }

  return createBus<T>({
    kind: "memory",
    location: "memory:",
    system,
    logger,
    send({ id, topic, at, json }) {
      // Each handler has one of its own, which it may change.
      const event = () => ({ id, topic, at: new Date(at), payload: JSON.parse(json) });
      for (const listener of listeners) if (listener.fits(topic)) listener.offer(event);
    },
    join(handler, plan) {
      if (plan.group !== undefined) {
        const { group, forget } = groupOf(plan.group, plan.pattern);
        return { ...group.join(handler, plan), forget };
      }
      const deliveries = createDeliveries(handler, plan);
      const listener = { fits: topicMatcher(plan.pattern), offer: deliveries.offer };
      listeners.add(listener);
      return {
        async close() {
          listeners.delete(listener);
          await deliveries.close();
        },
      };
    },
    close: () => [...groups.values()].forEach(({ forget }) => forget()),
  });
}
