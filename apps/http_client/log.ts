// What happened to a name, as its service tells it.
import { isRegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { DeletedVersion } from "../../core/record/as_of.ts";
import type { LogEntry, ReadLog } from "../../core/record/log.ts";
import { artifactPath } from "./address.ts";
import type { Connection } from "./connection.ts";
import { listAll } from "./listing.ts";
import { logEntryOf, type OnWire } from "./wire.ts";

export function createRemoteLog(connection: Connection): ReadLog {
  return async function* (name, { limit, signal }) {
    const call = {
      action: `tell the log of ${shown(name)}`,
      path: `${artifactPath(name)}/log`,
      limit,
      signal,
    };
    for await (const entry of listAll<OnWire<LogEntry>>(connection, call)) yield logEntryOf(entry);
  };
}

/** Returns when each version in a log was saved for the first time, by its canonical form; none where there is no log. */
export async function firstSavesIn(
  log: AsyncIterable<LogEntry>,
): Promise<ReadonlyMap<string, Date>> {
  return firstSavesOf(await entriesOf(log));
}

export async function* deletionsIn(log: AsyncIterable<LogEntry>): AsyncGenerator<DeletedVersion> {
  const entries = await entriesOf(log);
  const saves = firstSavesOf(entries);
  for (const { event, version: text, at: deletedAt } of entries) {
    if (event !== "deleted") continue;
    const version = parseVersion(text!);
    yield { version, deletedAt, savedAt: saves.get(version.canonical) };
  }
}

async function entriesOf(log: AsyncIterable<LogEntry>): Promise<LogEntry[]> {
  try {
    return await Array.fromAsync(log);
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return [];
    throw error;
  }
}

/** The newest entries come first, so the last save of a version in a log is its first one. */
function firstSavesOf(entries: readonly LogEntry[]): Map<string, Date> {
  const saves = entries.filter(({ event }) => event === "saved");
  return new Map(saves.map(({ version, at }) => [parseVersion(version!).canonical, at]));
}
