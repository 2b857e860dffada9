// The sender of the request that is being answered: the author of the records that it causes. A
// client cannot choose it.
import { AsyncLocalStorage } from "node:async_hooks";
import { type Author, provideSender } from "../../../core/naming/author.ts";

const present = new AsyncLocalStorage<Author | undefined>();
provideSender(() => present.getStore());

/** Calls `answer`. Records that it causes have this author, or that of the registry without one. */
export function sentBy<T>(author: Author | undefined, answer: () => T): T {
  return present.run(author, answer);
}
