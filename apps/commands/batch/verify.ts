/**
 * `holdfast batch verify`
 *
 * @module
 */
import { RegistryError } from "../../../core/errors.ts";
import type { ArtifactFile } from "../../../core/artifact.ts";
import { parseRefRow } from "../../batch/ref_row.ts";
import { BATCH_OPTIONS, runRows } from "../../batch/run_rows.ts";
import type { BatchFlags } from "../../batch/run_rows.ts";
import { defineCommand } from "../../command.ts";
import type { Command } from "../../command.ts";
import { lookUp, withHints } from "../../hints.ts";

/** Checks the versions that a manifest lists. */
export const batchVerify: Command = defineCommand<[manifest: string], BatchFlags>({
  name: "batch verify",
  summary: "Check the versions that a manifest lists, each byte against its SHA-256.",
  details:
    "A manifest is JSON lines, or CSV with a heading. Each row has a ref (or a name and a version), and if wanted " +
    "the digest that it must have. The report of a batch save is such a manifest too. With --dry-run only the records " +
    "are read, not the content of files.",
  args: [{ usage: "<manifest>", text: "the file, or - for standard input", completes: "file" }],
  options: BATCH_OPTIONS,
  examples: [
    ["holdfast batch verify saved.jsonl", "what a batch save reported"],
    [`holdfast ls -q | jq -R '{name: .}' | holdfast batch verify -`, "the latest of every name"],
    ["holdfast batch verify wanted.csv --report checked.jsonl", "with the columns ref and digest"],
  ],
  async run([path], flags, context) {
    const { signal } = context.io;
    const registry = await context.open();
    return await runRows(path, flags, context, (manifest) => ({
      label: "batch verify",
      done: flags.dryRun ? "Found" : "Verified",
      parse: (raw) => parseRefRow(raw, manifest),
      async run({ ref, digest: expected }, moved) {
        const opening = registry.open(ref, { verify: "integrity", signal });
        const artifact = await withHints(opening, lookUp(ref));
        const { name, version, digest, size } = artifact.info;
        if (expected !== undefined && expected !== digest) throw otherDigest(ref, expected);
        let bytes = 0;
        for (const file of flags.dryRun ? [] : artifact.files()) {
          for await (const chunk of streamOf(file)) moved(bytes += chunk.byteLength);
        }
        return { name, version, digest, size };
      },
    }));
  },
});

/** Small files are packed together: one by one they are read from the pack, not from the store. */
async function* streamOf(file: ArtifactFile): AsyncIterable<Uint8Array> {
  if (file.info.size <= 1024 * 1024) yield await file.bytes();
  else yield* file.stream();
}

function otherDigest(ref: string, expected: string): RegistryError {
  return new RegistryError({
    code: "Conflict",
    message: `Cannot verify "${ref}": it does not have the digest ${expected}`,
    hint: "Something else was saved there, or the manifest means another version.",
  });
}
