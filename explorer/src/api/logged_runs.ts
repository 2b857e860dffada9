// Runs that programs log to.
import type { Beginning, Service } from "./service.ts";

export interface LoggedRun {
  readonly name: string;
  readonly id: string;
  readonly state: "running" | "silent" | "failed" | "finishing" | "finished" | "discarded";
  readonly reason?: string;
  readonly version?: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, unknown>>;
  readonly startedAt: string;
  readonly lastAt: string;
  readonly points: number;
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
