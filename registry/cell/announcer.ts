// Publishes commits on an event bus. No commit waits for it; closing the registry waits a little.
// Events that cannot be published are lost.
import { invalid, messageOf } from "../../core/errors.ts";
import { described } from "../../core/text/described.ts";
import { decodeRecord } from "../format/record_codec.ts";
import type { Logger } from "../../core/registry.ts";
import { withDeadline } from "../../core/retry.ts";
import type { EventPublisher, RegistryTopics } from "../../core/registry/registry_events.ts";
import type { System } from "../../core/system.ts";
import { createLimit } from "../../core/work/at_once.ts";
import { parseCellKey } from "../format/layout.ts";

export interface Announcer {
  /** Publishes the commit of this record, in a later turn. Never throws. */
  committed(key: string, bytes: Uint8Array): void;
  close(): Promise<void>;
}

type Announcement = {
  [K in keyof RegistryTopics]: { topic: K; payload: RegistryTopics[K] };
}[keyof RegistryTopics];

/** Events sent to the bus at the same time. */
const AT_ONCE = 64;
/** Events that may be pending; more are lost. */
const MOST_WAITING = 10_000;
const PUBLISH_TIMEOUT_MS = 10_000;
/** Time that `close` waits for pending events. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Throws `Invalid` for an invalid bus, because failures to publish are only logged. */
export function checkPublisher(events: unknown): void {
  if (events === undefined || typeof (events as Partial<EventPublisher>)?.publish === "function") {
    return;
  }
  throw invalid("open registry", undefined, `events is ${described(events)}, not an event bus`, {
    hint: 'Pass a bus from "@holdfast/holdfast/events": { events: await openEventBus(url) }.',
  });
}

export function createAnnouncer(
  events: EventPublisher<RegistryTopics>,
  { registry, logger, system }: { registry: string; logger: Logger; system: System },
): Announcer {
  const pending = new Set<Promise<void>>();
  const limit = createLimit(AT_ONCE);
  const closing = new AbortController();

  const logLost = ({ topic, payload: { name } }: Announcement, reason: string) =>
    logger.debug(`event ${topic} of "${name}" was lost: ${reason}`);

  async function publish(announcement: Announcement): Promise<void> {
    if (closing.signal.aborted) return logLost(announcement, messageOf(closing.signal.reason));
    const { topic, payload } = announcement;
    const late = new AbortController();
    const done = new AbortController();
    system.sleep(PUBLISH_TIMEOUT_MS, done.signal).then(
      () => late.abort(`no answer in ${PUBLISH_TIMEOUT_MS} ms`),
      () => {},
    );
    try {
      const signal = AbortSignal.any([late.signal, closing.signal]);
      const send = events.publish as (...args: unknown[]) => Promise<unknown>;
      await withDeadline(Promise.resolve(send.call(events, topic, payload, { signal })), {
        signal,
      });
    } catch (error) {
      logLost(announcement, messageOf(error));
    } finally {
      done.abort();
    }
  }

  return {
    committed(key, bytes) {
      try {
        const announcement = announcementOf(registry, key, bytes);
        if (announcement === undefined || closing.signal.aborted) return;
        if (pending.size >= MOST_WAITING) {
          return logLost(announcement, `${MOST_WAITING} events are pending`);
        }
        // In a later turn, so that no code of the bus runs inside a commit.
        const publishing = Promise.resolve().then(() => limit(() => publish(announcement)));
        pending.add(publishing);
        publishing.then(() => pending.delete(publishing));
      } catch (error) {
        logger.debug(`event of "${key}" was lost: ${messageOf(error)}`);
      }
    },
    async close() {
      if (pending.size > 0) {
        const closed = new AbortController();
        const timeout = system.sleep(CLOSE_TIMEOUT_MS, closed.signal).catch(() => {});
        await Promise.race([Promise.all(pending), timeout]);
        closed.abort();
      }
      closing.abort("the registry was closed");
    },
  };
}

/** Returns the event of a record; undefined for keys, settings, and deletions of empty cells. */
function announcementOf(
  registry: string,
  key: string,
  bytes: Uint8Array,
): Announcement | undefined {
  const place = parseCellKey(key);
  if (place === undefined || place.kind === "key" || place.kind === "note") return undefined;
  const { record } = decodeRecord(bytes, key);
  const { name, label: alias = "" } = place;
  const { commit } = record;
  const common = { registry, name, commit };
  if (record.kind === "version") {
    const { version, digest, size } = record;
    return { topic: "registry.saved", payload: { ...common, version, digest, size } };
  }
  if (record.kind === "alias") {
    return { topic: "registry.aliased", payload: { ...common, alias, version: record.version } };
  }
  if (record.kind !== "deleted" || place.generation === 1) return undefined;
  if (place.kind === "alias") {
    return { topic: "registry.aliased", payload: { ...common, alias, version: null } };
  }
  return { topic: "registry.deleted", payload: { ...common, version: place.version!.canonical } };
}
