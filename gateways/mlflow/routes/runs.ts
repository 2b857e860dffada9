// Requests about runs: begin, read, change, end, delete.
import { createLanes, isJsonObject, isRegistryError } from "../../../core/kernel.ts";
import {
  checkWrites,
  route,
  type RouteContext,
  type Routes,
} from "../../../apps/server/extending.ts";
import { type Body, integer, needText, objects, pairs, readBody, readQuery } from "../body.ts";
import { checkExperimentName, keyIn, metricIn, tagsIn, text } from "../body.ts";
import { checkChanges, described, FRESH, type MlflowContext } from "../context.ts";
import { invalid, wrong } from "../errors.ts";
import { experimentName, parseRunId, runIdOf, type RunKey } from "../../../runs/mlflow/ids.ts";
import { type DataSetInput, dataSetTags } from "../../../runs/mlflow/data_sets.ts";
import { INPUT, OUTPUT, runJson, type Status, STATUSES } from "../../../runs/mlflow/stored_run.ts";
import type { RunChange } from "../amend.ts";
import { loggedModel, noSuchModel } from "./logged_models.ts";

/** The most of each in one batch. */
const MOST = { metrics: 1000, params: 100, tags: 100, all: 1000 };
const NAME_TAG = "mlflow.runName", HISTORY_TAG = "mlflow.log-model.history";

export function runRoutes(routes: Routes, context: MlflowContext): void {
  const { runs, changes, experiments, system } = context;

  route(routes, "POST /api/2.0/mlflow/runs/create", {
    ...described("CreateRun", "Begins a run", "save"),
    answer: async ({ c }) => {
      const body = await readBody(c);
      const name = experimentName(text(body, "experiment_id") ?? "0");
      checkExperimentName(name);
      const { access } = c.info;
      checkChanges(c, { name, id: "" });
      await experiments.checkActive(name);
      const tags = tagsIn(objects(body, "tags"));
      const runName = text(body, "run_name");
      if (runName !== undefined) tags.set(NAME_TAG, runName);
      const user = text(body, "user_id");
      if (user !== undefined && !tags.has("mlflow.user")) tags.set("mlflow.user", user);
      const times = {
        status: "RUNNING",
        startedMs: timeIn(body, "start_time") ?? system.now(),
      } as const;
      const key = await changes.begin(name, { tags, times, access });
      checkChanges(c, key);
      const run = { key, ...times, params: new Map(), tags, metrics: [] };
      return c.json({ run: runJson(run) }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/runs/get", {
    ...described("GetRun", "Returns a run with the last value of each metric", "read"),
    answer: async ({ c }) => {
      const query = readQuery(c);
      const runId = query.get("run_id") ?? query.get("run_uuid") ?? "";
      const run = await runs.read(askedRun(runId), c.info.access);
      return c.json({ run: runJson(run) }, 200, FRESH);
    },
  });

  route(routes, "POST /api/2.0/mlflow/runs/update", {
    ...described("UpdateRun", "Changes the status, the end and the name of a run", "save"),
    answer: async ({ c }) => {
      const { body, key } = await changeIn(c);
      const status = statusIn(body);
      const endedMs = timeIn(body, "end_time");
      const runName = text(body, "run_name");
      await changes.change(key, {
        times: {
          ...(status !== undefined && { status }),
          ...(endedMs !== undefined && { endedMs }),
        },
        ...(runName !== undefined && { tags: new Map([[NAME_TAG, runName]]) }),
      }, c.info.access);
      const { info } = runJson(await runs.read(key, c.info.access));
      return c.json({ run_info: info }, 200, FRESH);
    },
  });

  changeRoutes(routes, context);
  loggingRoutes(routes, context);
  endRoutes(routes, context);
}

function changeRoutes(routes: Routes, { runs, changes }: MlflowContext): void {
  const inOrder = createLanes();
  /** Adds a route that changes a run and answers with nothing. */
  const changing = (
    path: string,
    id: string,
    summary: string,
    changeOf: (body: Body) => RunChange,
  ) =>
    route(routes, `POST /api/2.0/mlflow/runs/${path}`, {
      ...described(id, summary, "save"),
      answer: async ({ c }) => {
        const { body, key } = await changeIn(c);
        await changes.change(key, changeOf(body), c.info.access);
        return c.json({}, 200, FRESH);
      },
    });

  changing(
    "log-parameter",
    "LogParam",
    "Logs a parameter; another value of it is refused",
    (body) => ({ params: pairs([body]) }),
  );
  changing("set-tag", "SetTag", "Sets a tag", (body) => ({ tags: tagsIn([body]) }));
  changing("delete-tag", "DeleteTag", "Deletes a tag", (body) => ({
    tags: new Map([...tagsIn([{ key: keyIn(body) }]).keys()].map((key) => [key, null])),
  }));
  changing("outputs", "LogOutputs", "Notes the logged models of a run", (body) => ({
    tags: new Map(
      objects(body, "models").map((model) => {
        const fact = { model_id: needText(model, "model_id"), step: integer(model, "step") ?? 0 };
        return [OUTPUT + fact.model_id, JSON.stringify(fact)];
      }),
    ),
  }));
  route(routes, "POST /api/2.0/mlflow/runs/log-model", {
    ...described("LogModel", "Notes a model of MLflow 2 in a tag of its run", "save"),
    answer: async ({ c }) => {
      const { body, key } = await changeIn(c);
      const model = modelIn(needText(body, "model_json"));
      await inOrder(runIdOf(key), async () => {
        const { tags } = await runs.read(key, c.info.access);
        const value = JSON.stringify([...historyIn(tags.get(HISTORY_TAG)), model]);
        await changes.change(key, { tags: new Map([[HISTORY_TAG, value]]) }, c.info.access);
      });
      return c.json({}, 200, FRESH);
    },
  });
  route(routes, "POST /api/2.0/mlflow/runs/log-inputs", {
    ...described("LogInputs", "Notes data sets and models that a run uses", "save"),
    answer: async ({ c }) => {
      const { body, key } = await changeIn(c);
      const models = modelsIn(body), datasets = datasetsIn(body);
      await inOrder(runIdOf(key), async () => {
        const { tags } = await runs.read(key, c.info.access);
        const change = new Map([...models, ...dataSetTags(datasets, tags)]);
        await changes.change(key, { tags: change }, c.info.access);
      });
      return c.json({}, 200, FRESH);
    },
  });
}

function loggingRoutes(routes: Routes, { runs, changes, system }: MlflowContext): void {
  /** Adds a route that logs metrics to a run, and to the models that they belong to. */
  const logging = (
    path: string,
    id: string,
    summary: string,
    changeOf: (body: Body) => Omit<RunChange, "metrics"> & { metrics: readonly Body[] },
  ) =>
    route(routes, `POST /api/2.0/mlflow/runs/${path}`, {
      ...described(id, summary, "save"),
      answer: async ({ c }) => {
        const { body, key } = await changeIn(c);
        const { metrics: given, ...change } = changeOf(body);
        const metrics = given.map((each) => metricIn(each, system.now()));
        const ofModels = Map.groupBy(metrics, (_, at) => text(given[at]!, "model_id"));
        const models = [...ofModels].flatMap(([id, metrics]) =>
          id === undefined ? [] : [{ model: loggedModel(id), metrics }]
        );
        for (const { model } of models) {
          c.info.access.check("save", model.name);
          const found = await runs.read(model, c.info.access).catch((error) => {
            if (!isRegistryError(error, "NotFound")) throw error;
          });
          if (found === undefined || found.isDeleted) throw noSuchModel(runIdOf(model));
        }
        await changes.change(key, { ...change, metrics }, c.info.access);
        for (const { model, metrics } of models) {
          await changes.change(model, { metrics }, c.info.access);
        }
        return c.json({}, 200, FRESH);
      },
    });

  logging("log-metric", "LogMetric", "Logs a metric", (body) => ({ metrics: [body] }));
  logging("log-batch", "LogBatch", "Logs metrics, parameters and tags", (body) => {
    const metrics = objects(body, "metrics");
    const params = objects(body, "params"), tags = objects(body, "tags");
    checkCounts({ metrics: metrics.length, params: params.length, tags: tags.length });
    checkRepeated(params);
    return { metrics, params: pairs(params), tags: tagsIn(tags) };
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
      answer: async ({ c }) => {
        const key = parseRunId(needText(await readBody(c), "run_id"));
        checkWrites(c, "delete", key.name);
        await changes[way](key);
        return c.json({}, 200, FRESH);
      },
    });
  }
}

/** Returns the run of a request that reads it. */
export function askedRun(runId: string): RunKey {
  if (runId === "") throw wrong("Missing value for required parameter 'run_id'.");
  return parseRunId(runId);
}

/** Reads a request that changes a run. */
export async function changeIn(c: RouteContext): Promise<{ body: Body; key: RunKey }> {
  const body = await readBody(c);
  const key = parseRunId(text(body, "run_uuid") ?? needText(body, "run_id"));
  checkChanges(c, key);
  return { body, key };
}

/** The latest time that dates have, milliseconds since 1970. */
const MOST_MS = 8.64e15;

function timeIn(body: Body, name: string): number | undefined {
  const time = integer(body, name);
  if (time === undefined || Math.abs(time) <= MOST_MS) return time;
  throw invalid(name, time, "there is no such time");
}

function statusIn(body: Body): Status | undefined {
  const status = body.status ?? undefined;
  const word = typeof status === "number"
    ? ["", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"][status]
    : status;
  if (word === undefined || STATUSES.includes(word as Status)) return word as Status | undefined;
  throw invalid("status", status, "it is not a status of runs");
}

function checkCounts(counts: Readonly<Record<"metrics" | "params" | "tags", number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    const most = MOST[name as keyof typeof counts];
    if (count > most) {
      throw wrong(
        `A batch logging request can contain at most ${most} ${name}. Got ${count} ${name}`,
      );
    }
  }
  const all = counts.metrics + counts.params + counts.tags;
  if (all > MOST.all) {
    throw wrong(
      `A batch logging request can contain at most ${MOST.all} metrics, params and tags. Got ${all}`,
    );
  }
}

function checkRepeated(params: readonly Body[]): void {
  const seen = new Map<string, unknown>();
  for (const { key, value } of params) {
    if (seen.has(`${key}`) && seen.get(`${key}`) !== value) {
      throw wrong(`Duplicate parameter keys have been submitted: '${key}'`);
    }
    seen.set(`${key}`, value);
  }
}

/** Returns the data sets of a request, each of which has a name and a digest. */
function datasetsIn(body: Body): DataSetInput[] {
  return objects(body, "datasets").map((each) => {
    const { dataset } = each, tags = objects(each, "tags");
    if (!isJsonObject(dataset)) throw wrong("Missing value for required parameter 'dataset'.");
    for (const member of ["name", "digest"]) needText(dataset, member);
    return { dataset, tags };
  });
}

/** Returns a model of MLflow 2 as its tag has it. The file `MLmodel` has the signature. */
function modelIn(json: string): unknown {
  try {
    const model: unknown = JSON.parse(json);
    if (!isJsonObject(model)) throw model;
    const { signature: _, saved_input_example_info: __, ...kept } = model;
    return kept;
  } catch {
    throw invalid("model_json", json, "it is not a JSON object");
  }
}

/** Returns the models in a tag, which clients may have set to any text. */
function historyIn(tag = "[]"): unknown[] {
  try {
    const models: unknown = JSON.parse(tag);
    if (Array.isArray(models)) return models;
  } catch {
    // refused below
  }
  throw wrong(`The tag '${HISTORY_TAG}' is not a JSON list`, "Delete it.");
}

function modelsIn(body: Body): [key: string, value: string][] {
  return objects(body, "models").map((model) => {
    const model_id = needText(model, "model_id");
    return [`${INPUT}model.${model_id}`, JSON.stringify({ model_id })];
  });
}
