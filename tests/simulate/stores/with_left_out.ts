// A store whose listings leave out all that they may.
import type { Backend, ObjectInfo, Prefix } from "../../../core/backend.ts";
import { isPrefix } from "../../../core/backend.ts";

/** Wraps a store, so that a listing of heads leaves out what it may. */
export function withLeftOut(inner: Backend): Backend {
  return {
    ...inner,
    async *list(prefix, options = {}): AsyncGenerator<ObjectInfo | Prefix> {
      const { heads = false, ...rest } = options;
      if (!heads || rest.delimiter !== undefined) return yield* inner.list(prefix, rest);
      let cell = "";
      for await (const entry of inner.list(prefix, rest)) {
        if (isPrefix(entry)) continue;
        const its = entry.key.slice(0, entry.key.lastIndexOf("/") + 1);
        if (its === cell) continue;
        cell = its;
        yield entry;
      }
    },
  };
}
