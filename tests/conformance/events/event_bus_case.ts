// Cases of the suite for buses, and their helpers.
import type {
  BusEvent,
  BusTrouble,
  EventBus,
} from "../../../extensions/plugins/events/event_bus.ts";

/** The tools of a case. */
export interface EventBusContext {
  bus: EventBus;
  again(): Promise<EventBus>;
}

/** One sentence of the contract, and what shows that a bus keeps it. */
export interface EventBusCase {
  readonly name: string;
  /** Throws if the bus breaks the contract. */
  run(context: EventBusContext): Promise<void>;
}

export interface Gathered<T> {
  readonly items: T[];
  add(item: T): void;
  until(count: number): Promise<T[]>;
}

export function gather<T>(): Gathered<T> {
  const items: T[] = [];
  const waiting: { count: number; resolve(items: T[]): void }[] = [];
  return {
    items,
    add(item) {
      items.push(item);
      for (const { count, resolve } of waiting) if (items.length >= count) resolve(items);
    },
    until: (count) =>
      items.length >= count
        ? Promise.resolve(items)
        : new Promise((resolve) => void waiting.push({ count, resolve })),
  };
}

/** Gathers the payloads of events. */
export function gatherPayloads(): Gathered<unknown> & { handler(event: BusEvent): void } {
  const gathered = gather<unknown>();
  return { ...gathered, handler: ({ payload }) => gathered.add(payload) };
}

export function gatherTrouble(): Gathered<BusTrouble> & { onTrouble(trouble: BusTrouble): void } {
  const gathered = gather<BusTrouble>();
  return { ...gathered, onTrouble: gathered.add };
}

/** Rejects with the signal's reason once it is aborted. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
