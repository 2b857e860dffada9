// Requests about all values of a metric.
import { Buffer } from "node:buffer";
import * as v from "npm:valibot@^1.5";
import { giveWay, parsedJson } from "../../../../core/kernel.ts";
import { type Access, route, type Routes } from "../../../../apps/gateways.ts";
import { described, FRESH, type MlflowContext } from "../context.ts";
import { wrong } from "../errors.ts";
import { parseRunId, runIdOf, type RunKey } from "../../../runs/mlflow/ids.ts";
import { type Metric, metricJson, NOT_FINITE } from "../../../runs/mlflow/points.ts";
import type { RunStore } from "../run_store.ts";
import * as s from "../schemas.ts";
import { ofRun } from "./run_schemas.ts";
import { askedRun } from "./runs.ts";

const History = v.object({
  ...ofRun,
  metric_key: s.needed(s.MOST.key),
  max_results: s.integer(1),
  page_token: s.text(s.MOST.pageToken),
});

const Histories = v.object({
  run_id: s.repeated(s.COUNT.runs, s.MOST.id),
  metric_key: s.needed(s.MOST.key),
  max_results: s.integer(1),
});

export function metricRoutes(routes: Routes, { runs }: MlflowContext): void {
  route(routes, "GET /api/2.0/mlflow/metrics/get-history", {
    ...described("MetricHistory", "Returns the values of a metric", "read"),
    query: History,
    readsMany: true,
    answer: async ({ c, query, access, signal }) => {
      const { metric_key: key, max_results, page_token: token } = query;
      const most = limitOf(max_results);
      const after = token === undefined ? undefined : parseToken(token);
      // One more than a page shows whether there is a next one.
      const first = new FirstValues(most + 1, after);
      await readValues(runs, { run: askedRun(query), key, access, signal }, first);
      const values = first.inOrder(), page = values.slice(0, most), last = page.at(-1);
      const next = values.length > most && last ? { next_page_token: tokenOf(last) } : {};
      return c.json({ metrics: page.map(metricJson), ...next }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/metrics/get-history-bulk", {
    ...described("MetricHistories", "Returns the values of a metric in several runs", "read"),
    query: Histories,
    readsMany: true,
    answer: async ({ c, query, access, signal }) => {
      const { metric_key: key, max_results } = query;
      if (query.run_id.length === 0) throw wrong("Missing value for required parameter 'run_id'.");
      const ids = [...new Set(query.run_id)].sort();
      const metrics: unknown[] = [];
      for (const run of ids.map(parseRunId)) {
        const room = limitOf(max_results) - metrics.length;
        if (room <= 0) break;
        const first = new FirstValues(room);
        await readValues(runs, { run, key, access, signal }, first);
        const run_id = runIdOf(run);
        for (const each of first.inOrder()) metrics.push({ ...metricJson(each), run_id });
      }
      return c.json({ metrics }, 200, FRESH);
    },
  });
}

function limitOf(given: number | undefined): number {
  return Math.min(given ?? s.COUNT.history, s.COUNT.history);
}

interface AskedValues {
  readonly run: RunKey;
  readonly key: string;
  readonly access: Access;
  /** Ends the reading once the client has left. */
  readonly signal: AbortSignal;
}

async function readValues(
  runs: RunStore,
  { run, key, access, signal }: AskedValues,
  first: FirstValues,
): Promise<void> {
  for await (const metric of runs.history(run, access)) {
    await giveWay(signal);
    if (metric.key === key) first.add(metric);
  }
}

/**
 * The first values of a metric in the order of MLflow, of which memory holds no more than twice as
 * many. A value that a client has sent twice counts once.
 */
class FirstValues {
  readonly #most: number;
  readonly #after?: Metric;
  #values: Metric[] = [];

  /** @param after only values after this one */
  constructor(most: number, after?: Metric) {
    this.#most = most;
    this.#after = after;
  }

  add(value: Metric): void {
    if (this.#after !== undefined && compare(this.#after, value) >= 0) return;
    this.#values.push(value);
    if (this.#values.length >= 2 * this.#most + 1000) this.inOrder();
  }

  inOrder(): readonly Metric[] {
    this.#values.sort(compare);
    this.#values = this.#values
      .filter((value, at, all) => at === 0 || compare(all[at - 1]!, value) !== 0)
      .slice(0, this.#most);
    return this.#values;
  }
}

function compare(a: Metric, b: Metric): number {
  return a.timestamp - b.timestamp || a.step - b.step || compareValues(a.value, b.value);
}

/** Compares as MLflow's database does, which stores NaN as 0, and a mark. */
function compareValues(a: number, b: number): number {
  const [one, other] = [a || 0, b || 0];
  if (one === other) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return one < other ? -1 : 1;
}

/** Returns the token of the page after a value. */
function tokenOf(metric: Metric): string {
  const { timestamp, step, value } = metricJson(metric);
  return Buffer.from(JSON.stringify([timestamp, step, value])).toString("base64url");
}

function parseToken(token: string): Metric {
  const after = parsedJson(Buffer.from(token, "base64url").toString());
  const [timestamp, step, given] = Array.isArray(after) ? after : [];
  const value = NOT_FINITE.get(given) ?? given;
  const isMetric = [timestamp, step, value].every((each) => typeof each === "number");
  if (isMetric) return { key: "", timestamp, step, value };
  throw wrong("Invalid page token", "Read the values again from the beginning.");
}
