// Reads a server of MLflow by its REST API.
import { isJsonObject, orMissing, shown } from "../../../../core/kernel.ts";
import { type Metric, NOT_FINITE } from "../../../runs/mlflow/points.ts";
import { type Json, objectsIn } from "../answers.ts";
import { type Counts, countsOfFiles } from "../counts.ts";
import type { ImportRecord, OpenedRun, ReadOptions } from "../records.ts";
import {
  aliasesOf,
  byEnd,
  foundRun,
  foundVersion,
  keptTags,
  KnownIds,
  type ListedRun,
  storedVersion,
  textOf,
  timeOf,
  timesOf,
} from "./facts.ts";
import type { MlflowServer } from "./server.ts";

const PAGE = { runs: 1000, experiments: 1000, models: 100, logged: 50, values: 25_000 } as const;

interface SearchedRun extends ListedRun {
  /** All of a logged model. That of a run is read once it is needed. */
  readonly model?: Json;
}

export class ServerReader {
  readonly #server: MlflowServer;
  readonly #options: ReadOptions;
  readonly #ids = new KnownIds();

  constructor(server: MlflowServer, options: ReadOptions) {
    this.#server = server;
    this.#options = options;
  }

  async *records(): AsyncGenerator<ImportRecord> {
    const runs: SearchedRun[] = [];
    const experiments = this.#server.pages("POST", "experiments/search", {
      list: "experiments",
      max_results: PAGE.experiments,
    });
    for await (const { experiment_id, name } of experiments) {
      const as = this.#options.nameOf(`${name}`);
      if (as === undefined) continue;
      for await (const run of this.#listRuns(`${experiment_id}`, as)) {
        this.#ids.add(run.id, as);
        runs.push(run);
      }
    }
    const models = await Array.fromAsync(this.#server.pages("GET", "registered-models/search", {
      list: "registered_models",
      max_results: PAGE.models,
    }));
    const found = await Array.fromAsync(models, (model) => this.#model(model));
    const versions = found.flatMap((each) => each.kind === "model" ? each.versions : []);
    yield { kind: "total", count: runs.length + versions.length };
    for (const run of runs.sort(byEnd)) yield foundRun(run, () => this.#open(run));
    for (const model of found) {
      const isUnnamed = model.kind === "model" && model.name === "";
      if (!isUnnamed) yield model;
    }
  }

  async *#listRuns(experiment: string, name: string): AsyncGenerator<SearchedRun> {
    const ofRuns = this.#server.pages("POST", "runs/search", {
      list: "runs",
      experiment_ids: [experiment],
      max_results: PAGE.runs,
    });
    for await (const run of ofRuns) {
      const members = memberOf(run, "info");
      yield { id: textOf(members.run_id) ?? "", name, isModel: false, members };
    }
    const ofModels = this.#server.pages("POST", "logged-models/search", {
      list: "models",
      experiment_ids: [experiment],
      max_results: PAGE.logged,
    });
    // MLflow 2 has none.
    for (const model of await orMissing(Array.fromAsync(ofModels)) ?? []) {
      const members = memberOf(model, "info");
      yield { id: textOf(members.model_id) ?? "", name, isModel: true, members, model };
    }
  }

  async #open({ id, isModel, model }: SearchedRun): Promise<OpenedRun> {
    const problems: string[] = [];
    // Searches leave out the models that runs used.
    const run = model ?? memberOf(await this.#server.get("runs/get", { run_id: id }), "run");
    const info = memberOf(run, "info"), data = memberOf(run, "data");
    const times = timesOf(info, isModel, problems);
    const files = await this.#server.files(`${info.artifact_uri}`, id, problems);
    const tags = pairsIn(isModel ? info.tags : data.tags), links = isModel ? {} : linksIn(run);
    const kept = keptTags(this.#ids, { id, isModel, members: info, tags, ...links }, problems);
    const metrics = objectsIn(data.metrics), params = objectsIn(data.params).length;
    const has: Counts = { params, tags: kept.count, ...countsOfFiles(files) };
    return {
      ...times,
      params: pairsIn(data.params),
      tags: kept.tags,
      points: isModel ? lastPoints(metrics, problems) : this.#points(id, metrics, problems),
      files,
      has,
      problems,
      ...info.lifecycle_stage === "deleted" && { left: "it is deleted" },
    };
  }

  /** Yields the values of all metrics: a request for each. */
  async *#points(
    run_id: string,
    metrics: readonly Json[],
    problems: string[],
  ): AsyncGenerator<Metric> {
    for (const key of new Set(metrics.map(({ key }) => `${key}`))) {
      const values = this.#server.pages("GET", "metrics/get-history", {
        list: "metrics",
        run_id,
        metric_key: key,
        max_results: PAGE.values,
      });
      let isEmpty = true;
      for await (const value of values) {
        isEmpty = false;
        yield* pointOf({ ...value, key }, problems);
      }
      if (isEmpty) problems.push(`the server has no values of ${shown(key)}`);
    }
  }

  async #model(model: Json): Promise<ImportRecord> {
    const name = `${model.name}`, as = this.#options.nameOf(name) ?? "";
    const none = { kind: "left", what: `model ${name}`, reason: "it has no versions" } as const;
    const listed = as === ""
      ? []
      : await Array.fromAsync(this.#server.pages("GET", "model-versions/search", {
        list: "model_versions",
        filter: `name = ${name.includes("'") ? `"${name}"` : `'${name}'`}`,
        max_results: PAGE.runs,
      }));
    if (as !== "" && listed.length === 0) return none;
    const stored = listed.map((version) => storedVersion(version, pairsIn(version.tags)));
    const versions = stored.sort((one, other) => Number(one.version) - Number(other.version))
      .flatMap((version) =>
        foundVersion(this.#ids, version, async () => {
          const problems: string[] = [];
          const asked = { name, version: version.version };
          const { artifact_uri } = await this.#server.get("model-versions/get-download-uri", asked);
          const files = await this.#server.files(`${artifact_uri}`, undefined, problems);
          return { files, problems, has: countsOfFiles(files) };
        }) ?? []
      );
    const aliases = new Map(
      objectsIn(model.aliases).map(({ alias, version }) => [`${alias}`, `${version}`]),
    );
    return {
      kind: "model",
      name: as,
      notes: textOf(model.description),
      labels: pairsIn(model.tags),
      aliases: aliasesOf(aliases, stored),
      versions,
    };
  }
}

/** Yields the last values of a logged model, of which servers hand out no others. */
async function* lastPoints(metrics: readonly Json[], problems: string[]): AsyncGenerator<Metric> {
  for (const metric of metrics) yield* pointOf(metric, problems);
}

function* pointOf(
  { key, value = 0, timestamp, step = 0 }: Json,
  problems: string[],
): Generator<Metric> {
  const number = typeof value === "string" ? NOT_FINITE.get(value) ?? Number(value) : value;
  const at = timeOf(timestamp), place = timeOf(step);
  if (typeof number === "number" && at !== undefined && place !== undefined) {
    yield { key: `${key}`, value: number, timestamp: at, step: place };
  } else problems.push(`a value of ${shown(`${key}`)} is not a metric`);
}

function memberOf(value: Json, name: string): Json {
  const member = value[name];
  return isJsonObject(member) ? member : {};
}

function pairsIn(list: unknown): Map<string, string> {
  return new Map(objectsIn(list).map(({ key, value = "" }) => [`${key}`, `${value}`]));
}

function linksIn(run: Json) {
  const inputs = memberOf(run, "inputs"), outputs = memberOf(run, "outputs");
  return {
    datasets: objectsIn(inputs.dataset_inputs).map((input) => ({
      dataset: memberOf(input, "dataset"),
      tags: objectsIn(input.tags),
    })),
    inputs: objectsIn(inputs.model_inputs).map(({ model_id }) => `${model_id}`),
    outputs: objectsIn(outputs.model_outputs).map(({ model_id, step }) => ({
      model: `${model_id}`,
      step: Number(step ?? 0),
    })),
  };
}
