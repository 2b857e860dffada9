// Streams of events.
import type { EventHandler, EventStream, Subscription } from "../../core/event_bus.ts";

/** Creates a stream of the events of a subscription. `closed` aborts when the bus is closed. */
export function createEventStream<E>(
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
