// Runs that programs log to.
import type { OnWire } from "../../../core/kinds.ts";
import type { LoggedRun as StoredRun } from "../../../core/registry/run.ts";
import type { Beginning, Service } from "./service.ts";

export interface LoggedRun extends OnWire<StoredRun> {
  /** The last value of each name and the best one of measures, once all points are read. */
  readonly metrics?: Readonly<Record<string, unknown>>;
}

/** The first, by name and id. */
const MOST = 200;

/** Returns runs that are no versions yet, the newest first. A site has none. */
export async function readLoggedRuns(
  service: Service,
  { name, metrics, signal }: {
    name?: string;
    /** Also reads their metrics. */
    metrics?: boolean;
    signal?: AbortSignal;
  },
): Promise<Beginning<LoggedRun>> {
  if (service.isSite) return { items: [], isCut: false };
  const query = { name, metrics };
  const { items, isCut } = await service.first<LoggedRun>("logged-runs", MOST, { query, signal });
  return { items: items.toSorted((a, b) => a.startedAt < b.startedAt ? 1 : -1), isCut };
}
