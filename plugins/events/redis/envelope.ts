// An event as it travels: `{"id","topic","at","payload"}` as JSON, `at` in milliseconds since 1970.
import { type BusEvent, checkTopic } from "../../../core/event_bus.ts";

export function encodeEvent(
  { id, topic, at }: { id: string; topic: string; at: number },
  payload: string,
): string {
  return `{"id":${JSON.stringify(id)},"topic":${
    JSON.stringify(topic)
  },"at":${at},"payload":${payload}}`;
}

/** Reads an event; undefined for what no bus of ours has written. */
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
