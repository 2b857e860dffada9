// The last values of runs that are not finished. Each point is read once: what it changed stays in
// the memory of this process.
import type { Registry } from "../../../mod.ts";
import { giveWay, isRegistryError, keepNewest } from "../../../core/kernel.ts";
import { LastValues } from "../last_values.ts";
import { type LoggedRun, readLoggedRun } from "../mod.ts";

/** Runs whose values are kept: as many as a page lists. */
const MOST_RUNS = 200;
/** Pages of points, of about 4 MiB, that one request reads of a run. Later requests read on. */
const MOST_PAGES = 4;
/** Lines that are parsed before other requests have their turn. */
const LINES_AT_ONCE = 500;

interface Known {
  readonly values: LastValues;
  /** The beginning of the points that are not read. */
  next?: string;
  /** Number of points of which all are read; undefined while others follow. */
  points?: number;
  metrics?: Record<string, unknown>;
  reading?: Promise<void>;
}

export class RunValues {
  readonly #registry: Registry;
  readonly #runs = new Map<string, Known>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /**
   * Returns the last value of each name of a run and the best one of measures; undefined if not all
   * points are read yet, or cannot be.
   */
  async metricsOf(run: LoggedRun): Promise<Record<string, unknown> | undefined> {
    const key = `${run.name}@${run.id} ${run.startedAt.getTime()}`;
    const known = this.#runs.get(key) ?? { values: new LastValues() };
    this.#runs.delete(key);
    this.#runs.set(key, known);
    keepNewest(this.#runs, MOST_RUNS);
    try {
      if (known.points === undefined || known.points < run.points) {
        await (known.reading ??= this.#readOn(run, known)
          .finally(() => known.reading = undefined));
      }
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      return undefined; // it was finished or discarded meanwhile, or its page says why
    }
    return known.points === undefined ? undefined : known.metrics;
  }

  async #readOn({ name, id }: LoggedRun, known: Known): Promise<void> {
    for (let page = 0; page < MOST_PAGES; page++) {
      const options = { id, after: known.next };
      const { lines, next, more, points } = await readLoggedRun(this.#registry, name, options);
      for (const [i, line] of lines.split("\n").entries()) {
        if (i % LINES_AT_ONCE === 0) await giveWay();
        if (line !== "") known.values.add(line);
      }
      known.next = next;
      known.points = more ? undefined : points;
      if (!more) break;
    }
    if (known.points !== undefined) known.metrics = known.values.toMetrics().metrics;
  }
}
