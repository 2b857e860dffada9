// Runs and logged models for the judge of gateways, made by requests of MLflow, and their ids.
import { assertEquals } from "@std/assert";
import { createApp } from "../../apps/server/app.ts";
import { createMlflowGateway } from "../../gateways/mlflow/mlflow_gateway.ts";
import type { Registry } from "../../mod.ts";
import { encodeName, experimentId, parseRunId, runIdOf } from "../../runs/mlflow/ids.ts";
import type { TestGatewayOptions } from "../conformance/gateways.ts";

/** The ids of the newest registry: a run that has ended, and a logged model that is ready. */
interface Ids {
  run: string;
  model: string;
}

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
    },
    values({ name, version, path }, { method, path: at }) {
      const its = ids.get(name);
      // The ids of a name without runs are those of another, with its name.
      const known = its ?? ids.get(name.startsWith("team:") ? "team:model" : "other:model")!;
      const asIts = (id: string) => runIdOf({ ...parseRunId(id), name });
      const run = asIts(known.run), model = asIts(known.model);
      const root = `${experimentId(name)}/${run}/artifacts`;
      const place = its === undefined && method !== "PUT"
        ? `versions/${encodeName(name)}/${version}`
        : root;
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
      // A version of a registered model only keeps them, and a metric has one subject: its run.
      if (!at.endsWith("model-versions/create")) values.run_id = run;
      if (!/model-versions\/create|log-metric$/.test(at)) values.model_id = model;
      return values;
    },
    subjects: ["run_id", "model"],
    refuses: REFUSES,
  };
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

/** Saves a run and a logged model, in which hidden names have texts that no answer may have. */
async function seedRuns(registry: Registry, name: string): Promise<Ids> {
  await using app = createApp(registry, { gateways: [createJudged()] });
  const text = name.startsWith("team:") ? "shown" : "hidden";
  const send = async (method: string, path: string, body: unknown) => {
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
  };
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
  const { model } = await send("POST", "mlflow/logged-models", { experiment_id, tags });
  const id: string = model.info.model_id;
  await send("PATCH", `mlflow/logged-models/${id}`, { status: "LOGGED_MODEL_READY" });
  return { run: run_id, model: id };
}
