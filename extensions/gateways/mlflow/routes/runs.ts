// Requests about runs: begin, read, change, end, delete.
import type { InferOutput } from "npm:valibot@^1.5";
import type { StandardSchema } from "../../../../registry/mod.ts";
import { createLanes, isJsonObject, parsedJson } from "../../../../core/kernel.ts";
import { route, type RouteContext, type Routes } from "../../../../apps/gateways.ts";
import { checkWrites } from "../../../../apps/server/extending.ts";
import { checkChanges, described, FRESH, type MlflowContext, nameRun } from "../context.ts";
import { invalid, wrong } from "../errors.ts";
import { checkExperimentName } from "../experiments.ts";
import { experimentName, parseRunId, runIdOf, type RunKey } from "../../../runs/mlflow/ids.ts";
import { dataSetTags, newDataSets } from "../../../runs/mlflow/data_sets.ts";
import { pointsOf } from "../../../runs/mlflow/points.ts";
import { INPUT, NAME_TAG, nameOfRun, OUTPUT, runJson } from "../../../runs/mlflow/stored_run.ts";
import type { RunChange } from "../amend.ts";
import { byKey, COUNT, metricOf } from "../schemas.ts";
import { loggedModel } from "./logged_models.ts";
import * as schemas from "./run_schemas.ts";

const HISTORY_TAG = "mlflow.log-model.history";

export function runRoutes(routes: Routes, context: MlflowContext): void {
  const { runs, changes, experiments, system } = context;

  route(routes, "POST /api/2.0/mlflow/runs/create", {
    ...described("CreateRun", "Begins a run", "save"),
    json: schemas.NewRun,
    answer: async ({ c, json, access }) => {
      const name = experimentName(json.experiment_id ?? "0");
      checkExperimentName(name);
      checkChanges(c, { name, id: "" });
      await experiments.checkActive(name);
      const key = changes.newKey(name);
      const tags = namedTags(key, json);
      const times = { status: "RUNNING", startedMs: json.start_time ?? system.now() } as const;
      await changes.begin(key, { tags, times, access });
      checkChanges(c, key);
      const run = { key, ...times, params: new Map(), tags, metrics: [] };
      return c.json({ run: runJson(run) }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/runs/get", {
    ...described("GetRun", "Returns a run with the last value of each metric", "read"),
    query: schemas.AskedRun,
    answer: async ({ c, query, access }) => {
      const run = await runs.read(askedRun(query), access);
      return c.json({ run: runJson(run) }, 200, FRESH);
    },
  });

  route(routes, "POST /api/2.0/mlflow/runs/update", {
    ...described("UpdateRun", "Changes the status, the end and the name of a run", "save"),
    json: schemas.RunUpdate,
    answer: async ({ c, json, access }) => {
      const key = changedRun(c, json);
      const { status, end_time: endedMs, run_name: runName } = json;
      await changes.change(key, {
        times: {
          ...(status !== undefined && { status }),
          ...(endedMs !== undefined && { endedMs }),
        },
        ...(runName !== undefined && { tags: new Map([[NAME_TAG, runName]]) }),
      }, access);
      const { info } = runJson(await runs.read(key, access));
      return c.json({ run_info: info }, 200, FRESH);
    },
  });

  changeRoutes(routes, context);
  factRoutes(routes, context);
  loggingRoutes(routes, context);
  endRoutes(routes, context);
}

/** Returns the tags of a new run, one of which has its name. */
function namedTags(
  key: RunKey,
  json: InferOutput<typeof schemas.NewRun>,
): Map<string, string> {
  const tags = byKey(json.tags), given = tags.get(NAME_TAG) || undefined;
  const name = json.run_name ?? given ?? nameOfRun({ key, tags: new Map() });
  if (given !== undefined && given !== name) {
    throw wrong(
      "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different " +
        `values (run_name='${name}', mlflow.runName='${given}').`,
    );
  }
  tags.set(NAME_TAG, name);
  if (json.user_id !== undefined && !tags.has("mlflow.user")) tags.set("mlflow.user", json.user_id);
  return tags;
}

function changeRoutes(routes: Routes, { changes }: MlflowContext): void {
  /** Adds a route that changes a run and answers with nothing. */
  const changing = <T extends schemas.OfRun>(
    path: string,
    [id, summary, json]: readonly [string, string, StandardSchema<T>],
    changeOf: (json: T) => RunChange,
  ) =>
    route(routes, `POST /api/2.0/mlflow/runs/${path}`, {
      ...described(id, summary, "save"),
      json,
      answer: async ({ c, json, access }) => {
        await changes.change(changedRun(c, json as T), changeOf(json as T), access);
        return c.json({}, 200, FRESH);
      },
    });

  changing(
    "log-parameter",
    ["LogParam", "Logs a parameter; another value of it is refused", schemas.LoggedParam],
    (json) => ({ params: byKey([json]) }),
  );
  changing(
    "set-tag",
    ["SetTag", "Sets a tag", schemas.LoggedTag],
    (json) => ({ tags: byKey([json]) }),
  );
  changing(
    "delete-tag",
    ["DeleteTag", "Deletes a tag", schemas.DeletedTag],
    ({ key }) => ({ tags: new Map([[key, null]]) }),
  );
  changing(
    "outputs",
    ["LogOutputs", "Notes the logged models of a run", schemas.Outputs],
    ({ models }) => ({
      tags: new Map(models.map(({ model_id, step = 0 }) => [
        OUTPUT + model_id,
        JSON.stringify({ model_id, step }),
      ])),
    }),
  );
}

/** Adds routes that note what a run has, beside what it had before. */
function factRoutes(routes: Routes, { runs, changes }: MlflowContext): void {
  const inOrder = createLanes();

  route(routes, "POST /api/2.0/mlflow/runs/log-model", {
    ...described("LogModel", "Notes a model of MLflow 2 in a tag of its run", "save"),
    json: schemas.ModelOfRun,
    answer: async ({ c, json, access }) => {
      const key = changedRun(c, json);
      const model = modelIn(json.model_json);
      await inOrder(runIdOf(key), async () => {
        const { tags } = await runs.read(key, access);
        const value = JSON.stringify([...historyIn(tags.get(HISTORY_TAG)), model]);
        await changes.change(key, { tags: new Map([[HISTORY_TAG, value]]) }, access);
      });
      return c.json({}, 200, FRESH);
    },
  });

  route(routes, "POST /api/2.0/mlflow/runs/log-inputs", {
    ...described("LogInputs", "Notes data sets and models that a run uses", "save"),
    json: schemas.Inputs,
    answer: async ({ c, json, access }) => {
      const key = changedRun(c, json);
      const models = json.models.map(({ model_id }): [string, string] => [
        `${INPUT}model.${model_id}`,
        JSON.stringify({ model_id }),
      ]);
      await inOrder(runIdOf(key), async () => {
        const { tags } = await runs.read(key, access);
        const added = dataSetTags(newDataSets(json.datasets, tags), tags);
        const change = new Map([...models, ...added]);
        await changes.change(key, { tags: change }, access);
      });
      return c.json({}, 200, FRESH);
    },
  });
}

type Batch = InferOutput<typeof schemas.LoggedBatch>;

function loggingRoutes(routes: Routes, { runs, changes, system }: MlflowContext): void {
  /** Logs metrics to a run, and to the models that they belong to. */
  const log = async (
    c: RouteContext,
    json: schemas.OfRun,
    given: Omit<Batch, keyof typeof schemas.ofRun>,
  ) => {
    const { access } = c.info;
    const key = changedRun(c, json);
    const metrics = given.metrics.map((each) => metricOf(each, system.now()));
    const ofModels = Map.groupBy(metrics, (_, at) => given.metrics[at]!.model_id);
    const models = [...ofModels].flatMap(([id, metrics]) =>
      id === undefined ? [] : [{ model: loggedModel(id), metrics }]
    );
    // A refused request changes nothing.
    for (const { model, metrics } of models) {
      access.check("save", model.name);
      pointsOf(metrics, (await runs.readModel(model, access)).startedMs);
    }
    const change = { metrics, params: byKey(given.params), tags: byKey(given.tags) };
    await changes.change(key, change, access);
    for (const { model, metrics } of models) await changes.change(model, { metrics }, access);
    return c.json({}, 200, FRESH);
  };

  route(routes, "POST /api/2.0/mlflow/runs/log-metric", {
    ...described("LogMetric", "Logs a metric", "save"),
    json: schemas.LoggedMetric,
    answer: ({ c, json }) => log(c, json, { metrics: [json], params: [], tags: [] }),
  });

  route(routes, "POST /api/2.0/mlflow/runs/log-batch", {
    ...described("LogBatch", "Logs metrics, parameters and tags", "save"),
    json: schemas.LoggedBatch,
    answer: async ({ c, json }) => {
      const all = json.metrics.length + json.params.length + json.tags.length;
      if (all > COUNT.batch) {
        throw wrong(
          `A batch logging request can contain at most ${COUNT.batch} metrics, params and tags. ` +
            `Got ${all}`,
        );
      }
      checkRepeated(json.params);
      return await log(c, json, json);
    },
  });
}

function endRoutes(routes: Routes, { changes }: MlflowContext): void {
  for (const way of ["delete", "restore"] as const) {
    route(routes, `POST /api/2.0/mlflow/runs/${way}`, {
      ...described(
        way === "delete" ? "DeleteRun" : "RestoreRun",
        way === "delete"
          ? "Deletes the versions of a run; discards one that goes on"
          : "Restores the versions of a deleted run, while their files are there",
        "delete",
      ),
      json: schemas.AskedRun,
      answer: async ({ c, json, access }) => {
        const key = askedRun(json);
        nameRun(c, key);
        checkWrites(c, "delete", key.name);
        await changes[way](key, access);
        return c.json({}, 200, FRESH);
      },
    });
  }
}

/** Returns the run that a request names. */
export function askedRun({ run_id, run_uuid }: schemas.OfRun): RunKey {
  const id = run_id ?? run_uuid;
  if (id === undefined) throw wrong("Missing value for required parameter 'run_id'.");
  return parseRunId(id);
}

/** Returns the run that a request changes. Throws unless it may. */
function changedRun(c: RouteContext, { run_id, run_uuid }: schemas.OfRun): RunKey {
  const key = askedRun({ run_id: run_uuid ?? run_id });
  checkChanges(c, key);
  return key;
}

function checkRepeated(params: Batch["params"]): void {
  const seen = new Map<string, string>();
  for (const { key, value } of params) {
    if (seen.has(key) && seen.get(key) !== value) {
      throw wrong(`Duplicate parameter keys have been submitted: '${key}'`);
    }
    seen.set(key, value);
  }
}

/** Returns a model of MLflow 2 as its tag has it. The file `MLmodel` has the signature. */
function modelIn(json: string): unknown {
  const model = parsedJson(json);
  if (!isJsonObject(model)) throw invalid("model_json", json, "it is not a JSON object");
  const { signature: _, saved_input_example_info: __, ...kept } = model;
  return kept;
}

/** Returns the models in a tag, which clients may have set to any text. */
function historyIn(tag = "[]"): unknown[] {
  const models = parsedJson(tag);
  if (Array.isArray(models)) return models;
  throw wrong(`The tag '${HISTORY_TAG}' is not a JSON list`, "Delete it.");
}
