// What this thread takes of the machine.
import process from "node:process";
import { getHeapStatistics } from "node:v8";
import type { JobUsage } from "../../core/executor.ts";
import { realSystem } from "../../core/system.ts";

export interface WatchThreadOptions {
  everyMs: number;
  onUsage: (usage: JobUsage) => void;
  onFull: () => void;
  signal: AbortSignal;
}

export async function watchThread(
  { everyMs, onUsage, onFull, signal }: WatchThreadOptions,
): Promise<void> {
  // Deno ends what runs when the limit of the heap is reached, raises the limit, and goes on with what waits: a promise
  // of what ran is never settled. So it is this that tells.
  const { heap_size_limit: limit } = getHeapStatistics();
  while (!signal.aborted) {
    await realSystem.sleep(everyMs, signal).catch(() => {});
    if (getHeapStatistics().heap_size_limit > limit) onFull();
    onUsage(usageOfThread());
  }
}

/** What this thread uses now: its heap and its buffers, and its own processor time. */
export function usageOfThread(): JobUsage {
  const { heapUsed, external } = process.memoryUsage();
  // Since Node 23.9; types do not know it yet.
  const { user = 0, system = 0 } =
    (process as { threadCpuUsage?(): { user: number; system: number } })
      .threadCpuUsage?.() ?? {};
  return { bytes: heapUsed + external, cpuSeconds: (user + system) / 1e6 };
}
