// Paged listings of a service, and the log of a name.
import type { Call, Connection } from "./connection.ts";
import { orMissing } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { DeletedVersion } from "../../core/calls/as_of.ts";
import type { LogEntry } from "../../core/registry/log.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import { artifactPath } from "./address.ts";
import { logEntryOf } from "./wire.ts";

const PAGE = 1000;

/**
 * Yields all items, converted by `of`, and requests each page when it is needed. `begin` runs
 * with the first item, so its errors reject that item instead of throwing at once.
 */
export async function* listAll<W, T>(
  connection: Connection,
  begin: () => Pick<Call, "action" | "path" | "query" | "signal"> & {
    after?: string;
    /** @default all */
    limit?: number;
  },
  of: (wire: W) => T,
): AsyncGenerator<T> {
  const call = begin();
  let { after, limit: left = Infinity } = call;
  const { limit: _, query, ...rest } = call;
  while (left > 0) {
    const page = await connection.json<{ items: W[]; next?: string }>({
      ...rest,
      query: { ...query, after, limit: Math.min(left, PAGE) },
    });
    if (!Array.isArray(page?.items)) throw connection.unexpected(call, "it is not a listing");
    for (const item of page.items.slice(0, left)) yield of(item);
    left -= page.items.length;
    if (page.next === undefined || page.next === null || page.items.length === 0) return;
    if (page.next === after) throw connection.unexpected(call, "the listing never ends");
    after = page.next;
  }
}

export function createRemoteLog(connection: Connection): Required<RegistryService>["log"] {
  return (name, { limit, signal } = {}) => {
    const action = `read the log of ${shown(name)}`;
    const begin = () => ({ action, path: `${artifactPath(name)}/log`, limit, signal });
    return listAll(connection, begin, logEntryOf);
  };
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
