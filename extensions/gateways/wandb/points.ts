// Lines of a history as points of a run. Lines that are sent again are recognized by their content, also
// after a kill of the service: clients count them from another start each time.
import * as v from "npm:valibot@^1.5";
import { giveWay, isJsonObject, keepNewest, quoteNotFinite } from "../../../core/kernel.ts";
import { EARLIER } from "../../runs/mlflow/file_parts.ts";
import { type PointsPart, readPoints, type RunLook } from "../../runs/look_at_run.ts";
import { sizeOf } from "../../runs/mlflow/stored_run.ts";
import { pointsPart } from "../../runs/run_parts.ts";
import { isOwnKey, writtenJson } from "../../runs/wandb/values.ts";
import { exactValue, WrittenNumber } from "../../runs/written.ts";
import type { OpenRun } from "../../runs/mlflow/find_run.ts";
import { objectIn } from "./names.ts";

const UUID = "00000000-0000-7000-8000-77616e646200", FIRST = `00001-${UUID}`;
/** Characters of a string that is a value of a point, and of what else a line has. */
const MOST_STRING = 1000, MOST_REST = 256 * 1024;
/** Keys that points use themselves. */
export const TAKEN = /^(metric:)*(step|_time|_wandb)$/;
const MOST_DEPTH = 20;
/**
 * Parts whose points may be sent again: programs with one id have other clocks, and send at other
 * times. Points that are later than those of all of them are new.
 */
const RECENT = 100, MOST_TIMES = 100_000;

/** Lines of a file, and the number of the first one. */
export interface Lines {
  readonly offset: number;
  readonly content: readonly string[];
}

/** Returns the parts that this gateway has added, the last one at the end. */
function ownParts({ points }: RunLook): PointsPart[] {
  return points.filter(({ writer }) => writer === EARLIER || writer.endsWith(UUID));
}

/** Returns the last line that this gateway has added. */
export async function lastLine(look: RunLook): Promise<string | undefined> {
  const part = ownParts(look).at(-1);
  return part && (await linesIn(look, part))[part.count - 1];
}

/**
 * Returns the part of those points that are not stored; undefined if all are. `latest` keeps the
 * latest times of parts.
 */
export async function newPart(
  { look, id, key }: Pick<OpenRun, "look" | "id" | "key">,
  points: readonly string[],
  latest: Map<string, number>,
) {
  const [next] = points;
  if (next === undefined) return undefined;
  const times = ownParts(look).slice(-RECENT).map(async (part) => {
    const name = JSON.stringify([key.name, id, part.part]);
    const time = latest.get(name) ?? latestIn(await linesIn(look, part));
    latest.set(name, time);
    return time;
  });
  const isLater = (await Promise.all(times)).every((time) => timeOf(next) > time);
  keepNewest(latest, MOST_TIMES);
  const added = isLater ? points : await missingIn(pointsIn(look), points);
  if (added.length === 0) return undefined;
  const { writer = FIRST, first = 0, count = 0 } = ownParts(look)
    .findLast((part) => part.writer !== EARLIER) ?? {};
  const content = new TextEncoder().encode(added.map((point) => `${point}\n`).join(""));
  return { part: pointsPart(writer, first + count, added.length), content };
}

/** Returns the points that are not stored, each once. */
async function missingIn(
  stored: AsyncIterable<string>,
  points: readonly string[],
): Promise<string[]> {
  const missing = new Set(points);
  for await (const point of stored) {
    missing.delete(point);
    if (missing.size === 0) break;
  }
  return [...missing];
}

function latestIn(lines: readonly string[]): number {
  return lines.reduce((latest, line) => Math.max(latest, timeOf(line) || 0), -Infinity);
}

export function timeOf(point: string): number {
  return Number(objectIn(point)._time);
}

/** Yields the points of all programs of a run. */
export async function* pointsIn(look: RunLook): AsyncGenerator<string> {
  for (const part of look.points) {
    for (const line of await linesIn(look, part)) {
      await giveWay();
      yield line;
    }
  }
}

async function linesIn(look: RunLook, part: PointsPart): Promise<string[]> {
  return new TextDecoder().decode(await readPoints(look, part)).split("\n");
}

type Values = Record<string, unknown>;

/** Returns the object of a line, in which NaN and infinities are strings, and long integers as written. */
export function valuesIn(line: string): Values {
  return objectIn(quoteNotFinite(line), exactValue);
}

/** Returns when the program of a line began, in milliseconds; undefined if it does not say so. */
export function startIn({ _timestamp: at, _runtime: seconds }: Values): number | undefined {
  if (typeof at !== "number" || typeof seconds !== "number") return undefined;
  const ms = Math.round((at - seconds) * 1000);
  return Math.abs(ms) <= 8.64e15 ? ms : undefined;
}

/** Returns lines as points. */
export async function pointsOf({ offset, content }: Lines, startedMs: number): Promise<string[]> {
  const points: string[] = [];
  for (const [at, line] of content.entries()) {
    await giveWay();
    // Clients write the keys of a line in another order each time.
    points.push(writtenJson(pointOf(valuesIn(line), { step: offset + at, startedMs }), true));
  }
  return points;
}

/**
 * Returns a point. Names of nested values are joined with dots. Other values than numbers, strings and
 * flags, such as images, are in `_wandb`, which is a list, so that no program takes them for metrics:
 * the shortest first, as far as they fit.
 */
function pointOf(
  values: Values,
  { step, startedMs }: { step: number; startedMs: number },
): Values {
  const point: Values = {}, rest: [string, unknown][] = [];
  const add = (name: string, value: unknown, depth: number) => {
    const key = TAKEN.test(name) ? `metric:${name}` : name;
    const isNumber = typeof value === "number" || value instanceof WrittenNumber;
    const isShort = typeof value === "string" && value.length <= MOST_STRING;
    if (isNumber || typeof value === "boolean" || isShort) point[key] = value;
    else if (isJsonObject(value) && value._type === undefined && depth < MOST_DEPTH) {
      for (const [below, each] of Object.entries(value)) add(`${name}.${below}`, each, depth + 1);
    } else rest.push([name, value]);
  };
  for (const [name, value] of Object.entries(values)) if (!isOwnKey(name)) add(name, value, 0);
  const { _timestamp: at, _step: own } = values;
  const kept = shortest(rest, MOST_REST);
  return {
    step: typeof own === "number" ? own : step,
    ...point,
    ...(kept.length > 0 && { _wandb: kept }),
    _time: typeof at === "number" ? Math.round(at * 1000 - startedMs) / 1000 : 0,
  };
}

/** Returns the shortest entries, as many as fit into so many bytes of JSON. */
export function shortest<T>(entries: Iterable<readonly [key: string, T]>, most: number) {
  let size = 0;
  return Array.from(entries, (entry) => ({ entry, bytes: sizeOf(entry) + 2 }))
    .sort((one, other) => one.bytes - other.bytes || (one.entry[0] < other.entry[0] ? -1 : 1))
    .filter(({ bytes }) => (size += bytes) <= most).map(({ entry }) => entry);
}

/** Returns what a client says about itself in a configuration. */
export function clientIn(config: string | undefined): Record<string, unknown> {
  const { _wandb: own } = valuesIn(config ?? "");
  return isJsonObject(own) && isJsonObject(own.value) ? own.value : {};
}

const Branch = v.object({ run_id: v.string(), step: v.number() });

/** Returns the run and the step from which a fork (`fork_from`) goes on, as its configuration says. */
export function branchIn(config?: string): v.InferOutput<typeof Branch> | undefined {
  const { branch_point: branch } = clientIn(config);
  return v.is(Branch, branch) ? branch : undefined;
}

/** Yields points up to a step, whose times are those of a run that began so much later. */
export async function* pointsUpTo(
  points: AsyncIterable<string>,
  { step, laterMs }: { step: number; laterMs: number },
): AsyncGenerator<string> {
  for await (const line of points) {
    const point = exactValue(line);
    if (!isJsonObject(point) || !(Number(point.step) <= step)) continue;
    const ms = Math.round(Number(point._time ?? 0) * 1000) - laterMs;
    yield writtenJson({ ...point, _time: ms / 1000 });
  }
}
