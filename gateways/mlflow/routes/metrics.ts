// Requests about all values of a metric.
import { route, type Routes } from "../../../apps/server/extending.ts";
import { readQuery } from "../body.ts";
import { described, FRESH, type MlflowContext } from "../context.ts";
import { invalid, wrong } from "../errors.ts";
import { runIdOf } from "../../../runs/mlflow/ids.ts";
import { type Metric, metricJson } from "../../../runs/mlflow/points.ts";
import { askedRun } from "./runs.ts";

/** Values of a page. */
const MOST_VALUES = 25_000;
const MOST_RUNS = 100;

export function metricRoutes(routes: Routes, { runs }: MlflowContext): void {
  route(routes, "GET /api/2.0/mlflow/metrics/get-history", {
    ...described("MetricHistory", "Returns the values of a metric", "read"),
    readsMany: true,
    answer: async ({ c }) => {
      const query = readQuery(c);
      const run = askedRun(query.get("run_id") ?? query.get("run_uuid") ?? "");
      const key = keyIn(query);
      const from = fromOf(query.get("page_token"));
      const limit = limitOf(query.get("max_results"));
      const all = inOrder(await Array.fromAsync(ofKey(runs.history(run, c.info.access), key)));
      const page = all.slice(from, from + limit);
      const hasMore = query.has("max_results") && from + limit < all.length;
      return c.json(
        {
          metrics: (query.has("max_results") ? page : all.slice(from)).map(metricJson),
          ...(hasMore && { next_page_token: `${from + limit}` }),
        },
        200,
        FRESH,
      );
    },
  });

  route(routes, "GET /api/2.0/mlflow/metrics/get-history-bulk", {
    ...described("MetricHistories", "Returns the values of a metric in several runs", "read"),
    readsMany: true,
    answer: async ({ c }) => {
      const query = readQuery(c);
      const ids = query.getAll("run_id");
      if (ids.length > MOST_RUNS) throw wrong(`At most ${MOST_RUNS} run_id are allowed`);
      const key = keyIn(query);
      const keys = ids.map((id) => askedRun(id));
      const metrics = [];
      for (const run of keys) {
        const values = await Array.fromAsync(ofKey(runs.history(run, c.info.access), key));
        for (const each of inOrder(values)) {
          metrics.push({ ...metricJson(each), run_id: runIdOf(run) });
        }
      }
      return c.json({ metrics: metrics.slice(0, limitOf(query.get("max_results"))) }, 200, FRESH);
    },
  });
}

function keyIn(query: URLSearchParams): string {
  const key = query.get("metric_key");
  if (key === null || key === "") throw wrong("Missing value for required parameter 'metric_key'.");
  return key;
}

async function* ofKey(metrics: AsyncIterable<Metric>, key: string): AsyncGenerator<Metric> {
  for await (const metric of metrics) if (metric.key === key) yield metric;
}

/** Returns values in the order of MLflow. A value that a client has sent twice counts once. */
function inOrder(metrics: Metric[]): Metric[] {
  const order = (a: Metric, b: Metric) =>
    a.timestamp - b.timestamp || a.step - b.step || compareValues(a.value, b.value);
  metrics.sort(order);
  return metrics.filter((metric, at) => at === 0 || order(metrics[at - 1]!, metric) !== 0);
}

function compareValues(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : Number(a > b);
}

function fromOf(token: string | null): number {
  if (token === null || token === "") return 0;
  if (/^\d{1,15}$/.test(token)) return Number(token);
  throw wrong("Invalid page token");
}

export function limitOf(text: string | null, most: number = MOST_VALUES): number {
  if (text === null) return most;
  if (/^\d{1,10}$/.test(text) && Number(text) > 0) return Math.min(Number(text), most);
  throw invalid("max_results", text, "it is not a positive integer");
}
