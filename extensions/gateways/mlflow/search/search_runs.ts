// Searches runs and logged models, which are runs, too.
import { giveWay, isJsonObject } from "../../../../core/kernel.ts";
import { Answer, type RouteContext } from "../../../../apps/gateways.ts";
import { oneBehind, textOf, whileAllowed } from "../../../../apps/server/extending.ts";
import { FRESH, type MlflowContext } from "../context.ts";
import {
  type Fields,
  parseFilter,
  parseOrder,
  type SeveralValued,
  type Value,
  type Valued,
} from "./filter.ts";
import { type Page, pageOf } from "./pages.ts";
import { sortInTurns } from "./sort_in_turns.ts";
import { DATA } from "../../../runs/mlflow/data_sets.ts";
import { nameOfExperiment, runIdOf } from "../../../runs/mlflow/ids.ts";
import {
  artifactRoot,
  FACT,
  factsOf,
  nameOfRun,
  type StoredRun,
} from "../../../runs/mlflow/stored_run.ts";

const TEXTS = {
  param: ["param", "text"],
  params: ["param", "text"],
  parameter: ["param", "text"],
  parameters: ["param", "text"],
  tag: ["tag", "text"],
  tags: ["tag", "text"],
} as const;

const ALL = { ...TEXTS, metric: ["metric", "number"], metrics: ["metric", "number"] } as const;

export const RUN_FIELDS: Fields = {
  kinds: { ...ALL, dataset: ["dataset", "text"], datasets: ["dataset", "text"] },
  several: { dataset: ["name", "digest", "context"] },
  attributes: {
    run_id: "text",
    run_name: "text",
    status: "text",
    user_id: "text",
    artifact_uri: "text",
    start_time: "number",
    end_time: "number",
  },
  aliases: { "Run name": "run_name", "run name": "run_name", created: "start_time" },
};

export const MODEL_FIELDS: Fields = {
  kinds: ALL,
  attributes: {
    name: "text",
    model_id: "text",
    model_type: "text",
    source_run_id: "text",
    status: "text",
    creation_timestamp: "number",
    last_updated_timestamp: "number",
  },
  aliases: { creation_time: "creation_timestamp", last_updated_time: "last_updated_timestamp" },
};

/** Returns the values of a run. */
export function valuedRun(run: StoredRun): SeveralValued {
  const its = valued(run, () => ({
    run_id: runIdOf(run.key),
    run_name: nameOfRun(run),
    status: run.status,
    user_id: run.tags.get("mlflow.user") ?? "",
    artifact_uri: artifactRoot(run.key),
    start_time: run.startedMs,
    end_time: run.endedMs,
  }));
  return (field) => field.kind === "dataset" ? datasetValues(run.tags, field.key) : its(field);
}

/** Returns the values of a run, with attributes of its own. */
export function valued(
  { params, tags, metrics }: StoredRun,
  attributes: () => Readonly<Record<string, string | number | undefined>>,
): Valued {
  let own: ReturnType<typeof attributes> | undefined;
  return ({ kind, key }) => {
    if (kind === "attribute") return (own ??= attributes())[key];
    if (kind === "metric") return metrics.find((metric) => metric.key === key)?.value;
    if (kind === "param") return params.get(key);
    return key.startsWith(FACT) ? undefined : tags.get(key);
  };
}

/** Returns the names, digests or contexts of the data sets of a run. */
function datasetValues(tags: ReadonlyMap<string, string>, key: string): readonly string[] {
  return factsOf(tags, DATA).flatMap(({ dataset, tags }) => {
    const all = Array.isArray(tags) ? tags.filter(isJsonObject) : [];
    const context = all.find((tag) => tag.key === "mlflow.data.context")?.value;
    const value = key === "context" ? context : isJsonObject(dataset) ? dataset[key] : undefined;
    return typeof value === "string" ? [value] : [];
  });
}

interface AskedRuns {
  readonly experiment_ids: readonly string[];
  readonly filter?: string;
  readonly fields: Fields;
  readonly orders: readonly string[];
  /** Ends the search once its client has left. */
  readonly signal: AbortSignal;
  isWanted(run: StoredRun): boolean;
  valued(run: StoredRun): SeveralValued;
  /** Kinds of runs: those that are there, deleted ones. @default those that are there */
  readonly deleted?: readonly boolean[];
}

/** Returns the runs of the experiments of a request that satisfy its filter, in its order. */
export async function searchedRuns(
  { info: { access } }: RouteContext,
  { runs }: MlflowContext,
  { fields, orders, isWanted, valued, signal, deleted = [false], ...asked }: AskedRuns,
): Promise<StoredRun[]> {
  const filter = parseFilter(asked.filter, fields);
  const order = parseOrder(orders, fields);
  const found: { run: StoredRun; keys: Value[] }[] = [];
  const names = new Set<string>();
  for (const id of asked.experiment_ids) {
    await giveWay(signal);
    const name = nameOfExperiment(id); // an id of none has no runs
    if (name === undefined || names.has(name) || !access.may("read", name)) continue;
    names.add(name);
    for (const isDeleted of deleted) {
      for await (const some of runs.runsOf(name, { access, deleted: isDeleted })) {
        for (const run of some) {
          await giveWay(signal);
          const values = isWanted(run) ? valued(run) : undefined;
          if (!values || !filter(values)) continue;
          found.push({ run, keys: order.fields.map(values as Valued) });
        }
      }
    }
  }
  const sorted = await sortInTurns(
    found,
    (a, b) =>
      order.compare(a.keys, b.keys) || b.run.startedMs - a.run.startedMs ||
      (a.run.key.id < b.run.key.id ? -1 : 1),
    signal,
  );
  return sorted.map(({ run }) => run);
}

interface AskedPage<T> {
  /** The member of the answer with the items. */
  readonly as: string;
  readonly token?: string;
  readonly limit: number;
  idOf(item: T): string;
  json(item: T): unknown;
}

/** Answers with a page of all items. */
export async function answerPage<T>(
  c: RouteContext,
  all: readonly T[],
  { token, limit, idOf, ...shown }: AskedPage<T>,
): Promise<Answer> {
  return await sendPage(c, pageOf(all, { token, limit }, idOf), shown);
}

/** Answers with a page, whose JSON is made as its client takes it. */
export async function sendPage<T>(
  c: RouteContext,
  { items, next_page_token: next }: Page<T>,
  { as, json }: Pick<AskedPage<T>, "as" | "json">,
): Promise<Answer> {
  async function* pieces(): AsyncGenerator<string> {
    yield await Promise.resolve(`{${JSON.stringify(as)}:[`);
    let before = "";
    for (const item of items) {
      yield before + JSON.stringify(json(item));
      before = ",";
    }
    yield `]${next === undefined ? "" : `,"next_page_token":${JSON.stringify(next)}`}}\n`;
  }
  const body = whileAllowed(c, await oneBehind(textOf(pieces(), (text) => text)));
  return new Answer(body, { headers: { ...FRESH, "content-type": "application/json" } });
}
