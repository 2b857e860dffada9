import { basename } from "node:path";
import { type Command, defineCommand } from "../../../../apps/cli/extending.ts";
import type { CommandContext } from "../../../../apps/cli/extending.ts";
import { isStoreUrl, unsupported } from "../../../../core/kernel.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { openPlace, OPTIONS, runImport, TARGET } from "../run_import.ts";
import { SourceFiles, withoutSecrets } from "../source_files.ts";
import { DvcCache } from "./cache.ts";
import { GitRepository } from "../git.ts";
import { DvcReader } from "./read_repository.ts";

export const importDvc: Command = defineCommand({
  name: "import dvc",
  summary: "Import what DVC tracks in a Git repository.",
  details: "Reads the tags and HEAD of a Git repository with DVC, and its cache or a remote. The " +
    "repository becomes a name. A tag such as v1.2.0 becomes version 1.2.0, with its parameters, " +
    "metrics, and all files that DVC tracks. Other tags become aliases, and HEAD becomes the alias " +
    "head. Their commits become versions 0.0.1, 0.0.2 and so on, unless they have a version. The " +
    "MD5 of every file is checked while it is saved.\n\n" +
    "Rerun the command to import new tags and commits, or to finish an interrupted import. Nothing " +
    "is fetched, and only the repository and --remote are read. Symbolic links are never followed. " +
    "Versions that cannot be read completely are printed as a table, and the exit code is 1; the " +
    "others are imported. With --json: one line per version with its counts, then the report.",
  args: [
    { usage: "<from>", text: "the folder of a clone", completes: "file" },
    TARGET,
  ],
  options: [
    ...OPTIONS,
    { flags: "--name <name>", text: "the name to import to (default: that of the folder)" },
    { flags: "--branches", text: "also import branches, and experiments of dvc exp, as aliases" },
    { flags: "--remote <place>", text: "a remote or cache: a folder or bucket" },
  ],
  examples: [
    ["holdfast import dvc ./digits .holdfast --create --dry-run", "see what fits"],
    ["holdfast import dvc ./digits .holdfast --create", "with the cache in .dvc/cache"],
    ["holdfast import dvc . @team --name team/digits", "under another name"],
    ["holdfast import dvc . @team --remote s3://bucket/dvc", "with a remote"],
  ],
  async run([from, to], { name, remote, branches, ...flags }, context) {
    const read = (options: ReadOptions) =>
      records(context, { from, name, remote, branches }, options);
    return await runImport(context, { to, flags, hasRuns: false, read });
  },
});

async function* records(
  context: CommandContext,
  { from, name, remote, branches }: {
    from: string;
    name?: string;
    remote?: string;
    branches?: boolean;
  },
  options: ReadOptions,
): AsyncGenerator<ImportRecord> {
  const { signal } = options, { system } = context.io;
  if (isStoreUrl(from)) {
    const hint = "Clone it, and pass the folder. Pass the bucket of a remote as --remote.";
    throw unsupported("import from", withoutSecrets(from), "it is not a folder", { hint });
  }
  await using own = await openPlace(from, context);
  await using other = remote === undefined ? undefined : await openPlace(remote, context);
  const git = new GitRepository(own.location, { system, signal });
  const places = [
    { files: new SourceFiles(own.store, signal), folder: ".dvc/cache" },
    ...other === undefined ? [] : [{ files: new SourceFiles(other.store, signal), folder: "" }],
  ];
  const reader = new DvcReader(git, new DvcCache(places), options);
  yield* reader.records(name ?? basename(own.location), { branches });
}
