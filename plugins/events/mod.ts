/**
 * Buses of events by their URL, and webhooks. Importing this downloads no package: what a scheme needs is imported when
 * it is used.
 *
 * @module
 */
import { RegistryError } from "../../core/errors.ts";
import { createLookup, type Lookup } from "../../core/lookup.ts";
import type { Logger } from "../../core/registry.ts";
import type { AnyTopics, EventBus } from "../../core/services/event_bus.ts";
import type { System } from "../../core/system.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import { createMemoryBus } from "./memory.ts";

export type * from "../../core/services/event_bus.ts";
export type * from "../../core/services/registry_events.ts";
export type { Lookup } from "../../core/lookup.ts";
export type { Logger, SignalOptions } from "../../core/registry.ts";
export type { System } from "../../core/system.ts";
export type * from "../../core/services/queue.ts";
export type { PlainValue } from "../../core/text/plain_value.ts";
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
  /** The schemes. @default `createEventBuses()` */
  buses?: Lookup<EventBusOpener>;
  system?: System;
  /** Hears of trouble. @default silent */
  logger?: Logger;
}

/** Opens the buses of one scheme. */
export type EventBusOpener = (
  url: string,
  options: OpenEventBusOptions,
) => EventBus | Promise<EventBus>;

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
  const { buses = createEventBuses() } = options;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1].toLowerCase() ?? "";
  if (buses.has(scheme)) return await buses.get(scheme)(url, options) as unknown as EventBus<T>;
  throw new RegistryError({
    code: "Invalid",
    message: scheme === ""
      ? "Cannot open a bus: this is no URL"
      : `Cannot open a bus by a URL of scheme ${scheme}: there is no such scheme`,
    hint: `There is ${buses.names().join(", ")}, as in redis://127.0.0.1:6379.`,
  });
}

/** The schemes that {@linkcode openEventBus} knows. Register others with what opens their buses. */
export function createEventBuses(): Lookup<EventBusOpener> {
  const buses = createLookup<EventBusOpener>("bus", {
    memory: (_url, options) => createMemoryBus(options),
  });
  for (const scheme of ["redis", "rediss"]) buses.register(scheme, openServer);
  return buses;
}

interface RedisDriver {
  openRedisBus(url: string, options: Omit<OpenEventBusOptions, "buses">): Promise<EventBus>;
}

async function openServer(
  url: string,
  { buses: _, ...options }: OpenEventBusOptions,
): Promise<EventBus> {
  const { openRedisBus } = await loadPart<RedisDriver>("./redis.ts", import.meta.url);
  return await openRedisBus(url, options);
}
