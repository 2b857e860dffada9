// The contract of a bus of events: somebody publishes them under a topic, and whoever has
// subscribed hears of them, in this process or, over a server, in others.
import { fault, type RegistryError } from "./errors.ts";
import { shown } from "./naming/names.ts";
import type { SignalOptions } from "./registry/saving.ts";
import { plainProblem, type PlainValue } from "./text/plain_value.ts";

/** Topics of which nothing is known: any name, any plain data. */
export type AnyTopics = Record<string, PlainValue>;

/** The names of topics. */
export type TopicOf<T> = Extract<keyof T, string>;

/** Whether a topic fits a pattern, as a type: `*` stands for one segment, `**` for the rest. */
export type Fits<Topic extends string, Pattern extends string> = Pattern extends "**" ? true
  : Pattern extends `${infer Segment}.${infer Rest}`
    ? Topic extends `${infer TopicSegment}.${infer TopicRest}`
      ? Segment extends "*" | TopicSegment ? Fits<TopicRest, Rest> : false
    : false
  : Topic extends `${string}.${string}` ? false
  : Pattern extends "*" | Topic ? true
  : false;

/** The topics of a bus that a pattern fits; all of them where it is not known when compiling. */
export type TopicsFitting<T, Pattern extends string> = string extends Pattern ? TopicOf<T>
  : string extends TopicOf<T> ? string
  : { [K in TopicOf<T>]: Fits<K, Pattern> extends true ? K : never }[TopicOf<T>];

/** An event. A handler that may hear of it twice knows it by its id. */
export interface BusEvent<Topic extends string = string, Payload = PlainValue> {
  /** A UUIDv7: whoever publishes makes it, so it is the same for all who hear of it, however often. */
  readonly id: string;
  /** What it is about: `registry.saved`. */
  readonly topic: Topic;
  readonly at: Date;
  readonly payload: Payload;
}

/** The events of a pattern: `event.topic` tells them apart. */
export type EventOf<T, Pattern extends string = "**"> = {
  [K in TopicsFitting<T, Pattern>]: BusEvent<K, K extends keyof T ? T[K] : PlainValue>;
}[TopicsFitting<T, Pattern>];

/**
 * Hears of an event. The next one waits until it has ended, as far as `concurrency` says. What it throws never reaches
 * the publisher: it is told as trouble, and in a group the event comes again.
 */
export type EventHandler<E> = (event: E, options: { signal: AbortSignal }) => Promise<void> | void;

/** What went wrong with a subscription; it goes on. */
export type BusTrouble =
  /** The handler threw. `again`: the event will be handed to it once more. */
  | { trouble: "failed"; event: BusEvent; error: unknown; again: boolean }
  /** Events that nobody of this subscription will hear of: too many waited, or they were trimmed. */
  | { trouble: "lost"; count: number; reason: string }
  | { trouble: "unreachable"; reason: string };

/** Options of {@linkcode EventBus.subscribe}. */
export interface SubscribeOptions extends SignalOptions {
  /**
   * Who shares the events: 1 to 100 of `A-Z a-z 0-9 . _ -`. Of the subscriptions of a group one hears of each event, at
   * least once: also of what was published while none of them was there, once the group is known, and again where its
   * handler throws or its process dies. A group hears one pattern: with another one it is another group.
   *
   * Without a group a subscription hears of what is published while it is there, at most once: what comes faster than it
   * is handled waits, and the newest is lost where too much does.
   */
  group?: string;
  /** How many events are handled at once. @default 1: in order */
  concurrency?: number;
  /** How many events may wait for their handler in this process. @default 1000 */
  maxWaiting?: number;
  /** How often an event is handed to handlers of the group that throw, or die of it, in all. @default 10 */
  attempts?: number;
  /** How long is waited after the first failure, doubled from then on up to a minute, milliseconds. @default 1000 */
  backoffMs?: number;
  /** Hears of what goes wrong. @default nobody does but the logger of the bus */
  onTrouble?: (trouble: BusTrouble) => void;
}

/** A handler that hears of events, until it is taken off. */
export interface Subscription extends AsyncDisposable {
  readonly pattern: string;
  /**
   * Hears of no more, and waits for the handlers under way, whose signal is aborted: so no handler waits for it. What waits for a handler of a group is kept for that
   * group, which goes on to gather events.
   *
   * @param options.forgetGroup the group and what it has not heard of are forgotten. @default false
   */
  unsubscribe(options?: { forgetGroup?: boolean }): Promise<void>;
}

/** Options of {@linkcode EventBus.listen}. */
export type ListenOptions = Omit<SubscribeOptions, "concurrency">;

/** Events one after the other. It is left by the end of the loop, by its signal, or with the bus. */
export interface EventStream<E> extends AsyncIterable<E>, AsyncDisposable {
  /** Resolves once nothing that is published will be missed; rejects where that cannot be. */
  readonly ready: Promise<void>;
}

/**
 * A bus. `T` says which topics there are and what their payloads are: `{ "model.trained": { name: string } }`. Payloads
 * are plain data (what JSON says); all else is refused when it is published.
 */
export interface EventBus<T = AnyTopics> extends AsyncDisposable {
  /** `memory`, `redis`, or yours. */
  readonly kind: string;
  /** Where it is, without secrets. */
  readonly location: string;
  /** Publishes an event, and resolves once the bus has it, not once it was handled. Returns it. */
  publish<K extends TopicOf<T>>(
    topic: K,
    payload: T[K],
    options?: SignalOptions,
  ): Promise<BusEvent<K, T[K]>>;
  /**
   * Hears of the events whose topic fits: `registry.saved`, `registry.*` (one segment), `registry.**` (the rest), `**`.
   * Nothing is missed that is published after it has resolved.
   */
  subscribe<P extends string>(
    pattern: P,
    handler: EventHandler<EventOf<T, P>>,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  /**
   * The same as a stream: `for await (const event of bus.listen("registry.*"))`. It hears of events that are published once
   * its `ready` has resolved. An event of a group counts as heard when the next one is asked for: the one at which a loop is left comes again.
   */
  listen<P extends string>(pattern: P, options?: ListenOptions): EventStream<EventOf<T, P>>;
}

/** The part of a bus that publishes: any {@linkcode EventBus} of these topics, or of any, has it. */
export interface EventPublisher<T = AnyTopics> {
  publish<K extends TopicOf<T>>(topic: K, payload: T[K], options?: SignalOptions): Promise<unknown>;
}

/** Largest payload, bytes as JSON. Larger things are artifacts, and events name them. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;

const SEGMENT = /^[A-Za-z0-9_-]+$/;
const MAX_TOPIC_LENGTH = 200;

/** Throws `Invalid` for what is no topic: segments of `A-Z a-z 0-9 _ -` with dots between, at most 200 in all. */
export function checkTopic(topic: string): void {
  if (isTopic(topic)) return;
  throw fault({
    code: "Invalid",
    action: "publish",
    state: `${shown(topic)} is no topic`,
    hint:
      "A topic is words of A-Z a-z 0-9 _ - with dots between, as registry.saved, at most 200 characters.",
  });
}

/** Throws `Invalid` for what is no pattern: a topic, some of whose segments are `*`, and whose last may be `**`. */
export function checkPattern(pattern: string): void {
  if (
    typeof pattern === "string" &&
    isTopic(pattern.replace(/(^|\.)\*\*$/, "$1rest").replace(/(^|\.)\*(?=\.|$)/g, "$1any"))
  ) {
    return;
  }
  throw fault({
    code: "Invalid",
    action: "subscribe",
    state: `${shown(pattern)} is no pattern of topics`,
    hint:
      "Take a topic, * for one of its words, ** for the rest: registry.saved, registry.*, registry.**, **.",
  });
}

/** What tells whether a topic fits a pattern. */
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

/** The payload as JSON; throws `Invalid` for one that no bus can carry. */
export function encodePayload(topic: string, payload: unknown): string {
  const problem = plainProblem(payload);
  if (problem !== undefined) {
    throw unfit(
      topic,
      `of its payload, ${problem}`,
      "Payloads are what JSON says: texts, finite numbers, lists …",
    );
  }
  const json = JSON.stringify(payload);
  // A character has three bytes at most.
  const bytes = json.length * 3 <= MAX_PAYLOAD_BYTES
    ? 0
    : new TextEncoder().encode(json).byteLength;
  if (bytes <= MAX_PAYLOAD_BYTES) return json;
  throw unfit(
    topic,
    `its payload has ${bytes} bytes, ${MAX_PAYLOAD_BYTES} are allowed`,
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
