// Filters and orders of runs, as `wandb.Api().runs()` takes them: those of MongoDB, without patterns.
//
//   {"$and": [{"state": "finished"}, {"config.lr": {"$gt": 0.1}}]}
//   -summary_metrics.loss
import { isJsonObject, shown } from "../../../core/kernel.ts";
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
  { key, tags, params, metrics, status, isSilent, startedMs }: ListedRun,
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
    job_type: facts.jobType,
    group: facts.group,
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

/** Returns whether a run is one that a filter wants. Throws `Invalid` for operators that it has not. */
export function isWanted(run: ListedRun, filter: Record<string, unknown>): boolean {
  return Object.entries(filter).every(([name, wanted]) => {
    if (name === "$and" || name === "$or") {
      const each = (below: unknown) => isJsonObject(below) && isWanted(run, below);
      return Array.isArray(wanted) && (name === "$and" ? wanted.every(each) : wanted.some(each));
    }
    const value = valueOf(run, name);
    const isPlain = !isJsonObject(wanted) || wanted instanceof WrittenNumber;
    const all = isPlain ? [["$eq", wanted] as const] : Object.entries(wanted);
    return all.every(([operator, given]) => {
      const compare = Object.hasOwn(COMPARE, operator) ? COMPARE[operator] : undefined;
      if (compare === undefined) throw wrong(`Filters have no ${shown(operator)}`);
      return compare(value, Array.isArray(given) ? given.map(plain) : plain(given));
    });
  });
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
