// Measures the memory, processor time and disk space of a running step.
import process from "node:process";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { PipelineStep } from "../contract/pipeline.ts";
import type { System } from "../../core/system.ts";
import type { CommandUsage } from "../process/run_command.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
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
  { folders, signal, system }: {
    folders: readonly string[];
    signal: AbortSignal;
    system: System;
  },
): StepWatch {
  const { id, runAs, resources: { diskLimit = Infinity } } = step;
  const startedAt = system.monotonic();
  const cpuBefore = process.cpuUsage();
  const [samples, over, tooMuch] = [new Samples(), new AbortController(), new AbortController()];
  const now: CommandUsage & { diskBytes: number } = { bytes: 0, cpuSeconds: 0, diskBytes: 0 };
  const peak = { bytes: 0, diskBytes: 0 };
  let exceeded: RegistryError | undefined;

  function onUsage({ bytes, cpuSeconds }: CommandUsage): void {
    Object.assign(now, { bytes, cpuSeconds });
    peak.bytes = Math.max(peak.bytes, bytes);
  }

  /** Takes a sample. Returns how long that took, milliseconds. */
  async function sample(): Promise<number> {
    const began = system.monotonic();
    if (runAs === "thread") {
      const { user, system } = process.cpuUsage(cpuBefore);
      onUsage({ bytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 });
    }
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
      return {
        of: runAs === "thread" ? "process" : "processes",
        peakBytes: peak.bytes,
        cpuSeconds: now.cpuSeconds,
        peakDiskBytes: peak.diskBytes,
        samples: samples.columns(),
      };
    },
  };
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
    hint: "Raise disk_limit, or make the step write less.",
  });
}

interface Sample {
  /** Since the start, milliseconds. */
  atMs: number;
  /** Memory, bytes. */
  bytes: number;
  /** Processor time so far, seconds. */
  cpuSeconds: number;
  /** Size of its workspace and output, bytes. */
  diskBytes: number;
}

const MOST_SAMPLES = 120;

/** A series of samples, thinned out: at the limit every second one goes, and fewer are added. */
class Samples {
  #kept: Sample[] = [];
  #last?: Sample;
  #every = 1;
  #count = 0;

  add(sample: Sample): void {
    this.#last = sample;
    if (this.#count++ % this.#every !== 0) return;
    if (this.#kept.length === MOST_SAMPLES - 1) { // leaves space for the last one
      this.#kept = this.#kept.filter((_, index) => index % 2 === 0);
      this.#every *= 2;
      if ((this.#count - 1) % this.#every !== 0) return;
    }
    this.#kept.push(sample);
  }

  columns(): Record<keyof Sample, number[]> {
    const last = this.#last;
    const all = last === undefined || this.#kept.at(-1) === last
      ? this.#kept
      : [...this.#kept, last];
    const column = (name: keyof Sample, digits = 0) =>
      all.map((sample) => Number(sample[name].toFixed(digits)));
    return {
      atMs: column("atMs"),
      bytes: column("bytes"),
      cpuSeconds: column("cpuSeconds", 2),
      diskBytes: column("diskBytes"),
    };
  }
}

/** Returns the size of the files below a folder, bytes. Ignores links and files that vanish. */
async function bytesBelow(folder: string): Promise<number> {
  const waiting = [folder];
  let bytes = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const entries = await opendir(path).catch(() => []);
    try {
      for await (const { name, parentPath } of entries) {
        const found = await lstat(join(parentPath, name)).catch(() => undefined);
        if (found?.isDirectory()) waiting.push(join(parentPath, name));
        else if (found?.isFile()) bytes += found.size;
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
  throw fault({
    code: "Unavailable",
    action: "run in",
    subject: shown(folder),
    state: `its disk has ${free} bytes left, the step requests ${diskRequest}`,
    hint: "Free disk space, set work_dir to another disk, or lower disk_request.",
  });
}
