// Filters and orders of runs, as `wandb.Api().runs()` takes them: those of MongoDB.
//
//   {"$and": [{"state": "finished"}, {"config.lr": {"$gt": 0.1}}, {"display_name": {"$regex": "^a"}}]}
//   -summary_metrics.loss
import { isJsonObject, linearPattern, shown } from "../../../core/kernel.ts";
import { exactValue, WrittenNumber } from "../../runs/written.ts";
import { wrong } from "./errors.ts";
import { tagsIn } from "./facts.ts";
import { type ListedRun, stateOf } from "./known_run.ts";

type Value = unknown;

/** Returns an integer of many digits, such as a seed of 64 bits, as a value that can be compared. */
function plain(value: Value): Value {
  return value instanceof WrittenNumber ? BigInt(value.text) : value;
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** Returns the value of a run that a filter or an order names. */
function valueOf(
  { key, tags, params, metrics, status, isSilent, startedMs, endedMs }: ListedRun,
  name: string,
): Value {
  const [, kind, below = ""] = /^(config|summary_metrics|summaryMetrics)\.([^]+)$/.exec(name) ?? [];
  if (kind === "config") {
    const text = params.get(below.replace(/\.value$/, ""));
    return text === undefined ? undefined : plain(exactValue(text)) ?? text;
  }
  if (kind !== undefined) {
    const { value, text } = metrics.find((metric) => metric.key === below) ?? {};
    return text === undefined ? value : BigInt(text);
  }
  const facts = tagsIn(tags, key);
  const values: Record<string, Value> = {
    name: key.id,
    state: stateOf({ status, isSilent, tags }),
    display_name: facts.displayName,
    created_at: new Date(startedMs).toISOString(),
    duration: endedMs && (endedMs - startedMs) / 1000,
    job_type: facts.jobType,
    group: facts.group,
    notes: facts.notes,
    tags: facts.tags,
    username: facts.username,
    sweep: facts.sweepName,
  };
  const own = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (!Object.hasOwn(values, own)) throw wrong(`Runs have no ${shown(name)} to filter or order by`);
  return values[own];
}

function isAbove(one: Value, other: Value): boolean {
  if (isNumber(one) && isNumber(other)) return one > other;
  return typeof one === "string" && typeof other === "string" && one > other;
}

const equals = (value: Value, wanted: Value) =>
  Array.isArray(value) ? value.includes(wanted) : (value ?? null) === wanted;
const isIn = (value: Value, wanted: Value) =>
  Array.isArray(wanted) && wanted.some((each) => equals(value, each));

const COMPARE: Readonly<Record<string, (value: Value, wanted: Value) => boolean>> = {
  $eq: equals,
  $ne: (value, wanted) => !equals(value, wanted),
  $gt: isAbove,
  $gte: (value, wanted) => isAbove(value, wanted) || equals(value, wanted),
  $lt: (value, wanted) => isAbove(wanted, value),
  $lte: (value, wanted) => isAbove(wanted, value) || equals(value, wanted),
  $in: isIn,
  $nin: (value, wanted) => !isIn(value, wanted),
  $exists: (value, wanted) => (value !== undefined) === wanted,
};

type Filter = Readonly<Record<string, unknown>>;
type Test = (value: Value) => boolean;

const JOINED: Readonly<Record<string, (run: ListedRun, all: readonly RunTest[]) => boolean>> = {
  $and: (run, all) => all.every((test) => test(run)),
  $or: (run, all) => all.some((test) => test(run)),
  $nor: (run, all) => !all.some((test) => test(run)),
};

type RunTest = (run: ListedRun) => boolean;

/**
 * Returns a test of whether a run is one that a filter wants.
 *
 * @throws {RegistryError} `Invalid` for operators that it has not
 */
export function filterOf(filter: Filter): RunTest {
  const tests = Object.entries(filter).map(([name, wanted]): RunTest => {
    const joined = Object.hasOwn(JOINED, name) ? JOINED[name] : undefined;
    if (joined === undefined) {
      const test = testOf(wanted);
      return (run) => test(valueOf(run, name));
    }
    if (!Array.isArray(wanted) || !wanted.every(isJsonObject)) {
      throw wrong(`${name} needs a list of filters`);
    }
    const all = wanted.map(filterOf);
    return (run) => joined(run, all);
  });
  return (run) => tests.every((test) => test(run));
}

/** Returns a test of values: they equal one, or match all operators of an object. */
function testOf(wanted: unknown): Test {
  if (!isJsonObject(wanted) || wanted instanceof WrittenNumber) {
    return (value) => equals(value, plain(wanted));
  }
  const { $regex, $options, ...others } = wanted;
  const tests = Object.entries(others).map(([operator, given]): Test => {
    if (operator === "$not") {
      const test = testOf(given);
      return (value) => !test(value);
    }
    const compare = Object.hasOwn(COMPARE, operator) ? COMPARE[operator] : undefined;
    if (compare === undefined) throw wrong(`Filters have no ${shown(operator)}`);
    const other = Array.isArray(given) ? given.map(plain) : plain(given);
    return (value) => compare(value, other);
  });
  if ($regex !== undefined || $options !== undefined) tests.push(patternOf($regex, $options));
  return (value) => tests.every((test) => test(value));
}

/** Returns a test of texts, or of the texts of a list. */
function patternOf(pattern: unknown, options: unknown = ""): Test {
  if (typeof pattern !== "string") throw wrong("$regex needs a pattern");
  if (options !== "" && options !== "i") throw wrong(`$regex has no $options but "i"`);
  const matches = linearPattern(options === "i" ? `(?i)${pattern}` : pattern);
  return (value) => [value].flat().some((each) => typeof each === "string" && matches(each));
}

/** Returns runs in an order, those without the value last. */
export function ordered(runs: readonly ListedRun[], order: string): ListedRun[] {
  const name = order.replace(/^[+-]/, ""), isDown = order.startsWith("-");
  const all = runs.map((run) => ({ run, value: valueOf(run, name) }));
  const rank = ({ value }: { value: Value }) => Number(value === undefined);
  all.sort((one, other) =>
    rank(one) - rank(other) ||
    (isAbove(one.value, other.value) ? 1 : isAbove(other.value, one.value) ? -1 : 0) *
      (isDown ? -1 : 1)
  );
  return all.map(({ run }) => run);
}
