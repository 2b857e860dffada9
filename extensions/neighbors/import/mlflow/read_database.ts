// Reads a database of MLflow in a file of SQLite. Its tables differ by release: columns that one lacks
// are absent, and tables have no rows.
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from "node:sqlite";
import { invalid, messageOf, notFound, shown } from "../../../../core/kernel.ts";
import type { Metric } from "../../../runs/mlflow/points.ts";
import type { ImportRecord, OpenedRun, ReadOptions } from "../records.ts";
import { countsOfFiles } from "../counts.ts";
import type { ArtifactPlaces, Recorded } from "./artifact_places.ts";
import {
  aliasesOf,
  countModelTags,
  countTags,
  foundRun,
  foundVersion,
  hasLoggedModel,
  KnownIds,
  modelLeft,
  statusOf,
  type StoredVersion,
  storedVersion,
  tagsOfModel,
  tagsOfRun,
  textOf,
  timeOf,
} from "./facts.ts";

type Row = Record<string, SQLOutputValue>;

/** Names of the columns of a logged model, where those of a run differ. */
const OF_MODEL = {
  table: "logged_models",
  id: "model_id",
  start: "creation_timestamp_ms",
  end: "last_updated_timestamp_ms",
  uri: "artifact_location",
} as const;
const OF_RUN = {
  table: "runs",
  id: "run_uuid",
  start: "start_time",
  end: "end_time",
  uri: "artifact_uri",
} as const;
type Columns = typeof OF_RUN | typeof OF_MODEL;

interface ListedRow {
  readonly row: Row;
  readonly columns: Columns;
  readonly name: string;
  readonly id: string;
}

export class DatabaseReader implements Disposable {
  readonly #database: DatabaseSync;
  readonly #tables: ReadonlySet<string>;
  readonly #places: ArtifactPlaces;
  readonly #options: ReadOptions;
  readonly #ids = new KnownIds();

  constructor(path: string, places: ArtifactPlaces, options: ReadOptions) {
    const refused = (state: string, cause?: unknown) =>
      invalid("import runs of MLflow from", shown(path), state, {
        hint: "Pass the file of SQLite that MLflow wrote.",
        cause,
      });
    try {
      this.#database = new DatabaseSync(path, { readOnly: true });
      this.#tables = new Set(
        this.#database.prepare("SELECT name FROM sqlite_master").all().map(({ name }) => `${name}`),
      );
    } catch (cause) {
      throw refused(messageOf(cause), cause);
    }
    if (!this.#tables.has("experiments") || !this.#tables.has("runs")) {
      this.#database.close();
      throw refused("it has no tables of MLflow");
    }
    this.#places = places;
    this.#options = options;
  }

  async *records(): AsyncGenerator<ImportRecord> {
    const notImported: ImportRecord[] = [], listed: ListedRow[] = [];
    for (const { experiment_id: id = null, name, lifecycle_stage } of this.#rows("experiments")) {
      const as = this.#options.nameOf(`${name}`);
      if (as === undefined) continue;
      if (lifecycle_stage === "deleted") {
        const what = `experiment ${shown(`${name}`)}`;
        notImported.push({ kind: "left", what, reason: "it is deleted" });
        continue;
      }
      for (const columns of [OF_RUN, OF_MODEL]) {
        for (const row of this.#rows(columns.table, { experiment_id: id })) {
          const run = { row, columns, name: as, id: `${row[columns.id]}` };
          this.#ids.add(run.id, as);
          if (row.lifecycle_stage !== "deleted") listed.push(run);
          else {
            const what = `run ${run.id} of ${shown(as)}`;
            notImported.push({ kind: "left", what, reason: "it is deleted" });
          }
        }
      }
    }
    if (listed.length + notImported.length === 0 && this.#rows("registered_models").length === 0) {
      throw notFound("import runs of MLflow from", "this database", "it has no runs and no models");
    }
    this.#places.expect(
      listed.map(({ row, columns }) => recordedAt([textOf(row[columns.uri])])),
    );
    const versions = this.#rows("model_versions").length;
    yield { kind: "total", count: listed.length + versions };
    yield* notImported;
    for (const run of listed.sort((one, other) => endOf(one) - endOf(other))) {
      yield foundRun(run, run.row[run.columns.end], () => this.#open(run));
    }
    for (const model of this.#rows("registered_models")) yield* this.#model(model);
  }

  #rows(table: string, where: Record<string, SQLInputValue> = {}): Row[] {
    if (!this.#tables.has(table)) return [];
    const conditions = Object.keys(where).map((column) => `${column} = ?`);
    const text = [`SELECT * FROM ${table}`, conditions.join(" AND ")].filter(Boolean).join(
      " WHERE ",
    );
    return this.#prepare(text).all(...Object.values(where));
  }

  /** Prepares a query whose integers are exact: rows would end without an error at one above 2^53. */
  #prepare(text: string): StatementSync {
    const statement = this.#database.prepare(text);
    statement.setReadBigInts(true);
    return statement;
  }

  /** Returns the texts of two columns. */
  #texts(
    table: string,
    where: Record<string, SQLInputValue>,
    [key, value]: readonly [string, string] = ["key", "value"],
  ): Map<string, string> {
    const rows = this.#rows(table, where);
    return new Map(rows.map((row) => [`${row[key]}`, `${row[value] ?? ""}`]));
  }

  async #open({ row, columns, id }: ListedRow): Promise<OpenedRun> {
    const problems: string[] = [], isModel = columns === OF_MODEL;
    const startedMs = timeOf(row[columns.start]), endedMs = timeOf(row[columns.end]);
    const status = statusOf(row.status, isModel);
    if (startedMs === undefined) problems.push(`it has no start: ${row[columns.start]}`);
    if (status === undefined) problems.push(`${row.status} is not a status`);
    const times = {
      status: status ?? "FAILED",
      startedMs: startedMs ?? 0,
      ...endedMs !== undefined && { endedMs },
    } as const;
    const facts = isModel ? this.#factsOfModel(row, id) : this.#factsOfRun(row, id);
    const { params, tags, certain, has } = facts(problems);
    const recorded = recordedAt([textOf(row[columns.uri])]);
    const files = await this.#places.files({ ...recorded, certain }, problems);
    return {
      ...times,
      problems,
      files,
      params,
      tags,
      points: isModel ? this.#pointsOfModel(id, problems) : this.#points(id, problems),
      has: { ...has, ...countsOfFiles(files) },
    };
  }

  #factsOfRun(row: Row, id: string) {
    const params = this.#texts("params", { run_uuid: id });
    const tags = this.#texts("tags", { run_uuid: id });
    const facts = {
      tags,
      runName: textOf(row.name),
      user: textOf(row.user_id),
      ...this.#links(id),
    };
    return (problems: string[]) => ({
      params,
      tags: tagsOfRun(this.#ids, { ...facts, problems }),
      certain: hasLoggedModel(tags) ? "files" as const : undefined,
      has: {
        params: this.#count("params", { run_uuid: id }),
        tags: countTags(facts) + this.#count("tags", { run_uuid: id }) - tags.size,
        points: this.#count("metrics", { run_uuid: id }),
      },
    });
  }

  #factsOfModel(row: Row, id: string) {
    const of = { model_id: id };
    const params = this.#texts("logged_model_params", of, ["param_key", "param_value"]);
    const tags = this.#texts("logged_model_tags", of, ["tag_key", "tag_value"]);
    const facts = {
      tags,
      name: textOf(row.name) ?? id,
      type: textOf(row.model_type),
      run: textOf(row.source_run_id),
    };
    const isOutput = this.#count("inputs", {
      destination_type: "MODEL_OUTPUT",
      destination_id: id,
    }) > 0;
    return (problems: string[]) => ({
      params,
      tags: tagsOfModel(this.#ids, { ...facts, problems }),
      certain: isOutput && statusOf(row.status, true) === "FINISHED" ? "files" as const : undefined,
      has: {
        params: this.#count("logged_model_params", of),
        tags: countModelTags(facts) + this.#count("logged_model_tags", of) - tags.size,
        points: this.#count("logged_model_metrics", of),
      },
    });
  }

  /** Returns a number of rows, as the database counts them. */
  #count(table: string, where: Record<string, SQLInputValue>): number {
    if (!this.#tables.has(table)) return 0;
    const conditions = Object.keys(where).map((column) => `${column} = ?`).join(" AND ");
    const text = `SELECT count(*) AS count FROM ${table} WHERE ${conditions}`;
    return Number(this.#prepare(text).get(...Object.values(where))?.count ?? 0);
  }

  #links(id: string) {
    const inputs: string[] = [];
    const datasets = this.#rows("inputs", { destination_id: id }).flatMap((input) => {
      if (input.source_type !== "DATASET") return [];
      const [dataset] = this.#rows("datasets", { dataset_uuid: input.source_id ?? null });
      if (dataset === undefined) return [];
      const { name, digest, dataset_source_type: source_type, dataset_source: source } = dataset;
      const { dataset_schema: schema, dataset_profile: profile } = dataset;
      const tags = [
        ...this.#texts("input_tags", { input_uuid: input.input_uuid ?? null }, ["name", "value"]),
      ]
        .map(([key, value]) => ({ key, value }));
      return [{ dataset: { name, digest, source_type, source, schema, profile }, tags }];
    });
    const outputs = [];
    for (const row of this.#rows("inputs", { source_id: id })) {
      if (row.destination_type === "MODEL_INPUT") inputs.push(`${row.destination_id}`);
      if (row.destination_type !== "MODEL_OUTPUT") continue;
      outputs.push({ model: `${row.destination_id}`, step: Number(row.step ?? 0) });
    }
    return { datasets, inputs, outputs };
  }

  async *#points(run: string, problems: string[]): AsyncGenerator<Metric> {
    if (!this.#tables.has("metrics")) return;
    const text = "SELECT * FROM metrics WHERE run_uuid = ? ORDER BY timestamp, step";
    for (const row of this.#prepare(text).iterate(run)) {
      yield* pointOf({ ...row, value: row.is_nan ? NaN : row.value ?? null }, problems);
    }
  }

  async *#pointsOfModel(model: string, problems: string[]): AsyncGenerator<Metric> {
    if (!this.#tables.has("logged_model_metrics")) return;
    const text = "SELECT metric_name AS key, metric_value AS value, metric_step AS step, " +
      "metric_timestamp_ms AS timestamp FROM logged_model_metrics WHERE model_id = ? " +
      "ORDER BY timestamp, step";
    for (const row of this.#prepare(text).iterate(model)) {
      yield* pointOf({ ...row, value: row.value ?? NaN }, problems); // SQLite has no NaN
    }
  }

  *#model(row: Row): Generator<ImportRecord> {
    const name = `${row.name}`, as = this.#options.nameOf(name);
    if (as === undefined) return;
    const stored = this.#rows("model_versions", { name })
      .filter(({ current_stage }) => current_stage !== "Deleted_Internal")
      .map((row): StoredVersion => {
        const labels = this.#texts("model_version_tags", { name, version: row.version ?? null });
        const model = /^models:\/+(m-[^/]+)/.exec(`${row.source}`)?.[1];
        return { ...storedVersion(row, labels), model };
      });
    const labels = this.#texts("registered_model_tags", { name });
    const reason = modelLeft(labels, stored);
    if (reason !== undefined) return yield { kind: "left", what: `model ${name}`, reason };
    const versions = stored.flatMap((version) =>
      foundVersion(this.#ids, version, async (uris) => {
        const problems: string[] = [];
        const files = await this.#places.files(recordedAt(uris), problems);
        return { files, problems, has: countsOfFiles(files) };
      }) ?? []
    );
    const aliases = this.#texts("registered_model_aliases", { name }, ["alias", "version"]);
    const notes = textOf(row.description);
    yield { kind: "model", name: as, notes, labels, aliases: aliasesOf(aliases, stored), versions };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** Returns where artifacts are. By default, MLflow writes them beside the database. */
function recordedAt(given: readonly (string | undefined)[]): Recorded {
  const uris = given.filter((uri) => uri !== undefined);
  const [, own] = /(?:^|\/)(mlruns\/[^]+)$/.exec(uris[0] ?? "") ?? [];
  return { uris, own };
}

function* pointOf(
  { key, value, ...row }: Row,
  problems: string[],
): Generator<Metric> {
  const timestamp = timeOf(row.timestamp), step = timeOf(row.step ?? 0);
  if (timestamp !== undefined && step !== undefined) {
    yield { key: `${key}`, value: Number(value), timestamp, step };
  } else if (problems.length < 100) problems.push(`a value of ${shown(`${key}`)} is not a metric`);
}

function endOf({ row, columns }: ListedRow): number {
  return timeOf(row[columns.end]) ?? timeOf(row[columns.start]) ?? 0;
}
