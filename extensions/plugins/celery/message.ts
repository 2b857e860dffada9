// Messages of Celery, as its workers read them from Redis: its protocol 2 within an envelope of Kombu.
import { Buffer } from "node:buffer";
import type { PlainValue } from "../../../materializers/mod.ts";
import { invalid, isJsonObject, shown } from "../../../core/kernel.ts";
import type { ScheduledCall } from "../job_runner.ts";

interface TaskMessage {
  id: string;
  task: string;
  arguments: CeleryArguments;
  queue: string;
  priority: number;
  /** The earliest start, milliseconds. */
  eta?: number;
}

interface CeleryArguments {
  args: PlainValue[];
  kwargs: Record<string, PlainValue>;
}

/** Values of Python that JSON lacks, as Kombu 5.3 and newer write them. */
const TYPE = "__type__";
const VALUE = "__value__";

/**
 * Returns the arguments of the Python function: an object becomes keyword arguments, a list
 * positional ones, and anything but null a single one.
 *
 * @throws {RegistryError} `Invalid` for behaviors and for an input in a registry
 */
export function argumentsOf({ task, behaviors, input }: ScheduledCall): CeleryArguments {
  const action = `send task ${shown(task)} to Celery`;
  const [behavior] = behaviors;
  if (behavior !== undefined) {
    throw invalid(action, undefined, `behavior ${shown(behavior.name)} follows schedule_job`, {
      hint: "Add behaviors before schedule_job: Celery runs only the function.",
    });
  }
  if (isJsonObject(input) && typeof input.$artifact === "string") {
    throw invalid(action, undefined, "its input has more than 64 KiB", {
      hint: "Save it, and pass its ref to the task.",
    });
  }
  const value = toPython(input, action);
  if (Array.isArray(value)) return { args: value, kwargs: {} };
  const isObject = isJsonObject(value) && !Object.hasOwn(value, TYPE);
  if (isObject) return { args: [], kwargs: value as Record<string, PlainValue> };
  return { args: value === null ? [] : [value], kwargs: {} };
}

function toPython(value: PlainValue, action: string): PlainValue {
  if (Array.isArray(value)) return value.map((member) => toPython(member, action));
  if (!isJsonObject(value)) return value;
  if (typeof value.$bytes === "string") return { [TYPE]: "base64", [VALUE]: value.$bytes };
  if (Object.hasOwn(value, TYPE)) {
    throw invalid(action, undefined, `its member ${TYPE} has a reserved name`, {
      hint: "Rename the member.",
    });
  }
  const members = Object.entries(value as Record<string, PlainValue>);
  return Object.fromEntries(members.map(([key, member]) => [key, toPython(member, action)]));
}

/** Returns a value of Python as a job has it: bytes as `$bytes`, dates and decimals as strings. */
export function fromPython(value: unknown): PlainValue {
  if (Array.isArray(value)) return value.map(fromPython);
  if (!isJsonObject(value)) return value as PlainValue;
  const { [TYPE]: type, [VALUE]: content } = value;
  if (typeof type === "string" && content !== undefined) {
    if (type === "base64") return { $bytes: String(content) };
    if (type === "bytes") return { $bytes: Buffer.from(String(content)).toString("base64") };
    return fromPython(content);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, fromPython(member)]),
  );
}

/** Returns the message of a task. `origin` names its sender in the logs of workers. */
export function taskMessage(message: TaskMessage, origin: string): string {
  const { id, task, arguments: { args, kwargs }, queue, priority, eta } = message;
  const embed = { callbacks: null, errbacks: null, chain: null, chord: null };
  return envelope([args, kwargs, embed], {
    id,
    headers: {
      lang: "js",
      task,
      id,
      root_id: id,
      parent_id: null,
      group: null,
      shadow: null,
      eta: eta === undefined ? null : new Date(eta).toISOString().replace("Z", "+00:00"),
      expires: null,
      retries: 0,
      timelimit: [null, null],
      argsrepr: "...",
      kwargsrepr: "...",
      origin,
      ignore_result: false,
    },
    delivery: { exchange: "", routing_key: queue },
    priority,
  });
}

/** Returns the message by which all workers revoke a task. */
export function revokeMessage(id: string, { terminate, ticket }: {
  terminate: boolean;
  ticket: string;
}): string {
  const body = {
    method: "revoke",
    arguments: { task_id: id, terminate, signal: "SIGTERM" },
    destination: null,
    pattern: null,
    matcher: null,
  };
  return envelope(body, {
    id: ticket,
    headers: {},
    delivery: { exchange: PIDBOX, routing_key: "" },
    priority: 0,
  });
}

export const PIDBOX = "celery.pidbox";

interface EnvelopeOptions {
  id: string;
  headers: Record<string, PlainValue>;
  delivery: { exchange: string; routing_key: string };
  priority: number;
}

function envelope(body: unknown, { id, headers, delivery, priority }: EnvelopeOptions): string {
  return JSON.stringify({
    body: Buffer.from(JSON.stringify(body)).toString("base64"),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    headers,
    properties: {
      correlation_id: id,
      delivery_mode: 2,
      delivery_info: delivery,
      priority,
      body_encoding: "base64",
      delivery_tag: id,
    },
  });
}
