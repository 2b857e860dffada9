// The object of the first key of a listing: every resolution of a version needs it.
import type { CallOptions, StoredObject } from "../../core/backend.ts";
import { type Entry, infoAt, readLater, walk } from "./list.ts";
import { readFile } from "./read.ts";
import type { LocalRoot } from "./root.ts";

/** Limits retries after another program deleted an object right after it was listed. */
const MAX_ATTEMPTS = 1000;

export async function readFirst(
  root: LocalRoot,
  prefix: string,
  options: CallOptions,
): Promise<StoredObject | undefined> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const entries = walk(root, prefix, {}, placeAt);
    let first = entries.next().value;
    for (; first && "unread" in first; first = entries.next().value) await readLater(root, first);
    if (first === undefined) return undefined;
    const { text: key, path } = first as Entry;
    const object = readFile(root, { key, path: root.pathOf(path) }, options);
    if (object !== undefined) return object;
  }
  throw root.failure({ code: "EAGAIN" }, { action: "read", key: prefix });
}

function placeAt(root: LocalRoot, entry: Entry): Entry | undefined {
  if (entry.isForeign) infoAt(root, entry); // throws
  return entry;
}
