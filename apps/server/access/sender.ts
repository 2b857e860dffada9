// The sender of the request that is being answered: the author of the records that it causes. A
// client cannot choose it.
import { AsyncLocalStorage } from "node:async_hooks";
import { type Author, claimedAuthor, provideSender } from "../../../core/naming/author.ts";

const present = new AsyncLocalStorage<Author | undefined>();
provideSender(() => present.getStore());

/** Calls `answer`. Records that it causes have this author, or that of the caller without one. */
export function sentBy<T>(author: Author | undefined, answer: () => T): T {
  return present.run(author ?? present.getStore(), answer);
}

/**
 * Calls `change` and returns its result. What it saves, deletes or moves in registries that this
 * program opened has this author instead of the `by` of the registry, also after each `await`. Use
 * it in routes of your own, with a name that you have checked.
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
export function changeAs<T>(by: string | undefined, change: () => T): T {
  return sentBy(claimedAuthor(by), change);
}
