// The sender of the request that is being answered: the author of the records that it causes. A
// client cannot choose it.
import { AsyncLocalStorage } from "node:async_hooks";
import { type Author, claimedAuthor, provideSender } from "../../../core/naming/author.ts";

interface Scope {
  author: Author | undefined;
  isRequest: boolean;
  isEnded: boolean;
}

const scopes = new AsyncLocalStorage<Scope>();
provideSender(() => scopeNow()?.author);

/**
 * Returns the scope of the caller. Deno 2.9 goes on with the scope in which a module was first
 * imported, also in the next request and in the next timer: one that has ended names nobody.
 */
function scopeNow(): Scope | undefined {
  const scope = scopes.getStore();
  return scope?.isEnded ? undefined : scope;
}

/**
 * Calls `answer` for a request. Records that it causes have this author. Without one, they have
 * that of `changeAs()` around it, but never that of another request.
 */
export function sentBy<T>(
  author: Author | undefined,
  answer: () => Promise<T>,
): Promise<T> {
  const outer = scopeNow();
  const inherited = outer?.isRequest ? undefined : outer?.author;
  const scope = { author: author ?? inherited, isRequest: true, isEnded: false };
  return within(scope, answer);
}

/**
 * Calls `change` and returns its result. What it saves, deletes or moves in registries that this
 * program opened has this author instead of the `by` of the registry, also after each `await`, until
 * its promise settles. Use it in routes of your own, with a name that you have checked.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { changeAs } from "@holdfast/holdfast/server";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:", { by: "uploads" });
 * await changeAs("alice@example.org", () => registry.save("scan", "one"));
 * assertEquals((await registry.info("scan")).by, { name: "alice@example.org" });
 * ```
 *
 * @param by at most 100 bytes; undefined for the author of the registry
 * @throws {RegistryError} `Invalid` for a name that is empty, too long, or has hidden characters
 */
export function changeAs<T>(
  by: string | undefined,
  change: () => T | PromiseLike<T>,
): Promise<T> {
  return within({ author: claimedAuthor(by), isRequest: false, isEnded: false }, change);
}

async function within<T>(scope: Scope, work: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await scopes.run(scope, work);
  } finally {
    scope.isEnded = true;
  }
}
