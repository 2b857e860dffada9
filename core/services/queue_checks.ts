// What every queue of jobs refuses, and why.
import { fault, RegistryError } from "../errors.ts";
import { plainProblem, type PlainValue } from "../text/plain_value.ts";
import type { NewJob, NewSchedule, WorkOptions } from "./queue.ts";

/** Throws `Invalid` for what no queue can keep. */
export function checkNewJob({ id, group, kind, data, ...job }: NewJob): void {
  const { priority = 0, attempts = 1, delayMs = 0, backoffMs = 0 } = job;
  if (typeof id !== "string" || !/^[A-Za-z0-9._-]{1,200}$/.test(id) || /^[0-9]+$/.test(id)) {
    throw invalid(
      id,
      "it is no id of a job",
      "Take 1 to 200 of A-Z a-z 0-9 . _ -, and not only digits.",
    );
  }
  if (isReservedId(id)) {
    throw invalid(id, "queues on Redis have that word for themselves", "Put something before it.");
  }
  if (typeof group !== "string" || typeof kind !== "string") {
    throw invalid(
      id,
      "its group or its kind is no text",
      "Say what it belongs to, and what is to be done.",
    );
  }
  const problem = plainProblem(data);
  if (problem !== undefined) {
    throw invalid(
      id,
      `of its data, ${problem}`,
      "Data of jobs are what JSON says: texts, finite numbers, lists …",
    );
  }
  const isCount = (value: number, most: number) =>
    Number.isInteger(value) && value >= 0 && value <= most;
  if (!isCount(priority, MOST_PRIORITY)) {
    throw invalid(
      id,
      `its priority is ${priority}`,
      `It is a whole number from 0, the first, to ${MOST_PRIORITY}.`,
    );
  }
  if (!isCount(attempts, Number.MAX_SAFE_INTEGER) || attempts === 0) {
    throw invalid(id, `it is to be tried ${attempts} times`, "It is a whole number, at least 1.");
  }
  if (!isCount(delayMs, MOST_MS) || !isCount(backoffMs, MOST_MS)) {
    throw invalid(id, "its delay is no time", `Times are whole milliseconds, at most ${MOST_MS}.`);
  }
}

/** Throws `Invalid` for what is no schedule; what its `cron` says is for the queue to read. */
export function checkSchedule({ id, cron, timeZone, everyMs, job }: NewSchedule): void {
  checkNewJob({ ...job, id });
  if (timeZone !== undefined && !isTimeZone(timeZone)) {
    throw notScheduled(
      id,
      `${JSON.stringify(timeZone)} is no time zone`,
      "As in Europe/Berlin, or UTC.",
    );
  }
  if ((cron === undefined) === (everyMs === undefined)) {
    throw notScheduled(
      id,
      "it is to have one of cron and everyMs",
      'As in cron: "0 3 * * *", or everyMs: 60_000.',
    );
  }
  if (cron !== undefined && !/^\S+(\s+\S+){4,5}$/.test(cron)) {
    throw notScheduled(id, `${JSON.stringify(cron)} has not five fields, or six`, CRON_HINT);
  }
  if (
    everyMs !== undefined && !(Number.isSafeInteger(everyMs) && everyMs >= 1 && everyMs <= MOST_MS)
  ) {
    throw notScheduled(
      id,
      `every ${everyMs} ms is no time`,
      `Times are whole milliseconds, at most ${MOST_MS}.`,
    );
  }
}

function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }) !== undefined;
  } catch {
    return false;
  }
}

/** What `cron` may be. */
export const CRON_HINT =
  "Minute hour day month weekday, as in 0 3 * * *; six fields begin with seconds.";

/** What a queue throws for a schedule that it cannot keep. */
export function notScheduled(
  id: string,
  state: string,
  hint: string,
  cause?: unknown,
): RegistryError {
  const message = `Cannot schedule ${JSON.stringify(id)}: ${state}`;
  return new RegistryError({ code: "Invalid", message, hint, cause });
}

/** Throws `Invalid` for numbers that are none: a worker with them would take no job, ever. */
export function checkWorkOptions({ concurrency = 1, rateLimit }: WorkOptions): void {
  if (!(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    throw fault({
      code: "Invalid",
      action: "take jobs",
      state: `${concurrency} of them at once is no number of jobs`,
      hint: "The concurrency of a worker is a whole number, at least 1.",
    });
  }
  if (rateLimit === undefined) return;
  const { max, perMs } = rateLimit;
  if (
    [max, perMs].every((value) => Number.isSafeInteger(value) && value >= 1 && value <= MOST_MS)
  ) return;
  throw fault({
    code: "Invalid",
    action: "take jobs",
    state: `${max} of them in ${perMs} ms is no rate`,
    hint: "Both are whole numbers, at least 1, as in { max: 10, perMs: 1_000 }.",
  });
}

/** What a handler said of its progress; throws `Invalid` for what no queue can keep. */
export function progressOf(id: string, progress: PlainValue): PlainValue {
  const problem = plainProblem(progress);
  if (problem === undefined) return progress;
  throw fault({
    code: "Invalid",
    action: "keep the progress of job",
    subject: JSON.stringify(id),
    state: problem,
    hint: "Progress is what JSON says: a number, a text, { done: 3, of: 10 } …",
  });
}

export function notListed(after: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "list jobs after",
    subject: JSON.stringify(after),
    state: "it is not in that listing",
    hint: "It was removed, or is in another state by now. List them from the beginning.",
  });
}

export function ofSchedule(id: string): RegistryError {
  return fault({
    code: "Conflict",
    action: "remove job",
    subject: JSON.stringify(id),
    state: "it belongs to a schedule",
    hint:
      "unschedule() ends the schedule, and forgets the job that is to come; cancel() ends one job alone.",
  });
}

/** What a handler returned, as it is kept; throws `Invalid` for what no queue can keep, which is a failed attempt. */
export function resultOf(id: string, returned: PlainValue | void): PlainValue {
  const result = returned ?? null;
  const problem = plainProblem(result);
  if (problem === undefined) return result;
  throw fault({
    code: "Invalid",
    action: "keep the result of job",
    subject: JSON.stringify(id),
    state: problem,
    hint: "Results are what JSON says: texts, finite numbers, lists …",
  });
}

/** Keys that BullMQ has beside those of jobs: a job of such an id would be one with them. */
const RESERVED = new Set(
  ("active wait waiting-children paused id delayed prioritized stalled-check completed failed stalled repeat limiter " +
    "meta events pc marker de priority").split(" "),
);

/** Whether no job can have this id, as queues on servers have it for themselves. */
export function isReservedId(id: string): boolean {
  return RESERVED.has(id);
}

export const MOST_PRIORITY = 2_000_000;
/** The longest delay, milliseconds: a longer timer fires at once. */
export const MOST_MS = 2 ** 31 - 1;

function invalid(id: string, state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "add job", subject: JSON.stringify(id), state, hint });
}
