// The log of a name, and past states that follow from it.
import { orMissing } from "../../core/errors.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { DeletedVersion } from "../../core/calls/as_of.ts";
import { LOG, type LogEntry, REGISTRY_LOG } from "../../core/registry/log.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import type { Connection } from "./connection.ts";
import { listAll } from "./listing.ts";
import { listingOf } from "./operations.ts";
import { logEntryOf } from "./wire.ts";

export function createRemoteLog(connection: Connection): Required<RegistryService>["log"] {
  return (name, options) => listAll(connection, () => listingOf(LOG, [name, options]), logEntryOf);
}

export function createRemoteRegistryLog(
  connection: Connection,
): Required<RegistryService>["registryLog"] {
  return (options) => listAll(connection, () => listingOf(REGISTRY_LOG, [options]), logEntryOf);
}

/** Returns the date of the first save of each version in a log, by its canonical form. */
export async function firstSavesIn(
  log: AsyncIterable<LogEntry>,
): Promise<ReadonlyMap<string, Date>> {
  return firstSavesOf(await orMissing(Array.fromAsync(log)) ?? []);
}

export async function* deletionsIn(log: AsyncIterable<LogEntry>): AsyncGenerator<DeletedVersion> {
  const entries = await orMissing(Array.fromAsync(log)) ?? [];
  const saves = firstSavesOf(entries);
  const restored = new Set<string | undefined>();
  for (const { event, version: text, at: deletedAt } of entries) { // newest first
    if (event === "restored") restored.add(text);
    if (event !== "deleted" || restored.has(text)) continue;
    const version = parseVersion(text!);
    yield { version, deletedAt, savedAt: saves.get(version.canonical) };
  }
}

/** Maps each version to its first save: the last one in a log, which is newest first. */
function firstSavesOf(entries: readonly LogEntry[]): Map<string, Date> {
  const saves = entries.filter(({ event }) => event === "saved");
  return new Map(saves.map(({ version, at }) => [parseVersion(version!).canonical, at]));
}
