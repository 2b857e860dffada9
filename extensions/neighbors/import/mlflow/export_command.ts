import { resolve } from "node:path";
import {
  type Command,
  defineCommand,
  expandNames,
  formatBytes,
  formatCount,
  invalid,
} from "../../../../apps/cli/extending.ts";
import { MlrunsExport } from "./export_folder.ts";

export const exportMlflow: Command = defineCommand({
  name: "export mlflow",
  summary: "Write runs and models into an mlruns folder.",
  details:
    "Writes a folder that MLflow 2 and 3 read, with parameters, tags, all values of metrics, " +
    "artifacts, data sets, logged models, and registered models with their aliases. Names become " +
    "experiments; names below models: become registered models. Running runs are left out. Versions " +
    "that are not runs, and keys that MLflow's folders cannot have, are left out and listed.\n\n" +
    "The folder must be empty or missing. If the command is stopped, remove the folder and run it " +
    "again.",
  args: [{ usage: "<names...>", text: "names or patterns", completes: "ref" }],
  options: [
    { flags: "--to <folder>", text: "the mlruns folder to write", completes: "file" },
    { flags: "--models <prefix>", text: "prefix of model names (default: models:)" },
  ],
  examples: [
    ["holdfast export mlflow team/digits models:digits --to ./mlruns", "one of each"],
    ["holdfast export mlflow 'team/*' 'models:*' --to ./mlruns", "all of a team"],
  ],
  async run([texts], { to, models = "models:" }, context) {
    if (to === undefined) throw invalid("export to MLflow", "--to is missing", "Add --to FOLDER.");
    const { io: { cwd, signal } } = context;
    const registry = await context.open();
    const names = await expandNames(registry, texts, signal);
    for (const name of names) {
      if (!name.includes("@")) continue;
      const hint = "A whole name is exported. Leave out the version.";
      throw invalid(`export ${JSON.stringify(name)}`, "it has a version", hint);
    }
    const report = await new MlrunsExport(registry, resolve(cwd, to), { models, signal }).export(
      names,
    );
    for (const text of report.left) await context.note(`Left out ${text}`);
    const { runs, versions, files, bytes, left } = report;
    await context.done(
      { ...report, left: left.length },
      `Exported ${formatCount(runs, "run")}, ${formatCount(versions, "version")} of models ` +
        `(${formatCount(files, "file")}, ${formatBytes(bytes)}) to ${to}`,
    );
  },
});
