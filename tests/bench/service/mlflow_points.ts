// Many points of many runs, logged by the requests of MLflow's clients.
import { join } from "node:path";
import { createMlflowGateway } from "../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import { createHandler } from "../../../apps/server.ts";
import { openRegistry } from "../../../mod.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../measure.ts";

const RUNS = 100, BATCH = 1000;

export async function createMlflowPointsGroup(
  { folder, quick, n }: BenchSettings,
): Promise<Group> {
  const points = n ?? (quick ? 100_000 : 1_000_000);
  const registry = await openRegistry(join(folder, "mlflow"));
  const handler = createHandler(registry, { gateways: [createMlflowGateway()] });
  const send = async (method: "GET" | "POST", route: string, body?: unknown) => {
    const init = { method, ...body !== undefined && { body: JSON.stringify(body) } };
    const answer = await handler(new Request(`http://localhost/api/2.0/mlflow/${route}`, init));
    if (answer.status !== 200) throw new Error(`${route}: ${await answer.text()}`);
    return await answer.json();
  };
  const post = (route: string, body: unknown) => send("POST", route, body);
  const { experiment_id } = await post("experiments/create", { name: "curves" });
  let runs: string[] = [];
  const batchOf = (from: number) =>
    Array.from({ length: BATCH }, (_, i) => {
      const step = from + i;
      return { key: "loss", value: 1 / (1 + step), step, timestamp: 1e12 + step };
    });
  const searched = { experiment_ids: [experiment_id], filter: "metrics.loss < 1" };
  const measures: Measure[] = [
    {
      name: `log-batch: ${points} points of ${RUNS} runs, ${BATCH} in each request`,
      count: points,
      unit: "op",
      run: () =>
        timed(async () => {
          runs = [];
          for (let at = 0; at < RUNS; at++) {
            runs.push((await post("runs/create", { experiment_id })).run.info.run_id);
          }
          for (let from = 0; from < points / RUNS; from += BATCH) {
            const metrics = batchOf(from);
            for (const run_id of runs) await post("runs/log-batch", { run_id, metrics });
          }
        }),
    },
    {
      name: "runs/search while they go on",
      count: 1,
      unit: "op",
      run: () => timed(() => post("runs/search", searched)),
    },
    {
      name: `the ends of ${RUNS} runs`,
      count: RUNS,
      unit: "op",
      run: () =>
        timed(async () => {
          for (const run_id of runs) await post("runs/update", { run_id, status: "FINISHED" });
        }),
    },
    {
      name: `metrics/get-history: ${points / RUNS} points of one run`,
      count: points / RUNS,
      unit: "op",
      run: () => timed(() => send("GET", `metrics/get-history?metric_key=loss&run_id=${runs[0]}`)),
    },
  ];
  return {
    measures,
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      await registry.close();
    },
  };
}
