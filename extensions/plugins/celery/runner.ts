// Sends tasks to the workers of a Celery application by Redis, and reads what these report.
import type { PlainValue } from "../../../materializers/mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import {
  invalid,
  isJsonObject,
  messageOf,
  notFound,
  parsedJson,
  shown,
  unavailable,
} from "../../../core/kernel.ts";
import { isNewId } from "../../queues/checks/queue_checks.ts";
import { watchJob } from "../../queues/checks/watch_job.ts";
import type { QueuedJob } from "../../queues/queue.ts";
import { openRedis, parseRedisUrl, type RedisConnection } from "../../queues/redis.ts";
import type { ScheduledCall, ScheduleOptions } from "../job_runner.ts";
import { checkScheduled } from "../jobs/check_scheduled.ts";
import { jobIdOf, TASK_KIND } from "../jobs/work_tasks.ts";
import type { CeleryJobs, CeleryOptions, CeleryRunner } from "./contract.ts";
import { argumentsOf, fromPython, PIDBOX, revokeMessage, taskMessage } from "./message.ts";

/** How long a submitted job is known by its id after it may start; results of Celery last as long. */
const KNOWN_MS = 24 * 3_600_000;
const POLL_MS = 250;
/** Celery on Redis has these four priorities; 0 is the highest. */
const PRIORITY_STEPS = [9, 6, 3];

/** Adds a message unless its job is known. */
const SEND = `if redis.call("SET", KEYS[1], ARGV[1], "NX", "PX", ARGV[2]) then
  redis.call("LPUSH", KEYS[2], ARGV[3])
end`;

export async function openCeleryRunner(options: CeleryOptions): Promise<CeleryRunner> {
  const { broker, results, queue = "celery", system } = options;
  const connection = await connect(broker, "the broker of Celery");
  if (results === broker) {
    return new Celery({ broker: connection, results: connection, queue, system });
  }
  try {
    const answers = await connect(results, "the results of Celery");
    return new Celery({ broker: connection, results: answers, queue, system });
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Opens a connection without the parameters of the URL, which Kombu reads. */
async function connect(url: string, what: string): Promise<Connection> {
  if (URL.canParse(url) && !/^rediss?:/i.test(url)) {
    const state = `${shown(new URL(url).protocol)} is not supported`;
    throw invalid("open", what, state, { hint: "Use redis:// or rediss://." });
  }
  const server = parseRedisUrl(url, what);
  server.search = "";
  const redis = await openRedis(server.href, { what });
  return Object.assign(redis, { database: Number(server.pathname.slice(1)) });
}

type Connection = RedisConnection & { database: number };

interface CeleryParts extends Pick<CeleryOptions, "system"> {
  broker: Connection;
  results: Connection;
  queue: string;
}

/** A job as it was submitted. */
interface Submitted {
  task: string;
  addedAt: number;
  eta?: number;
}

class Celery implements CeleryRunner {
  readonly crossesProcess = true;
  readonly queue: CeleryJobs;
  readonly #parts: CeleryParts;

  constructor(parts: CeleryParts) {
    this.#parts = parts;
    this.queue = {
      kind: "celery",
      location: `${parts.broker.location}?queue=${parts.queue}`,
      get: (id, sent) => this.#get(id, sent),
      watch: (id, watched) => {
        const next = (signal?: AbortSignal) => parts.system.sleep(POLL_MS, signal);
        return watchJob({ read: () => this.#get(id, watched), next }, watched);
      },
      cancel: (id, cancelled) => this.#cancel(id, cancelled),
    };
  }

  async schedule(call: ScheduledCall, options: ScheduleOptions): Promise<string> {
    checkScheduled(call, options);
    const { broker, queue, system } = this.#parts;
    const { idempotencyKey, delayMs = 0, priority = 0, signal } = options;
    checkAttempts(call, options);
    const id = jobIdOf(idempotencyKey ?? system.id());
    const addedAt = system.now();
    const eta = delayMs > 0 ? addedAt + delayMs : undefined;
    const { task } = call;
    const given = { id, task, arguments: argumentsOf(call), queue, eta };
    const message = taskMessage({ ...given, priority: Math.min(priority, 9) }, "holdfast");
    const step = PRIORITY_STEPS.find((least) => priority >= least);
    const list = step === undefined ? queue : `${queue}\x06\x16${step}`;
    const submitted: Submitted = { task, addedAt, eta };
    const known = [JSON.stringify(submitted), delayMs + KNOWN_MS];
    await broker.send(["EVAL", SEND, 2, submittedKey(id), list, ...known, message], { signal });
    return id;
  }

  async #get(id: string, { signal }: SignalOptions = {}): Promise<QueuedJob | undefined> {
    const { broker, results, system } = this.#parts;
    if (!isNewId(id, 200)) return undefined;
    const submitted = await broker.send(["GET", submittedKey(id)], { signal });
    const result = await results.send(["GET", `celery-task-meta-${id}`], { signal });
    if (submitted === null && result === null) return undefined;
    return jobOf(id, {
      known: readSubmitted(submitted),
      result: readResult(result),
      now: system.now(),
    });
  }

  async #cancel(
    id: string,
    { signal, terminate = false }: { signal?: AbortSignal; terminate?: boolean } = {},
  ): Promise<void> {
    const { broker, system } = this.#parts;
    const job = await this.#get(id, { signal });
    if (job === undefined) {
      throw notFound("cancel job", shown(id), "unknown job", {
        hint: "Check its id: jobs are known for a day.",
      });
    }
    if (/^(done|failed|cancelled)$/.test(job.state)) return;
    const channel = `/${broker.database}.${PIDBOX}`;
    const message = revokeMessage(id, { terminate, ticket: system.id() });
    if (await broker.send(["PUBLISH", channel, message], { signal }) !== 0) return;
    throw unavailable("cancel job", shown(id), "no Celery worker is running", {
      hint: "Start a worker, and cancel it again: only running workers remember revoked jobs.",
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#parts.broker.close();
    this.#parts.results.close();
    return Promise.resolve();
  }
}

function submittedKey(id: string): string {
  return `holdfast:celery:${id}`;
}

/** Reads a submitted job; undefined unless it is one. Untrusted: all programs of the broker can write it. */
function readSubmitted(text: unknown): Submitted | undefined {
  const stored = text === null ? undefined : parsedJson(String(text));
  if (!isJsonObject(stored)) return undefined;
  const { task, addedAt, eta } = stored;
  if (typeof task !== "string" || !isTime(addedAt)) return undefined;
  return { task, addedAt, eta: isTime(eta) ? eta : undefined };
}

/** Returns whether a value is a time that a `Date` can have, milliseconds. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(new Date(value).getTime());
}

/** Throws `Invalid` for options that no message of Celery can express. */
function checkAttempts({ task }: ScheduledCall, { attempts = 1, backoffMs }: ScheduleOptions) {
  if (attempts === 1 && backoffMs === undefined) return;
  const state = `${attempts === 1 ? "backoffMs" : "attempts"} is decided in Python`;
  throw invalid(`send task ${shown(task)} to Celery`, undefined, state, {
    hint: "Omit it, and write @app.task(autoretry_for=(Exception,), max_retries=2) there.",
  });
}

/** A stored result. Most members are there only with `result_extended`. */
interface Result {
  status: string;
  result?: unknown;
  doneAt?: Date;
  name?: string;
  retries?: number;
}

function readResult(text: unknown): Result | undefined {
  if (text === null) return undefined;
  const stored = parsedJson(String(text));
  if (!isJsonObject(stored) || typeof stored.status !== "string") {
    return { status: "UNREADABLE" }; // another serializer, or NaN
  }
  const { status, result, date_done: doneAt, name, retries } = stored;
  return {
    status,
    result,
    doneAt: typeof doneAt === "string" ? dateOf(doneAt) : undefined,
    name: typeof name === "string" ? name : undefined,
    retries: Number.isSafeInteger(retries) ? retries as number : undefined,
  };
}

interface JobFacts {
  known?: Submitted;
  result?: Result;
  now: number;
}

function jobOf(id: string, { known, result, now }: JobFacts): QueuedJob {
  const { status = "PENDING", doneAt, name = "unknown", retries = 0 } = result ?? {};
  const { task = name, addedAt = doneAt?.getTime() ?? now, eta = 0 } = known ?? {};
  const outcome = outcomeOf(status, result?.result);
  const isDelayed = outcome.state === "waiting" && result === undefined && eta > now;
  const ended = /^(done|failed|cancelled)$/.test(outcome.state);
  return {
    id,
    group: task,
    kind: TASK_KIND,
    data: { task, behaviors: [] },
    attempts: retries + 1,
    attemptsMade: retries + (ended ? 1 : 0),
    addedAt: new Date(addedAt),
    ...ended && doneAt !== undefined && { endedAt: doneAt },
    ...outcome,
    ...isDelayed && { state: "delayed" },
  };
}

/** Parses a time of Celery, which is UTC, with or without saying so. */
function dateOf(text: string): Date | undefined {
  const date = new Date(/([+-]\d\d:?\d\d|Z)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

type Outcome = Pick<QueuedJob, "state" | "result" | "reason" | "progress">;

function outcomeOf(status: string, result: unknown): Outcome {
  switch (status) {
    case "PENDING":
    case "RECEIVED":
      return { state: "waiting" };
    case "STARTED":
      return { state: "running" };
    case "RETRY":
      return { state: "waiting", reason: reasonOf(result) };
    case "SUCCESS":
    case "IGNORED":
      return { state: "done", result: fromPython(result ?? null) };
    case "REVOKED":
      return { state: "cancelled", reason: reasonOf(result) };
    case "FAILURE":
    case "REJECTED":
      return { state: "failed", reason: reasonOf(result) };
    case "UNREADABLE":
      return { state: "failed", reason: 'its result is not JSON; set result_serializer = "json"' };
    default: // a state of the application, with its details
      return { state: "running", progress: fromPython(result ?? null) };
  }
}

/** Returns the exception of a result in one line: `ValueError: wrong size`. */
function reasonOf(result: unknown): string {
  if (!isJsonObject(result)) return messageOf(result ?? "no reason");
  const { exc_type: type = "Exception", exc_message: message } = result;
  const parts: PlainValue[] = Array.isArray(message) ? message : [message as PlainValue ?? ""];
  const text = parts.map((part) => typeof part === "string" ? part : JSON.stringify(part));
  return text.join("") === "" ? String(type) : `${type}: ${text.join(", ")}`;
}
