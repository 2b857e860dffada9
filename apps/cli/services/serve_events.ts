// The bus that a service which is started by the command line tells of what was saved, deleted and
// aliased.
import { fault } from "../../../core/errors.ts";
import type { EventBus, OpenEventBusOptions, RegistryTopics } from "../../../plugins/events/mod.ts";
import { refusePassword } from "../pipelines/open_carrier.ts";
import { loadPart } from "../../../core/urls/load_part.ts";
import type { CommandContext } from "../program/command.ts";

export const EVENTS_VARIABLE = "HOLDFAST_EVENTS";

interface EventsPart {
  openEventBus<T>(url: string, options: OpenEventBusOptions): Promise<EventBus<T>>;
}

/**
 * Opens the bus that is named, if one is. Who opened it closes it.
 *
 * @throws {RegistryError} `Invalid` for one with a password, which belongs into the environment, and for one of this
 * process alone; what `openEventBus` throws
 */
export async function openServedEvents(
  given: string | undefined,
  { io: { system }, logger }: Pick<CommandContext, "io" | "logger">,
): Promise<EventBus<RegistryTopics> | undefined> {
  const url = given ?? system.env(EVENTS_VARIABLE);
  if (!url) return undefined;
  if (given !== undefined) refusePassword(given, "--events", EVENTS_VARIABLE);
  if (/^memory:/i.test(url)) {
    throw fault({
      code: "Invalid",
      action: "tell events by memory",
      state: "nobody outside of this program would hear them",
      hint: "Name a server: --events redis://127.0.0.1:6379.",
    });
  }
  const { openEventBus } = await loadPart<EventsPart>(
    "../../../plugins/events/mod.ts",
    import.meta.url,
  );
  return await openEventBus<RegistryTopics>(url, { system, logger });
}
