import { type Command, defineCommand } from "../../../apps/cli/extending.ts";
import type { CommandContext } from "../../../apps/cli/extending.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { openPlace, OPTIONS, runImport, TARGET } from "../run_import.ts";
import { SourceFiles } from "../source_files.ts";
import { HubServer } from "./hub_server.ts";
import { HfCacheReader } from "./read_cache.ts";
import { HubReader, parseHubUrl } from "./read_hub.ts";

export const importHf: Command = defineCommand({
  name: "import hf",
  summary: "Import repositories of Hugging Face.",
  details: "Reads ~/.cache/huggingface/hub, or one folder of it, which hf download, " +
    "from_pretrained and load_dataset write; or a repository of the Hub, hf://org/name, at " +
    "HF_ENDPOINT with HF_TOKEN: the commits of its branches and tags. A model org/name gets this " +
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
      text: "the cache, a folder models--ORG--NAME, or hf://ORG/NAME",
      completes: "file",
    },
    TARGET,
  ],
  options: [...OPTIONS],
  examples: [
    ["holdfast import hf ~/.cache/huggingface/hub .holdfast --create --dry-run", "see what fits"],
    ["holdfast import hf ~/.cache/huggingface/hub @team --prefix team/", "some repositories"],
    ["HF_TOKEN=… holdfast import hf hf://team/bert .holdfast", "from the Hub"],
    ["holdfast import hf ./hub/models--team--bert .holdfast --rename team/=", "one, as bert"],
  ],
  async run([from, to], flags, context) {
    const read = (options: ReadOptions) => records(context, from, options);
    return await runImport(context, { to, flags, hasRuns: false, read });
  },
});

async function* records(
  context: CommandContext,
  from: string,
  options: ReadOptions,
): AsyncGenerator<ImportRecord> {
  if (/^hf:/i.test(from)) {
    const { io: { system } } = context, { signal } = options;
    const server = new HubServer({ system, signal });
    yield* new HubReader(server, parseHubUrl(from), options).records();
    return;
  }
  await using place = await openPlace(
    from,
    context,
    "For a repository of the Hub, write hf://ORG/NAME.",
  );
  yield* new HfCacheReader(new SourceFiles(place.store, options.signal), options).records();
}
