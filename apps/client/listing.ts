// Listings of a service, page by page, and the log of a name.
import type { Call, Connection } from "./connection.ts";
import { orMissing } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { DeletedVersion } from "../../registry/contract/as_of.ts";
import type { LogEntry } from "../../core/registry/log.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import { artifactPath } from "./address.ts";
import { logEntryOf } from "./wire.ts";

const PAGE = 1000;

export interface ListingCall extends Pick<Call, "action" | "path" | "query" | "signal"> {
  after?: string;
  /** At most so many. @default all */
  limit?: number;
}

/**
 * The items, as `of` reads them from the wire. A page is asked for when those before it were taken, the call when the
 * first is: a path that cannot be is thrown there.
 */
export async function* listAll<W, T>(
  connection: Connection,
  begin: () => ListingCall,
  of: (wire: W) => T,
): AsyncGenerator<T> {
  const call = begin();
  const { limit = Infinity, query, ...rest } = call;
  let { after } = call;
  let left = limit;
  while (left > 0) {
    const page = await connection.json<{ items: W[]; next?: string }>({
      ...rest,
      query: { ...query, after, limit: Math.min(left, PAGE) },
    });
    if (!Array.isArray(page?.items)) throw connection.strange(call, "it is no listing");
    for (const item of page.items.slice(0, left)) yield of(item);
    left -= page.items.length;
    if (page.next === undefined || page.next === null || page.items.length === 0) return;
    after = page.next;
  }
}

export function createRemoteLog(connection: Connection): Required<RegistryService>["log"] {
  return (name, { limit, signal } = {}) => {
    const action = `tell the log of ${shown(name)}`;
    const begin = () => ({ action, path: `${artifactPath(name)}/log`, limit, signal });
    return listAll(connection, begin, logEntryOf);
  };
}

/** Returns when each version in a log was saved for the first time, by its canonical form; none where there is no log. */
export async function firstSavesIn(
  log: AsyncIterable<LogEntry>,
): Promise<ReadonlyMap<string, Date>> {
  return firstSavesOf(await orMissing(Array.fromAsync(log)) ?? []);
}

export async function* deletionsIn(log: AsyncIterable<LogEntry>): AsyncGenerator<DeletedVersion> {
  const entries = await orMissing(Array.fromAsync(log)) ?? [];
  const saves = firstSavesOf(entries);
  for (const { event, version: text, at: deletedAt } of entries) {
    if (event !== "deleted") continue;
    const version = parseVersion(text!);
    yield { version, deletedAt, savedAt: saves.get(version.canonical) };
  }
}

/** The newest entries come first, so the last save of a version in a log is its first one. */
function firstSavesOf(entries: readonly LogEntry[]): Map<string, Date> {
  const saves = entries.filter(({ event }) => event === "saved");
  return new Map(saves.map(({ version, at }) => [parseVersion(version!).canonical, at]));
}
