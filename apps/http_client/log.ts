/**
 * What happened to a name, as its service tells it.
 *
 * @module
 */
import { isRegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { DeletedVersion } from "../../core/record/as_of.ts";
import type { LogEntry, ReadLog } from "../../core/record/log.ts";
import { artifactPath } from "./address.ts";
import type { Connection } from "./connection.ts";
import { listAll } from "./listing.ts";
import { logEntryOf } from "./wire.ts";
import type { OnWire } from "./wire.ts";

/** Reads logs of a service. */
export function createRemoteLog(connection: Connection): ReadLog {
  return async function* (name, { limit, signal }) {
    const call = { action: `tell the log of ${shown(name)}`, path: `${artifactPath(name)}/log`, limit, signal };
    for await (const entry of listAll<OnWire<LogEntry>>(connection, call)) yield logEntryOf(entry);
  };
}

/** Returns when a version was first saved, as far as the log goes back; undefined if there is no log. */
export async function firstSavedIn(log: AsyncIterable<LogEntry>, ref: string): Promise<Date | undefined> {
  const { selector } = parseRef(ref);
  let first: Date | undefined;
  for await (const { event, version, at } of log) {
    if (event !== "saved" || selector.kind !== "version") continue;
    if (parseVersion(version!).canonical === selector.version.canonical) first = at; // the log is newest first
  }
  return first;
}

/** The versions that a log says were deleted; none where there is no log. */
export async function* deletionsIn(log: AsyncIterable<LogEntry>): AsyncGenerator<DeletedVersion> {
  const entries: LogEntry[] = [];
  try {
    for await (const entry of log) entries.push(entry);
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
  }
  const saved = new Map(entries.flatMap(({ event, version, at }) => event === "saved" ? [[version, at]] : []));
  for (const { event, version, at } of entries) {
    if (event === "deleted") yield { version: parseVersion(version!), deletedAt: at, savedAt: saved.get(version) };
  }
}
