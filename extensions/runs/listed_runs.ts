// Names and ids of stored runs, by lists of their drafts.
import type { Registry } from "../../mod.ts";
import { encodeName, isPrefix } from "../../core/kernel.ts";
import { RUN_PREFIX, runIdOf } from "../../core/naming/draft_ids.ts";
import { decodeName, encodeNamePrefix } from "../../core/naming/names.ts";
import { contextOf, LAYOUT } from "../../registry/records.ts";
import type { Context } from "../../registry/records.ts";

/** Yields the ids of the stored runs of a name that begin so, also of those that have ended. */
export function runIdsWith(
  registry: Registry,
  name: string,
  begin: string,
): AsyncGenerator<string> {
  return idsIn(contextOf(registry, "list runs"), `${LAYOUT.folders.drafts}${encodeName(name)}/`, {
    begin,
  });
}

/** Yields the names with a prefix that have stored drafts. */
export async function* namesWithDrafts(
  registry: Registry,
  prefix: string,
): AsyncGenerator<string> {
  const context = contextOf(registry, "list names");
  for await (const folder of foldersIn(context, LAYOUT.folders.drafts + encodeNamePrefix(prefix))) {
    const name = decodeName(folder.slice(LAYOUT.folders.drafts.length, -1));
    if (name !== undefined) yield name;
  }
}

/** Yields the ids of the runs of a name whose drafts are stored, also of those that have ended. */
export function storedRunIds(context: Context, name: string): AsyncGenerator<string> {
  return idsIn(context, `${LAYOUT.folders.drafts}${encodeName(name)}/`);
}

export async function* idsIn(
  context: Context,
  folder: string,
  { begin = "", signal }: { begin?: string; signal?: AbortSignal } = {},
): AsyncGenerator<string> {
  const drafts = foldersIn(context, folder + encodeNamePrefix(RUN_PREFIX + begin), signal);
  for await (const draft of drafts) {
    const id = runIdOf(decodeName(draft.slice(folder.length, -1)) ?? "");
    if (id !== undefined) yield id;
  }
}

export async function* foldersIn(
  { backend }: Context,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  for await (const entry of backend.list(prefix, { delimiter: "/", signal })) {
    if (isPrefix(entry)) yield entry.prefix;
  }
}
