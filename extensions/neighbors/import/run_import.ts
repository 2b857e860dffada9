// The command line of all importers: options, the target, progress and the report.
import type { Registry } from "../../../mod.ts";
import {
  type CommandContext,
  formatBytes,
  formatCount,
  invalid,
  openStore,
  printTable,
} from "../../../apps/cli/extending.ts";
import { isStoreUrl, notFound } from "../../../core/kernel.ts";
import { createBucketFiles, createLocalFiles, type ReadableFileStore } from "../../../files/mod.ts";
import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { localPathOf, RENAME_OPTION, Renamings } from "../../../apps/cli/extending.ts";
import type { ImportRecord, ReadOptions } from "./records.ts";
import { countsText } from "./counts.ts";
import type { ImportReport, WriteOptions } from "./report.ts";
import { RecordWriter } from "./write_records.ts";

export const TARGET = {
  usage: "[to]",
  text: "a folder, URL or @name, as --registry; see --create",
  completes: "place",
} as const;

export const OPTIONS = [
  { flags: "--prefix <text>", text: "only names that begin with this" },
  RENAME_OPTION,
  { flags: "--partial", text: "import incomplete runs and versions, without what cannot be read" },
  { flags: "--create", text: "create a missing target" },
  { flags: "-n, --dry-run", text: "write nothing; see --check" },
  { flags: "--check", text: "with --dry-run: also read all files, and check their hashes" },
] as const;

export const UPDATE = {
  flags: "--update",
  text: "import runs that have ended again since their import as further versions",
} as const;

interface ImportFlags extends Omit<WriteOptions, "signal" | "onItem" | "onProgress"> {
  prefix?: string;
  rename?: ConstructorParameters<typeof Renamings>[0];
  create?: boolean;
}

/** Imports the records of a reader, and prints the report. Returns the exit code. */
export async function runImport(
  context: CommandContext,
  { to, flags, hasRuns = true, read }: {
    to: string | undefined;
    flags: ImportFlags;
    /** False for sources whose records are versions to their users. */
    hasRuns?: boolean;
    /** Throws for a wrong source, before anything is created. */
    read(options: ReadOptions): AsyncIterable<ImportRecord>;
  },
): Promise<number> {
  const { io: { signal }, logger, shared } = context;
  const { prefix = "", rename, create = false, dryRun = false, ...ofWriter } = flags;
  if (to !== undefined && shared.registry !== undefined) {
    const hint = "Pass it as an argument or with --registry.";
    throw invalid("import", "the target is given twice", hint);
  }
  const renamings = new Renamings(rename);
  const nameOf = (name: string) => name.startsWith(prefix) ? renamings.of(name) : undefined;
  const records = read({ signal, nameOf })[Symbol.asyncIterator]();
  const first = await records.next();
  const registry: Registry = await context.open({
    registry: to,
    write: !dryRun,
    create: create ? { versioned: true, mutable: false, graceMs: 86_400_000 } : undefined,
    missing: "Check the location, or add --create to create the registry.",
  });
  const progress = context.progress("import");
  const writer = new RecordWriter(registry, {
    dryRun,
    ...ofWriter,
    signal,
    async onItem({ counts, ...item }) {
      const { action, name, version } = item;
      const text = counts === undefined ? "" : `: ${countsText(counts)}`;
      logger.debug(`${action} ${name}@${version}${text}`);
      if (shared.json && counts !== undefined) {
        await context.result({ ...item, ...counts }, undefined);
      }
    },
    onProgress: ({ bytes, done, total }) =>
      progress.update({ bytes, things: { done, total, what: "records" } }),
  });
  const report = await writer.write((async function* () {
    if (!first.done) yield first.value;
    yield* { [Symbol.asyncIterator]: () => records };
  })());
  await progress.end();
  await renamings.noteUnused(context.note);
  return await printReport(report, context, { dryRun, hasRuns });
}

/** Prints what was imported, and what was not. Returns the exit code. */
async function printReport(
  report: ImportReport,
  context: CommandContext,
  { dryRun, hasRuns }: { dryRun: boolean; hasRuns: boolean },
): Promise<number> {
  const { notImported, ...numbers } = report;
  const left = notImported.filter(({ kind }) => kind === "left");
  const failed = notImported.filter(({ kind }) => kind === "failed");
  if (context.shared.json) {
    for (const { what, reason } of left) {
      await context.result({ action: "left", what, reason }, undefined);
    }
  } else if (left.length > 0 && !context.shared.quiet) {
    await context.note("Left out:");
    for (const { what, reason } of left) await context.note(`  ${what}: ${reason}`);
  }
  if (failed.length > 0) {
    const rows = failed.map(({ what, reason }) => ({
      json: { action: "failed", what, reason },
      cells: [what, reason],
    }));
    await printTable(context, ["NOT IMPORTED", "PROBLEM"], rows);
  }
  const { runs, versions, points, files, bytes, unchanged } = numbers;
  const counted = `${formatCount(files, "file")}, ${formatBytes(bytes)}`;
  const imported = hasRuns
    ? `${formatCount(runs, "run")}, ${formatCount(versions, "version")} of models ` +
      `(${formatCount(points, "point")}, ${counted})`
    : `${formatCount(runs + versions, "version")} (${counted})`;
  const parts = [
    `${dryRun ? "Would import" : "Imported"} ${imported}`,
    `${unchanged} unchanged`,
  ];
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  const counts = { left: left.length, failures: failed.length };
  await context.done({ dryRun, ...numbers, ...counts }, parts.join(", "));
  return failed.length > 0 ? 1 : 0;
}

/** Files of a folder or bucket, and its absolute path or URL. */
export interface OpenedPlace extends AsyncDisposable {
  readonly store: ReadableFileStore;
  readonly location: string;
}

/** Opens a folder that exists, or a bucket. */
export async function openPlace(
  from: string,
  { io, logger, shared }: CommandContext,
  hint = "Check the path, or pass the URL of a bucket.",
): Promise<OpenedPlace> {
  const { cwd, system } = io;
  if (isStoreUrl(from)) {
    const backend = await openStore(from, { cwd, system, logger, retryForMs: shared.wait });
    return opened(filesOfBucket(backend), from);
  }
  const folder = resolve(cwd, localPathOf(from) ?? from);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw notFound("import from", from, "no such folder", { hint });
  }
  const root = realpathSync.native(folder);
  return opened(createLocalFiles({ root }), root);
}

function opened(store: ReadableFileStore, location: string): OpenedPlace {
  return { store, location, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** Returns the files of a bucket, with the keys that its listings leave out. */
export function filesOfBucket(backend: Parameters<typeof createBucketFiles>[0]["backend"]) {
  const ignored = new Set<string>();
  const files = createBucketFiles({ backend, onIgnored: (key) => ignored.add(key) });
  return Object.assign(files, { ignored });
}
