import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  type Command,
  defineCommand,
  invalid,
  localPathOf,
} from "../../../../apps/cli/extending.ts";
import type { CommandContext } from "../../../../apps/cli/extending.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { type OpenedPlace, openPlace, OPTIONS, runImport, TARGET, UPDATE } from "../run_import.ts";
import { SourceFiles, withoutSecrets } from "../source_files.ts";
import { ArtifactPlaces } from "./artifact_places.ts";
import { MlrunsReader } from "./read_folder.ts";
import { ServerReader } from "./read_server.ts";
import { MlflowServer } from "./server.ts";

export const importMlflow: Command = defineCommand({
  name: "import mlflow",
  summary: "Import runs and models of MLflow.",
  details: "Reads an mlruns folder or bucket of MLflow 2 or 3, an SQLite database " +
    "(sqlite:///mlflow.db), or a server. Experiments become names, and runs become " +
    "their versions, with parameters, tags, all values of all metrics, times and artifacts. " +
    "Registered models become names below models:, with their versions and aliases. The result is " +
    "what serve --mlflow stores, so clients of MLflow find it there.\n\n" +
    "Rerun the command to import new runs, or to finish an interrupted import. Deleted runs are " +
    "left out, and so are running ones without --running. Symbolic links are never followed. Runs " +
    "that cannot be read completely are printed as a table, and the exit code is 1; the others " +
    "are imported. With --json: one line per run or version with its counts, then the report.\n\n" +
    "For a server, set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and " +
    "MLFLOW_TRACKING_PASSWORD.",
  args: [
    { usage: "<from>", text: "an mlruns folder, an SQLite file, or a URL", completes: "file" },
    TARGET,
  ],
  options: [
    ...OPTIONS,
    { flags: "--artifacts <place>", text: "a folder or bucket with artifacts that are elsewhere" },
    { flags: "--models <prefix>", text: "prefix of model names (default: models:)" },
    { flags: "--running", text: "import running runs as KILLED" },
    UPDATE,
  ],
  examples: [
    ["holdfast import mlflow ./mlruns .holdfast --create --dry-run", "see what fits"],
    ["holdfast import mlflow ./mlruns .holdfast --create", "a folder"],
    [
      "holdfast import mlflow sqlite:///mlflow.db .holdfast",
      "a database, with its mlruns beside it",
    ],
    [
      "holdfast import mlflow http://localhost:5000 .holdfast",
      "a server",
    ],
    ["holdfast import mlflow s3://bucket/mlruns @team --prefix team/", "part of a bucket"],
  ],
  async run([from, to], { artifacts, models = "models:", ...flags }, context) {
    const read = (options: ReadOptions) => records(context, { from, artifacts, models }, options);
    return await runImport(context, { to, flags, read });
  },
});

interface Source {
  from: string;
  artifacts?: string;
  models: string;
}

async function* records(
  context: CommandContext,
  { from, artifacts, models }: Source,
  options: ReadOptions,
): AsyncGenerator<ImportRecord> {
  for await (const record of found(context, { from, artifacts }, options)) {
    yield record.kind === "model" ? { ...record, name: models + record.name } : record;
  }
}

async function* found(
  context: CommandContext,
  { from, artifacts }: Omit<Source, "models">,
  options: ReadOptions,
): AsyncGenerator<ImportRecord> {
  if (/^https?:/i.test(from)) {
    const { signal } = options, { system } = context.io;
    yield* new ServerReader(new MlflowServer(from, { system, signal }), options).records();
    return;
  }
  if (/^(?:postgres|mysql|mariadb|mssql|oracle|databricks)[a-z]*(?:\+\w+)?:/i.test(from)) {
    const hint = "Pass the URL of its MLflow server: https://…, or http://localhost:5000 after " +
      "mlflow server --backend-store-uri URL.";
    const state = "of databases, only SQLite files are read";
    throw invalid(`import from ${withoutSecrets(from)}`, state, hint);
  }
  const database = databaseOf(from, context.io.cwd);
  await using own = await openPlace(database === undefined ? from : dirname(database), context);
  await using other = artifacts === undefined ? undefined : await openPlace(artifacts, context);
  const rootOf = ({ store, location }: OpenedPlace) => ({
    files: new SourceFiles(store, options.signal),
    location,
  });
  const root = rootOf(own);
  const places = new ArtifactPlaces({ own: root, given: other && rootOf(other) });
  if (database === undefined) {
    yield* new MlrunsReader(root.files, places, options).records();
    return;
  }
  const { DatabaseReader } = await import("./read_database.ts");
  using reader = new DatabaseReader(database, places, options);
  yield* reader.records();
}

/** Returns the path of an SQLite file; undefined for folders and buckets. */
function databaseOf(from: string, cwd: string): string | undefined {
  const [, named] = /^sqlite:(?:\/\/\/)?([^]+)$/.exec(from) ?? [];
  if (named !== undefined) return resolve(cwd, named);
  const path = localPathOf(from);
  if (path === undefined) return undefined;
  return statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isFile()
    ? resolve(cwd, path)
    : undefined;
}
