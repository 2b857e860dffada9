/**
 * Buses of events by their URL, and webhooks. Importing this downloads no package: what a scheme needs is imported when
 * it is used.
 *
 * @module
 */
import { fault } from "../../core/errors.ts";
import type { Logger } from "../../core/registry.ts";
import type { AnyTopics, EventBus } from "../../core/event_bus.ts";
import type { System } from "../../core/system.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import { createMemoryBus } from "./memory.ts";

export type * from "../../core/event_bus.ts";
export type * from "../../core/registry/registry_events.ts";
export { createMemoryBus, type MemoryBusOptions } from "./memory.ts";
export { createWebhooks } from "./webhooks.ts";
export type { StartWebhooksOptions, Webhooks, WebhooksOptions, WebhookTarget } from "./webhooks.ts";
export type { HostAddress, HostLookup } from "./webhooks/send.ts";
export { createWebhookSecret, verifyWebhook } from "./webhooks/signature.ts";
export type { VerifyWebhookOptions } from "./webhooks/signature.ts";

/** Options of {@linkcode openEventBus}. */
export interface OpenEventBusOptions {
  /** How long the server may take until it answers at first, milliseconds. @default 10000 */
  connectWithinMs?: number;
  /** How many events are kept for groups that are slow, or gone; the oldest are lost. @default 100000 */
  maxEvents?: number;
  /** After so long a member of a group that says nothing is taken for dead, milliseconds. @default 30000 */
  takeOverAfterMs?: number;
  system?: System;
  /** Hears of trouble. @default silent */
  logger?: Logger;
}

/**
 * Opens the bus that a URL names: `redis://host:6379/0`, `rediss://…`, or `memory:`. `?bus=name` may follow, else the
 * bus is called `holdfast`. A bus of `memory:` is a new one each time: only who has it hears of its events.
 *
 * @throws {RegistryError} `Invalid` for what is no URL of a bus; `Unavailable` where no server answers, `Denied` where
 * it refuses, `Unsupported` where its package cannot be had
 */
export async function openEventBus<T = AnyTopics>(
  url: string,
  options: OpenEventBusOptions = {},
): Promise<EventBus<T>> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1].toLowerCase();
  if (scheme === "memory") return createMemoryBus<T>(options);
  if (scheme === "redis" || scheme === "rediss") {
    const { openRedisBus } = await loadPart<RedisDriver>("./redis.ts", import.meta.url);
    return await openRedisBus<T>(url, options);
  }
  throw fault({
    code: "Invalid",
    action: "open a bus",
    state: scheme === undefined ? "this is no URL" : `there is no scheme ${scheme}`,
    hint: "Use memory:, redis:// or rediss://, as in redis://127.0.0.1:6379.",
  });
}

interface RedisDriver {
  openRedisBus<T>(url: string, options: OpenEventBusOptions): Promise<EventBus<T>>;
}
