// Makes data durable that another writer may have left unsynced, before anything is acknowledged
// because of it.
import type { OpeningStore, Store } from "./store.ts";
import { payloadKeysOf } from "./file_list.ts";
import type { FoundRecord } from "./heads.ts";

export async function settle(
  { backend }: Pick<OpeningStore, "backend">,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  if (keys.length > 0) await backend.sync?.(keys, { signal });
}

/** Makes a record and everything it refers to durable. */
export async function settleVersion(
  store: Store,
  { record, info }: FoundRecord,
  signal?: AbortSignal,
): Promise<void> {
  if (store.backend.sync === undefined) return; // do not read the list of files in vain
  const payload = record.kind === "version" ? await payloadKeysOf(store, record, signal) : [];
  await settle(store, [...payload, info.key], signal);
}
