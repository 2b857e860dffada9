// Checks that all queues of jobs share.
import type { PlainValue } from "../../../materializers/mod.ts";
import {
  checkOptions,
  conflict,
  invalid,
  messageOf,
  notFound,
  plainProblem,
} from "../../../core/kernel.ts";
import type { OptionNames, RegistryError } from "../../../core/kernel.ts";
import type { ListJobsOptions, NewJob, NewSchedule, QueuedJob, WorkOptions } from "../queue.ts";

/** A condition, and the state and hint of its error. */
type Problem = readonly [is: boolean, state: string, hint: string];

const NEW_JOB: OptionNames<NewJob> = {
  id: true,
  group: true,
  kind: true,
  data: true,
  delayMs: true,
  priority: true,
  attempts: true,
  backoffMs: true,
};
const NEW_SCHEDULE: OptionNames<NewSchedule> = {
  id: true,
  cron: true,
  timeZone: true,
  everyMs: true,
  job: true,
};
const WORK: OptionNames<WorkOptions> = { concurrency: true, rateLimit: true, onEvent: true };

/** Throws `Invalid` for jobs that no queue can store. */
export function checkNewJob(added: NewJob): void {
  const action = `add job ${JSON.stringify(added.id)}`;
  const { id, group, kind, data, ...job } = checkOptions(action, added, NEW_JOB);
  const { priority = 0, attempts = 1, delayMs = 0, backoffMs = 0 } = job;
  const isText = typeof group === "string" && typeof kind === "string" &&
    problemOf([group, kind]) === undefined;
  const isCount = (value: number, most: number) =>
    Number.isInteger(value) && value >= 0 && value <= most;
  const isTried = isCount(attempts, Number.MAX_SAFE_INTEGER) && attempts > 0;
  const isTime = isCount(delayMs, MOST_MS) && isCount(backoffMs, MOST_MS);
  const problem = problemOf(data);
  const problems: Problem[] = [
    [
      !isNewId(id, 200),
      "invalid id",
      "Use 1 to 200 characters of A-Z a-z 0-9 . _ -, not a number.",
    ],
    [isReservedId(id), "Redis queues reserve this id", "Add a prefix."],
    [!isText, "its group or kind is not a string, or has U+0000", "Pass both as strings."],
    [problem !== undefined, `of its data, ${problem}`, "Pass JSON without U+0000."],
    [!isCount(priority, MOST_PRIORITY), `its priority is ${priority}`, PRIORITY_HINT],
    [!isTried, `its attempts are ${attempts}`, "Pass an integer of at least 1."],
    [!isTime, "invalid delay", MS_HINT],
  ];
  for (const [is, state, hint] of problems) {
    if (!is) continue;
    throw invalid("add job", JSON.stringify(id), state, { hint });
  }
}

/** Throws `Invalid` for an invalid schedule. The queue checks its `cron`. */
export function checkSchedule(schedule: NewSchedule): void {
  const action = `schedule job ${JSON.stringify(schedule.id)}`;
  const { id, cron, timeZone, everyMs, job } = checkOptions(action, schedule, NEW_SCHEDULE);
  checkNewJob({ ...job, id });
  const isZone = timeZone === undefined || isTimeZone(timeZone);
  const isOne = (cron === undefined) !== (everyMs === undefined);
  const isCron = cron === undefined || /^\S+(\s+\S+){4,5}$/.test(cron);
  const isTime = everyMs === undefined ||
    Number.isSafeInteger(everyMs) && everyMs >= 1 && everyMs <= MOST_MS;
  const example = 'Pass cron: "0 3 * * *", or everyMs: 60_000.';
  const problems: Problem[] = [
    [!isZone, `unknown time zone ${JSON.stringify(timeZone)}`, "Use Europe/Berlin, or UTC."],
    [!isOne, "exactly one of cron and everyMs is required", example],
    [!isCron, `${JSON.stringify(cron)} does not have five or six fields`, CRON_HINT],
    [!isTime, `invalid interval, ${everyMs} ms`, MS_HINT],
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

export const CRON_HINT =
  "Use minute hour day month weekday, as in 0 3 * * *; six fields start with seconds.";

export function notScheduled(
  id: string,
  state: string,
  hint: string,
  cause?: unknown,
): RegistryError {
  const subject = JSON.stringify(id);
  return invalid("schedule", subject, state, { hint, cause });
}

/** Throws `Invalid` for numbers with which a worker would never start a job. */
export function checkWorkOptions(options: WorkOptions): void {
  const { concurrency = 1, rateLimit } = checkOptions("take jobs", options, WORK);
  const isCount = (value: number, most = Infinity) =>
    Number.isSafeInteger(value) && value >= 1 && value <= most;
  const { max, perMs } = rateLimit ?? { max: 1, perMs: 1 };
  const isRate = isCount(max, MOST_MS) && isCount(perMs, MOST_MS);
  if (isCount(concurrency) && isRate) return;
  const state = isRate
    ? `invalid concurrency ${concurrency}`
    : `invalid rateLimit: ${max} in ${perMs} ms`;
  const hint = "Pass integers of at least 1, as in rateLimit: { max: 10, perMs: 1_000 }.";
  throw invalid("take jobs", undefined, state, { hint });
}

/** Returns a reported progress, or throws `Invalid` if no queue can store it. */
export function progressOf(id: string, progress: PlainValue): PlainValue {
  return kept("progress", id, progress);
}

/** Returns a result as it is stored, or throws `Invalid`, which is a failed attempt. */
export function resultOf(id: string, returned: PlainValue | void): PlainValue {
  return kept("result", id, returned ?? null);
}

/** Returns why no queue can store a value: PostgreSQL has no U+0000 and no lone surrogates. */
function problemOf(value: PlainValue): string | undefined {
  const isStorable = (json: string) => !/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(json);
  return plainProblem(value) ??
    (isStorable(JSON.stringify(value)) ? undefined : "it contains U+0000 or a lone surrogate");
}

/** Returns a reason as every queue can store it. */
export function reasonOf(error: unknown): string {
  return messageOf(error).toWellFormed().replaceAll("\0", "\ufffd");
}

function kept(what: "progress" | "result", id: string, value: PlainValue): PlainValue {
  const problem = problemOf(value);
  if (problem === undefined) return value;
  throw invalid(`keep the ${what} of job`, JSON.stringify(id), problem, {
    hint: "Use values that JSON can represent: a number, a string, { done: 3, of: 10 } …",
  });
}

export function pageOf<J>(
  jobs: readonly J[],
  { group, state, after, limit = Infinity }: ListJobsOptions,
  factsOf: (job: J) => Pick<QueuedJob, "id" | "group" | "state">,
): J[] {
  const fitting = jobs.filter((job) => {
    const facts = factsOf(job);
    return (group === undefined || facts.group === group) &&
      (state === undefined || facts.state === state);
  });
  const from = after === undefined ? 0 : fitting.findIndex((job) => factsOf(job).id === after) + 1;
  if (after !== undefined && from === 0) throw notListed(after);
  return fitting.slice(from, from + limit);
}

export function notListed(after: string): RegistryError {
  const action = "list jobs after";
  const hint = "List them from the beginning.";
  return notFound(action, JSON.stringify(after), "it was removed, or changed its state", { hint });
}

export function ofSchedule(id: string): RegistryError {
  return conflict("remove job", JSON.stringify(id), "it belongs to a schedule", {
    hint: "Use unschedule() to end the schedule, or cancel() to cancel this job.",
  });
}

/** Keys of BullMQ with the same form as those of jobs. */
const RESERVED = new Set(
  ("active wait waiting-children paused id delayed prioritized stalled-check completed failed " +
    "stalled repeat limiter meta events pc marker de priority").split(" "),
);

/** True for an id that a new job may have. BullMQ takes no integers, nor "NaN". */
export function isNewId(id: unknown, mostCharacters: number): id is string {
  return typeof id === "string" && id.length <= mostCharacters && /^[A-Za-z0-9._-]+$/.test(id) &&
    !/^[0-9]+$/.test(id) && String(parseInt(id, 10)) !== id;
}

/** True for ids that queues on servers reserve. */
export function isReservedId(id: string): boolean {
  return RESERVED.has(id);
}

/**
 * True for an id that a job of a server may have, also one of another program. Other ids lead to
 * keys of something else, such as the lock of a job, or are no text for PostgreSQL.
 */
export function mayBeJob(id: string): boolean {
  return /^(repeat:[^:\0]{1,500}:)?[^:\0]{1,500}$/.test(id) && id.isWellFormed() &&
    !isReservedId(id);
}

/** True for an id that a schedule of a server may have. */
export function mayBeSchedule(id: string): boolean {
  return mayBeJob(id) && !id.includes(":");
}

export const MOST_PRIORITY = 2_000_000;
const PRIORITY_HINT = `Pass an integer from 0, the first, to ${MOST_PRIORITY}.`;
/** The longest delay, milliseconds: longer timers fire at once. */
export const MOST_MS = 2 ** 31 - 1;
const MS_HINT = `Pass whole milliseconds, at most ${MOST_MS}.`;
