// What was read may be lost, where its writer ended before it had brought it to the disk. Before
// anything is acknowledged because of it, it is made as safe as what this registry writes itself.
import type { OpeningStore, Store } from "./store.ts";
import { payloadKey } from "../format/layout.ts";
import { objectsOf, withFiles } from "./objects.ts";
import type { FoundRecord } from "./heads.ts";

export async function settle(
  { backend }: Pick<OpeningStore, "backend">,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  if (keys.length > 0) await backend.sync?.(keys, { signal });
}

/** The same for a record and all that it refers to: its writer may have waited for nothing. */
export async function settleVersion(
  store: Store,
  { record, info }: FoundRecord,
  signal?: AbortSignal,
): Promise<void> {
  if (store.backend.sync === undefined) return; // the long list of its files is read for nothing else
  const whole = record.kind === "version"
    ? await withFiles(store, record, signal) ?? record
    : undefined;
  const payload = whole === undefined
    ? []
    : objectsOf(store, whole).map(([place, object]) => payloadKey(whole.name, place, object));
  await settle(store, [...payload, info.key], signal);
}
