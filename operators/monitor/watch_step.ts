// Watching what a step takes of the machine while it runs.
import process from "node:process";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { JobUsage } from "../../core/executor.ts";
import { shown } from "../../core/naming/names.ts";
import type { PipelineStep } from "../../core/pipelines/pipeline.ts";
import type { System } from "../../core/system.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import { bytesBelow, isEmpty } from "./disk.ts";
import { createSamples } from "./samples.ts";

/** How often it is looked, milliseconds. */
const EVERY_MS = 1_000;
/** Looking takes at most this part of the time, however many files there are. */
const PART_OF_TIME = 1 / 20;

/** Options of {@linkcode watchStep}. */
export interface WatchStepOptions {
  step: Pick<PipelineStep, "id" | "runAs" | "resources">;
  folders: readonly string[];
  signal: AbortSignal;
  system: System;
}

export interface StepWatch {
  readonly signal: AbortSignal;
  readonly exceeded: RegistryError | undefined;
  /** Hears what its process or thread takes. One that runs on this thread has nobody who could tell. */
  hear(usage: JobUsage): void;
  end(): Promise<Record<string, PlainValue>>;
}

/**
 * Begins to watch a step. What is told of one that runs on this thread is that of the whole process (`of: "process"`):
 * what runs beside it is in it.
 */
export function watchStep({ step, folders, signal, system }: WatchStepOptions): StepWatch {
  const { id, runAs, resources: { diskLimit = Infinity } } = step;
  const startedAt = system.monotonic();
  const cpuBefore = process.cpuUsage();
  const [samples, over, tooMuch] = [createSamples(), new AbortController(), new AbortController()];
  const now: JobUsage & { diskBytes: number } = { bytes: 0, cpuSeconds: 0, diskBytes: 0 };
  const peak = { bytes: 0, diskBytes: 0 };
  let exceeded: RegistryError | undefined;

  function hear({ bytes, cpuSeconds }: JobUsage): void {
    Object.assign(now, { bytes, cpuSeconds });
    peak.bytes = Math.max(peak.bytes, bytes);
  }

  /** Takes a sample of those folders in which something may be, and says how long that took, milliseconds. */
  async function look(folders: readonly string[]): Promise<number> {
    const began = system.monotonic();
    if (runAs === "thread") hear(usageOfProcess(cpuBefore));
    const sizes = await Promise.all(folders.map(bytesBelow));
    now.diskBytes = sizes.reduce((sum, size) => sum + size, 0);
    peak.diskBytes = Math.max(peak.diskBytes, now.diskBytes);
    samples.add({ atMs: began - startedAt, ...now });
    if (now.diskBytes > diskLimit && exceeded === undefined) {
      exceeded = tooMuchDisk(id, { bytes: now.diskBytes, diskLimit });
      tooMuch.abort(exceeded);
    }
    return system.monotonic() - began;
  }

  async function watch(): Promise<void> {
    for (let waitMs = EVERY_MS; !over.signal.aborted;) {
      const slept = await system.sleep(waitMs, over.signal).then(() => true, () => false);
      if (!slept) return;
      waitMs = Math.max(EVERY_MS, await look(folders) / PART_OF_TIME);
    }
  }

  const watching = watch();
  return {
    signal: AbortSignal.any([signal, tooMuch.signal]),
    get exceeded() {
      return exceeded;
    },
    hear,
    async end() {
      over.abort();
      await watching;
      await look(folders.filter((folder) => !isEmpty(folder)));
      return {
        of: runAs === "thread" ? "process" : runAs === "worker" ? "thread" : "processes",
        peakBytes: peak.bytes,
        cpuSeconds: now.cpuSeconds,
        peakDiskBytes: peak.diskBytes,
        samples: samples.columns(),
      };
    },
  };
}

function usageOfProcess(before: NodeJS.CpuUsage): JobUsage {
  const { user, system } = process.cpuUsage(before);
  return { bytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 };
}

function tooMuchDisk(
  step: string,
  { bytes, diskLimit }: { bytes: number; diskLimit: number },
): RegistryError {
  return fault({
    code: "Unavailable",
    action: "finish step",
    subject: shown(step),
    state: `its workspace and output hold ${bytes} bytes, its limit is ${diskLimit}`,
    hint: "Raise disk_limit, or let it write less.",
  });
}
