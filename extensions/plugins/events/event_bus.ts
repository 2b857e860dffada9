// The contract of an event bus: publishers send events to topics, and subscribers receive them, in
// this process or, over a server, in others.
import type { Logger, System } from "../../../mod.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import { fault, invalid, plainProblem, type RegistryError, shown } from "../../../core/kernel.ts";
import type { AnyTopics, TopicOf } from "../../../core/registry/registry_events.ts";

/** Options of `openEventBus`. */
export interface OpenEventBusOptions {
  /** Milliseconds to wait for the first answer of the server. @default 10000 */
  connectWithinMs?: number;
  /** Maximum number of waiting events of groups; the oldest are dropped. @default 100000 */
  maxEvents?: number;
  /** Milliseconds after which a silent member of a group counts as lost. @default 30000 */
  takeOverAfterMs?: number;
  system?: System;
  /** Receives problems. @default silent */
  logger?: Logger;
}

/** True if a topic matches a pattern: `*` stands for one segment, `**` for the rest. */
export type Fits<Topic extends string, Pattern extends string> = Pattern extends "**" ? true
  : Pattern extends `${infer Segment}.${infer Rest}`
    ? Topic extends `${infer TopicSegment}.${infer TopicRest}`
      ? Segment extends "*" | TopicSegment ? Fits<TopicRest, Rest> : false
    : false
  : Topic extends `${string}.${string}` ? false
  : Pattern extends "*" | Topic ? true
  : false;

/** The topics of a bus that match a pattern; all topics if the pattern is not a literal type. */
export type TopicsFitting<T, Pattern extends string> = string extends Pattern ? TopicOf<T>
  : string extends TopicOf<T> ? string
  : { [K in TopicOf<T>]: Fits<K, Pattern> extends true ? K : never }[TopicOf<T>];

/** An event. Handlers can recognize a repeated delivery by its id. */
export interface BusEvent<Topic extends string = string, Payload = PlainValue> {
  /** A UUIDv7 made by the publisher, the same for every delivery. */
  readonly id: string;
  readonly topic: Topic;
  readonly at: Date;
  readonly payload: Payload;
}

/** The events of a pattern, discriminated by `event.topic`. */
export type EventOf<T, Pattern extends string = "**"> = {
  [K in TopicsFitting<T, Pattern>]: BusEvent<K, K extends keyof T ? T[K] : PlainValue>;
}[TopicsFitting<T, Pattern>];

/** Handles an event. Its errors are reported as trouble; in a group, the event is redelivered. */
export type EventHandler<E> = (event: E, options: { signal: AbortSignal }) => Promise<void> | void;

/** A problem of a subscription, which continues. */
export type BusTrouble =
  /** The handler threw. `again`: the event will be delivered once more. */
  | { trouble: "failed"; event: BusEvent; error: unknown; again: boolean }
  /** Events that this subscription will not receive: too many waited, or they were trimmed. */
  | { trouble: "lost"; count: number; reason: string }
  | { trouble: "unreachable"; reason: string };

/** Options of {@linkcode EventBus.subscribe}. */
export interface SubscribeOptions extends SignalOptions {
  /**
   * Name of the group that shares the events: 1 to 100 of `A-Z a-z 0-9 . _ -`. One member receives
   * each event, at least once: also events published while no member was subscribed, once the group
   * exists, and again if its handler throws or its process dies. A group has one pattern.
   *
   * Without a group, a subscription receives events at most once. Excess events wait; beyond
   * `maxWaiting` the newest are lost.
   */
  group?: string;
  /** Number of events handled at once. @default 1, in order */
  concurrency?: number;
  /** Number of events that may wait for their handler in this process. @default 1000 */
  maxWaiting?: number;
  /** Maximum number of deliveries of an event in a group whose handlers fail. @default 10 */
  attempts?: number;
  /** Delay after the first failure, doubled up to a minute, milliseconds. @default 1000 */
  backoffMs?: number;
  /** Receives problems. @default the logger of the bus */
  onTrouble?: (trouble: BusTrouble) => void;
}

/** An active subscription. */
export interface Subscription extends AsyncDisposable {
  readonly pattern: string;
  /**
   * Ends the subscription: aborts the signal of running handlers and waits for them. Do not call it
   * in a handler. A group continues to collect events.
   *
   * @param options.forgetGroup also removes the group and its events. @default false
   */
  unsubscribe(options?: { forgetGroup?: boolean }): Promise<void>;
}

/** Options of {@linkcode EventBus.listen}. */
export type ListenOptions = Omit<SubscribeOptions, "concurrency">;

/** Events in order. It ends with its loop, its signal, or the bus. */
export interface EventStream<E> extends AsyncIterable<E>, AsyncDisposable {
  /** Resolves once later events are received; rejects if that is impossible. */
  readonly ready: Promise<void>;
}

/** A bus. `T` maps topics to payloads, which are plain JSON data: `{ "a.b": { c: 1 } }`. */
export interface EventBus<T = AnyTopics> extends AsyncDisposable {
  /** `memory`, `redis`, or your own. */
  readonly kind: string;
  /** A URL without secrets. */
  readonly location: string;
  /** Publishes an event and returns it once the bus has stored it. */
  publish<K extends TopicOf<T>>(
    topic: K,
    payload: T[K],
    options?: SignalOptions,
  ): Promise<BusEvent<K, T[K]>>;
  /** Subscribes to `registry.saved`, `registry.*` (one segment), `registry.**` (rest) or `**`. */
  subscribe<P extends string>(
    pattern: P,
    handler: EventHandler<EventOf<T, P>>,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  /**
   * Returns events as a stream: `for await (const event of bus.listen("registry.*"))`. Await its
   * `ready` before you publish. In a group, asking for the next event confirms the one before.
   */
  listen<P extends string>(pattern: P, options?: ListenOptions): EventStream<EventOf<T, P>>;
  /** Closes the bus and its subscriptions, as `await using` does. */
  close(): Promise<void>;
}

/** Largest payload, bytes as JSON. Publish larger data as an artifact. */
const MAX_PAYLOAD_BYTES = 256 * 1024;

const SEGMENT = /^[A-Za-z0-9_-]+$/;
const MAX_TOPIC_LENGTH = 200;

/** Throws `Invalid` for an invalid topic: not words of `A-Z a-z 0-9 _ -` joined by dots. */
export function checkTopic(topic: string): void {
  if (isTopic(topic)) return;
  const hint = "Use words of A-Z a-z 0-9 _ - joined by dots, up to 200 characters: registry.saved";
  throw fault({ code: "Invalid", action: "publish", state: `invalid topic ${shown(topic)}`, hint });
}

/** Throws `Invalid` unless this is a topic with `*` for some segments, or `**` for the last. */
export function checkPattern(pattern: string): void {
  const topic = typeof pattern === "string" &&
    pattern.replace(/(^|\.)\*\*$/, "$1rest").replace(/(^|\.)\*(?=\.|$)/g, "$1any");
  if (isTopic(topic)) return;
  throw invalid("subscribe", undefined, `invalid pattern ${shown(pattern)}`, {
    hint: "Pass a topic, * for one of its words, or ** for the rest: registry.saved, registry.**.",
  });
}

export function topicMatcher(pattern: string): (topic: string) => boolean {
  checkPattern(pattern);
  const segments = pattern.split(".");
  const open = segments.at(-1) === "**";
  if (open) segments.pop();
  return (topic) => {
    const words = topic.split(".");
    if (open ? words.length <= segments.length : words.length !== segments.length) return false;
    return segments.every((segment, index) => segment === "*" || segment === words[index]);
  };
}

/** Returns the payload as JSON. Throws `Invalid` for anything but plain data of limited size. */
export function encodePayload(topic: string, payload: unknown): string {
  const problem = plainProblem(payload);
  if (problem !== undefined) {
    throw unfit(topic, `in its payload, ${problem}`, "Publish plain JSON data.");
  }
  const json = JSON.stringify(payload);
  const bytes = new TextEncoder().encode(json).byteLength;
  if (bytes <= MAX_PAYLOAD_BYTES) return json;
  throw unfit(
    topic,
    `its payload has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`,
    "Save it as an artifact, and publish its ref.",
  );
}

function isTopic(topic: unknown): boolean {
  return typeof topic === "string" && topic.length <= MAX_TOPIC_LENGTH &&
    topic.split(".").every((segment) => SEGMENT.test(segment));
}

function unfit(topic: string, state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "publish", subject: shown(topic), state, hint });
}
