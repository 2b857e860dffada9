/**
 * Queues of jobs by their URL. Importing this downloads no package: what a scheme needs is imported when it is used.
 *
 * @module
 */
import { RegistryError } from "../core/errors.ts";
import { createLookup, type Lookup } from "../core/lookup.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import type { JobQueue } from "../core/services/queue.ts";
import type { System } from "../core/system.ts";
import { loadPart } from "../core/urls/load_part.ts";
import { createMemoryQueue } from "./memory.ts";

export type * from "../core/services/queue.ts";
export type { Lookup } from "../core/lookup.ts";
export type { SignalOptions } from "../core/registry.ts";
export type { System } from "../core/system.ts";
export type { PlainValue } from "../core/text/plain_value.ts";

/** Options of {@linkcode openQueue}. */
export interface OpenQueueOptions {
  /** How long the server may take until it answers at first, milliseconds. @default 10000 */
  connectWithinMs?: number;
  /** The schemes. @default `createQueues()` */
  queues?: Lookup<QueueOpener>;
  system?: System;
}

const OPTIONS: OptionNames<OpenQueueOptions> = {
  connectWithinMs: true,
  queues: true,
  system: true,
};

/** Opens the queues of one scheme. */
export type QueueOpener = (url: string, options: OpenQueueOptions) => JobQueue | Promise<JobQueue>;

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
  const { queues = createQueues() } = options;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1].toLowerCase() ?? "";
  if (queues.has(scheme)) return await queues.get(scheme)(url, options);
  throw new RegistryError({
    code: "Invalid",
    message: scheme === ""
      ? "Cannot open a queue: this is no URL"
      : `Cannot open a queue by a URL of scheme ${scheme}: there is no such scheme`,
    hint: `There is ${queues.names().join(", ")}, as in redis://127.0.0.1:6379.`,
  });
}

/** The schemes that {@linkcode openQueue} knows. Register others with what opens their queues. */
export function createQueues(): Lookup<QueueOpener> {
  const queues = createLookup<QueueOpener>("queue", {
    memory: (_url, { system }) => createMemoryQueue({ system }),
  });
  for (const scheme of ["redis", "rediss", "postgres", "postgresql"]) {
    queues.register(scheme, openServer);
  }
  return queues;
}

interface BullmqDriver {
  openBullmqQueue(url: string, options: Record<string, unknown>): Promise<JobQueue>;
}

async function openServer(
  url: string,
  { connectWithinMs, system }: OpenQueueOptions,
): Promise<JobQueue> {
  const { openBullmqQueue } = await loadPart<BullmqDriver>("./bullmq.ts", import.meta.url);
  return await openBullmqQueue(url, { connectWithinMs, system });
}
