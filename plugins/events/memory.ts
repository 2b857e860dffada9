/**
 * A bus of events in this process: the reference of the contract. What it holds is gone with the process.
 *
 * @module
 */
import { fault } from "../../core/errors.ts";
import { checkTopic, encodePayload, topicMatcher } from "../../core/services/event_bus.ts";
import type {
  AnyTopics,
  BusEvent,
  EventBus,
  EventHandler,
  Subscription,
} from "../../core/services/event_bus.ts";
import type { SubscribeOptions } from "../../core/services/event_bus.ts";
import { createDeliveries, planSubscription } from "../../core/services/subscribing.ts";
import { createEventStream } from "../../core/services/event_stream.ts";
import type { Logger } from "../../core/registry.ts";
import { realSystem, silentLogger, type System } from "../../core/system.ts";
import { createMemoryGroup, type MemoryGroup } from "./memory/group.ts";

export type * from "../../core/services/event_bus.ts";
export type { Logger, SignalOptions } from "../../core/registry.ts";
export type { System } from "../../core/system.ts";
export type { PlainValue } from "../../core/text/plain_value.ts";

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
 * import { createMemoryBus } from "@holdfast/holdfast/events/memory";
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
export function createMemoryBus<T = AnyTopics>(options: MemoryBusOptions = {}): EventBus<T> {
  const { maxEvents = 100_000, system = realSystem, logger = silentLogger } = options;
  const listeners = new Set<{ fits(topic: string): boolean; offer(event: () => BusEvent): void }>();
  const groups = new Map<string, MemoryGroup>();
  const subscriptions = new Set<Subscription>();
  const closing = new AbortController();

  function checkOpen(action: string): void {
    if (!closing.signal.aborted) return;
    throw fault({
      code: "Invalid",
      action,
      state: "the bus was closed",
      hint: "Use it before it is disposed of, or create a bus anew.",
    });
  }

  /** The group of this name and pattern; made where there is none. */
  function groupOf(name: string, pattern: string): MemoryGroup {
    const key = `${name} ${pattern}`;
    const there = groups.get(key);
    if (there !== undefined) return there;
    const group = createMemoryGroup({ maxEvents, system });
    const listener = { fits: topicMatcher(pattern), offer: group.offer };
    listeners.add(listener);
    const forget = () => {
      group.forget();
      listeners.delete(listener);
      groups.delete(key);
    };
    const made = { ...group, forget };
    groups.set(key, made);
    return made;
  }

  async function subscribe(
    pattern: string,
    handler: EventHandler<BusEvent>,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    options.signal?.throwIfAborted();
    const plan = planSubscription(pattern, options, { logger, handler });
    checkOpen(`subscribe to ${pattern}`);
    const group = plan.group === undefined ? undefined : groupOf(plan.group, pattern);
    const deliveries = group === undefined ? createDeliveries(handler, plan) : undefined;
    const member = deliveries ?? group!.join(handler, plan);
    const listener = deliveries && { fits: topicMatcher(pattern), offer: deliveries.offer };
    if (listener !== undefined) listeners.add(listener);
    let left: Promise<void> | undefined;
    const leave = async () => {
      if (listener !== undefined) listeners.delete(listener);
      subscriptions.delete(subscription);
      options.signal?.removeEventListener("abort", stop);
      await member.close();
    };
    const stop = () => void (left ??= leave());
    const subscription: Subscription = {
      pattern,
      async unsubscribe(options) {
        await (left ??= leave());
        if (options?.forgetGroup) group?.forget();
      },
      [Symbol.asyncDispose]: () => subscription.unsubscribe(),
    };
    subscriptions.add(subscription);
    options.signal?.addEventListener("abort", stop, { once: true });
    return await Promise.resolve(subscription);
  }

  const bus: EventBus = {
    kind: "memory",
    location: "memory:",
    async publish(topic, payload, options) {
      options?.signal?.throwIfAborted();
      checkTopic(topic);
      const json = encodePayload(topic, payload);
      checkOpen(`publish "${topic}"`);
      const [id, at] = [system.id(), system.now()];
      // Each handler has one of its own, which it may change.
      const event = () => ({ id, topic, at: new Date(at), payload: JSON.parse(json) });
      for (const listener of listeners) if (listener.fits(topic)) listener.offer(event);
      return await Promise.resolve(event());
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
      closing.abort();
      await Promise.all([...subscriptions].map((subscription) => subscription.unsubscribe()));
      for (const group of [...groups.values()]) group.forget();
    },
  };
  return bus as unknown as EventBus<T>;
}
