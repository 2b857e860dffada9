import { type Command, defineCommand } from "../../../apps/cli/extending.ts";
import type { CommandContext } from "../../../apps/cli/extending.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { openPlace, OPTIONS, runImport, TARGET } from "../run_import.ts";
import { SourceFiles } from "../source_files.ts";
import { ArtifactPlaces } from "./artifact_places.ts";
import { MlrunsReader } from "./read_folder.ts";

export const importMlflow: Command = defineCommand({
  name: "import mlflow",
  summary: "Import runs and models of MLflow.",
  details:
    "Reads folders and buckets mlruns of MLflow 2 and 3. Experiments become names, and runs " +
    "versions of them, with parameters, tags, all values of all metrics, times and artifacts. " +
    "Registered models become names below models:, with their versions and aliases. The result is " +
    "what serve --mlflow stores, so clients of MLflow find it there.\n\n" +
    "Run it again to import what is new, or the rest of an interrupted run. Deleted runs are left " +
    "out, and those that go on unless --running is given. Links are never followed. Runs with " +
    "anything that cannot be read are printed as a table, and the exit code is 1; the others are " +
    "imported. With --json: one line per such run, then the report.",
  args: [
    { usage: "<from>", text: "the folder mlruns, or its URL in a bucket", completes: "file" },
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
    ["holdfast import mlflow s3://bucket/mlruns @team --prefix team/", "from a bucket, partly"],
  ],
  async run([from, to], { artifacts, models = "models:", ...flags }, context) {
    const read = (options: ReadOptions) => records(context, { from, artifacts, models }, options);
    return await runImport(context, { to, flags, read });
  },
});

async function* records(
  context: CommandContext,
  { from, artifacts, models }: { from: string; artifacts?: string; models: string },
  options: ReadOptions,
): AsyncGenerator<ImportRecord> {
  await using own = await openPlace(from, context);
  await using other = artifacts === undefined ? undefined : await openPlace(artifacts, context);
  const root = { files: new SourceFiles(own.store, options.signal), location: own.location };
  const places = new ArtifactPlaces({
    own: root,
    given: other && {
      files: new SourceFiles(other.store, options.signal),
      location: other.location,
    },
  });
  for await (const record of new MlrunsReader(root.files, places, options).records()) {
    yield record.kind === "model" ? { ...record, name: models + record.name } : record;
  }
}
