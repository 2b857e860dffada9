// Names and ids of stored runs, by lists of their drafts.
import type { Registry } from "../../mod.ts";
import { encodeName } from "../../core/kernel.ts";
import { RUN_PREFIX, runIdOf } from "../../core/naming/draft_ids.ts";
import { LAYOUT, type Records, recordsOf } from "../../registry/records.ts";

/** Yields the ids of the stored runs of a name that begin so, also of those that have ended. */
export function runIdsWith(
  registry: Registry,
  name: string,
  begin: string,
): AsyncGenerator<string> {
  return storedRunIds(recordsOf(registry, "list runs"), name, { begin });
}

/** Yields the names with a prefix that have stored drafts. */
export function namesWithDrafts(registry: Registry, prefix: string): AsyncGenerator<string> {
  return recordsOf(registry, "list names").names(LAYOUT.DRAFTS, { prefix });
}

/** Yields the ids of the runs of a name whose drafts are stored, also of those that have ended. */
export async function* storedRunIds(
  records: Records,
  name: string,
  { begin = "", signal }: { begin?: string; signal?: AbortSignal } = {},
): AsyncGenerator<string> {
  const folder = `${LAYOUT.DRAFTS}${encodeName(name)}/`;
  for await (const draft of records.names(folder, { prefix: RUN_PREFIX + begin, signal })) {
    const id = runIdOf(draft);
    if (id !== undefined) yield id;
  }
}
