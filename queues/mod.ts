/**
 * Queues of jobs by their URL. Importing this downloads no package: what a scheme needs is imported when it is used.
 *
 * @module
 */
import { fault } from "../core/errors.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import type { JobQueue } from "../core/queue.ts";
import type { System } from "../core/system.ts";
import { loadPart } from "../core/urls/load_part.ts";
import { createMemoryQueue } from "./memory.ts";

export type * from "../core/queue.ts";
export { createMemoryQueue, type MemoryQueueOptions } from "./memory.ts";
export * from "./job_storage.ts";

/** Options of {@linkcode openQueue}. */
export interface OpenQueueOptions {
  /** How long the server may take until it answers at first, milliseconds. @default 10000 */
  connectWithinMs?: number;
  system?: System;
}

const OPTIONS: OptionNames<OpenQueueOptions> = { connectWithinMs: true, system: true };

/**
 * Opens the queue that a URL names: `redis://host:6379/0`, `rediss://…`, `postgres://user@host/database`, or `memory:`.
 * `?queue=name` may follow, else the queue is called `holdfast`.
 *
 * @throws {RegistryError} `Invalid` for what is no URL of a queue; `Unavailable` where no server answers, `Denied` where
 * it refuses, `Unsupported` where its package cannot be had
 *
 * @example
 * ```ts
 * import { openQueue } from "@holdfast/holdfast/queues";
 * import { assertEquals } from "@std/assert";
 *
 * await using queue = await openQueue("memory:"); // or "redis://127.0.0.1:6379"
 * assertEquals(queue.kind, "memory");
 * ```
 */
export async function openQueue(url: string, options: OpenQueueOptions = {}): Promise<JobQueue> {
  options = checkOptions("open a queue", options, OPTIONS);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1].toLowerCase();
  if (scheme === "memory") return createMemoryQueue(options);
  if (/^(rediss?|postgres(ql)?)$/.test(scheme ?? "")) {
    const { openBullmqQueue } = await loadPart<BullmqDriver>("./bullmq.ts", import.meta.url);
    return await openBullmqQueue(url, options);
  }
  throw fault({
    code: "Invalid",
    action: "open a queue",
    state: scheme === undefined ? "this is no URL" : `there is no scheme ${scheme}`,
    hint: "Use memory:, redis://, rediss:// or postgres://, as in redis://127.0.0.1:6379.",
  });
}

interface BullmqDriver {
  openBullmqQueue(url: string, options: OpenQueueOptions): Promise<JobQueue>;
}
