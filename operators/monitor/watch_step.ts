// Measures the memory, processor time and disk space of a running step.
import process from "node:process";
import type { PlainValue } from "../../materializers/mod.ts";
import type { System } from "../../mod.ts";
import { type RegistryError, shown, unavailable } from "../../core/kernel.ts";
import type { PipelineStep } from "../contract/pipeline.ts";
import type { CommandUsage } from "../process/run_command.ts";
import { lstat, opendir, statfs } from "node:fs/promises";
import { join } from "node:path";

/** Interval of samples, milliseconds. */
const EVERY_MS = 1_000;
/** Largest part of the time that sampling takes, however many files there are. */
const PART_OF_TIME = 1 / 20;

export interface StepWatch {
  readonly signal: AbortSignal;
  readonly exceeded: RegistryError | undefined;
  /** Records the usage of its process. Steps on this thread are measured here. */
  onUsage(usage: CommandUsage): void;
  end(): Promise<Record<string, PlainValue>>;
}

/** Starts to measure a step; one on this thread with its whole process (`of: "process"`). */
export function watchStep(
  step: Pick<PipelineStep, "id" | "runAs" | "resources">,
  { folders, signal, system }: { folders: readonly string[]; signal: AbortSignal; system: System },
): StepWatch {
  const { id, runAs, resources: { diskLimit = Infinity } } = step;
  const cpuBefore = process.cpuUsage();
  const [over, tooMuch] = [new AbortController(), new AbortController()];
  const usage = { peakBytes: 0, cpuSeconds: 0, peakDiskBytes: 0 };
  let exceeded: RegistryError | undefined;

  function onUsage({ bytes, cpuSeconds }: CommandUsage): void {
    usage.cpuSeconds = cpuSeconds;
    usage.peakBytes = Math.max(usage.peakBytes, bytes);
  }

  /** Takes a sample. Returns how long that took, milliseconds. */
  async function sample(): Promise<number> {
    const began = system.monotonic();
    if (runAs === "thread") {
      const { user, system } = process.cpuUsage(cpuBefore);
      onUsage({ bytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 });
    }
    const sizes = await Promise.all(folders.map(bytesBelow));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    usage.peakDiskBytes = Math.max(usage.peakDiskBytes, bytes);
    if (bytes > diskLimit && exceeded === undefined) {
      exceeded = tooMuchDisk(id, { bytes, diskLimit });
      tooMuch.abort(exceeded);
    }
    return system.monotonic() - began;
  }

  async function watch(): Promise<void> {
    for (let waitMs = EVERY_MS; !over.signal.aborted;) {
      const slept = await system.sleep(waitMs, over.signal).then(() => true, () => false);
      if (!slept) return;
      waitMs = Math.max(EVERY_MS, await sample() / PART_OF_TIME);
    }
  }

  const watching = watch();
  return {
    signal: AbortSignal.any([signal, tooMuch.signal]),
    get exceeded() {
      return exceeded;
    },
    onUsage,
    async end() {
      over.abort();
      await watching;
      await sample();
      return { of: runAs === "thread" ? "process" : "processes", ...usage };
    },
  };
}

function tooMuchDisk(
  step: string,
  { bytes, diskLimit }: { bytes: number; diskLimit: number },
): RegistryError {
  const state = `its workspace and output hold ${bytes} bytes, the limit is ${diskLimit}`;
  const hint = "Raise disk_limit, or make the step write less.";
  return unavailable("finish step", shown(step), state, { hint });
}

/** Returns the size of the files below a folder, bytes. Ignores links and files that vanish. */
async function bytesBelow(folder: string): Promise<number> {
  const waiting = [folder];
  let bytes = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const entries = await opendir(path).catch(() => []);
    try {
      for await (const { name, parentPath } of entries) {
        const entry = await lstat(join(parentPath, name)).catch(() => undefined);
        if (entry?.isDirectory()) waiting.push(join(parentPath, name));
        else if (entry?.isFile()) bytes += entry.size;
      }
    } catch {
      // removed while it was read
    }
  }
  return bytes;
}

/** Refuses a step that requests more disk space than is free on the disk of a folder. */
export async function checkFree(folder: string, diskRequest: number | undefined): Promise<void> {
  if (diskRequest === undefined) return;
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= diskRequest) return;
  const state = `its disk has ${free} bytes left, the step requests ${diskRequest}`;
  const hint = "Free disk space, set work_dir to another disk, or lower disk_request.";
  throw unavailable("run in", shown(folder), state, { hint });
}
