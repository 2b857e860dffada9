import { join, resolve, sep } from "node:path";
import { isUrl } from "../../../core/urls/local_path.ts";
import { badRow, parseRefRow, pathOfRef, REF_FIELDS } from "../batch/rows.ts";
import { type Command, defineCommand, type OptionDefinition } from "../program/command.ts";
import { refuseUrlTarget } from "../program/refusals.ts";
import { invalid, lookUp, withHints } from "../terminal/hints.ts";
import { parsePositive } from "../terminal/units.ts";

const MANIFEST = {
  usage: "<manifest>",
  text: "the file, or - for standard input",
  completes: "file",
} as const;

const OPTIONS = [
  {
    flags: "--format <format>",
    text: "format of the manifest (default: from its name)",
    choices: ["jsonl", "csv"],
  },
  {
    flags: "--concurrency <count>",
    text: "rows at once (default: 16; in a bucket 32 to save, 48 to read)",
    parse: parsePositive,
  },
  { flags: "--dry-run", text: "check every row and show what would be done" },
  {
    flags: "--shard <i/n>",
    text: "run only the rows of this shard, 0/8 to 7/8; auto: from Slurm, Kubernetes (with " +
      "HOLDFAST_SHARDS), AWS Batch, Cloud Run, Google Batch, GitLab, or HOLDFAST_SHARD",
  },
] as const satisfies readonly OptionDefinition[];

const batchSave: Command = defineCommand({
  name: "batch save",
  summary: "Save the rows of a manifest, many at once; run it again for the rest.",
  details:
    "A manifest is JSON Lines, or CSV with a header. Each row has a name, and a path (relative " +
    "to the manifest) or a value (JSON). Optional: version, metadata (a JSON object), compress " +
    "(gzip, zstd), as (json, text, bytes), onConflict (fail, skip, overwrite), and for folders " +
    "the options of save (links, include, exclude, gitignore, all, preserve).\n\n" +
    "A failed row does not stop the others; the exit code is then 1. After a failure, Ctrl-C or " +
    "a crash, run the same command again to save the rest. A row with a version is skipped if " +
    "the version has the same content, otherwise it is a Conflict. A row without one gets the " +
    "next version, once per run: two equal rows are two versions, a changed row is a new save, " +
    "and rows may be added, moved and removed. The path of the manifest identifies the run; a " +
    "new --run-id saves everything again.",
  args: [MANIFEST],
  options: [
    { flags: "--run-id <text>", text: "identity of this run (default: the path of the manifest)" },
    ...OPTIONS,
  ],
  examples: [
    ["holdfast batch save models.csv --json > saved.jsonl", "save, and keep a line for each row"],
    [`echo '{"name": "a", "value": {"lr": 0.1}}' | holdfast batch save -`, "one row"],
    ["holdfast batch save nightly.jsonl --run-id $(date +%F)", "new versions once a day"],
  ],
  async run([path], flags, context) {
    const { io } = context;
    const { runId, dryRun } = flags;
    if (runId === "") {
      const hint = "Omit it to use the path of the manifest.";
      throw invalid("read the command line", "--run-id is empty", hint);
    }
    const registry = await context.open({ write: !dryRun });
    const { createBatch, runRows } = await import("../batch/run_rows.ts");
    const { SaveRows } = await import("../batch/save_rows.ts");
    await using batch = createBatch(registry);
    return await runRows(
      path,
      flags,
      context,
      (manifest) => new SaveRows(manifest, registry, { batch, io, runId, dryRun }),
    );
  },
});

const batchLoad: Command = defineCommand({
  name: "batch load",
  summary: "Write the versions in a manifest to disk, many at once.",
  details: "A manifest is JSON Lines, or CSV with a header. Each row has a ref (or a name and a " +
    "version), and in `to` the file or folder to write, relative to the manifest or to --to. " +
    "With --to, a row without `to` goes under its name and version. The --json output of ls, " +
    "versions, save and batches is a manifest too.\n\n" +
    "Every byte is checked, and files appear only when complete. Run the same command again to " +
    "write the rest: files with the right content are kept. Files with other content fail with " +
    "AlreadyExists, or are replaced with --overwrite.",
  args: [MANIFEST],
  options: [
    ...OPTIONS,
    {
      flags: "--to <folder>",
      text: "write everything below this folder (default: the path in each row)",
      completes: "file",
    },
    { flags: "--overwrite", text: "replace files that have other content" },
  ],
  examples: [
    ["holdfast batch load wanted.csv", "with the columns ref and to"],
    ["holdfast ls data: --json | holdfast batch load - --to ./data", "the latest of many names"],
    [`echo '{"ref": "model@production", "to": "m.bin"}' | holdfast batch load -`, "one row"],
    ["holdfast batch load wanted.jsonl --overwrite", "update a folder"],
  ],
  async run([path], flags, context) {
    const { io: { signal, cwd } } = context;
    const { overwrite, dryRun = false } = flags;
    refuseUrlTarget(flags.to, "write files");
    const base = flags.to === undefined ? undefined : resolve(cwd, flags.to);
    const registry = await context.open();
    const { createBatch, rowsAtOnce, runRows } = await import("../batch/run_rows.ts");
    await using batch = createBatch(registry);
    const targets = new Set<string>();
    return await runRows(path, flags, context, (manifest) => ({
      label: "batch load",
      done: dryRun ? "Would write" : "Wrote",
      fields: REF_FIELDS,
      atOnce: rowsAtOnce(registry, "read"),
      // Two rows with one target go to one shard, which detects that.
      shardKey: ({ ref, name, version, to }) =>
        JSON.stringify(to === undefined || isInto(String(to)) ? [to, ref, name, version] : [to]),
      parse(raw) {
        const row = parseRefRow(raw, manifest);
        if (row.to === undefined && base === undefined) {
          throw badRow("it has no `to`, and --to is not given");
        }
        const path = row.to ?? pathOfRef(row.ref);
        if (isUrl(path)) throw badRow("its `to` is a URL");
        const to = resolve(base ?? manifest.folder, path);
        if (to === manifest.path) throw badRow("its `to` is the manifest");
        if (isInto(path)) return { ...row, to: join(to, sep) };
        if (targets.has(to)) throw badRow("its `to` is that of an earlier row");
        targets.add(to);
        return { ...row, to };
      },
      async run({ ref, to }, moved) {
        const onProgress = ({ bytes }: { bytes: number }) => moved(bytes);
        const entry = { ref, to: to!, overwrite, dryRun, onProgress };
        const { path, changes, info } = await withHints(batch.download(entry, { signal }), {
          ...lookUp(ref),
          AlreadyExists:
            "Use another path, or add --overwrite. Links and folders are never replaced.",
        });
        const { name, version, digest, size } = info;
        const skipped = changes.length === 0 ? { skipped: true } : {};
        return { name, version, digest, size, path, ...skipped };
      },
    }));
  },
});

/** Returns true for a path that ends with a separator: write into this folder. */
function isInto(path: string): boolean {
  return /[/\\]$/.test(path);
}

/** The commands of batches, in the order of the help. */
export const batches: readonly Command[] = [
  batchSave,
  batchLoad,
];
