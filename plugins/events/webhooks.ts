// Webhooks: events of a bus, sent to URLs as signed requests. Each delivery is a job of a queue, so
// it is tried again until it is taken, by whatever process is there.
import { fault, type RegistryError } from "../../core/errors.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { shown } from "../../core/naming/names.ts";
import type { Logger } from "../../core/registry.ts";
import { checkPattern, topicMatcher } from "../../core/event_bus.ts";
import type { BusEvent, EventBus, Subscription } from "../../core/event_bus.ts";
import type { JobQueue, QueueWorker, TakenJob } from "../../core/queue.ts";
import { realSystem, silentLogger, type System } from "../../core/system.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import { encodeBody, importSecret, signatureHeaders } from "./webhooks/signature.ts";
import { type HostLookup, sendWebhook } from "./webhooks/send.ts";

/** Who is told of events. */
export interface WebhookTarget {
  /** Where it is: an `https:` URL; `http:` where it may be private. What it says is never written to the queue or a log, but its host. */
  url: string;
  /** Patterns of topics: `registry.*`. */
  topics: string | readonly string[];
  /** What its requests are signed with, as `createWebhookSecret` makes it; several while one takes the place of another. */
  secret: string | readonly string[];
  /** What jobs call it: 1 to 80 of `A-Z a-z 0-9 . _ -`. @default the host and the first digits of the URL's digest */
  id?: string;
}

/** Options of {@linkcode createWebhooks}. */
export interface WebhooksOptions {
  // deno-lint-ignore no-explicit-any -- buses of whatever topics
  bus: Pick<EventBus<any>, "subscribe">;
  /** Where deliveries wait: a queue of their own, in which nothing else is. */
  queue: Pick<JobQueue, "add" | "work">;
  targets: readonly WebhookTarget[];
  /** Whether targets may have addresses that are not public, or which hosts may. @default false */
  allowPrivate?: boolean | readonly string[];
  /** How often a delivery is tried. @default 12: for some hours */
  attempts?: number;
  /** How long is waited before the second time, doubled from then on, milliseconds. @default 5000 */
  backoffMs?: number;
  /** How long a target may take to answer, milliseconds. @default 15000 */
  timeoutMs?: number;
  /** How many deliveries are under way at once. @default 8 */
  concurrency?: number;
  /** The group that hears the bus, in all processes together. @default "webhooks" */
  group?: string;
  /** Finds the addresses of hosts. @default as the system does */
  lookup?: HostLookup;
  system?: System;
  /** Hears what became of deliveries. @default silent */
  logger?: Logger;
}

/** Options of starting. */
export interface StartWebhooksOptions {
  /** Hear the bus, and add deliveries to the queue. @default true */
  listen?: boolean;
  /** Take deliveries from the queue. @default true */
  deliver?: boolean;
}

/** Sends events, from the start to the end. */
export interface Webhooks extends AsyncDisposable {
  readonly targets: readonly string[];
  /** Begins; resolves once nothing that is published will be missed. */
  start(options?: StartWebhooksOptions): Promise<void>;
}

interface Target {
  id: string;
  url: URL;
  patterns: readonly string[];
  fits(topic: string): boolean;
  keys: Promise<CryptoKey[]>;
  allowPrivate: boolean;
}

/** What a job says: never a secret, nor where it goes. */
interface Delivery {
  target: string;
  event: { id: string; topic: string; at: string; payload: PlainValue };
}

/**
 * Creates what sends events to URLs, as Standard Webhooks (standardwebhooks.com) are sent and `verifyWebhook` checks
 * them. A delivery that is not answered by 2xx fails, and is tried again; redirects are not followed. A target that
 * answers 410 does not want this event. Deliveries may come twice, and in another order: by their `webhook-id`, the id of
 * the event, receivers know them.
 *
 * @throws {RegistryError} `Invalid` for targets that cannot be
 */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  options = { ...options }; // they are read at each delivery
  const { bus, queue, targets: given, allowPrivate = false } = options;
  if (
    typeof bus?.subscribe !== "function" || typeof queue?.add !== "function" ||
    !Array.isArray(given)
  ) {
    throw invalid(
      "bus, queue or targets are missing",
      "createWebhooks({ bus, queue, targets: [{ url, topics, secret }] }).",
    );
  }
  const targets = (given as readonly WebhookTarget[]).map((each) =>
    checkTarget(each, allowPrivate)
  );
  if (new Set(targets.map(({ id }) => id)).size < targets.length) {
    throw invalid(
      "two targets have one id",
      "Give each an id of its own: { id, url, topics, secret }.",
    );
  }
  const { concurrency = 8, group = "webhooks" } = options;
  const subscriptions: Subscription[] = [];
  let worker: QueueWorker | undefined;
  return {
    targets: targets.map(({ id }) => id),
    async start({ listen = true, deliver: isWorker = true } = {}) {
      for (const { keys } of targets) await keys; // a secret that is none is refused now
      if (isWorker) {
        worker ??= await queue.work(
          (job, { signal }) => deliver(job, signal, targets, options),
          { concurrency },
        );
      }
      const patterns = new Set(
        listen && subscriptions.length === 0 ? targets.flatMap(({ patterns }) => patterns) : [],
      );
      for (const pattern of patterns) {
        subscriptions.push(
          await bus.subscribe(pattern, (event: BusEvent) => schedule(event, targets, options), {
            group,
            attempts: Number.MAX_SAFE_INTEGER,
          }),
        );
      }
    },
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions.splice(0)) await subscription.unsubscribe();
      await worker?.close();
    },
  };
}

/** Adds a delivery for each target. The same event again adds none: the queue knows their ids. */
async function schedule(
  { id, topic, at, payload }: BusEvent,
  targets: readonly Target[],
  { queue, attempts = 12, backoffMs = 5_000 }: WebhooksOptions,
): Promise<void> {
  const event = { id, topic, at: at.toISOString(), payload };
  const jobs = targets.filter(({ fits }) => fits(topic)).map((target) => ({
    id: `webhook-${target.id}-${id}`.replace(/[^A-Za-z0-9._-]/g, "_"),
    group: "webhooks",
    kind: "webhook",
    data: { target: target.id, event } satisfies Delivery as unknown as PlainValue,
    attempts,
    backoffMs,
  }));
  if (jobs.length > 0) await queue.add(jobs);
}

async function deliver(
  job: TakenJob,
  signal: AbortSignal,
  targets: readonly Target[],
  { timeoutMs = 15_000, lookup, system = realSystem, logger = silentLogger }: WebhooksOptions,
): Promise<PlainValue> {
  const { target: name, event } = deliveryOf(job);
  const target = targets.find(({ id }) => id === name);
  if (target === undefined) throw unknownTarget(name);
  const { id, topic, at, payload } = event;
  const body = encodeBody({ topic, at: new Date(at), payload });
  const seconds = Math.floor(system.now() / 1000);
  const headers = {
    "content-type": "application/json",
    "user-agent": "holdfast-webhooks",
    ...await signatureHeaders(await target.keys, { id, seconds, body }),
  };
  const { allowPrivate } = target;
  const how = { headers, body, allowPrivate, timeoutMs, signal, lookup, system };
  const status = await sendWebhook(target.url, how);
  logger.debug(`webhook ${name}: ${topic} ${id}: ${status}`);
  if (status === 410) logger.warn(`webhook ${name}: it wants no more, 410`);
  if ((status >= 200 && status < 300) || status === 410) return { status };
  throw fault({
    code: "Unavailable",
    action: "deliver",
    subject: `${topic} to ${target.url.host}`,
    state: `it answered ${status}`,
    hint: "A receiver answers 2xx once it has the event; redirects are not followed.",
  });
}

function checkTarget(target: WebhookTarget, allowPrivate: boolean | readonly string[]): Target {
  const { topics, secret } = target;
  const url = URL.canParse(target.url) ? new URL(target.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid("the URL of a target is none", "As in https://example.com/hook.");
  }
  const { host, hostname } = url;
  if (url.username !== "" || url.password !== "") {
    throw invalid(
      `the URL at ${host} has a user or a password`,
      "Requests are signed: leave them out.",
    );
  }
  const isAllowed = typeof allowPrivate === "boolean"
    ? allowPrivate
    : allowPrivate.includes(hostname);
  if (url.protocol === "http:" && !isAllowed) {
    throw invalid(
      `the URL at ${host} is not https:`,
      "Only hosts that allowPrivate names may be reached by http:.",
    );
  }
  const patterns = [topics ?? []].flat() as string[];
  if (patterns.length === 0) {
    throw invalid(`${host} hears no topics`, `As in { topics: "registry.*" }.`);
  }
  patterns.forEach(checkPattern);
  const fitting = patterns.map(topicMatcher);
  const digest = sha256(new TextEncoder().encode(url.href)).slice(0, 12);
  const id = target.id ?? `${hostname.replace(/[^A-Za-z0-9.-]/g, "_").slice(0, 60)}-${digest}`;
  if (typeof id !== "string" || !/^[A-Za-z0-9._-]{1,80}$/.test(id)) {
    throw invalid(`${shown(id)} is no id of a target`, "Take 1 to 80 of A-Z a-z 0-9 . _ -");
  }
  const secrets = [secret].flat() as string[];
  if (secrets.length === 0) {
    throw invalid(`${host} has no secret`, "createWebhookSecret() makes one.");
  }
  const keys = Promise.all(secrets.map(importSecret));
  keys.catch(() => {}); // start() throws it
  return {
    id,
    url,
    patterns,
    keys,
    allowPrivate: isAllowed,
    fits: (topic) => fitting.some((fits) => fits(topic)),
  };
}

function deliveryOf({ id, data }: TakenJob): Delivery {
  const { target, event } = (data ?? {}) as Partial<Delivery>;
  if (typeof target === "string" && typeof event === "object" && event !== null) {
    return { target, event };
  }
  throw fault({
    code: "Invalid",
    action: "deliver job",
    subject: shown(id),
    state: "it is no delivery of a webhook",
    hint: "Deliveries need a queue of their own, as redis://127.0.0.1:6379?queue=webhooks.",
  });
}

function unknownTarget(name: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "deliver to",
    subject: shown(name),
    state: "there is no such target",
    hint:
      "Each process that delivers has the same targets; one that was removed lets its deliveries fail.",
  });
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "send webhooks", state, hint });
}
