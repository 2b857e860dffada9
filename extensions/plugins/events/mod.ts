/**
 * Event buses by URL, and webhooks. Importing this module downloads no package: the driver of a
 * scheme is imported when it is used.
 *
 * @module
 */
import { checkDurations, invalid, loadPart } from "../../../core/kernel.ts";
import type { EventBus, OpenEventBusOptions } from "./event_bus.ts";
import type { AnyTopics } from "../../../core/registry/registry_events.ts";
import { createMemoryBus } from "./memory.ts";

export type {
  BusEvent,
  BusTrouble,
  EventBus,
  EventHandler,
  EventOf,
  EventStream,
  Fits,
  ListenOptions,
  OpenEventBusOptions,
  SubscribeOptions,
  Subscription,
  TopicsFitting,
} from "./event_bus.ts";
export type * from "../../../core/registry/registry_events.ts";
export { createMemoryBus } from "./memory.ts";
export { createWebhooks } from "./webhooks.ts";
export type { Webhooks, WebhooksOptions, WebhookTarget } from "./webhooks.ts";
export type { HostAddress, HostLookup } from "./webhooks/send.ts";
export { createWebhookSecret, verifyWebhook } from "./webhooks/signature.ts";

/**
 * Opens the event bus of a URL: `redis://host:6379/0`, `rediss://…`, or `memory:`, which is a new
 * bus each time. `?bus=name` sets its name, `holdfast` by default.
 *
 * @throws {RegistryError} `Invalid` for an invalid URL; `Unavailable` if no server answers,
 * `Denied` if it refuses, `Unsupported` if the driver cannot be loaded
 */
export async function openEventBus<T = AnyTopics>(
  url: string,
  options: OpenEventBusOptions = {},
): Promise<EventBus<T>> {
  checkDurations("open event bus", options, ["takeOverAfterMs"]);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === "memory") return createMemoryBus<T>(options);
  if (scheme === "redis" || scheme === "rediss") {
    const { openRedisBus } = await loadPart<RedisDriver>("./redis.ts", import.meta.url);
    return await openRedisBus<T>(url, options);
  }
  const state = scheme === undefined ? "invalid URL" : `unknown scheme ${scheme}`;
  const hint = "Use memory:, redis:// or rediss://, for example redis://127.0.0.1:6379.";
  throw invalid("open event bus", undefined, state, { hint });
}

interface RedisDriver {
  openRedisBus<T>(url: string, options: OpenEventBusOptions): Promise<EventBus<T>>;
}
