// Searches runs and experiments. What a search cannot do is refused.
import * as v from "npm:valibot@^1.5";
import { giveWay, inTurns, mapAtOnce } from "../../../../core/kernel.ts";
import { type Answer, route, type RouteContext, type Routes } from "../../../../apps/gateways.ts";
import { readLoggedRuns } from "../../../runs/mod.ts";
import { described, type MlflowContext } from "../context.ts";
import { type Experiment, experimentJson } from "../experiments.ts";
import { type Fields, parseFilter, parseOrder, type Value, type Valued } from "../search/filter.ts";
import { DEFAULT, isModel, runIdOf } from "../../../runs/mlflow/ids.ts";
import * as s from "../schemas.ts";
import { answerPage, RUN_FIELDS, searchedRuns, valuedRun } from "../search/search_runs.ts";
import { sortInTurns } from "../search/sort_in_turns.ts";
import { runJson } from "../../../runs/mlflow/stored_run.ts";

/** Items of a page. */
const MOST_RUNS = 50_000, USUAL_RUNS = 1000, MOST_EXPERIMENTS = 50_000;

/** The kinds of runs of each view: those that are there, deleted ones. */
const VIEWS = { ACTIVE_ONLY: [false], DELETED_ONLY: [true], ALL: [false, true] } as const;

const view = s.word(Object.keys(VIEWS) as (keyof typeof VIEWS)[], "it is not a view");

const RunSearch = v.object({
  experiment_ids: s.texts(s.COUNT.experiments, s.MOST.id),
  filter: s.text(s.MOST.filter),
  run_view_type: view,
  max_results: s.integer(1, MOST_RUNS),
  order_by: s.texts(s.COUNT.orders, s.MOST.order),
  page_token: s.text(s.MOST.pageToken),
});

const ExperimentSearch = v.object({
  filter: s.text(s.MOST.filter),
  view_type: view,
  max_results: s.integer(1, MOST_EXPERIMENTS),
  order_by: s.texts(s.COUNT.orders, s.MOST.order),
  page_token: s.text(s.MOST.pageToken),
});

const ExperimentQuery = v.object({
  ...ExperimentSearch.entries,
  order_by: s.repeated(s.COUNT.orders, s.MOST.order),
});

const NEWEST_FIRST = ["creation_time DESC"];
const EXPERIMENT_FIELDS: Fields = {
  kinds: { tag: ["tag", "text"], tags: ["tag", "text"] },
  attributes: { name: "text", creation_time: "number", last_update_time: "number" },
};

export function searchRoutes(routes: Routes, context: MlflowContext): void {
  route(routes, "POST /api/2.0/mlflow/runs/search", {
    ...described("SearchRuns", "Searches the runs of experiments", "read"),
    json: RunSearch,
    readsMany: true,
    answer: async ({ c, json, signal }) => {
      const { max_results: limit = USUAL_RUNS, page_token: token } = json;
      const found = await searchedRuns(c, context, {
        ...json,
        fields: RUN_FIELDS,
        orders: json.order_by,
        isWanted: ({ key }) => !isModel(key),
        valued: valuedRun,
        deleted: VIEWS[json.run_view_type ?? "ACTIVE_ONLY"],
        signal,
      });
      return await answerPage(c, found, {
        as: "runs",
        token,
        limit,
        idOf: ({ key }) => runIdOf(key),
        json: runJson,
      });
    },
  });

  const searching = {
    ...described("", "Searches the names that have runs or were created", "read"),
    readsMany: true,
  };
  route(routes, "GET /api/2.0/mlflow/experiments/search", {
    ...searching,
    id: "mlflowListExperiments",
    query: ExperimentQuery,
    answer: ({ c, query, signal }) => searchExperiments(c, context, { ...query, signal }),
  });
  route(routes, "POST /api/2.0/mlflow/experiments/search", {
    ...searching,
    id: "mlflowSearchExperiments",
    json: ExperimentSearch,
    answer: ({ c, json, signal }) => searchExperiments(c, context, { ...json, signal }),
  });
}

async function searchExperiments(
  c: RouteContext,
  context: MlflowContext,
  { signal, ...asked }: v.InferOutput<typeof ExperimentSearch> & { signal: AbortSignal },
): Promise<Answer> {
  const { max_results: limit = USUAL_RUNS, page_token: token, order_by: orders } = asked;
  const filter = parseFilter(asked.filter, EXPERIMENT_FIELDS);
  const order = parseOrder(orders.length > 0 ? orders : NEWEST_FIRST, EXPERIMENT_FIELDS);
  const views: readonly boolean[] = VIEWS[asked.view_type ?? "ACTIVE_ONLY"];
  const drafted = await context.tags.drafted();
  const isWanted = (name: string) =>
    !name.startsWith(context.models) && c.info.access.may("read", name) && filter.mayHold(name);
  const names = await namesOf(context, { isWanted, drafted, signal });
  const read = (name: string) => context.experiments.read(name, { hasDraft: drafted.has(name) });
  const found: { item: Experiment; keys: Value[] }[] = [];
  for await (const item of mapAtOnce(names, read)) {
    await giveWay(signal);
    const values = valuedExperiment(item);
    if (!views.includes(item.isDeleted === true) || !filter(values)) continue;
    found.push({ item, keys: order.fields.map(values) });
  }
  const sorted = await sortInTurns(
    found,
    (a, b) => order.compare(a.keys, b.keys) || (a.item.name < b.item.name ? -1 : 1),
    signal,
  );
  return await answerPage(c, sorted, {
    as: "experiments",
    token,
    limit,
    idOf: ({ item }) => item.name,
    json: ({ item }) => experimentJson(item),
  });
}

function valuedExperiment({ name, tags, createdMs, updatedMs }: Experiment): Valued {
  const attributes: Record<string, Value> = {
    name,
    creation_time: createdMs,
    last_update_time: updatedMs,
  };
  return ({ kind, key }) => kind === "attribute" ? attributes[key] : tags.get(key);
}

/** Returns the names that are wanted, also those that have no version yet. */
async function namesOf(
  { registry, experiments }: MlflowContext,
  { isWanted, drafted, signal }: {
    isWanted(name: string): boolean;
    drafted: ReadonlySet<string>;
    signal: AbortSignal;
  },
): Promise<ReadonlySet<string>> {
  const names = new Set<string>([DEFAULT.name].filter(isWanted));
  for await (const name of inTurns(registry.names({ signal }))) if (isWanted(name)) names.add(name);
  const isNew = (name: string) => !names.has(name) && isWanted(name);
  for await (const { name } of readLoggedRuns(registry, { names: isNew, signal })) names.add(name);
  for await (const name of experiments.unsaved(isNew, drafted)) names.add(name);
  return names;
}
