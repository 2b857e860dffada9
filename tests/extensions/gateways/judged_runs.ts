// Runs and logged models for the judge of gateways, made by requests of MLflow, and their ids.
import { assertEquals } from "@std/assert";
import { createApp } from "../../../apps/server/app.ts";
import { createMlflowGateway } from "../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import type { Registry } from "../../../mod.ts";
import {
  encodeName,
  experimentId,
  parseRunId,
  runIdOf,
} from "../../../extensions/runs/mlflow/ids.ts";
import type { TestGatewayOptions } from "../../conformance/gateways.ts";

/** The ids of the newest registry: a run that has ended, and a logged model that is ready. */
interface Ids {
  run: string;
  model: string;
  /** Of the name that has many: all its runs. */
  runs?: readonly string[];
  /** Runs to change and to delete, so that reads are about the first one. */
  changing?: string;
  deleting?: string;
}

/** The name that has many files, and its runs, metrics and points of the first run. */
const MANY = "team:many", RUNS = 100, METRICS = 40, POINTS = 20_000;
/** Metrics of a request. */
const BATCH = 1000;

/** Registered models have the names of the judge, without a prefix. */
export const createJudged = () => createMlflowGateway({ models: "" });

/** Returns what the schemas of MLflow do not have. */
export function mlflowFacts(): TestGatewayOptions {
  const ids = new Map<string, Ids>();
  return {
    async seed(registry) {
      ids.clear();
      for (const name of ["team:model", "other:model"]) {
        ids.set(name, await seedRuns(registry, name));
      }
      for await (const name of registry.names({ prefix: MANY })) {
        if (name === MANY) ids.set(name, await seedMany(registry));
      }
    },
    values({ name, version, path }, { method, path: at, scope }) {
      const its = ids.get(name);
      // The ids of a name without runs are those of another, with its name.
      const known = its ?? ids.get(name.startsWith("team:") ? "team:model" : "other:model")!;
      const asIts = (id: string) => runIdOf({ ...parseRunId(id), name });
      const changed = /\/(delete|restore)$/.test(at) ? known.deleting : known.changing;
      const run = asIts((scope === "read" ? undefined : changed) ?? known.run);
      const model = asIts(known.model);
      const root = `${experimentId(name)}/${run}/artifacts`;
      const hasFiles = its === undefined || name === MANY; // not of a run
      const place = hasFiles && method !== "PUT" ? `versions/${encodeName(name)}/${version}` : root;
      const isFolder = at.endsWith("/artifacts");
      const values: Record<string, string> = {
        path: at.endsWith("/list") ? "" : isFolder ? place : `${place}/${path}`,
        name: /(experiments|registered-models)\/create$/.test(at) ? `${name}-new` : name,
        version: at.endsWith("model-versions/delete") ? "1.1.0" : version,
        new_name: `${name}-new`,
        experiment_id: experimentId(name),
        experiment_ids: experimentId(name),
        experiment_name: name,
        model,
        source: `mlflow-artifacts:/${place}`,
        status: at.includes("logged-models") ? "LOGGED_MODEL_READY" : "FINISHED",
        key: "k",
        metric_key: "m",
        model_json: "{}",
      };
      if (at.endsWith("runs/search")) values.order_by = "metrics.m1";
      // A version of a registered model only keeps them, and a metric has one subject: its run.
      if (!at.endsWith("model-versions/create")) values.run_id = run;
      if (!/model-versions\/create|log-metric$/.test(at)) values.model_id = model;
      return values;
    },
    texts: {
      filter: (length) => filterOf(length),
      order_by: (_, at) => `metrics.m${at}`,
      run_id: (_, at) => ids.get(MANY)?.runs?.at(at % RUNS) ?? "none",
      experiment_ids: (_, at) => experimentId(at === 0 ? MANY : `team:n${at % 200 + 1}`),
    },
    subjects: ["run_id", "model"],
    refuses: REFUSES,
  };
}

/** Returns a filter of a length whose comparisons all hold, with as many patterns as one may have. */
function filterOf(length: number): string {
  const pattern = "%a%a%a", comparisons: string[] = [];
  for (let at = 0; at < length / 28 - 1; at++) {
    const isPattern = (at + 1) * pattern.length <= 1000;
    comparisons.push(isPattern ? `tags.k LIKE '${pattern}'` : "tags.k != 'b'");
  }
  return comparisons.join(" AND ");
}

const API = "/api/2.0/mlflow";
const HAS_ALIAS = 'the alias \\"current\\" points to it';
const REFUSES = {
  [`POST ${API}/model-versions/transition-stage`]: "does not have stages",
  [`DELETE ${API}/registered-models/delete`]: HAS_ALIAS,
  [`POST ${API}/experiments/delete`]: HAS_ALIAS,
  [`POST ${API}/experiments/restore`]: "No deleted experiment with id=xteam_3amodel exists",
  [`POST ${API}/registered-models/rename`]: "it has versions, whose names do not change",
  "POST /api/2.0/mlflow-artifacts/mpu/:step/:path{[^]+}": "Multipart upload is not supported",
};

/** Sends a request of MLflow and returns its answer. */
type Send = (method: string, path: string, body: unknown) => Promise<Answered>;
// deno-lint-ignore no-explicit-any -- JSON
type Answered = any;

async function withRequests<T>(registry: Registry, use: (send: Send) => Promise<T>): Promise<T> {
  await using app = createApp(registry, { gateways: [createJudged()] });
  return await use(async (method, path, body) => {
    const answer = await app(
      new Request(`http://127.0.0.1/api/2.0/${path}`, {
        method,
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    );
    const answered = await answer.json();
    assertEquals(answer.status, 200, JSON.stringify(answered));
    return answered;
  });
}

/** Saves a run and a logged model, in which hidden names have texts that no answer may have. */
function seedRuns(registry: Registry, name: string): Promise<Ids> {
  const text = name.startsWith("team:") ? "shown" : "hidden";
  return withRequests(registry, async (send) => {
    const experiment_id = experimentId(name);
    const tags = [{ key: "k", value: `${text}-metadata` }];
    await send("POST", "mlflow/experiments/set-experiment-tag", { experiment_id, ...tags[0] });
    const begun = await send("POST", "mlflow/runs/create", { experiment_id, tags });
    const run_id: string = begun.run.info.run_id;
    const metric = { key: "m", value: 1, timestamp: 1, step: 0 };
    await send("POST", "mlflow/runs/log-metric", { run_id, ...metric });
    const at = `mlflow-artifacts/artifacts/${experiment_id}/${run_id}/artifacts/file.txt`;
    await send("PUT", at, `${text}-content`);
    await send("POST", "mlflow/runs/update", { run_id, status: "FINISHED" });
    return { run: run_id, model: await seedModel(send, { experiment_id, tags }) };
  });
}

async function seedModel(send: Send, created: object): Promise<string> {
  const { model } = await send("POST", "mlflow/logged-models", created);
  const id: string = model.info.model_id;
  await send("PATCH", `mlflow/logged-models/${id}`, { status: "LOGGED_MODEL_READY" });
  return id;
}

/** Saves many runs. The first has a long history. Every tenth of the others goes on. */
function seedMany(registry: Registry): Promise<Ids> {
  const experiment_id = experimentId(MANY);
  return withRequests(registry, async (send) => {
    const runs: string[] = [];
    const tags = [{ key: "k", value: "a".repeat(2000) }];
    for (let at = 0; at < RUNS; at++) {
      const { run } = await send("POST", "mlflow/runs/create", { experiment_id, tags });
      const run_id: string = run.info.run_id;
      const metrics = Array.from({ length: at === 0 ? POINTS : METRICS }, (_, i) => ({
        key: at === 0 ? "m" : `m${i}`,
        value: i * at,
        timestamp: i,
        step: i,
      }));
      for (let from = 0; from < metrics.length; from += BATCH) {
        const some = metrics.slice(from, from + BATCH);
        await send("POST", "mlflow/runs/log-batch", { run_id, metrics: some });
      }
      runs.push(run_id);
      if (at % 10 === 9) continue;
      await send("POST", "mlflow/runs/update", { run_id, status: "FINISHED" });
    }
    const model = await seedModel(send, { experiment_id, tags });
    const [run = "", changing, deleting] = runs;
    return { run, model, runs, changing, deleting };
  });
}
