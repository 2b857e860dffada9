// `holdfast batch load`
import { join, resolve, sep } from "node:path";
import { badRow } from "../../batch/raw_row.ts";
import { parseRefRow, placeOfRef, REF_FIELDS } from "../../batch/ref_row.ts";
import { BATCH_OPTIONS, type BatchFlags } from "../../batch/flags.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { lookUp, withHints } from "../../program/hints.ts";

interface LoadFlags extends BatchFlags {
  overwrite?: boolean;
  to?: string;
}

export const batchLoad: Command = defineCommand<[manifest: string], LoadFlags>({
  name: "batch load",
  summary: "Write the versions that a manifest lists to disk, many at once.",
  details:
    "A manifest is JSON lines, or CSV with a heading. Each row has a ref (or a name and a version), and in `to` " +
    "the file or folder to write, relative to the manifest; with --to relative to that folder, where a row without `to` " +
    "goes under its name and version. So what ls, versions, save, and reports say with --json is a manifest. Every byte is checked, and nothing appears under its name " +
    "before it is whole. Run the same again, and only what is missing is written: what has the right content is left " +
    "as it is; what has another is AlreadyExists, or replaced with --overwrite.",
  args: [{ usage: "<manifest>", text: "the file, or - for standard input", completes: "file" }],
  options: [
    ...BATCH_OPTIONS,
    {
      flags: "--to <folder>",
      text: "where everything goes (else: where each row says)",
      completes: "file",
    },
    { flags: "--overwrite", text: "replace files that have other content" },
  ],
  examples: [
    ["holdfast batch load wanted.csv", "with the columns ref and to"],
    [
      "holdfast ls data: --json | holdfast batch load - --to ./data",
      "the latest of many, by their names",
    ],
    [`echo '{"ref": "model@production", "to": "m.bin"}' | holdfast batch load -`, "one row"],
    [
      "holdfast batch load wanted.jsonl --overwrite --report got.jsonl",
      "bring a folder up to date",
    ],
  ],
  async run([path], flags, context) {
    const { signal } = context.io;
    const { overwrite, dryRun = false } = flags;
    const below = flags.to === undefined ? undefined : resolve(context.io.cwd, flags.to);
    const registry = await context.open();
    const { createRowBatch, rowsAtOnce, runRows } = await import("../../batch/run_rows.ts");
    await using batch = createRowBatch(registry, flags);
    const targets = new Set<string>();
    return await runRows(path, flags, context, (manifest) => ({
      label: "batch load",
      done: dryRun ? "Would write" : "Wrote",
      fields: REF_FIELDS,
      atOnce: rowsAtOnce(registry, "read"),
      shardKey: ({ ref, name, version, to }) =>
        JSON.stringify(
          to === undefined || /[/\\]$/.test(String(to)) ? [to, ref, name, version] : [to],
        ), // of two for one place, one sees both
      parse(raw) {
        const row = parseRefRow(raw, manifest, { target: true });
        if (row.to === undefined && below === undefined) {
          throw badRow("it has no `to`, the place to write, nor is there a --to");
        }
        const place = row.to ?? placeOfRef(row.ref);
        const to = resolve(below ?? manifest.folder, place);
        const isInside = /[/\\]$/.test(place);
        if (to === manifest.place) throw badRow("its `to` is the manifest");
        if (!isInside && targets.has(to)) throw badRow("its `to` is that of a row before it");
        if (!isInside) targets.add(to);
        return { ...row, to: isInside ? join(to, sep) : to };
      },
      async run({ ref, to }, moved) {
        const onProgress = ({ bytes }: { bytes: number }) => moved(bytes);
        const entry = { ref, to: to!, overwrite, dryRun, onProgress };
        const { path, changes, info } = await withHints(batch.download(entry, { signal }), {
          ...lookUp(ref),
          AlreadyExists:
            "Choose another place, or add --overwrite. Links and folders are never replaced.",
        });
        const { name, version, digest, size } = info;
        return {
          name,
          version,
          digest,
          size,
          path,
          ...(changes.length === 0 ? { skipped: true } : {}),
        };
      },
    }));
  },
});
