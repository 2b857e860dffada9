import { resolve } from "node:path";
import type { Backend, Registry } from "../../../mod.ts";
import { checkFolder } from "../../../registry/places/mod.ts";
import { isStoreUrl, itemAt, loadPart, type RegistryError } from "../../../core/kernel.ts";
import {
  defineCommand,
  expandNames,
  formatBytes,
  formatCount,
  invalid,
  localPathOf,
  lookUp,
  openStore,
  parsePositive,
  printTable,
  RENAME_OPTION,
  Renamings,
  withHints,
} from "../../../apps/cli/extending.ts";
import type { Command, CommandContext } from "../../../apps/cli/extending.ts";

/** A version that was not imported or exported. */
interface Failure {
  name: string;
  version: string;
  error: RegistryError;
}

interface Done {
  name: string;
  version: string;
  action: string;
}

interface ImportReport {
  imported: number;
  skipped: number;
  files: number;
  bytes: number;
  kept: { name: string; version: string; reason: string }[];
  failures: Failure[];
}

/** `extensions/neighbors/mindtrace/mindtrace.ts`, which is loaded by name because of its packages. */
interface MindtracePart {
  openMindtrace(from: string | Backend): Promise<Registry>;
  importMindtrace(from: string | Backend, to: Registry, options: {
    prefix?: string;
    concurrency?: number;
    dryRun: boolean;
    signal: AbortSignal;
    onItem(item: Done): void;
    onProgress(progress: { bytes: number; versions: number; totalVersions: number }): void;
  }): Promise<ImportReport>;
  exportMindtrace(registry: Registry, refs: string[], options: {
    to: string;
    allVersions?: boolean;
    keepClasses?: boolean;
    dryRun: boolean;
    signal: AbortSignal;
    rename(name: string): string;
    onItem(item: Done): void;
  }): Promise<{ exported: number; skipped: number; failures: Failure[] }>;
}

const DRY_RUN = { flags: "-n, --dry-run", text: "check everything and write nothing" } as const;

export const importMindtrace: Command = defineCommand({
  name: "import mindtrace",
  summary: "Import a mindtrace registry from a folder or bucket.",
  details:
    "Reads registries of mindtrace 0.9 to 0.16. Keeps names, versions, metadata, dates and bytes, " +
    "and checks the hash of every version. Strings, numbers, lists, dicts, tuples, sets, bytes, " +
    "pydantic models, paths and NumPy arrays become values; pickles and files of other classes " +
    "keep their bytes, are listed, and are never run.\n\n" +
    "Run it again to import what is new, or the rest of an interrupted run. If versions are " +
    "damaged, or their names or numbers do not fit, prints these as a table and exits with 1; the " +
    "others are imported. With --json: one line per such version, then the report.",
  args: [
    {
      usage: "<from>",
      text: "a folder, or the URL of a bucket with its prefix",
      completes: "file",
    },
    { usage: "<to>", text: "a folder, URL or @name; see --create", completes: "place" },
  ],
  options: [
    { flags: "--prefix <text>", text: "only names that begin with this" },
    { flags: "--create", text: "create a missing target" },
    { flags: "--concurrency <count>", text: "versions at once (default: 8)", parse: parsePositive },
    DRY_RUN,
  ],
  examples: [
    ["holdfast import mindtrace ~/.cache/mindtrace/registry .holdfast --dry-run", "see what fits"],
    ["holdfast import mindtrace s3://bucket/prefix .holdfast --create", "from a bucket"],
    ["holdfast import mindtrace ./registry @team --prefix models: --json", "partly, for a script"],
  ],
  async run([from, to], { prefix, concurrency, create = false, dryRun = false }, context) {
    const { io, shared, logger } = context;
    const tool = await loadTool();
    // A wrong source creates nothing.
    if (create) await (await tool.openMindtrace(await sourceOf(from, context))).close();
    const source = await sourceOf(from, context);
    const registry = await context.open({
      registry: to,
      write: !dryRun,
      create: create ? { versioned: true, mutable: false, graceMs: 86_400_000 } : undefined,
      missing: "Check the location, or add --create to create the registry.",
    });
    const progress = context.progress("import");
    const report = await tool.importMindtrace(source, registry, {
      prefix,
      concurrency,
      dryRun,
      signal: io.signal,
      onItem: ({ action, name, version }) => logger.debug(`${action} ${name}@${version}`),
      onProgress: ({ bytes, versions, totalVersions }) =>
        progress.update({
          bytes,
          things: { done: versions, total: totalVersions, what: "versions" },
        }),
    });
    await progress.end();
    const { kept, failures } = report;
    if (shared.json) {
      for (const one of kept) await context.result({ action: "kept", ...one }, undefined);
    } else if (kept.length > 0 && !shared.quiet) {
      await context.note("Kept as files, because Holdfast does not load them:");
      for (const { name, version, reason } of kept) {
        await context.note(`  ${name}@${version}: ${reason}`);
      }
    }
    await printFailures(failures, context);
    const { imported, skipped, files, bytes } = report;
    const parts = [
      `${dryRun ? "Would import" : "Imported"} ${formatCount(imported, "version")} ` +
      `(${formatCount(files, "file")}, ${formatBytes(bytes)})`,
      `${skipped} unchanged`,
    ];
    if (failures.length > 0) parts.push(`${failures.length} failed`);
    const counts = { kept: kept.length, failures: failures.length };
    await context.done({ ...report, ...counts }, parts.join(", "));
    return failures.length > 0 ? 1 : 0;
  },
});

async function loadTool(): Promise<MindtracePart> {
  return await loadPart<MindtracePart>("./mindtrace.ts", import.meta.url);
}

/** Opens a bucket with the credentials of the command line; keeps the path of a folder. */
async function sourceOf(
  from: string,
  { io, shared, logger }: CommandContext,
): Promise<string | Backend> {
  const { cwd, system } = io;
  if (isStoreUrl(from)) {
    return await openStore(from, { cwd, system, logger, retryForMs: shared.wait });
  }
  if (!/^file:/i.test(from)) checkFolder(from, "import from");
  return resolve(cwd, localPathOf(from) ?? from);
}

export const exportMindtrace: Command = defineCommand({
  name: "export mindtrace",
  summary: "Write versions into a mindtrace registry in a folder.",
  details:
    "Writes the layout of mindtrace 0.13 to 0.16. Values become Python values, arrays NumPy " +
    "arrays, files and folders a Path. Versions that the folder has already are skipped, so run " +
    "it again after an interruption. Nobody else may write to the folder meanwhile.\n\n" +
    "With --keep-classes, pydantic models and pickles that were imported from mindtrace get their " +
    "Python classes back. Python imports a recorded class when it loads the version: use the option " +
    "only for registries whose writers you trust.",
  args: [
    {
      usage: "<refs...>",
      text: "names, refs or patterns; a bare name is its latest version",
      completes: "ref",
    },
  ],
  options: [
    {
      flags: "--to <folder>",
      text: "the folder of the mindtrace registry, created if it is missing",
      completes: "file",
    },
    { flags: "--all-versions", text: "export every version of bare names" },
    { flags: "--keep-classes", text: "restore the Python classes that an import recorded" },
    RENAME_OPTION,
    DRY_RUN,
  ],
  examples: [
    ["holdfast export mindtrace my:model@production --to ./mindtrace", "one version"],
    ["holdfast export mindtrace 'my:*' --all-versions --to ./mindtrace", "every version of names"],
    ["holdfast export mindtrace team/model --rename team/=team: --to ./mindtrace", "renamed"],
  ],
  async run([refs], flags, context) {
    const { io, logger } = context;
    const { to, allVersions, keepClasses, rename, dryRun = false } = flags;
    const renamings = new Renamings(rename);
    if (to === undefined) {
      throw invalid("export to mindtrace", "--to is missing", "Add --to FOLDER.");
    }
    checkFolder(to, "export to"); // before it is resolved
    const tool = await loadTool();
    const registry = await context.open();
    const chosen = await expandNames(registry, refs, io.signal);
    const progress = context.progress("export");
    let done = 0;
    const exporting = tool.exportMindtrace(registry, chosen, {
      to: resolve(io.cwd, to),
      allVersions,
      keepClasses,
      dryRun,
      signal: io.signal,
      rename: (name) => renamings.of(name),
      onItem: ({ action, name, version }) => {
        logger.debug(`${action} ${name}@${version}`);
        progress.update({ bytes: 0, things: { done: ++done, what: "versions" } });
      },
    });
    const report = await withHints(exporting, lookUp(itemAt(chosen, 0)));
    await progress.end();
    await renamings.noteUnused(context.note);
    const { exported, skipped, failures } = report;
    await printFailures(failures, context);
    const parts = [
      `${dryRun ? "Would export" : "Exported"} ${formatCount(exported, "version")} to ${to}`,
      `${skipped} unchanged`,
    ];
    if (failures.length > 0) parts.push(`${failures.length} failed`);
    await context.done({ ...report, failures: failures.length }, parts.join(", "));
    return failures.length > 0 ? 1 : 0;
  },
});

async function printFailures(failures: readonly Failure[], context: CommandContext): Promise<void> {
  if (failures.length === 0) return;
  const rows = failures.map(({ name, version, error }) => {
    const { code, message, key } = error;
    const hint = context.hint(error);
    const json = { action: "failed", name, version, code, message, hint, key };
    return { json, cells: [`${name}@${version}`, code, message] };
  });
  await printTable(context, ["REF", "CODE", "PROBLEM"], rows);
  const hints = new Set(failures.flatMap(({ error }) => context.hint(error) ?? []));
  for (const hint of hints) await context.note(`hint: ${hint}`);
}
