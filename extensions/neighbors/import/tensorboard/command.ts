import { basename } from "node:path";
import { type Command, defineCommand } from "../../../../apps/cli/extending.ts";
import type { ReadOptions } from "../records.ts";
import { openPlace, OPTIONS, runImport, TARGET, UPDATE } from "../run_import.ts";
import { SourceFiles } from "../source_files.ts";
import { runsIn } from "./read_runs.ts";

export const importTensorboard: Command = defineCommand({
  name: "import tensorboard",
  summary: "Import runs of TensorBoard from event files.",
  details:
    "Reads the folder or bucket that `tensorboard --logdir` takes. It becomes a name, and each folder " +
    "in it with event files a version: scalars as points, hparams as parameters, and images, " +
    "histograms and text as files.\n\n" +
    "Rerun the command to import new runs, or to finish an interrupted import. Symbolic links are " +
    "never followed. Runs with damaged files are printed as a table, and the exit code is 1; the " +
    "others are imported. With --json: one line per run with its counts, then the report.",
  args: [{ usage: "<from>", text: "a folder or bucket", completes: "file" }, TARGET],
  options: [
    ...OPTIONS,
    { flags: "--name <name>", text: "the name to import to (default: that of the folder)" },
    UPDATE,
  ],
  examples: [
    ["holdfast import tensorboard ./runs .holdfast --create --dry-run", "see what fits"],
    ["holdfast import tensorboard ./runs .holdfast --create", "a folder"],
    ["holdfast import tensorboard ./runs @team --name team/digits", "under another name"],
    ["holdfast import tensorboard s3://bucket/runs @team --update", "with runs that have grown"],
  ],
  async run([from, to], { name, ...flags }, context) {
    await using own = await openPlace(from, context);
    const folder = name ?? basename(own.location.replace(/[?#][^]*/, ""));
    const read = (options: ReadOptions) =>
      runsIn(new SourceFiles(own.store, options.signal), options, folder);
    return await runImport(context, { to, flags, read });
  },
});
