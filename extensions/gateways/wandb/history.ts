// Histories as clients read them: rows of the points of a run. A page is read with those after it, as
// many as a service keeps, so that not each page reads all points, and none needs the memory of all.
import { giveWay, isJsonObject, keepNewest } from "../../../core/kernel.ts";
import { linesOf, runIn } from "../../runs/mlflow/stored_run.ts";
import { exactValue, WrittenNumber } from "../../runs/written.ts";
import type { ReadableRun } from "./known_run.ts";
import { pointsIn, TAKEN } from "./points.ts";

type Values = Record<string, unknown>;

/** A row of a history. */
export interface Row extends Values {
  readonly _step: number;
}

/** Steps from one to before another. */
export interface Steps {
  readonly first: number;
  readonly end: number;
}

export interface History {
  /** The name of the history as it is now. */
  readonly state: string;
  readonly startedMs: number;
  /** Points in any order, of which those of a step are one row. W&B's clients send rows in their order. */
  readonly isMerged: boolean;
  points(): AsyncIterable<string>;
}

/** Returns the history of a run. */
export function historyOf({ key, generation, ...run }: ReadableRun): History {
  const stateOf = (...now: unknown[]) => JSON.stringify([key, generation, ...now]);
  if (run.state === "open") {
    const { look, startedMs } = run, state = stateOf(look.points.length);
    return { state, startedMs, isMerged: false, points: () => pointsIn(look) };
  }
  const { opened, opened: { info } } = run;
  return {
    state: stateOf(info.version, info.createdAt),
    startedMs: runIn(info).startedMs,
    isMerged: info.metadata.wandb === undefined,
    points: () => linesOf(opened),
  };
}

interface Kept extends Steps {
  /** In the order of their steps. */
  readonly rows: readonly Row[];
}

/** Histories of which rows are kept, and characters of the rows of one, with those of their places. */
const MOST_KEPT = 4, MOST_AHEAD = 2 ** 24, PLACE = 50;

export class RowsAhead {
  readonly #kept = new Map<string, Kept>();

  /** Yields the rows with some steps. */
  async *of(history: History, { first, end }: Steps): AsyncGenerator<Row> {
    const { state, isMerged } = history;
    if (end === Infinity && !isMerged) {
      for await (const { row } of rowsIn(history, () => ({ first, end }))) yield row;
      return;
    }
    for (let at = first; at < end;) {
      let kept = this.#kept.get(state);
      if (kept === undefined || at < kept.first || at >= kept.end) {
        kept = await rowsFrom(history, at);
        this.#kept.delete(state);
        this.#kept.set(state, kept);
        keepNewest(this.#kept, MOST_KEPT);
      }
      const { rows } = kept;
      for (let next = placeOf(rows, at); next < rows.length && rows[next]!._step < end; next++) {
        yield rows[next]!;
      }
      at = kept.end;
    }
  }
}

/** Returns the place of the first row with at least a step. */
function placeOf(rows: readonly Row[], step: number): number {
  let from = 0, to = rows.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (rows[middle]!._step < step) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Returns rows with the first steps from `first`, as many as are kept. */
async function rowsFrom(history: History, first: number): Promise<Kept> {
  const found = new Map<number, Row[]>();
  let size = 0, end = Infinity;
  for await (const { row, length } of rowsIn(history, () => ({ first, end }))) {
    const same = found.get(row._step);
    let isLonger = true;
    if (same === undefined) found.set(row._step, [row]);
    else if (history.isMerged || size > MOST_AHEAD) isLonger = addTo(same.at(-1)!, row);
    else same.push(row);
    if (isLonger) size += length + PLACE;
    if (size <= MOST_AHEAD || found.size < 2) continue;
    const steps = Float64Array.from(found.keys()).sort();
    end = steps[Math.floor(steps.length * 0.75)]!;
    for (const step of steps.subarray(steps.indexOf(end))) found.delete(step);
    size *= found.size / steps.length;
  }
  const inOrder = [...found].sort(([one], [other]) => one - other);
  return { first, end, rows: inOrder.flatMap(([, rows]) => rows) };
}

/** Adds values to a row. True if it had none of a name. */
function addTo(row: Values, values: Values): boolean {
  const hadAll = Object.keys(values).every((name) => name in row);
  Object.assign(row, values);
  return !hadAll;
}

/** The step of a point of most programs, which begins with it. */
const STEP = /^\{"step":(-?\d+)[,}]/;

/** Yields the rows of points with steps, which may change meanwhile, and the lengths of their lines. */
async function* rowsIn({ points, startedMs }: History, steps: () => Steps) {
  let at = 0;
  for await (const line of points()) {
    if (at++ % 100 === 0) await giveWay();
    const { first, end } = steps(), early = STEP.exec(line);
    const isWanted = (step: number) => step >= first && step < end;
    if (early !== null && !isWanted(Number(early[1]))) continue;
    const row = rowOf(line, startedMs);
    if (row !== undefined && isWanted(row._step)) yield { row, length: line.length };
  }
}

/** Returns the row of a point; undefined for half a line. */
function rowOf(line: string, startedMs: number): Row | undefined {
  const point = exactValue(line);
  if (!isJsonObject(point)) return undefined;
  const { step, _time, _wandb, ...values } = point, seconds = Number(_time ?? 0);
  const row: Values = {};
  const add = (name: string, value: unknown) => {
    if (isJsonObject(value) && !(value instanceof WrittenNumber)) { // of other programs
      for (const [below, each] of Object.entries(value)) add(`${name}.${below}`, each);
    } else row[TAKEN.test(name) ? name.replace("metric:", "") : name] = value;
  };
  for (const name of Object.keys(values)) add(name, values[name]);
  // Images and the like are values as they are.
  for (const each of Array.isArray(_wandb) ? _wandb : []) {
    if (Array.isArray(each)) row[each[0]] = each[1];
  }
  row._step = Number(step);
  row._runtime = seconds;
  row._timestamp = startedMs / 1000 + seconds;
  return row as Row;
}
