import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Command, defineCommand, localPathOf } from "../../../apps/cli/extending.ts";
import type { CommandContext } from "../../../apps/cli/extending.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { type OpenedPlace, openPlace, OPTIONS, runImport, TARGET } from "../run_import.ts";
import { SourceFiles } from "../source_files.ts";
import { ArtifactPlaces } from "./artifact_places.ts";
import { MlrunsReader } from "./read_folder.ts";
import { ServerReader } from "./read_server.ts";
import { MlflowServer } from "./server.ts";

export const importMlflow: Command = defineCommand({
  name: "import mlflow",
  summary: "Import runs and models of MLflow.",
  details: "Reads folders and buckets mlruns of MLflow 2 and 3, databases in a file of SQLite " +
    "(sqlite:///mlflow.db), and servers by REST. Experiments become names, and runs " +
    "versions of them, with parameters, tags, all values of all metrics, times and artifacts. " +
    "Registered models become names below models:, with their versions and aliases. The result is " +
    "what serve --mlflow stores, so clients of MLflow find it there.\n\n" +
    "Run it again to import what is new, or the rest of an interrupted run. Deleted runs are left " +
    "out, and those that go on unless --running is given. Links are never followed. Runs with " +
    "anything that cannot be read are printed as a table, and the exit code is 1; the others are " +
    "imported. With --json: one line per such run, then the report.",
  args: [
    { usage: "<from>", text: "a folder mlruns, a file of SQLite, or a URL", completes: "file" },
    TARGET,
  ],
  options: [
    ...OPTIONS,
    { flags: "--artifacts <place>", text: "the folder or bucket with artifacts, if elsewhere" },
    { flags: "--models <prefix>", text: "prefix of the names of models (default: models:)" },
    { flags: "--running", text: "import runs that go on, as KILLED" },
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
      "a server, with the token of clients",
    ],
    ["holdfast import mlflow s3://bucket/mlruns @team --prefix team/", "from a bucket, partly"],
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

/** Returns the path of a file of SQLite; undefined for folders and buckets. */
function databaseOf(from: string, cwd: string): string | undefined {
  const [, named] = /^sqlite:(?:\/\/\/)?([^]+)$/.exec(from) ?? [];
  if (named !== undefined) return resolve(cwd, named);
  const path = localPathOf(from);
  if (path === undefined) return undefined;
  return statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isFile()
    ? resolve(cwd, path)
    : undefined;
}
