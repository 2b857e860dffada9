// Requests about logged models of MLflow 3. Each is a run of its experiment, with files, whose version
// is there once it is ready.
import * as v from "npm:valibot@^1.5";
import { route, type RouteContext, type Routes } from "../../../../apps/gateways.ts";
import { checkWrites } from "../../../../apps/server/extending.ts";
import { checkChanges, described, FRESH, type MlflowContext, nameRun } from "../context.ts";
import type { RunChange } from "../amend.ts";
import { invalid, noSuchLoggedModel, wrong } from "../errors.ts";
import {
  experimentId,
  experimentName,
  isModel,
  MODEL,
  parseRunId,
  type RunKey,
} from "../../../runs/mlflow/ids.ts";
import { runIdOf } from "../../../runs/mlflow/ids.ts";
import { type Metric, metricJson } from "../../../runs/mlflow/points.ts";
import {
  artifactRoot,
  MODEL_FACTS,
  shownTags,
  type Status,
  type StoredRun,
} from "../../../runs/mlflow/stored_run.ts";
import type { Valued } from "../search/filter.ts";
import * as s from "../schemas.ts";
import { answerPage, MODEL_FIELDS, searchedRuns, valued } from "../search/search_runs.ts";

const PATH = "/api/2.0/mlflow/logged-models";

/** Models of a page. */
const MOST_MODELS = 50;

const MODEL_STATUS = {
  LOGGED_MODEL_PENDING: "RUNNING",
  LOGGED_MODEL_READY: "FINISHED",
  LOGGED_MODEL_UPLOAD_FAILED: "FAILED",
} as const satisfies Readonly<Record<string, Status>>;
const STATUSES = Object.keys(MODEL_STATUS) as (keyof typeof MODEL_STATUS)[];

const params = s.list(s.COUNT.facts, s.param);
const tags = s.list(s.COUNT.facts, s.tag(s.MOST.tag));

const NewModel = v.object({
  experiment_id: s.text(s.MOST.id),
  name: s.text(s.MOST.name),
  model_type: s.text(s.MOST.name),
  source_run_id: s.text(s.MOST.id),
  params,
  tags,
});

const Asked = v.object({ allow_deleted: s.flag });
const Finalized = v.object({ status: s.word(STATUSES, "not the end of a logged model") });
const Tagged = v.object({ tags });
const WithParams = v.object({ params });

const Search = v.object({
  experiment_ids: s.texts(s.COUNT.experiments, s.MOST.id),
  filter: s.text(s.MOST.filter),
  datasets: s.list(1, v.object({})),
  max_results: s.integer(1, MOST_MODELS),
  order_by: s.list(
    s.COUNT.orders,
    v.object({
      field_name: s.needed(s.MOST.order),
      ascending: v.nullish(v.boolean()),
      dataset_name: s.text(s.MOST.name),
    }),
  ),
  page_token: s.text(s.MOST.pageToken),
});

export function loggedModelRoutes(routes: Routes, context: MlflowContext): void {
  const { runs, changes, experiments, system } = context;
  searchRoute(routes, context);
  const answered = async (c: RouteContext, key: RunKey) =>
    c.json({ model: modelJson(await runs.read(key, c.info.access)) }, 200, FRESH);

  route(routes, `POST ${PATH}`, {
    ...described("CreateLoggedModel", "Begins a logged model", "save"),
    json: NewModel,
    answer: async ({ c, json, access }) => {
      const name = experimentName(json.experiment_id ?? "0");
      checkChanges(c, { name, id: "" });
      await experiments.checkActive(name);
      const key = changes.newKey(name, MODEL);
      await changes.begin(key, {
        tags: new Map([...s.byKey(json.tags), ...factsIn(json, key)]),
        params: s.byKey(json.params),
        times: { status: "RUNNING", startedMs: system.now() },
        access,
      });
      checkChanges(c, key);
      return await answered(c, key);
    },
  });

  route(routes, `GET ${PATH}/:model`, {
    ...described("GetLoggedModel", "Returns a logged model", "read"),
    query: Asked,
    answer: async ({ c, query, access }) => {
      const key = modelIn(c), run = await runs.read(key, access);
      if (run.isDeleted && !query.allow_deleted) throw noSuchLoggedModel(runIdOf(key));
      return c.json({ model: modelJson(run) }, 200, FRESH);
    },
  });

  route(routes, `PATCH ${PATH}/:model`, {
    ...described("FinalizeLoggedModel", "Saves the version of a logged model", "save"),
    json: Finalized,
    answer: async ({ c, json, access }) => {
      const { status = STATUSES[0]! } = json;
      if (status === "LOGGED_MODEL_PENDING") {
        throw invalid("status", status, "not the end of a logged model");
      }
      const key = changedIn(c);
      const times = { status: MODEL_STATUS[status], endedMs: system.now() };
      await changes.change(key, { times }, access);
      return await answered(c, key);
    },
  });

  changeRoutes(routes, changes);
}

function changeRoutes(routes: Routes, changes: MlflowContext["changes"]): void {
  const changed = async (c: RouteContext, change: RunChange) => {
    await changes.change(changedIn(c), change, c.info.access);
    return c.json({}, 200, FRESH);
  };

  route(routes, `PATCH ${PATH}/:model/tags`, {
    ...described("SetLoggedModelTags", "Sets tags of a logged model", "save"),
    json: Tagged,
    answer: ({ c, json }) => changed(c, { tags: s.byKey(json.tags) }),
  });

  route(routes, `DELETE ${PATH}/:model/tags/:key{[^]+}`, {
    ...described("DeleteLoggedModelTag", "Deletes a tag of a logged model", "save"),
    answer: ({ c, params }) => {
      const { success, output: key } = v.safeParse(s.tagKey, params.key, { abortEarly: true });
      if (!success) throw invalid("key", params.key, "it is not a key of a tag");
      return changed(c, { tags: new Map([[key, null]]) });
    },
  });

  route(routes, `POST ${PATH}/:model/params`, {
    ...described("LogLoggedModelParams", "Logs parameters of a logged model", "save"),
    json: WithParams,
    answer: ({ c, json }) => changed(c, { params: s.byKey(json.params) }),
  });

  route(routes, `DELETE ${PATH}/:model`, {
    ...described("DeleteLoggedModel", "Deletes a logged model", "delete"),
    answer: async ({ c, access }) => {
      const key = modelIn(c);
      nameRun(c, key);
      checkWrites(c, "delete", key.name);
      await changes.delete(key, access);
      return c.json({}, 200, FRESH);
    },
  });
}

function searchRoute(routes: Routes, context: MlflowContext): void {
  route(routes, `POST ${PATH}/search`, {
    ...described("SearchLoggedModels", "Lists the logged models of experiments", "read"),
    readsMany: true,
    json: Search,
    answer: async ({ c, json, signal }) => {
      const { datasets, page_token: token, max_results: limit = MOST_MODELS } = json;
      if (datasets.length > 0) throw wrong("Metrics of models belong to no data set: 'datasets'");
      const found = await searchedRuns(c, context, {
        ...json,
        fields: MODEL_FIELDS,
        orders: ordersIn(json.order_by),
        isWanted: ({ key }) => isModel(key),
        valued: valuedModel,
        signal,
      });
      return answerPage(c, found, {
        as: "models",
        token,
        limit,
        idOf: ({ key }) => runIdOf(key),
        json: modelJson,
      });
    },
  });
}

function valuedModel(run: StoredRun): Valued {
  return valued(run, () => {
    const { tags: _, ...info } = modelJson(run).info;
    return {
      ...info,
      status: info.status.replace(/^LOGGED_MODEL_(UPLOAD_)?/, ""),
      creation_timestamp: info.creation_timestamp_ms,
      last_updated_timestamp: info.last_updated_timestamp_ms,
    };
  });
}

/** Returns the orders of a request, which names a field and whether it ascends. */
function ordersIn(orders: v.InferOutput<typeof Search>["order_by"]): string[] {
  return orders.map(({ field_name, ascending, dataset_name }) => {
    if (dataset_name !== undefined) throw wrong("Not supported: 'dataset_name'");
    return `${field_name} ${ascending ?? true ? "ASC" : "DESC"}`;
  });
}

function modelIn({ params: { model = "" } }: RouteContext): RunKey {
  return loggedModel(model);
}

/** Returns the logged model of an id. Throws `RESOURCE_DOES_NOT_EXIST` for an id of none. */
export function loggedModel(model: string): RunKey {
  try {
    const key = parseRunId(model);
    if (isModel(key)) return key;
  } catch {
    throw noSuchLoggedModel(model);
  }
  throw noSuchLoggedModel(model);
}

function changedIn(c: RouteContext): RunKey {
  const key = modelIn(c);
  checkChanges(c, key);
  return key;
}

function factsIn(
  { name, model_type: type, source_run_id: run }: v.InferOutput<typeof NewModel>,
  { id }: RunKey,
): Map<string, string> {
  const facts = new Map([[MODEL_FACTS.name, name ?? `model-${id.slice(-12)}`]]);
  if (type !== undefined) facts.set(MODEL_FACTS.type, type);
  if (run !== undefined) facts.set(MODEL_FACTS.run, run);
  return facts;
}

/** Returns a logged model in the JSON of MLflow. */
export function modelJson(run: StoredRun) {
  const { key, status, startedMs, endedMs = startedMs, tags, params, metrics } = run;
  const ids = { model_id: runIdOf(key), run_id: tags.get(MODEL_FACTS.run) ?? "" };
  const ofModel = (metric: Metric) => ({ ...metricJson(metric), ...ids });
  const list = (texts: Iterable<[string, string]>) =>
    Array.from(texts, ([key, value]) => ({ key, value }));
  const words = Object.entries(MODEL_STATUS).find(([, its]) => its === status);
  return {
    info: {
      model_id: ids.model_id,
      experiment_id: experimentId(key.name),
      name: tags.get(MODEL_FACTS.name) ?? key.id,
      creation_timestamp_ms: startedMs,
      last_updated_timestamp_ms: endedMs,
      artifact_uri: artifactRoot(key),
      status: words?.[0] ?? "LOGGED_MODEL_UPLOAD_FAILED",
      model_type: tags.get(MODEL_FACTS.type) ?? "",
      source_run_id: ids.run_id,
      tags: list(shownTags(tags)),
    },
    data: { params: list(params), metrics: metrics.map(ofModel) },
  };
}
