// Encoding of events: JSON `{"id","topic","at","payload"}`, with `at` in milliseconds since 1970.
import { type BusEvent, checkTopic } from "../event_bus.ts";

export function encodeEvent(
  { id, topic, at }: { id: string; topic: string; at: number },
  payload: string,
): string {
  return JSON.stringify({ id, topic, at }).replace(/\}$/, () => `,"payload":${payload}}`);
}

/** Parses an event; undefined for foreign messages. */
export function decodeEvent(text: unknown): BusEvent | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const { id, topic, at, payload } = JSON.parse(text);
    if (typeof id !== "string" || !/^[^\s]{1,100}$/.test(id) || payload === undefined) {
      return undefined;
    }
    checkTopic(topic);
    const time = new Date(typeof at === "number" ? at : NaN);
    return Number.isNaN(time.getTime()) ? undefined : { id, topic, at: time, payload };
  } catch {
    return undefined;
  }
}
