/**
 * An event as it travels: `{"id","topic","at","payload"}` as JSON, `at` in milliseconds since 1970.
 *
 * @module
 */
import type { BusEvent } from "../../../core/services/event_bus.ts";

/** Writes an event whose payload is JSON already. */
export function encodeEvent({ id, topic, at }: { id: string; topic: string; at: number }, payload: string): string {
  return `{"id":${JSON.stringify(id)},"topic":${JSON.stringify(topic)},"at":${at},"payload":${payload}}`;
}

/** Reads an event; undefined for what no bus of ours has written. */
export function decodeEvent(text: unknown): BusEvent | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const { id, topic, at, payload } = JSON.parse(text);
    if (typeof id !== "string" || typeof topic !== "string" || !Number.isFinite(at) || payload === undefined) {
      return undefined;
    }
    return { id, topic, at: new Date(at), payload };
  } catch {
    return undefined;
  }
}
