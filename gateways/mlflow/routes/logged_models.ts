// Requests about logged models of MLflow 3. Each is a run of its experiment, with files, whose version
// is there once it is ready.
import {
  checkWrites,
  route,
  type RouteContext,
  type Routes,
} from "../../../apps/server/extending.ts";
import {
  type Body,
  countIn,
  needText,
  objects,
  pairs,
  readBody,
  readQuery,
  tagsIn,
  text,
} from "../body.ts";
import { checkChanges, described, FRESH, type MlflowContext } from "../context.ts";
import { invalid, noSuch, wrong } from "../errors.ts";
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
import type { Valued } from "../filter.ts";
import { pageOf } from "../pages.ts";
import { MODEL_FIELDS, searchedRuns, valued } from "../search.ts";

const PATH = "/api/2.0/mlflow/logged-models";

/** Models of a page. */
const MOST_MODELS = 50;

const MODEL_STATUS: Readonly<Record<string, Status>> = {
  LOGGED_MODEL_PENDING: "RUNNING",
  LOGGED_MODEL_READY: "FINISHED",
  LOGGED_MODEL_UPLOAD_FAILED: "FAILED",
};

export function loggedModelRoutes(routes: Routes, context: MlflowContext): void {
  const { runs, changes, experiments, system } = context;
  searchRoute(routes, context);
  const answered = async (c: RouteContext, key: RunKey) =>
    c.json({ model: modelJson(await runs.read(key, c.info.access)) }, 200, FRESH);

  route(routes, `POST ${PATH}`, {
    ...described("CreateLoggedModel", "Begins a logged model", "save"),
    answer: async ({ c }) => {
      const body = await readBody(c);
      const name = experimentName(text(body, "experiment_id") ?? "0");
      checkChanges(c, { name, id: "" });
      await experiments.checkActive(name);
      const tags = tagsIn(objects(body, "tags"));
      const key = await changes.begin(name, {
        kind: MODEL,
        tags: new Map([...tags, ...factsIn(body, system.id())]),
        params: pairs(objects(body, "params")),
        times: { status: "RUNNING", startedMs: system.now() },
        access: c.info.access,
      });
      checkChanges(c, key);
      return await answered(c, key);
    },
  });

  route(routes, `GET ${PATH}/:model`, {
    ...described("GetLoggedModel", "Returns a logged model", "read"),
    answer: async ({ c }) => {
      const key = modelIn(c), run = await runs.read(key, c.info.access);
      const isShown = !run.isDeleted || readQuery(c).get("allow_deleted") === "true";
      if (!isShown) throw noSuchModel(runIdOf(key));
      return c.json({ model: modelJson(run) }, 200, FRESH);
    },
  });

  route(routes, `PATCH ${PATH}/:model`, {
    ...described("FinalizeLoggedModel", "Saves the version of a logged model", "save"),
    answer: async ({ c }) => {
      const { status: word = "" } = await readBody(c);
      const names = ["", ...Object.keys(MODEL_STATUS)];
      const given = typeof word === "number" ? names[word] ?? "" : `${word}`;
      const status = Object.hasOwn(MODEL_STATUS, given) ? MODEL_STATUS[given] : undefined;
      if (status === undefined || status === "RUNNING") {
        throw invalid("status", word, "not the end of a logged model");
      }
      const key = changedIn(c);
      const times = { status, endedMs: system.now() };
      await changes.change(key, { times }, c.info.access);
      return await answered(c, key);
    },
  });

  changeRoutes(routes, changes);
}

function changeRoutes(routes: Routes, changes: MlflowContext["changes"]): void {
  route(routes, `PATCH ${PATH}/:model/tags`, {
    ...described("SetLoggedModelTags", "Sets tags of a logged model", "save"),
    answer: async ({ c }) => {
      const tags = tagsIn(objects(await readBody(c), "tags"));
      await changes.change(changedIn(c), { tags }, c.info.access);
      return c.json({}, 200, FRESH);
    },
  });

  route(routes, `DELETE ${PATH}/:model/tags/:key{[^]+}`, {
    ...described("DeleteLoggedModelTag", "Deletes a tag of a logged model", "save"),
    answer: async ({ c, params: { key = "" } }) => {
      const tags = new Map([...tagsIn([{ key }]).keys()].map((each) => [each, null]));
      await changes.change(changedIn(c), { tags }, c.info.access);
      return c.json({}, 200, FRESH);
    },
  });

  route(routes, `POST ${PATH}/:model/params`, {
    ...described("LogLoggedModelParams", "Logs parameters of a logged model", "save"),
    answer: async ({ c }) => {
      const params = pairs(objects(await readBody(c), "params"));
      await changes.change(changedIn(c), { params }, c.info.access);
      return c.json({}, 200, FRESH);
    },
  });

  route(routes, `DELETE ${PATH}/:model`, {
    ...described("DeleteLoggedModel", "Deletes a logged model", "delete"),
    answer: async ({ c }) => {
      const key = modelIn(c);
      checkWrites(c, "delete", key.name);
      await changes.delete(key);
      return c.json({}, 200, FRESH);
    },
  });
}

function searchRoute(routes: Routes, context: MlflowContext): void {
  route(routes, `POST ${PATH}/search`, {
    ...described("SearchLoggedModels", "Lists the logged models of experiments", "read"),
    readsMany: true,
    answer: async ({ c }) => {
      const body = await readBody(c);
      const asked = { token: text(body, "page_token"), limit: countIn(body, MOST_MODELS) };
      const datasets = objects(body, "datasets");
      if (datasets.length > 0) throw wrong("Metrics of models belong to no data set: 'datasets'");
      const found = await searchedRuns(c, context, body, {
        fields: MODEL_FIELDS,
        orders: ordersIn(body),
        isWanted: ({ key }) => isModel(key),
        valued: valuedModel,
      });
      const { items, ...page } = pageOf(found, asked, ({ key }) => runIdOf(key));
      return c.json({ models: items.map(modelJson), ...page }, 200, FRESH);
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
function ordersIn(body: Body): string[] {
  return objects(body, "order_by").map((order) => {
    if (text(order, "dataset_name") !== undefined) throw wrong("Not supported: 'dataset_name'");
    const isUp = (order.ascending ?? true) === true;
    return `${needText(order, "field_name")} ${isUp ? "ASC" : "DESC"}`;
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
    throw noSuchModel(model);
  }
  throw noSuchModel(model);
}

export function noSuchModel(id: string): Error {
  return noSuch(`Logged model with ID '${id.slice(0, 256)}' not found`);
}

function changedIn(c: RouteContext): RunKey {
  const key = modelIn(c);
  checkChanges(c, key);
  return key;
}

function factsIn(body: Parameters<typeof text>[0], id: string): Map<string, string> {
  const run = text(body, "source_run_id"), type = text(body, "model_type");
  const facts = new Map([[MODEL_FACTS.name, text(body, "name") ?? `model-${id.slice(-12)}`]]);
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
