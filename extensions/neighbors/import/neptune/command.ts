import { type Command, defineCommand } from "../../../../apps/cli/extending.ts";
import { loadPart } from "../../../../core/kernel.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { openPlace, OPTIONS, runImport, TARGET, UPDATE } from "../run_import.ts";
import { SourceFiles } from "../source_files.ts";

/** `read_runs.ts`, which is loaded by name because of its package. */
interface ReadingPart {
  runsIn(source: SourceFiles, options: ReadOptions): AsyncIterable<ImportRecord>;
}

export const importNeptune: Command = defineCommand({
  name: "import neptune",
  summary: "Import runs of Neptune that neptune-exporter wrote.",
  details:
    "Reads the folder or bucket exports of neptune-exporter, with the folders data and files. Projects " +
    "become names, and runs become their versions, with attributes as parameters, series of numbers as " +
    "points, and files, histograms and text as files.\n\n" +
    "Rerun the command to import new runs, or to finish an interrupted import. Symbolic links are " +
    "never followed. Runs that cannot be read completely are printed as a table, and the exit code is " +
    "1; the others are imported. With --json: one line per run with its counts, then the report.",
  args: [{ usage: "<from>", text: "a folder or bucket", completes: "file" }, TARGET],
  options: [...OPTIONS, UPDATE],
  examples: [
    ["holdfast import neptune ./exports .holdfast --create --dry-run", "see what fits"],
    ["holdfast import neptune ./exports .holdfast --create", "a folder"],
    ["holdfast import neptune s3://bucket/exports @team --prefix team/", "some projects"],
  ],
  async run([from, to], flags, context) {
    await using own = await openPlace(from, context);
    const { runsIn } = await loadPart<ReadingPart>("./read_runs.ts", import.meta.url);
    const read = (options: ReadOptions) =>
      runsIn(new SourceFiles(own.store, options.signal), options);
    return await runImport(context, { to, flags, read });
  },
});
