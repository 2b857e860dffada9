// Webhooks: events of a bus as signed HTTP requests. Each delivery is a job of a queue, which any
// process can retry.
import type { Logger, System } from "../../../mod.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import {
  checkDurations,
  fault,
  notFound,
  realSystem,
  sha256,
  shown,
  silentLogger,
  unavailable,
} from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { checkPattern, topicMatcher } from "./event_bus.ts";
import type { BusEvent, EventBus, Subscription } from "./event_bus.ts";
import type { JobHandler, JobQueue, NewJob, QueueWorker } from "../../queues/queue.ts";
import type { TakenJob, WorkerEvent } from "../../queues/queue.ts";
import { encodeBody, importSecret, signatureHeaders } from "./webhooks/signature.ts";
import { Lane } from "./webhooks/lane.ts";
import { type HostLookup, sendWebhook } from "./webhooks/send.ts";

/** A receiver of events. */
export interface WebhookTarget {
  /**
   * An `https:` URL, or `http:` for private hosts. Only its host appears in the queue and in logs.
   */
  url: string;
  /** Patterns of topics: `registry.*`. */
  topics: string | readonly string[];
  /** The signing secret from `createWebhookSecret`, or several during a rotation. */
  secret: string | readonly string[];
  /** The name in jobs: 1 to 80 of `A-Z a-z 0-9 . _ -`. @default the host and a digest of the URL */
  id?: string;
}

/** Options of {@linkcode createWebhooks}. */
export interface WebhooksOptions {
  // deno-lint-ignore no-explicit-any -- buses of any topics
  bus: Pick<EventBus<any>, "subscribe">;
  /** A queue for deliveries only. */
  queue: Pick<JobQueue, "add" | "work">;
  targets: readonly WebhookTarget[];
  /** Allow all targets, or these hosts, to have private addresses. @default false */
  allowPrivate?: boolean | readonly string[];
  /** Maximum attempts per delivery. @default 12, over several hours */
  attempts?: number;
  /** Milliseconds before the second attempt, doubled for each further one. @default 5000 */
  backoffMs?: number;
  /** Milliseconds to wait for an answer. @default 15000 */
  timeoutMs?: number;
  /** Concurrent deliveries to each target. @default 8 */
  concurrency?: number;
  /** The group on the bus, shared by all processes. @default "webhooks" */
  group?: string;
  /** Resolves host names. @default DNS of the system */
  lookup?: HostLookup;
  system?: System;
  /** Receives the outcomes of deliveries. @default silent */
  logger?: Logger;
}

/** A sender of webhooks. */
export interface Webhooks extends AsyncDisposable {
  readonly targets: readonly string[];
  /** Starts, and resolves once no published event can be missed. */
  start(options?: {
    /** Subscribe to the bus and add deliveries to the queue. @default true */
    listen?: boolean;
    /** Process deliveries of the queue. @default true */
    deliver?: boolean;
  }): Promise<void>;
  /** Unsubscribes and waits for running deliveries, as `await using` does. */
  close(): Promise<void>;
}

interface Target {
  id: string;
  url: URL;
  patterns: readonly string[];
  fits(topic: string): boolean;
  keys: Promise<CryptoKey[]>;
  allowPrivate: boolean;
  lane: Lane;
}

interface DeliveredEvent {
  id: string;
  topic: string;
  at: string;
  payload: PlainValue;
}

/** The data of a job, without secrets and URLs. */
type Delivery = {
  target: string;
  /** The event as JSON: queues store fewer strings, and fewer levels, than a bus accepts. */
  json: string;
  /** How often it found no place at its target. */
  waited?: number;
};

/**
 * Creates a sender of Standard Webhooks (standardwebhooks.com), which `verifyWebhook` checks. A
 * delivery without a 2xx answer is retried, except after 410; redirects are not followed. A target
 * that does not answer three times in a row is paused for a minute: deliveries to it fail at once.
 * Deliveries may arrive twice and out of order: receivers identify them by `webhook-id`, the id of
 * the event.
 *
 * @throws {RegistryError} `Invalid` for invalid targets
 */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  options = { ...options }; // read at each delivery
  checkDurations("create webhooks", options, ["backoffMs"]);
  const { bus, queue, targets: given, allowPrivate = false, concurrency = 8 } = options;
  if (
    typeof bus?.subscribe !== "function" || typeof queue?.add !== "function" ||
    !Array.isArray(given)
  ) {
    throw invalid(
      "bus, queue or targets are missing",
      "Pass { bus, queue, targets: [{ url, topics, secret }] }.",
    );
  }
  const { system = realSystem } = options;
  const targets = (given as readonly WebhookTarget[]).map((each) => ({
    ...checkTarget(each, allowPrivate),
    lane: new Lane(concurrency, system),
  }));
  if (new Set(targets.map(({ id }) => id)).size < targets.length) {
    throw invalid("two targets have the same id", "Pass a unique id for each target.");
  }
  const { group = "webhooks", logger = silentLogger } = options;
  const outages = new Outages(logger);
  const subscriptions: Subscription[] = [];
  let worker: QueueWorker | undefined;
  return {
    targets: targets.map(({ id }) => id),
    async start({ listen = true, deliver: isWorker = true } = {}) {
      for (const { keys } of targets) await keys; // throws for an invalid secret
      if (isWorker) {
        const deliver = createDelivery(targets, { outages, options });
        const places = concurrency * Math.max(targets.length, 1);
        worker ??= await queue.work(deliver, { concurrency: places, onEvent: outages.onEvent });
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
    async close() {
      await this[Symbol.asyncDispose]();
    },
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions.splice(0)) await subscription.unsubscribe();
      await worker?.close();
    },
  };
}

/** Adds a delivery per target. The ids of the jobs prevent duplicates of an event. */
async function schedule(
  { id, topic, at, payload }: BusEvent,
  targets: readonly Target[],
  options: WebhooksOptions,
): Promise<void> {
  const { queue } = options;
  const event: DeliveredEvent = { id, topic, at: at.toISOString(), payload };
  const json = JSON.stringify(event);
  const jobs = targets.filter(({ fits }) => fits(topic)).map((target) =>
    jobOf({ target: target.id, json }, id, options)
  );
  if (jobs.length > 0) await queue.add(jobs);
}

function jobOf(
  data: Delivery,
  event: string,
  { attempts = 12, backoffMs = 5_000 }: WebhooksOptions,
): NewJob<Delivery> {
  const { target, waited } = data;
  const id = `webhook-${target}-${event}${waited === undefined ? "" : `.${waited}`}`
    .replace(/[^A-Za-z0-9._-]/g, "_");
  return { id, group: "webhooks", kind: "webhook", data, attempts, backoffMs };
}

/** Queues a delivery again, for when its target may have a place. It does not use up an attempt. */
async function waitForPlace(
  { waited = 0, ...delivery }: Delivery,
  afterMs: number,
  options: WebhooksOptions,
): Promise<PlainValue> {
  const job = jobOf({ ...delivery, waited: waited + 1 }, eventOf(delivery).id, options);
  await options.queue.add({ ...job, delayMs: afterMs });
  return { afterMs };
}

/** Logs when a target begins to fail, when it answers again, and events that it never gets. */
class Outages {
  readonly #failing = new Set<string>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  async watch<Result>(
    target: string,
    signal: AbortSignal,
    deliver: () => Promise<Result>,
  ): Promise<Result> {
    try {
      const result = await deliver();
      if (this.#failing.delete(target)) this.#logger.info(`Webhook ${target}: it answers again`);
      return result;
    } catch (error) {
      if (!signal.aborted && !this.#failing.has(target)) {
        this.#failing.add(target);
        this.#logger.warn(`Webhook ${target}: ${(error as Error).message}`);
      }
      throw error;
    }
  }

  readonly onEvent = (event: WorkerEvent): void => {
    if (event.event === "trouble") this.#logger.warn(`Webhooks: ${event.reason}`);
    if (event.event !== "failed" || event.again) return;
    this.#logger.warn(`Webhooks: gave up ${event.id}: ${event.reason}`);
  };
}

/** Returns the handler of the jobs: it delivers one if its target has a place. */
function createDelivery(
  targets: readonly Target[],
  { outages, options }: { outages: Outages; options: WebhooksOptions },
): JobHandler<Delivery> {
  return async (job, { signal }) => {
    const delivery = deliveryOf(job);
    const target = targets.find(({ id }) => id === delivery.target);
    const place = target?.lane.take();
    if (typeof place === "object" && "afterMs" in place) {
      return await waitForPlace(delivery, place.afterMs, options);
    }
    let isSilent = false;
    const send = async () => {
      if (target === undefined) throw unknownTarget(delivery.target);
      if (place === "paused") throw paused(target);
      const onSilent = () => void (isSilent = true);
      return await deliver(eventOf(delivery), { target, signal, onSilent }, options);
    };
    try {
      return await outages.watch(delivery.target, signal, send);
    } finally {
      if (typeof place === "object") place.leave(isSilent);
    }
  };
}

async function deliver(
  { id, topic, at, payload }: DeliveredEvent,
  { target, signal, onSilent }: { target: Target; signal: AbortSignal; onSilent(): void },
  { timeoutMs = 15_000, lookup, system = realSystem, logger = silentLogger }: WebhooksOptions,
): Promise<PlainValue> {
  const { id: name, url, allowPrivate } = target;
  const body = encodeBody({ topic, at: new Date(at), payload });
  const seconds = Math.floor(system.now() / 1000);
  const headers = {
    "content-type": "application/json",
    "user-agent": "holdfast-webhooks",
    ...await signatureHeaders(await target.keys, { id, seconds, body }),
  };
  const request = { headers, body, allowPrivate, timeoutMs, signal, lookup, onSilent, system };
  const status = await sendWebhook(url, request);
  logger.debug(`Webhook ${name}: ${topic} ${id}: ${status}`);
  if (status === 410) logger.warn(`Webhook ${name}: the target rejects this event (410)`);
  if ((status >= 200 && status < 300) || status === 410) return { status };
  throw unavailable("deliver", `${topic} to ${url.host}`, `it answered ${status}`, {
    hint: "Make the receiver answer 2xx; redirects are not followed.",
  });
}

function paused({ url: { host } }: Target): RegistryError {
  return unavailable("deliver to", host, "it did not answer, and is paused for a minute", {
    hint: "Check the target; remaining attempts follow.",
  });
}

function checkTarget(
  target: WebhookTarget,
  allowPrivate: boolean | readonly string[],
): Omit<Target, "lane"> {
  const { topics, secret } = target;
  const url = URL.canParse(target.url) ? new URL(target.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid("invalid target URL", "Use a URL like https://example.com/hook.");
  }
  const { host, hostname } = url;
  if (url.username !== "" || url.password !== "") {
    throw invalid(
      `the URL of ${host} contains credentials`,
      "Remove the user and password from the URL.",
    );
  }
  const isAllowed = typeof allowPrivate === "boolean"
    ? allowPrivate
    : allowPrivate.includes(hostname);
  if (url.protocol === "http:" && !isAllowed) {
    throw invalid(
      `the URL of ${host} is not https:`,
      "Use https:, or add the host to allowPrivate.",
    );
  }
  const patterns = [topics ?? []].flat() as string[];
  if (patterns.length === 0) {
    throw invalid(`${host} has no topics`, 'Pass topics like "registry.*".');
  }
  patterns.forEach(checkPattern);
  const fitting = patterns.map(topicMatcher);
  const digest = sha256(new TextEncoder().encode(url.href)).slice(0, 12);
  const id = target.id ?? `${hostname.replace(/[^A-Za-z0-9.-]/g, "_").slice(0, 60)}-${digest}`;
  if (typeof id !== "string" || !/^[A-Za-z0-9._-]{1,80}$/.test(id)) {
    throw invalid(`invalid target id ${shown(id)}`, "Use 1 to 80 of A-Z a-z 0-9 . _ -");
  }
  const secrets = [secret].flat() as string[];
  if (secrets.length === 0) {
    throw invalid(`${host} has no secret`, "Create one with createWebhookSecret().");
  }
  const keys = Promise.all(secrets.map(importSecret));
  keys.catch(() => {}); // thrown by start()
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
  const { target, json, event, waited } = (data ?? {}) as Partial<Delivery> & { event?: unknown };
  // Before, the event itself was there.
  const text = typeof event === "object" && event !== null ? JSON.stringify(event) : json;
  if (typeof target === "string" && typeof text === "string") {
    return { target, json: text, ...waited !== undefined && { waited } };
  }
  throw fault({
    code: "Invalid",
    action: "deliver job",
    subject: shown(id),
    state: "it is not a webhook delivery",
    hint: "Use a separate queue for webhooks: redis://127.0.0.1:6379?queue=webhooks",
  });
}

function eventOf({ json }: Delivery): DeliveredEvent {
  return JSON.parse(json);
}

function unknownTarget(name: string): RegistryError {
  return notFound("deliver to", shown(name), "unknown target", {
    hint: "Configure the same targets in each process; deliveries to removed targets fail.",
  });
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "send webhooks", state, hint });
}
