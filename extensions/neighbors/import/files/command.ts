import { type Command, defineCommand, invalid, withAdded } from "../../../../apps/cli/extending.ts";
import type { CommandContext } from "../../../../apps/cli/extending.ts";
import type { Extension } from "../../../../apps/cli/program/extension.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { openPlace, OPTIONS, runImport, TARGET } from "../run_import.ts";
import { SourceFiles, withoutSecrets } from "../source_files.ts";
import { type Keeps, keptBy } from "./beside.ts";
import { parsePattern } from "./pattern.ts";
import { FilesReader } from "./read_files.ts";

const OWN_OPTIONS = [
  ...OPTIONS,
  { flags: "--name <name>", text: "the name, for a pattern without {name}" },
] as const;

export const createImportFiles = (extensions: readonly Extension[]): Command =>
  defineCommand({
    name: "import files",
    summary: "Import folders and buckets with names and versions in their paths.",
    details:
      "The pattern is the path of one version, with {name} and {version} in place of these, and * for " +
      "any text. Each matches within one part of the path. Two {name} give a name of two parts. " +
      "Without {version}, every name gets one version, 1.0.0. The folder or file at a matching path " +
      "becomes a version.\n\n" +
      "3, v3 and 003 become 3.0.0, and 2026-11-29 becomes 2026.11.29. A link in place of a version, " +
      "such as production -> 3, becomes an alias if it points to a version of the same name. Links " +
      "are never followed. Rerun the command to import new versions, or to finish an interrupted " +
      "import. Versions that cannot be imported are printed as a table, and the exit code is 1. With --json: one line per version with its counts, then the report.",
    args: [
      { usage: "<pattern>", text: "a path or URL with {name} and {version}, in quotes" },
      TARGET,
    ],
    options: withAdded(OWN_OPTIONS, "import files", extensions),
    examples: [
      [
        "holdfast import files './old/{name}/{version}' .holdfast --create --dry-run",
        "see what fits",
      ],
      ["holdfast import files 's3://bucket/models/{name}/{version}' @team", "a bucket"],
      ["holdfast import files './out/{name}-v{version}.onnx' .holdfast", "versions of one file"],
      ["holdfast import files './releases/{version}' .holdfast --name team/bert", "one name"],
    ],
    async run([pattern, to], { name, ...flags }, context) {
      const keeps = keptBy(extensions, flags, context);
      const read = (options: ReadOptions) => records(context, { pattern, name, keeps }, options);
      return await runImport(context, { to, flags, hasRuns: false, read });
    },
  });

async function* records(
  context: CommandContext,
  { pattern, name, keeps }: { pattern: string; name?: string; keeps?: Keeps },
  options: ReadOptions,
): AsyncGenerator<ImportRecord> {
  const { base, parts, hasName } = parsePattern(pattern);
  if (hasName === (name !== undefined)) {
    const state = hasName ? "--name is given, too" : "it has no {name}";
    const hint = "Use either {name} or --name.";
    throw invalid(`import from ${withoutSecrets(pattern)}`, state, hint);
  }
  await using place = await openPlace(base, context);
  const files = new SourceFiles(place.store, options.signal);
  yield* new FilesReader({ files, parts, name, keeps }, options).records();
}
