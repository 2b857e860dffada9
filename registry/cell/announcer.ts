// Tells a bus of events what was committed. It is no part of the commit: nothing waits for it but
// the end of the registry, for a while, and what it cannot tell is lost.
import { fault, messageOf } from "../../core/errors.ts";
import { described } from "../../core/text/described.ts";
import { decodeRecord } from "../format/record_codec.ts";
import type { Logger } from "../../core/registry.ts";
import { withDeadline } from "../../core/retry.ts";
import type { EventPublisher } from "../../core/event_bus.ts";
import type { RegistryTopics } from "../../core/registry/registry_events.ts";
import type { System } from "../../core/system.ts";
import { createLimit } from "../../core/work/at_once.ts";
import { parseCellKey } from "../format/layout.ts";

export interface Announcer {
  /** A record was committed under this key. Returns at once, and never throws. */
  committed(key: string, bytes: Uint8Array): void;
  close(): Promise<void>;
}

type Announcement = {
  [K in keyof RegistryTopics]: { topic: K; payload: RegistryTopics[K] };
}[keyof RegistryTopics];

/** So many are handed to the bus before it has acknowledged the first. */
const AT_ONCE = 64;
/** So many may be under way; more are lost. */
const MOST_WAITING = 10_000;
/** A bus that has not taken an event by then will not. */
const TOLD_WITHIN_MS = 10_000;
/** So long the end of a registry waits for events that are not told yet. */
const CLOSED_WITHIN_MS = 2_000;

/** Throws `Invalid` for what is no bus: nobody would hear that nothing is told. */
export function checkPublisher(events: unknown): void {
  if (events === undefined || typeof (events as Partial<EventPublisher>)?.publish === "function") {
    return;
  }
  throw fault({
    code: "Invalid",
    action: "open the registry",
    state: `its events are ${described(events)}, and no bus`,
    hint: "Give it a bus: { events: await openEventBus(url) }, from ./events.",
  });
}

export function createAnnouncer(
  events: EventPublisher<RegistryTopics>,
  { registry, logger, system }: { registry: string; logger: Logger; system: System },
): Announcer {
  const underWay = new Set<Promise<void>>();
  const inTurn = createLimit(AT_ONCE);
  const closing = new AbortController();

  const logLost = ({ topic, payload: { name } }: Announcement, reason: string) =>
    logger.debug(`event ${topic} of "${name}" was lost: ${reason}`);

  async function tell(announcement: Announcement): Promise<void> {
    if (closing.signal.aborted) return logLost(announcement, messageOf(closing.signal.reason));
    const { topic, payload } = announcement;
    const late = new AbortController();
    const told = new AbortController();
    system.sleep(TOLD_WITHIN_MS, told.signal).then(
      () => late.abort(`no answer in ${TOLD_WITHIN_MS} ms`),
      () => {},
    );
    try {
      const signal = AbortSignal.any([late.signal, closing.signal]);
      const publish = events.publish as (...args: unknown[]) => Promise<unknown>;
      await withDeadline(Promise.resolve(publish.call(events, topic, payload, { signal })), {
        signal,
      });
    } catch (error) {
      logLost(announcement, messageOf(error));
    } finally {
      told.abort();
    }
  }

  return {
    committed(key, bytes) {
      try {
        const announcement = announcementOf(registry, key, bytes);
        if (announcement === undefined || closing.signal.aborted) return;
        if (underWay.size >= MOST_WAITING) {
          return logLost(announcement, `${MOST_WAITING} wait already`);
        }
        // In a later turn: nothing of the bus runs inside of a commit.
        const telling = Promise.resolve().then(() => inTurn(() => tell(announcement)));
        underWay.add(telling);
        telling.then(() => underWay.delete(telling));
      } catch (error) {
        logger.debug(`event of "${key}" was lost: ${messageOf(error)}`);
      }
    },
    async close() {
      if (underWay.size > 0) {
        const enough = new AbortController();
        await Promise.race([
          Promise.all(underWay),
          system.sleep(CLOSED_WITHIN_MS, enough.signal).catch(() => {}),
        ]);
        enough.abort();
      }
      closing.abort("the registry was closed");
    },
  };
}

/** What is to be told of a record; nothing of keys, settings, and marks where nothing was deleted. */
function announcementOf(
  registry: string,
  key: string,
  bytes: Uint8Array,
): Announcement | undefined {
  const place = parseCellKey(key);
  if (place === undefined || place.kind === "key") return undefined;
  const { record } = decodeRecord(bytes, key);
  const { name, label: alias = "" } = place;
  const { commit } = record;
  const told = { registry, name, commit };
  if (record.kind === "version") {
    const { version, digest, size } = record;
    return { topic: "registry.saved", payload: { ...told, version, digest, size } };
  }
  if (record.kind === "alias") {
    return { topic: "registry.aliased", payload: { ...told, alias, version: record.version } };
  }
  if (record.kind !== "deleted" || place.generation === 1) return undefined;
  if (place.kind === "alias") {
    return { topic: "registry.aliased", payload: { ...told, alias, version: null } };
  }
  return { topic: "registry.deleted", payload: { ...told, version: place.version!.canonical } };
}
