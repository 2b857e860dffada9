// Searches of MLflow over many runs of one experiment, in a folder.
import { join } from "node:path";
import { createMlflowGateway } from "../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import { createHandler } from "../../../apps/server.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { experimentId } from "../../../extensions/runs/mlflow/ids.ts";
import { metadataOf } from "../../../extensions/runs/mlflow/stored_run.ts";
import { type BenchSettings, type Group, timed } from "../measure.ts";

const NAME = "digits";
const METRICS = 25, PARAMS = 20, TAGS = 5;

export async function createMlflowSearchGroup(
  { folder, quick, n }: BenchSettings,
): Promise<Group> {
  const runs = n ?? (quick ? 200 : 10_000);
  const registry = await openRegistry(join(folder, "mlflow"));
  await forEachAtOnce(Array(runs).keys(), (at) => saveRun(registry, at));
  const handler = createHandler(registry, { gateways: [createMlflowGateway()] });
  const searched = (name: string, body: Record<string, unknown>) => ({
    name,
    count: 1,
    unit: "op" as const,
    run: () =>
      timed(async () => {
        const answer = await handler(
          new Request("http://localhost/api/2.0/mlflow/runs/search", {
            method: "POST",
            body: JSON.stringify({ experiment_ids: [experimentId(NAME)], ...body }),
          }),
        );
        await answer.text();
        if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      }),
  });
  const filter = { filter: "metrics.m3 > 0.9 AND params.p3 = '3'", order_by: ["metrics.m4 DESC"] };
  await searched("the first, which reads all", filter).run();
  return {
    measures: [
      searched(`runs/search of ${runs} runs with 50 values: filtered and sorted`, filter),
      searched("the same, a page of 1,000 runs", { max_results: 1000 }),
      {
        name: "a list of their versions, without metadata",
        count: 1,
        unit: "op",
        run: () => timed(() => Array.fromAsync(registry.versions(NAME))),
      },
    ],
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      await registry.close();
    },
  };
}

async function saveRun(registry: Registry, at: number): Promise<void> {
  const keys = (begin: string, count: number) => Array.from({ length: count }, (_, n) => begin + n);
  const run = {
    key: { name: NAME, id: `${at}`.padStart(32, "0") },
    status: "FINISHED",
    startedMs: 1e12 + at,
    endedMs: 1e12 + at + 5,
    params: new Map(keys("p", PARAMS).map((key, n) => [key, `${(at * n) % 17}`])),
    tags: new Map(keys("t", TAGS).map((key) => [key, `value ${at % 7}`])),
    metrics: keys("m", METRICS).map((key, n) => ({
      key,
      value: Math.sin(at * n),
      timestamp: 1e12 + at,
      step: 10,
    })),
  } as const;
  await registry.save(NAME, { at }, { metadata: metadataOf(run) });
}
