// The changes of a store, in their true order.
import type { Backend, Body, PutOptions, PutResult } from "../../core/backend.ts";
import { bodyBytes, iterableStream } from "../../core/bytes/bytes.ts";
import { withoutExtras } from "./stores/like.ts";

export interface Effect {
  order: number;
  /** When, milliseconds since 1970. */
  at: number;
  actor: string;
  site?: string;
  verb: "put" | "delete";
  key: string;
  mode?: "create" | "overwrite";
  bytes?: Uint8Array;
  written: boolean;
}

export interface History {
  readonly order: number;
  orderAt(at: number): number;
  add(effect: Omit<Effect, "order">): void;
  listen(listener: (effect: Effect) => void): void;
}

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

export interface HistoryOptions {
  history: History;
  now: () => number;
  actor: string;
  site?: string;
  hold<T>(work: Promise<T>): Promise<T>;
}

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

  /** Holds the time for each entry of a list or chunk of a large file: a disk reads it then. */
  async function* heldEach<T>(values: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = values[Symbol.asyncIterator]();
    for (;;) {
      const next = await hold(iterator.next());
      if (next.done) return;
      yield next.value;
    }
  }

  return {
    ...withoutExtras(inner),
    head: (key, options) => hold(inner.head(key, options)),
    async get(key, options) {
      const object = await hold(inner.get(key, options));
      return object && {
        info: object.info,
        get body() {
          return iterableStream(heldEach(object.body));
        },
        bytes: () => hold(object.bytes()),
      };
    },
    put: (key, body, options) => hold(put(key, body, options)),
    delete: (key) => hold(remove(key)),
    list: (prefix, options) => heldEach(inner.list(prefix, options)),
  };
}
