// Searches runs and experiments. What a search cannot do is refused.
import { mapAtOnce } from "../../../core/kernel.ts";
import { route, type Routes } from "../../../apps/server/extending.ts";
import { readLoggedRuns } from "../../../runs/mod.ts";
import { type Body, bodyOf, countIn, readBody, readQuery, text, texts } from "../body.ts";
import { described, FRESH, type MlflowContext } from "../context.ts";
import { invalid } from "../errors.ts";
import { type Experiment, experimentJson } from "../experiments.ts";
import { type Fields, parseFilter, parseOrder, type Value, type Valued } from "../filter.ts";
import { DEFAULT, isModel, runIdOf } from "../../../runs/mlflow/ids.ts";
import { pageOf } from "../pages.ts";
import { RUN_FIELDS, searchedRuns, valuedRun } from "../search.ts";
import { runJson } from "../../../runs/mlflow/stored_run.ts";

/** Items of a page. */
const MOST_RUNS = 50_000, USUAL_RUNS = 1000, MOST_EXPERIMENTS = 50_000;

/** The kinds of runs of each view: those that are there, deleted ones. */
const VIEWS: Readonly<Record<string, readonly boolean[]>> = {
  ACTIVE_ONLY: [false],
  DELETED_ONLY: [true],
  ALL: [false, true],
};

const NEWEST_FIRST = ["creation_time DESC"];
const EXPERIMENT_FIELDS: Fields = {
  kinds: { tag: ["tag", "text"], tags: ["tag", "text"] },
  attributes: { name: "text", creation_time: "number", last_update_time: "number" },
};

export function searchRoutes(routes: Routes, context: MlflowContext): void {
  route(routes, "POST /api/2.0/mlflow/runs/search", {
    ...described("SearchRuns", "Searches the runs of experiments", "read"),
    readsMany: true,
    answer: async ({ c }) => {
      const body = await readBody(c);
      const limit = countIn(body, MOST_RUNS, USUAL_RUNS);
      const found = await searchedRuns(c, context, body, {
        fields: RUN_FIELDS,
        orders: texts(body, "order_by"),
        isWanted: ({ key }) => !isModel(key),
        valued: valuedRun,
        deleted: viewIn(body, "run_view_type"),
      });
      const asked = { token: text(body, "page_token"), limit };
      const { items, ...page } = pageOf(found, asked, ({ key }) => runIdOf(key));
      return c.json({ runs: items.map(runJson), ...page }, 200, FRESH);
    },
  });

  for (const method of ["GET", "POST"] as const) {
    route(routes, `${method} /api/2.0/mlflow/experiments/search`, {
      ...described(
        method === "GET" ? "ListExperiments" : "SearchExperiments",
        "Searches the names that have runs or were created",
        "read",
      ),
      readsMany: true,
      answer: async ({ c }) => {
        const body = method === "GET" ? bodyOf(readQuery(c)) : await readBody(c);
        const limit = countIn(body, MOST_EXPERIMENTS, USUAL_RUNS);
        const condition = text(body, "filter") ?? "";
        const filter = parseFilter(condition, EXPERIMENT_FIELDS);
        const orders = texts(body, "order_by");
        const order = parseOrder(orders.length > 0 ? orders : NEWEST_FIRST, EXPERIMENT_FIELDS);
        const view = viewIn(body, "view_type");
        const drafted = await context.tags.drafted();
        const isOfNames = !/tag|time/i.test(condition);
        const isWanted = (name: string) =>
          !name.startsWith(context.models) && c.info.access.may("read", name) &&
          (!isOfNames || filter(valuedExperiment({ name, tags: new Map() })));
        const names = await namesOf(context, { isWanted, drafted });
        const read = (name: string) =>
          context.experiments.read(name, { hasDraft: drafted.has(name) });
        const found: Experiment[] = [];
        for await (const each of mapAtOnce(names, read)) {
          if (!view.includes(each.isDeleted === true)) continue;
          if (filter(valuedExperiment(each))) found.push(each);
        }
        found.sort((a, b) =>
          order(valuedExperiment(a), valuedExperiment(b)) || (a.name < b.name ? -1 : 1)
        );
        const asked = { token: text(body, "page_token"), limit };
        const { items, ...page } = pageOf(found, asked, ({ name }) => name);
        return c.json({ experiments: items.map(experimentJson), ...page }, 200, FRESH);
      },
    });
  }
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
  { isWanted, drafted }: { isWanted(name: string): boolean; drafted: ReadonlySet<string> },
): Promise<ReadonlySet<string>> {
  const names = new Set<string>([DEFAULT.name].filter(isWanted));
  for await (const name of registry.names()) if (isWanted(name)) names.add(name);
  const isNew = (name: string) => !names.has(name) && isWanted(name);
  for await (const { name } of readLoggedRuns(registry, { names: isNew })) names.add(name);
  for await (const name of experiments.unsaved(isNew, drafted)) names.add(name);
  return names;
}

function viewIn(body: Body, name: string): readonly boolean[] {
  const view = body[name] ?? "ACTIVE_ONLY";
  const word = typeof view === "number" ? ["", ...Object.keys(VIEWS)][view] : view;
  const kinds = typeof word === "string" && Object.hasOwn(VIEWS, word) ? VIEWS[word] : undefined;
  if (kinds !== undefined) return kinds;
  throw invalid(name, view, "it is not a view");
}
