// The event bus and the job queue of `holdfast serve`.
import type { EventBus, OpenEventBusOptions, RegistryTopics } from "../../../plugins/events/mod.ts";
import { loadPart } from "../../../core/urls/load_part.ts";
import { taskJob } from "../../../plugins/mod.ts";
import { openQueue } from "../../../queues/mod.ts";
import { ENGINE_VARIABLE, engineUrl, refuseMemory, refusePassword } from "../jobs/queue_url.ts";
import type { CommandContext } from "../program/command.ts";
import { invalid } from "../terminal/hints.ts";
import type { HandlerOptions } from "../../server/options.ts";
import type { ServeWebhooksFlags } from "./serve_webhooks.ts";

const EVENTS_VARIABLE = "HOLDFAST_EVENTS";

interface EventsPart {
  openEventBus<T>(url: string, options: OpenEventBusOptions): Promise<EventBus<T>>;
}

/**
 * Opens the bus of a service, if one is configured; for webhooks otherwise one in memory.
 *
 * @throws {RegistryError} `Invalid` for a URL with a password on the command line, or for `memory:`
 */
export async function openServedEvents(
  { events: given, webhook }: ServeWebhooksFlags & { events?: string },
  { io: { system }, logger }: Pick<CommandContext, "io" | "logger">,
): Promise<EventBus<RegistryTopics> | undefined> {
  const url = given ?? system.env(EVENTS_VARIABLE);
  if (!url && webhook === undefined) return undefined;
  if (given !== undefined) refusePassword(given, "--events", EVENTS_VARIABLE);
  if (/^memory:/i.test(url || "")) {
    const hint = "Use a server: --events redis://127.0.0.1:6379.";
    throw invalid("publish events in memory", "no other process can receive them", hint);
  }
  const { openEventBus } = await loadPart<EventsPart>(
    "../../../plugins/events/mod.ts",
    import.meta.url,
  );
  return await openEventBus<RegistryTopics>(url || "memory:", { system, logger });
}

/** Opens the queue of a service, if one is configured. Uploads become jobs of `uploadTask`. */
export async function openServedJobs(
  { queue: given, uploadTask }: { queue?: string; uploadTask?: string },
  context: CommandContext,
): Promise<Pick<HandlerOptions, "jobs" | "upload">> {
  const { system } = context.io;
  if (given === undefined && !system.env(ENGINE_VARIABLE)) {
    if (uploadTask === undefined) return {};
    const hint = `Add --queue redis://127.0.0.1:6379, or set ${ENGINE_VARIABLE}.`;
    throw invalid(`pass uploads to ${JSON.stringify(uploadTask)}`, "no queue is set", hint);
  }
  const url = engineUrl(given, context, "--queue");
  refuseMemory(url);
  const jobs = await openQueue(url, { system });
  if (uploadTask === undefined) return { jobs };
  const schedule: NonNullable<HandlerOptions["upload"]>["schedule"] = async (
    uploaded,
    { idempotencyKey: id },
  ) => {
    await jobs.add({ id, ...taskJob({ task: uploadTask, behaviors: [], input: { ...uploaded } }) });
    return id;
  };
  return { jobs, upload: { schedule } };
}
