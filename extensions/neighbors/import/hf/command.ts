import { basename } from "node:path";
import { type Command, defineCommand, invalid } from "../../../../apps/cli/extending.ts";
import type { CommandContext } from "../../../../apps/cli/extending.ts";
import { isStoreUrl } from "../../../../core/kernel.ts";
import { GitRepository } from "../git.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { openPlace, OPTIONS, runImport, TARGET } from "../run_import.ts";
import { SourceFiles, withoutSecrets } from "../source_files.ts";
import { HubServer } from "./hub_server.ts";
import { HfCacheReader } from "./read_cache.ts";
import { HfCloneReader } from "./read_clone.ts";
import { HubReader, parseHubUrl } from "./read_hub.ts";

export const importHf: Command = defineCommand({
  name: "import hf",
  summary: "Import repositories of Hugging Face.",
  details: "Reads ~/.cache/huggingface/hub, or one folder of it, which hf download, " +
    "from_pretrained and load_dataset write; a clone by Git, with its files of Git LFS; or a " +
    "repository of the Hub, hf://org/name, at HF_ENDPOINT with HF_TOKEN. Of clones and the Hub, it " +
    "reads the commits of branches and tags. A model org/name gets this " +
    "name, and a dataset datasets/org/name. Each commit becomes a version, and branches and tags " +
    "become aliases: main, and rev-v1.0 for v1.0, because an alias must not look like a version. The " +
    "metadata has the members hub, commit and refs. serve --hf serves the result.\n\n" +
    "Files are checked against the hash in the source while they are saved. Only links to blobs " +
    "of the same repository are read. Rerun the command to import new commits, or to finish an " +
    "interrupted import. Commits that cannot be imported are printed as a table, and the exit code " +
    "is 1. With --json: one line per such commit, then the report.",
  args: [
    {
      usage: "<from>",
      text: "the cache, a folder models--ORG--NAME, a clone, or hf://ORG/NAME",
      completes: "file",
    },
    TARGET,
  ],
  options: [
    ...OPTIONS,
    { flags: "--name <name>", text: "name of a clone (default: its id on the Hub, or its folder)" },
  ],
  examples: [
    ["holdfast import hf ~/.cache/huggingface/hub .holdfast --create --dry-run", "see what fits"],
    ["holdfast import hf ~/.cache/huggingface/hub @team --prefix team/", "some repositories"],
    ["holdfast import hf ./bert .holdfast", "a clone, with git lfs fetch --all before"],
    ["HF_TOKEN=… holdfast import hf hf://team/bert .holdfast", "from the Hub"],
    ["holdfast import hf ./hub/models--team--bert .holdfast --rename team/=", "one, as bert"],
  ],
  async run([from, to], { name, ...flags }, context) {
    const read = (options: ReadOptions) => records(context, { from, name }, options);
    return await runImport(context, { to, flags, hasRuns: false, read });
  },
});

async function* records(
  context: CommandContext,
  { from, name }: { from: string; name?: string },
  options: ReadOptions,
): AsyncGenerator<ImportRecord> {
  const { io: { system } } = context, { signal } = options;
  const refuseName = () => {
    if (name === undefined) return;
    const hint = "Use --rename for a cache or a repository of the Hub.";
    throw invalid(`import from ${withoutSecrets(from)}`, "--name is for clones", hint);
  };
  if (/^hf:/i.test(from)) {
    refuseName();
    const server = new HubServer({ system, signal });
    yield* new HubReader(server, parseHubUrl(from), options).records();
    return;
  }
  const [, id] = /^(?:https?:\/\/)?(?:www\.)?(?:huggingface\.co|hf\.co)\/([^?#]+)/i.exec(from) ??
    [];
  if (id !== undefined) {
    const [repository] = /^(?:(?:datasets|spaces)\/)?[^/]+(?:\/[^/]+)?/.exec(id) ?? [id];
    throw invalid(
      `import from ${withoutSecrets(from)}`,
      "it is a web page",
      `Write hf://${repository}`,
    );
  }
  await using place = await openPlace(
    from,
    context,
    "For a repository of the Hub, write hf://ORG/NAME.",
  );
  const files = new SourceFiles(place.store, signal);
  const git = isStoreUrl(from) ? undefined : await gitFolder(files);
  if (git !== undefined) {
    const repository = new GitRepository(place.location, { system, signal });
    yield* new HfCloneReader({ git: repository, files, folder: git }, options).records({
      name,
      endpoint: system.env("HF_ENDPOINT"),
      own: basename(place.location),
    });
    return;
  }
  refuseName();
  yield* new HfCacheReader(files, options).records();
}

/** Returns the folder of Git in a clone; undefined for other folders. */
async function gitFolder(files: SourceFiles): Promise<string | undefined> {
  if (await files.look(".git", []) !== undefined) return ".git";
  const parts = await Promise.all(["HEAD", "objects", "refs"].map((part) => files.look(part, [])));
  return parts.every((part) => part !== undefined) ? "" : undefined;
}
