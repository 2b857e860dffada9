// Common parts of event buses: checks, the end of subscriptions, and streams.
import type { Logger, System } from "../../../mod.ts";
import { checkOptions, fault } from "../../../core/kernel.ts";
import { checkTopic, encodePayload } from "./event_bus.ts";
import type {
  BusEvent,
  EventBus,
  EventHandler,
  EventStream,
  SubscribeOptions,
  Subscription,
} from "./event_bus.ts";
import { LISTEN_OPTIONS, planSubscription, type SubscriptionPlan } from "./subscribing.ts";

interface BusMember {
  close(): Promise<void>;
  /** Deletes its group and the undelivered events. */
  forget?(): void | Promise<void>;
}

interface BusParts extends Pick<EventBus, "kind" | "location"> {
  system: System;
  logger: Logger;
  send(
    event: { id: string; topic: string; at: number; json: string },
    signal?: AbortSignal,
  ): void | Promise<void>;
  join(handler: EventHandler<BusEvent>, plan: SubscriptionPlan): BusMember | Promise<BusMember>;
  close(): void | Promise<void>;
}

export function createBus<T>(parts: BusParts): EventBus<T> {
  const { kind, location, system, logger, send, join } = parts;
  const subscriptions = new Set<Subscription>();
  const closing = new AbortController();

  function checkOpen(action: string): void {
    if (!closing.signal.aborted) return;
    throw fault({ code: "Invalid", action, state: "the bus is closed", hint: "Open it again." });
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
    const member = await join(handler, plan);
    let leaving: Promise<void> | undefined;
    const leave = async () => {
      subscriptions.delete(subscription);
      signal?.removeEventListener("abort", stop);
      await member.close();
    };
    const stop = () => void (leaving ??= leave()).catch(() => {});
    const subscription: Subscription = {
      pattern,
      async unsubscribe(options = {}) {
        const known = { forgetGroup: true } as const;
        const { forgetGroup } = checkOptions(`unsubscribe from ${pattern}`, options, known);
        await (leaving ??= leave());
        if (forgetGroup) await member.forget?.();
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
    kind,
    location,
    async publish(topic, payload, options = {}) {
      checkTopic(topic);
      const { signal } = checkOptions(`publish "${topic}"`, options, { signal: true });
      signal?.throwIfAborted();
      const json = encodePayload(topic, payload);
      checkOpen(`publish "${topic}"`);
      const [id, at] = [system.id(), system.now()];
      await send({ id, topic, at, json }, signal);
      return { id, topic, at: new Date(at), payload: JSON.parse(json) };
    },
    subscribe: (pattern, handler, options) =>
      subscribe(pattern, handler as EventHandler<BusEvent>, options),
    listen(pattern, given = {}) {
      const options = checkOptions(`listen to ${pattern}`, given, LISTEN_OPTIONS);
      return createEventStream(
        (handler) =>
          subscribe(pattern, handler as EventHandler<BusEvent>, { ...options, concurrency: 1 }),
        { signal: options.signal, closed: closing.signal },
      );
    },
    close: async () => await bus[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      if (closing.signal.aborted) return;
      closing.abort();
      await Promise.allSettled([...subscriptions].map((each) => each.unsubscribe()));
      await parts.close();
    },
  };
  return bus as unknown as EventBus<T>;
}

function createEventStream<E>(
  subscribe: (handler: EventHandler<E>) => Promise<Subscription>,
  { signal, closed }: { signal?: AbortSignal; closed: AbortSignal },
): EventStream<E> {
  interface Offer {
    event: E;
    taken: boolean;
    settle(error?: unknown): void;
  }
  let offer: Offer | undefined;
  let ended = false;
  let wake = () => {};
  const end = () => {
    ended = true;
    wake();
  };
  const subscription = subscribe((event, { signal }) =>
    new Promise<void>((resolve, reject) => {
      const settle = (error?: unknown) => {
        signal.removeEventListener("abort", leave);
        offer = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      const leave = () => settle(signal.reason);
      signal.addEventListener("abort", leave);
      offer = { event, taken: false, settle };
      wake();
    })
  );
  const ready = subscription.then(() => {});
  ready.catch(end); // thrown by `next`
  for (const over of [signal, closed]) {
    if (over?.aborted) end();
    else over?.addEventListener("abort", end, { once: true });
  }

  async function leave(): Promise<void> {
    end();
    for (const over of [signal, closed]) over?.removeEventListener("abort", end);
    await (await subscription.catch(() => undefined))?.unsubscribe();
  }

  async function next(): Promise<IteratorResult<E>> {
    if (offer?.taken) offer.settle();
    if (!signal?.aborted && !closed.aborted) await ready;
    for (;;) {
      if (ended) {
        await leave();
        return { done: true, value: undefined };
      }
      if (offer !== undefined) {
        offer.taken = true;
        return { done: false, value: offer.event };
      }
      await new Promise<void>((resolve) => wake = resolve);
    }
  }

  return {
    ready,
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        await leave();
        return { done: true, value: undefined };
      },
    }),
    [Symbol.asyncDispose]: leave,
  };
}
