import { type Command, defineCommand, invalid } from "../../../../apps/cli/extending.ts";
import type { CommandContext } from "../../../../apps/cli/extending.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { openPlace, OPTIONS, runImport, TARGET, UPDATE } from "../run_import.ts";
import { SourceFiles, withoutSecrets } from "../source_files.ts";
import { Artifacts } from "./artifacts.ts";
import { exportedRuns, ExportReader } from "./read_export.ts";
import { WandbReader } from "./read_runs.ts";

const HINT = "Pass the folder wandb of W&B's client. For runs on W&B's server, use the script in " +
  "docs/migrating.md: tables in CSV or Parquet have neither files nor artifacts, and are not read.";

export const importWandb: Command = defineCommand({
  name: "import wandb",
  summary: "Import runs of W&B from their folders.",
  details:
    "Reads a wandb folder or bucket, in which W&B keeps a folder for each run, also offline ones; or " +
    "an export of a server, which the script in docs/migrating.md writes. " +
    "Projects become names, and runs become their versions, with configuration, all numbers of the " +
    "history, summary, times and files.\n\n" +
    "Rerun the command to import new runs, or to finish an interrupted import. Runs without an end " +
    "are left out without --running. Symbolic links are never followed. Runs that cannot be read " +
    "completely are printed as a table, and the exit code is 1; the others are imported. With " +
    "--json: one line per run or version with its counts, then the report.",
  args: [
    { usage: "<from>", text: "a wandb folder or bucket, or an export", completes: "file" },
    TARGET,
  ],
  options: [
    ...OPTIONS,
    { flags: "--running", text: "import runs without an end as KILLED" },
    UPDATE,
    { flags: "--artifacts <place>", text: "import artifacts, too, with files from W&B's cache" },
  ],
  examples: [
    ["holdfast import wandb ./wandb .holdfast --create --dry-run", "see what fits"],
    ["holdfast import wandb ./wandb .holdfast --create", "a folder"],
    [
      "holdfast import wandb ./wandb .holdfast --artifacts ~/.cache/wandb/artifacts",
      "with artifacts",
    ],
    ["holdfast import wandb ./wandb-export .holdfast", "an export of W&B's server"],
    ["holdfast import wandb ./wandb @team --rename digits=team/digits", "under another name"],
  ],
  async run([from, to], { artifacts, ...flags }, context) {
    const read = (options: ReadOptions) => records(context, { from, artifacts }, options);
    return await runImport(context, { to, flags, read });
  },
});

async function* records(
  context: CommandContext,
  { from, artifacts }: { from: string; artifacts?: string },
  options: ReadOptions,
): AsyncGenerator<ImportRecord> {
  if (/^https?:|^(?:api\.)?wandb\.ai\b/i.test(from)) {
    throw invalid(`import from ${withoutSecrets(from)}`, "servers are not read", HINT);
  }
  await using own = await openPlace(from, context, HINT);
  await using other = artifacts === undefined ? undefined : await openPlace(artifacts, context);
  const kept = other && new Artifacts(new SourceFiles(other.store, options.signal), options);
  const files = new SourceFiles(own.store, options.signal);
  const exported = await exportedRuns(files);
  if (exported.length > 0) {
    if (artifacts !== undefined) {
      const hint = "An export contains its artifacts. Leave the option out.";
      const state = "--artifacts is for folders of W&B's client";
      throw invalid(`import from ${withoutSecrets(from)}`, state, hint);
    }
    yield* new ExportReader(files, options).records(exported);
    return;
  }
  const reader = new WandbReader(files, options, kept);
  yield* reader.records();
}
