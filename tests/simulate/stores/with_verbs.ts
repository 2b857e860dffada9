// A store with the optional methods of buckets.
import type { Backend, DeleteFailure } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { Random } from "../random.ts";
import { withoutExtras } from "./like.ts";

export interface WithVerbsOptions {
  random: Random;
  /** Rate of failed removals in batches, from 0 to 1. @default 0 */
  failures?: number;
}

/** Adds batch deletion, copies and URLs to a store, made of the five verbs. */
export function withVerbs(inner: Backend, { random, failures = 0 }: WithVerbsOptions): Backend {
  return {
    ...withoutExtras(inner),

    async deleteMany(keys) {
      const failed: DeleteFailure[] = [];
      for (const key of keys) {
        if (!random.chance(failures)) await inner.delete(key);
        else {failed.push({
            key,
            error: refused(inner, `delete "${key}": the store is busy`, "Unavailable"),
          });}
      }
      return failed;
    },
    async copy(from, to) {
      const found = await inner.get(from);
      if (found === undefined) {
        throw refused(inner, `copy "${from}": there is no such object`, "NotFound");
      }
      const result = await inner.put(to, await found.bytes());
      if (result.written) return result.info;
      throw refused(inner, `copy to "${to}": it exists`, "AlreadyExists");
    },
    presign: (key) => Promise.resolve(`simulated:${key}`),
  };
}

function refused(
  { location }: Backend,
  action: string,
  code: "Unavailable" | "NotFound" | "AlreadyExists",
): RegistryError {
  return new RegistryError({ code, message: `Cannot ${action}`, backend: location });
}
