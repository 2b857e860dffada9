// The event bus of `holdfast serve`, and its webhooks.
import { type CommandContext, invalid, refusePassword } from "../../../apps/cli/extending.ts";
import type { ServedPart } from "../../../apps/cli/program/extension.ts";
import { loadPart } from "../../../core/kernel.ts";
import type { EventBus, OpenEventBusOptions, RegistryTopics } from "../events/mod.ts";
import { type ServeWebhooksFlags, startServedWebhooks } from "./serve_webhooks.ts";

const EVENTS_VARIABLE = "HOLDFAST_EVENTS";

interface EventsPart {
  openEventBus<T>(url: string, options: OpenEventBusOptions): Promise<EventBus<T>>;
}

type ServeEventsFlags = ServeWebhooksFlags & { events?: string };

/** Opens the bus of a service, if one is configured, and starts its webhooks. */
export async function* openServedEvents(
  flags: ServeEventsFlags,
  context: CommandContext,
): AsyncGenerator<ServedPart> {
  const bus = await openBus(flags, context);
  if (bus !== undefined) {
    yield { events: bus, [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() };
  }
  const webhooks = await startServedWebhooks(flags, bus, context);
  if (webhooks !== undefined) yield webhooks;
}

/**
 * Opens the bus of a service, if one is configured; for webhooks otherwise one in memory.
 *
 * @throws {RegistryError} `Invalid` for a URL with a password on the command line, or for `memory:`
 */
async function openBus(
  { events: given, webhook }: ServeEventsFlags,
  { io: { system }, logger }: CommandContext,
): Promise<EventBus<RegistryTopics> | undefined> {
  const url = given ?? system.env(EVENTS_VARIABLE);
  if (!url && webhook === undefined) return undefined;
  if (given !== undefined) refusePassword(given, "--events", EVENTS_VARIABLE);
  if (/^memory:/i.test(url || "")) {
    const hint = "Use a server: --events redis://127.0.0.1:6379.";
    throw invalid("publish events in memory", "no other process can receive them", hint);
  }
  const { openEventBus } = await loadPart<EventsPart>("../events/mod.ts", import.meta.url);
  return await openEventBus<RegistryTopics>(url || "memory:", { system, logger });
}
