// `holdfast batch verify`
import type { RegistryError } from "../../../../mod.ts";
import { fault } from "../../../../core/errors.ts";
import { parseRefRow, REF_FIELDS } from "../../batch/ref_row.ts";
import { BATCH_OPTIONS, type BatchFlags } from "../../batch/flags.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { lookUp, withHints } from "../../program/hints.ts";

export const batchVerify: Command = defineCommand<[manifest: string], BatchFlags>({
  name: "batch verify",
  summary: "Check the versions that a manifest lists, each byte against its SHA-256.",
  details:
    "A manifest is JSON lines, or CSV with a heading. Each row has a ref (or a name and a version), and if wanted " +
    "the digest that it must have. What ls, versions, save, and reports say with --json is such a manifest too. With --dry-run only the records " +
    "are read, not the content of files.",
  args: [{ usage: "<manifest>", text: "the file, or - for standard input", completes: "file" }],
  options: BATCH_OPTIONS,
  examples: [
    ["holdfast batch verify saved.jsonl", "what a batch save reported"],
    [`holdfast ls -q | jq -cR '{name: .}' | holdfast batch verify -`, "the latest of every name"],
    ["holdfast batch verify wanted.csv --report checked.jsonl", "with the columns ref and digest"],
  ],
  async run([path], flags, context) {
    const { signal } = context.io;
    const registry = await context.open();
    const { createRowBatch, rowsAtOnce, runRows } = await import("../../batch/run_rows.ts");
    await using batch = createRowBatch(registry, flags);
    return await runRows(path, flags, context, (manifest) => ({
      label: "batch verify",
      done: flags.dryRun ? "Found" : "Verified",
      fields: REF_FIELDS,
      atOnce: rowsAtOnce(registry, "read"),
      shardKey: ({ ref, name, version }) => JSON.stringify([ref, name, version]),
      parse: (raw) => parseRefRow(raw, manifest),
      async run({ ref, digest: expected }, moved) {
        const onProgress = ({ bytes }: { bytes: number }) => moved(bytes);
        const checking = flags.dryRun
          ? registry.info(ref, { signal })
          : batch.verify({ ref, onProgress }, { signal });
        const { name, version, digest, size } = await withHints(checking, lookUp(ref));
        if (expected !== undefined && expected !== digest) throw otherDigest(ref, expected);
        return { name, version, digest, size };
      },
    }));
  },
});

function otherDigest(ref: string, expected: string): RegistryError {
  return fault({
    code: "Conflict",
    action: "verify",
    subject: `"${ref}"`,
    state: `it does not have the digest ${expected}`,
    hint: "Something else was saved there, or the manifest means another version.",
  });
}
