/**
 * Queues of jobs, by URL. Importing this downloads no package: packages are imported when used.
 *
 * @module
 */
import type { System } from "../../mod.ts";
import { checkDurations, fault, loadPart } from "../../core/kernel.ts";
import type { JobQueue } from "./queue.ts";
import { createMemoryQueue } from "./memory.ts";

export type * from "./queue.ts";
export * from "./job_storage.ts";

/** Options of {@linkcode openQueue}. */
export interface OpenQueueOptions {
  /** The time limit for the first answer of the server, milliseconds. @default 10000 */
  connectWithinMs?: number;
  system?: System;
}

/**
 * Opens a queue by its URL: `redis://host:6379/0`, `rediss://…`, `postgres://user@host/database`,
 * or `memory:`. `?queue=name` names it, by default `holdfast`.
 *
 * @throws {RegistryError} `Invalid` for another URL; `Unavailable` if the server does not answer,
 * `Denied` without permission, `Unsupported` if its package is not available
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
  checkDurations("open a queue", options);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === "memory") return createMemoryQueue(options);
  if (/^(rediss?|postgres(ql)?)$/.test(scheme ?? "")) {
    const { openBullmqQueue } = await loadPart<BullmqDriver>("./bullmq.ts", import.meta.url);
    return await openBullmqQueue(url, options);
  }
  const state = scheme === undefined ? "invalid URL" : `unknown scheme "${scheme}"`;
  const hint = "Use memory:, redis://, rediss:// or postgres://, as in redis://127.0.0.1:6379.";
  throw fault({ code: "Invalid", action: "open a queue", state, hint });
}

interface BullmqDriver {
  openBullmqQueue(url: string, options: OpenQueueOptions): Promise<JobQueue>;
}
