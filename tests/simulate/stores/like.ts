// The parts that a wrapper takes from its store.
import type { Backend } from "../../../core/backend.ts";

type Identity = Pick<
  Backend,
  "kind" | "location" | "disk" | typeof Symbol.asyncDispose
>;

/** The identity of a store. */
export function like(inner: Backend): Identity {
  const { kind, location, disk } = inner;
  return {
    kind,
    location,
    disk,
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

/** A store with only the five verbs of another. */
export function withoutExtras(inner: Backend): Backend {
  return {
    ...like(inner),
    head: (key, options) => inner.head(key, options),
    get: (key, options) => inner.get(key, options),
    put: (key, body, options) => inner.put(key, body, options),
    delete: (key, options) => inner.delete(key, options),
    list: (prefix, options) => inner.list(prefix, options),
  };
}
