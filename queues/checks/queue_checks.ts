// What every queue of jobs refuses, and why.
import { fault, RegistryError } from "../../core/errors.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";
import { plainProblem, type PlainValue } from "../../core/text/plain_value.ts";
import type { NewJob, NewSchedule, WorkOptions } from "../../core/queue.ts";

/** Whether something is so, what that means, and what to do about it. */
type Problem = readonly [is: boolean, state: string, hint: string];

const NEW_JOB: OptionNames<NewJob> = {
  ...{ id: true, group: true, kind: true, data: true },
  ...{ delayMs: true, priority: true, attempts: true, backoffMs: true },
};
const NEW_SCHEDULE: OptionNames<NewSchedule> = {
  ...{ id: true, cron: true, timeZone: true, everyMs: true, job: true },
};
const WORK: OptionNames<WorkOptions> = { concurrency: true, rateLimit: true, onEvent: true };

/** Throws `Invalid` for what no queue can keep. */
export function checkNewJob(added: NewJob): void {
  const action = `add job ${JSON.stringify(added.id)}`;
  const { id, group, kind, data, ...job } = checkOptions(action, added, NEW_JOB);
  const { priority = 0, attempts = 1, delayMs = 0, backoffMs = 0 } = job;
  const isId = typeof id === "string" && /^[A-Za-z0-9._-]{1,200}$/.test(id) && !/^[0-9]+$/.test(id);
  const isText = typeof group === "string" && typeof kind === "string";
  const isCount = (value: number, most: number) =>
    Number.isInteger(value) && value >= 0 && value <= most;
  const isTried = isCount(attempts, Number.MAX_SAFE_INTEGER) && attempts > 0;
  const isTime = isCount(delayMs, MOST_MS) && isCount(backoffMs, MOST_MS);
  const problem = plainProblem(data);
  const problems: Problem[] = [
    [!isId, "it is no id of a job", "Take 1 to 200 of A-Z a-z 0-9 . _ -, and not only digits."],
    [isReservedId(id), "queues on Redis have that word for themselves", "Put something before it."],
    [
      !isText,
      "its group or its kind is no text",
      "Say what it belongs to, and what is to be done.",
    ],
    [problem !== undefined, `of its data, ${problem}`, "Data of jobs are what JSON says."],
    [!isCount(priority, MOST_PRIORITY), `its priority is ${priority}`, PRIORITY_HINT],
    [!isTried, `it is to be tried ${attempts} times`, "It is a whole number, at least 1."],
    [!isTime, "its delay is no time", MS_HINT],
  ];
  for (const [is, state, hint] of problems) {
    if (!is) continue;
    const subject = JSON.stringify(id);
    throw fault({ code: "Invalid", action: "add job", subject, state, hint });
  }
}

/** Throws `Invalid` for what is no schedule; what its `cron` says is for the queue to read. */
export function checkSchedule(schedule: NewSchedule): void {
  const action = `schedule job ${JSON.stringify(schedule.id)}`;
  const { id, cron, timeZone, everyMs, job } = checkOptions(action, schedule, NEW_SCHEDULE);
  checkNewJob({ ...job, id });
  const isZone = timeZone === undefined || isTimeZone(timeZone);
  const isOne = (cron === undefined) !== (everyMs === undefined);
  const isCron = cron === undefined || /^\S+(\s+\S+){4,5}$/.test(cron);
  const isTime = everyMs === undefined ||
    Number.isSafeInteger(everyMs) && everyMs >= 1 && everyMs <= MOST_MS;
  const example = 'As in cron: "0 3 * * *", or everyMs: 60_000.';
  const problems: Problem[] = [
    [!isZone, `${JSON.stringify(timeZone)} is no time zone`, "As in Europe/Berlin, or UTC."],
    [!isOne, "it is to have one of cron and everyMs", example],
    [!isCron, `${JSON.stringify(cron)} has not five fields, or six`, CRON_HINT],
    [!isTime, `every ${everyMs} ms is no time`, MS_HINT],
  ];
  for (const [is, state, hint] of problems) if (is) throw notScheduled(id, state, hint);
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
export function checkWorkOptions(options: WorkOptions): void {
  const { concurrency = 1, rateLimit } = checkOptions("take jobs", options, WORK);
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
  return kept("progress", id, progress);
}

/** What a handler returned, as it is kept; throws `Invalid` for what no queue can keep, which is a failed attempt. */
export function resultOf(id: string, returned: PlainValue | void): PlainValue {
  return kept("result", id, returned ?? null);
}

function kept(what: "progress" | "result", id: string, value: PlainValue): PlainValue {
  const problem = plainProblem(value);
  if (problem === undefined) return value;
  throw fault({
    code: "Invalid",
    action: `keep the ${what} of job`,
    subject: JSON.stringify(id),
    state: problem,
    hint: "It is what JSON says: a number, a text, { done: 3, of: 10 } …",
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
const PRIORITY_HINT = `It is a whole number from 0, the first, to ${MOST_PRIORITY}.`;
/** The longest delay, milliseconds: a longer timer fires at once. */
export const MOST_MS = 2 ** 31 - 1;
const MS_HINT = `Times are whole milliseconds, at most ${MOST_MS}.`;
