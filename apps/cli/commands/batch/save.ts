// `holdfast batch save`
import type { RegistryError } from "../../../../mod.ts";
import { fault } from "../../../../core/errors.ts";
import { BATCH_OPTIONS, type BatchFlags } from "../../batch/flags.ts";
import { type Command, defineCommand } from "../../program/command.ts";

export const batchSave: Command = defineCommand<
  [manifest: string],
  BatchFlags & { runId?: string }
>({
  name: "batch save",
  summary: "Save what a manifest lists, many at once; again for the rest.",
  details:
    "A manifest is JSON lines, or CSV with a heading. Each row has a name, and a path (relative to the manifest) " +
    "or a value (JSON); if wanted a version, metadata (a JSON object), compress (gzip, zstd), as (json, text, bytes: " +
    "how a file is taken), onConflict (fail, skip, overwrite), and of a folder what save --help says (links, special, " +
    "include, exclude, gitignore, ignoreFiles, all, preserve).\n\n" +
    "A row that fails does not stop the others: the exit code is 1 then. Run the same again after a failure, Ctrl-C " +
    "or a crash, and only what is missing is saved. A row with a version is skipped when that version has the same " +
    "content, and is a Conflict when not. A row without one gets the next version, once in a run: two equal rows are " +
    "two versions, a changed row is a new save, and rows may be added, moved and removed. A run is known by the place " +
    "of its manifest, or by --run-id: with a new one everything is saved once more.",
  args: [{ usage: "<manifest>", text: "the file, or - for standard input", completes: "file" }],
  options: [
    {
      flags: "--run-id <text>",
      text: "what this run is known by (default: the place of the manifest)",
    },
    ...BATCH_OPTIONS,
  ],
  examples: [
    ["holdfast batch save models.csv --report saved.jsonl", "and what became of each row"],
    [`echo '{"name": "a", "value": {"lr": 0.1}}' | holdfast batch save -`, "one row"],
    ["holdfast batch save nightly.jsonl --run-id $(date +%F)", "new versions once a day"],
    ["holdfast batch save big.jsonl --workers 4 --memory 2GiB", "with more of the machine"],
  ],
  async run([path], flags, context) {
    const { io } = context;
    const { runId, dryRun } = flags;
    if (runId === "") throw emptyRunId();
    const registry = await context.open({ write: !dryRun });
    const { createRowBatch, runRows } = await import("../../batch/run_rows.ts");
    const { SaveRows } = await import("../../batch/save_rows.ts");
    await using batch = createRowBatch(registry, flags);
    return await runRows(
      path,
      flags,
      context,
      (manifest) => new SaveRows(manifest, registry, { batch, io, runId, dryRun }),
    );
  },
});

function emptyRunId(): RegistryError {
  return fault({
    code: "Invalid",
    action: "read the command line",
    state: "--run-id is empty",
    hint: "Leave it out, and the run is known by the place of the manifest.",
  });
}
