// What a wrapper around a store says of itself: what the store says.
import type { Backend } from "../../../core/backend.ts";

type Identity = Pick<
  Backend,
  "kind" | "location" | "locking" | "layout" | typeof Symbol.asyncDispose
>;

export function like(inner: Backend): Identity {
  const { kind, location, locking, layout } = inner;
  return {
    ...{ kind, location, locking, layout },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}
