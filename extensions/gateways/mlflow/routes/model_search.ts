// Searches registered models and their versions. Of models that a filter excludes by their names, and
// of those on other pages, nothing is read.
import * as v from "npm:valibot@^1.5";
import { giveWay, mapAtOnce, orMissing } from "../../../../core/kernel.ts";
import { type Answer, route, type RouteContext, type Routes } from "../../../../apps/gateways.ts";
import { described } from "../context.ts";
import {
  type Fields,
  type Filter,
  type Order,
  parseFilter,
  parseOrder,
  type Value,
  type Valued,
} from "../search/filter.ts";
import { modelJson, type ModelStore, versionJson } from "../models.ts";
import { parseToken, placeOf, tokenOf } from "../search/pages.ts";
import * as s from "../schemas.ts";
import { answerPage, sendPage } from "../search/search_runs.ts";
import { sortInTurns } from "../search/sort_in_turns.ts";

const API = "/api/2.0/mlflow";
const MOST = { models: 1000, versions: 200_000, usual: 100 };
/** A tag that clients ask for in each search: they keep prompts among models. */
const IS_PROMPT = "mlflow.prompt.is_prompt";

const TIMES = { creation_timestamp: "number", last_updated_timestamp: "number" } as const;
const MODEL_FIELDS: Fields = {
  kinds: { tag: ["tag", "text"], tags: ["tag", "text"] },
  attributes: { name: "text", ...TIMES },
  aliases: { timestamp: "last_updated_timestamp" },
};
const VERSION_FIELDS: Fields = {
  kinds: MODEL_FIELDS.kinds,
  attributes: {
    name: "text",
    version_number: "number",
    run_id: "text",
    source_path: "text",
    model_id: "text",
    ...TIMES,
  },
  aliases: {
    timestamp: "last_updated_timestamp",
    version: "version_number",
    source: "source_path",
  },
};

const search = (most: number) =>
  v.object({
    filter: s.text(s.MOST.filter),
    max_results: s.integer(1, most),
    order_by: s.repeated(s.COUNT.orders, s.MOST.order),
    page_token: s.text(s.MOST.pageToken),
  });

export function modelSearchRoutes(routes: Routes, models: ModelStore): void {
  route(routes, `GET ${API}/registered-models/search`, {
    ...described("SearchModels", "Searches registered models", "read"),
    query: search(MOST.models),
    readsMany: true,
    answer: async ({ c, query, signal }) => {
      const filter = parseFilter(query.filter, MODEL_FIELDS);
      const order = parseOrder(query.order_by, MODEL_FIELDS);
      const names: string[] = [];
      for await (const name of namesOf(c, models, filter)) names.push(name);
      const isByName = order.fields.every(({ kind, key }) =>
        kind === "attribute" && key === "name"
      );
      const asked = { ...query, filter, order, signal };
      return isByName
        ? await pageByName(c, models, { ...asked, names })
        : await pageOfAll(c, models, { ...asked, names });
    },
  });

  route(routes, `GET ${API}/model-versions/search`, {
    ...described("SearchModelVersions", "Searches versions of registered models", "read"),
    query: search(MOST.versions),
    readsMany: true,
    answer: async ({ c, query, signal }) => {
      const filter = parseFilter(query.filter, VERSION_FIELDS);
      const orders = query.order_by.length > 0 ? query.order_by : ["creation_timestamp DESC"];
      const order = parseOrder(orders, VERSION_FIELDS);
      const found: Found<ReturnType<typeof versionJson>>[] = [];
      for await (const model of namesOf(c, models, filter)) {
        for await (const version of models.versions(model)) {
          await giveWay(signal);
          const item = versionJson(model, version), values = valuesOfVersion(item);
          if (filter(values)) found.push({ item, keys: order.fields.map(values) });
        }
      }
      const sorted = await sortInTurns(
        found,
        (a, b) =>
          order.compare(a.keys, b.keys) || byName(a.item, b.item) ||
          Number(b.item.version) - Number(a.item.version),
        signal,
      );
      return await answerPage(c, sorted, {
        as: "model_versions",
        token: query.page_token,
        limit: query.max_results ?? MOST.usual,
        idOf: ({ item }) => `${item.name}@${item.version}`,
        json: ({ item }) => item,
      });
    },
  });
}

interface Found<T> {
  readonly item: T;
  readonly keys: readonly Value[];
}

/** Yields the models that a token may read, without those that a filter excludes by their names. */
async function* namesOf(
  { info: { access } }: RouteContext,
  models: ModelStore,
  filter: Filter,
): AsyncGenerator<string> {
  for await (const model of models.models((name) => access.may("read", name))) {
    if (filter.mayHold(model)) yield model;
  }
}

interface AskedModels {
  readonly names: readonly string[];
  readonly filter: Filter;
  readonly order: Order;
  readonly max_results?: number;
  readonly page_token?: string;
  readonly signal: AbortSignal;
}

/** Answers with a page of models in the order of their names, and reads only those. */
async function pageByName(
  c: RouteContext,
  models: ModelStore,
  { names, filter, order, max_results: limit = MOST.usual, page_token, signal }: AskedModels,
): Promise<Answer> {
  const sorted = await sortInTurns(
    names,
    (a, b) =>
      order.compare(order.fields.map(() => a), order.fields.map(() => b)) || (a < b ? -1 : 1),
    signal,
  );
  const from = page_token === undefined
    ? 0
    : placeOf(sorted, parseToken(page_token), (name) => name);
  const items: ModelJson[] = [];
  let isMore = false;
  const read = mapAtOnce(sorted.slice(from), (name) => orMissing(models.model(name)));
  for await (const model of read) {
    await giveWay(signal);
    if (model === undefined) continue; // deleted meanwhile
    const item = modelJson(model);
    if (!filter(valuesOfModel(item))) continue;
    isMore = items.length === limit;
    if (isMore) break;
    items.push(item);
  }
  const last = items.at(-1);
  const next = isMore && last && tokenOf({ after: last.name, at: from + items.length });
  const page = { items, ...next && { next_page_token: next } };
  return await sendPage(c, page, { as: "registered_models", json: (item) => item });
}

async function pageOfAll(
  c: RouteContext,
  models: ModelStore,
  { names, filter, order, max_results: limit = MOST.usual, page_token: token, signal }: AskedModels,
): Promise<Answer> {
  const found: Found<ModelJson>[] = [];
  for await (const model of mapAtOnce(names, (name) => orMissing(models.model(name)))) {
    await giveWay(signal);
    if (model === undefined) continue; // deleted meanwhile
    const item = modelJson(model), values = valuesOfModel(item);
    if (filter(values)) found.push({ item, keys: order.fields.map(values) });
  }
  const sorted = await sortInTurns(
    found,
    (a, b) => order.compare(a.keys, b.keys) || byName(a.item, b.item),
    signal,
  );
  return await answerPage(c, sorted, {
    as: "registered_models",
    token,
    limit,
    idOf: ({ item }) => item.name,
    json: ({ item }) => item,
  });
}

type ModelJson = ReturnType<typeof modelJson>;

function byName(a: { name: string }, b: { name: string }): number {
  return a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
}

function valuesOfModel({ tags, ...its }: ModelJson): Valued {
  return valuedBy(its, tags);
}

function valuesOfVersion({ tags, aliases: _, ...its }: ReturnType<typeof versionJson>): Valued {
  return valuedBy({ ...its, version_number: Number(its.version), source_path: its.source }, tags);
}

function valuedBy(
  attributes: object,
  tags: readonly { readonly key: string; readonly value: string }[],
): Valued {
  const own = attributes as Record<string, string | number>;
  return ({ kind, key }) =>
    kind === "attribute"
      ? own[key]
      : tags.find((tag) => tag.key === key)?.value ?? (key === IS_PROMPT ? "false" : undefined);
}
