// Runs that programs log to.
import type { Service } from "./service.ts";

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
}

const MOST = 200;

/** Returns the runs that are no versions yet, the newest first. A site has none. */
export async function readLoggedRuns(
  service: Service,
  { name, signal }: { name?: string; signal?: AbortSignal },
): Promise<readonly LoggedRun[]> {
  if (service.isSite) return [];
  const query = { name, limit: MOST };
  const { items } = await service.json<{ items: LoggedRun[] }>("logged-runs", { query, signal });
  return items.sort((a, b) => a.startedAt < b.startedAt ? 1 : -1);
}
