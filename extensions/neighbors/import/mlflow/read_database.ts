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
  byEnd,
  deleted,
  foundRun,
  foundVersion,
  hasLoggedModel,
  keptTags,
  KnownIds,
  type ListedRun,
  modelLeft,
  statusOf,
  type StoredVersion,
  storedVersion,
  textOf,
  timeOf,
  timesOf,
} from "./facts.ts";

type Row = Record<string, SQLOutputValue>;

/** Tables with runs and logged models, and their columns. */
const TABLES = [
  { isModel: false, table: "runs", ofId: "run_uuid" },
  { isModel: true, table: "logged_models", ofId: "model_id" },
] as const;

type ListedRow = ListedRun<Row>;

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
        notImported.push(deleted(`experiment ${shown(`${name}`)}`));
        continue;
      }
      for (const { isModel, table, ofId } of TABLES) {
        for (const row of this.#rows(table, { experiment_id: id })) {
          const members = { ...row, run_name: row.name ?? null };
          const run = { members, isModel, name: as, id: `${row[ofId]}` };
          this.#ids.add(run.id, as);
          if (row.lifecycle_stage !== "deleted") listed.push(run);
          else notImported.push(deleted(`run ${run.id} of ${shown(as)}`));
        }
      }
    }
    if (listed.length + notImported.length === 0 && this.#rows("registered_models").length === 0) {
      throw notFound("import runs of MLflow from", "this database", "it has no runs and no models");
    }
    this.#places.expect(listed.map(recordedIn));
    const versions = this.#rows("model_versions").length;
    yield { kind: "total", count: listed.length + versions };
    yield* notImported;
    for (const run of listed.sort(byEnd)) yield foundRun(run, () => this.#open(run));
    for (const model of this.#rows("registered_models")) yield* this.#model(model);
  }

  #rows(table: string, where: Record<string, SQLInputValue> = {}, columns = "*"): Row[] {
    if (!this.#tables.has(table)) return [];
    const conditions = Object.keys(where).map((column) => `${column} = ?`).join(" AND ");
    const text = [`SELECT ${columns} FROM ${table}`, conditions].filter(Boolean).join(" WHERE ");
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

  async #open(run: ListedRow): Promise<OpenedRun> {
    const { members, isModel, id } = run, problems: string[] = [];
    const times = timesOf(members, isModel, problems);
    const { params, tags, certain, has } = isModel
      ? this.#factsOfModel(run, problems)
      : this.#factsOfRun(run, problems);
    const files = await this.#places.files({ ...recordedIn(run), certain }, problems);
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

  #factsOfRun(run: ListedRow, problems: string[]) {
    const { id } = run, of = { run_uuid: id }, tags = this.#texts("tags", of);
    const kept = keptTags(this.#ids, { ...run, tags, ...this.#links(id) }, problems);
    return {
      params: this.#texts("params", of),
      tags: kept.tags,
      certain: hasLoggedModel(tags) ? "files" as const : undefined,
      has: {
        params: this.#count("params", of),
        tags: kept.count + this.#count("tags", of) - tags.size,
        points: this.#count("metrics", of),
      },
    };
  }

  #factsOfModel(run: ListedRow, problems: string[]) {
    const { id, members: { status } } = run, of = { model_id: id };
    const tags = this.#texts("logged_model_tags", of, ["tag_key", "tag_value"]);
    const kept = keptTags(this.#ids, { ...run, tags }, problems);
    const output = { destination_type: "MODEL_OUTPUT", destination_id: id };
    const hasFiles = this.#count("inputs", output) > 0 && statusOf(status, true) === "FINISHED";
    return {
      params: this.#texts("logged_model_params", of, ["param_key", "param_value"]),
      tags: kept.tags,
      certain: hasFiles ? "files" as const : undefined,
      has: {
        params: this.#count("logged_model_params", of),
        tags: kept.count + this.#count("logged_model_tags", of) - tags.size,
        points: this.#count("logged_model_metrics", of),
      },
    };
  }

  /** Returns a number of rows, as the database counts them. */
  #count(table: string, where: Record<string, SQLInputValue>): number {
    return Number(this.#rows(table, where, "count(*) AS count")[0]?.count ?? 0);
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

/** Returns where the artifacts of a run or a logged model are. */
function recordedIn({ members, isModel }: ListedRow): Recorded {
  return recordedAt([textOf(isModel ? members.artifact_location : members.artifact_uri)]);
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
