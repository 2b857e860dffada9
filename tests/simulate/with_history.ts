// What truly happened at a store, in its order.
import type {
  Backend,
  Body,
  ObjectInfo,
  Prefix,
  PutOptions,
  PutResult,
} from "../../core/backend.ts";
import { bodyBytes } from "../../core/bytes/bytes.ts";

/** A change that a store made. */
export interface Effect {
  /** Its place in the order of all changes, from 1. */
  order: number;
  /** When, milliseconds since 1970. */
  at: number;
  /** Whose request it was. */
  actor: string;
  /** At which of the stores, where there are several. */
  site?: string;
  /** What was done. */
  verb: "put" | "delete";
  /** To which object. */
  key: string;
  /** How a put was to write. */
  mode?: "create" | "overwrite";
  /** What was put; the store holds it where `written`. */
  bytes?: Uint8Array;
  /** False for a create of what was there, and for a delete of what was not. */
  written: boolean;
}

/** All changes of one store. */
export interface History {
  /** How many changes there were. */
  readonly order: number;
  /** The last change before a moment. */
  orderAt(at: number): number;
  /** Adds a change, and tells all listeners. */
  add(effect: Omit<Effect, "order">): void;
  /** Hears of each change as it happens. */
  listen(listener: (effect: Effect) => void): void;
}

/** Creates an empty history. */
export function createHistory(): History {
  const listeners: ((effect: Effect) => void)[] = [];
  const moments: number[] = [];
  let order = 0;
  return {
    orderAt(at) {
      const after = moments.findIndex((moment) => moment >= at);
      return after < 0 ? order : after;
    },
    get order() {
      return order;
    },
    add(effect) {
      moments.push(effect.at);
      const numbered = { ...effect, order: ++order };
      for (const listener of listeners) listener(numbered);
    },
    listen: (listener) => void listeners.push(listener),
  };
}

/** Options of {@linkcode withHistory}. */
export interface HistoryOptions {
  /** What hears of it. */
  history: History;
  /** The clock of the store. */
  now: () => number;
  /** Whose requests these are. */
  actor: string;
  /** Which of the stores it is, where there are several. */
  site?: string;
  /** Surrounds the work of the store, see {@linkcode Scheduler.hold}. */
  hold<T>(work: Promise<T>): Promise<T>;
}

/** Wraps a store so that its changes are recorded. */
export function withHistory(
  inner: Backend,
  { history, now, actor, site, hold }: HistoryOptions,
): Backend {
  async function put(key: string, body: Body, options: PutOptions = {}): Promise<PutResult> {
    const bytes = await bodyBytes(body);
    const result = await inner.put(key, bytes, options);
    history.add({
      at: now(),
      actor,
      site,
      verb: "put",
      key,
      mode: options.mode ?? "overwrite",
      bytes,
      written: result.written,
    });
    return result;
  }

  async function remove(key: string): Promise<void> {
    const there = await inner.head(key) !== undefined;
    await inner.delete(key);
    history.add({ at: now(), actor, site, verb: "delete", key, written: there });
  }

  return {
    kind: inner.kind,
    location: inner.location,
    locking: inner.locking,
    layout: inner.layout,
    head: (key, options) => hold(inner.head(key, options)),
    get: (key, options) => hold(inner.get(key, options)),
    put: (key, body, options) => hold(put(key, body, options)),
    delete: (key) => hold(remove(key)),
    async *list(prefix, options): AsyncGenerator<ObjectInfo | Prefix> {
      const entries = inner.list(prefix, options)[Symbol.asyncIterator]();
      for (;;) {
        const next = await hold(entries.next());
        if (next.done) return;
        yield next.value;
      }
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}
