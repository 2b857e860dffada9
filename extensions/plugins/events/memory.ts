/**
 * An event bus in this process: the reference implementation of the contract. Its events are lost
 * with the process.
 *
 * @module
 */
import type { BusEvent, EventBus } from "./event_bus.ts";
import type { AnyTopics } from "../../../core/registry/registry_events.ts";
import { topicMatcher } from "./event_bus.ts";
import { createBus } from "./create_bus.ts";
import { createDeliveries } from "./subscribing.ts";
import type { Logger, System } from "../../../mod.ts";
import { realSystem, silentLogger } from "../../../core/kernel.ts";
import { MemoryGroup } from "./memory/group.ts";

/**
 * Creates an event bus in this process.
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
  { maxEvents = 100_000, system = realSystem, logger = silentLogger }: {
    /** Maximum number of waiting events per group; the oldest are dropped. @default 100000 */
    maxEvents?: number;
    system?: System;
    /** Receives problems. @default silent */
    logger?: Logger;
  } = {},
): EventBus<T> {
  const listeners = new Set<{ fits(topic: string): boolean; offer(event: () => BusEvent): void }>();
  const groups = new Map<string, { group: MemoryGroup; forget(): void }>();

  function groupOf(name: string, pattern: string): { group: MemoryGroup; forget(): void } {
    const key = `${name} ${pattern}`;
    const earlierGroup = groups.get(key);
    if (earlierGroup !== undefined) return earlierGroup;
    const group = new MemoryGroup({ maxEvents, system });
    const offer = (event: () => BusEvent) => group.offer(event);
    const listener = { fits: topicMatcher(pattern), offer };
    listeners.add(listener);
    const forget = () => {
      group.forget();
      listeners.delete(listener);
      groups.delete(key);
    };
    groups.set(key, { group, forget });
    return { group, forget };
  }

  return createBus<T>({
    kind: "memory",
    location: "memory:",
    system,
    logger,
    send({ id, topic, at, json }) {
      // Each handler receives its own copy, which it may change.
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
