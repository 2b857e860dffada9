import { isPattern } from "../../../core/naming/name_patterns.ts";
import type { DownloadResult, Registry } from "../../../mod.ts";
import { openPages, type PagedArtifact } from "../../../registry/mod.ts";
import { AS_OF_OPTION, expandNames, lookUpThen, refOptions } from "../look/expand_names.ts";
import type { AsOfFlags } from "../look/expand_names.ts";
import { defineCommand, REF_ARGUMENT, VERIFY_OPTION } from "../program/command.ts";
import type { Command, CommandContext, FlagsOf, OptionDefinition } from "../program/command.ts";
import { addedTo, readThrough, withAdded } from "../program/extensions/added_options.ts";
import type { Extension } from "../program/extension.ts";
import { rethrowRepeatable } from "../program/try_each.ts";
import { refuseUrlTarget } from "../program/refusals.ts";
import { invalid, shellWord, withHints } from "../terminal/hints.ts";
import { printable } from "../terminal/table.ts";
import { formatBytes, formatCount } from "../terminal/units.ts";
import { leftOutJson, leftOutLine } from "../values/left_out.ts";
import { stat } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import type { CliIo } from "../terminal/cli_io.ts";

const OPTIONS = [
  {
    flags: "--to <folder>",
    text: "write each below this folder, under the last part of its name",
    completes: "file",
  },
  { flags: "--overwrite", text: "replace files that differ" },
  { flags: "--delete", text: "remove files that are not in the version" },
  {
    flags: "--links <which>",
    text: "symbolic links to write: those within the folder (safe, the default), all, or none",
    choices: ["safe", "unsafe", "skip"],
  },
  {
    flags: "--include <pattern>",
    text: "only matching files, with .gitignore syntax: '*.csv', '/raw'",
    repeat: true,
  },
  { flags: "--exclude <pattern>", text: "neither write nor remove matches", repeat: true },
  { flags: "--dry-run", text: "only show what would be written and removed" },
  AS_OF_OPTION,
  VERIFY_OPTION,
] as const satisfies readonly OptionDefinition[];

type DownloadFlags = FlagsOf<typeof OPTIONS>;

export const createDownload = (extensions: readonly Extension[]): Command =>
  defineCommand({
    name: "download",
    summary: "Write the files of a version to disk, or only those that are missing.",
    details:
      "A folder is written as a folder, a single file as a file. Every file is checked against " +
      "its SHA-256. In an existing folder, equal files are kept and missing ones added; if any " +
      "differs, nothing changes without --overwrite. --delete removes files that are not in the " +
      "version, but never .git and registries. Names may be patterns, as in rm. All of them are " +
      "resolved before anything is written.",
    args: [
      REF_ARGUMENT,
      {
        usage: "[to]",
        text:
          "the file or folder to write (default: ./ and the last part of the name); an existing " +
          "folder receives a single file",
        completes: "file",
      },
      { usage: "[refs...]", text: "more refs, with --to", completes: "ref" },
    ],
    options: withAdded(OPTIONS, "download", extensions),
    examples: [
      ["holdfast download my:model", "the latest version, as ./model"],
      ["holdfast download data:raw@^1.2 ./data", "the highest version in a range"],
      ["holdfast download my:model@production 'data:*' --to ./all", "several, as ./all/model, …"],
      ["holdfast download data:raw@2 ./data --overwrite --delete --dry-run", "preview a sync"],
    ],
    async run([ref, second, more], flags: DownloadFlags, context) {
      const words = [ref, ...(second === undefined ? [] : [second]), ...more];
      const wanted = wantedDownloads(words, flags);
      const whole = await context.open();
      const added = addedTo("download", extensions);
      const registry = await readThrough(added, whole, flags, context);
      for (const target of await downloadTargets(registry, wanted, context.io)) {
        await downloadOne(registry, target, { flags, context, added, whole });
      }
    },
  });

async function downloadOne(
  registry: Registry,
  { exact, name, version, to }: DownloadTarget,
  { flags, context, added, whole }: {
    flags: DownloadFlags;
    /** The registry without the checks of extensions. */
    whole: Registry;
    context: CommandContext;
    added: ReturnType<typeof addedTo>;
  },
): Promise<void> {
  const { overwrite, delete: remove, dryRun, links, verify, include, exclude } = flags;
  const { io: { signal, stdout }, shared } = context;
  const { update: onProgress, end } = context.progress(`download ${exact}`);
  const settings = { to, overwrite, dryRun, links, verify, include, exclude, signal, onProgress };
  const downloading = registry.download(exact, { ...settings, delete: remove });
  const result = await withHints(downloading, {
    AlreadyExists: overwrite
      ? "Nothing was changed. Use another path, or move away what is there"
      : "Nothing was changed. Use another path, or preview with --overwrite --dry-run",
  }).finally(end).catch((error) => rethrowRepeatable(error, context));
  const { path, files, size, left, written, deleted, changes, moreChanges, leftOut } = result;
  const { info: { digest } } = result;
  const line = leftOutLine(leftOut);
  if (line !== undefined && !shared.json) {
    await context.note(links === "skip" ? line : `${line}. --links unsafe writes them`);
  }
  if (dryRun && !shared.json && !shared.quiet) {
    for (const { path, change } of changes) await stdout.write(`${change} ${printable(path)}\n`);
    if (moreChanges > 0) await context.note(`${moreChanges} more changes are not listed`);
  }
  const json = { path, files, size, left, written, deleted, name, version, digest };
  const downloaded = { registry: whole, info: result.info, path, overwrite };
  for (const { after } of dryRun ? [] : added) {
    Object.assign(json, await after?.(downloaded, flags, context));
  }
  await context.done(
    {
      ...json,
      ...leftOutJson(leftOut),
      ...(dryRun ? { dryRun, changes, ...(moreChanges > 0 && { moreChanges }) } : {}),
    },
    `${summaryOf(exact, result, dryRun)} (${formatCount(files, "file")}, ${formatBytes(size)})`,
    path,
  );
}

function summaryOf(
  exact: string,
  { path, changes, moreChanges, left, written, deleted }: DownloadResult,
  dryRun = false,
): string {
  if (changes.length === 0) return `${exact} is already in ${path}`;
  const isEmpty = changes.some(({ path }) => path === "./");
  const times = changes.length + moreChanges - written - deleted - (isEmpty ? 1 : 0);
  const parts = [
    ...(left > 0 ? [`${left} unchanged`] : []),
    ...(left > 0 || deleted > 0 ? [`${written} written`] : []),
    ...(deleted > 0 ? [`${deleted} deleted`] : []),
    ...(times > 0 ? [`${formatCount(times, "time")} set`] : []),
  ];
  const what = parts.length > 0 ? `: ${parts.join(", ")}` : "";
  return `${dryRun ? "Would download" : "Downloaded"} ${exact} to ${path}${what}`;
}

interface WantedDownloads extends AsOfFlags {
  refs: readonly string[];
  /** The path for a single ref. */
  path?: string;
  folder?: string;
}

interface DownloadTarget {
  /** `name@version`. */
  exact: string;
  version: string;
  name: string;
  /** Absolute path of the file or folder; a separator at its end means "into this folder". */
  to: string;
}

/** Splits arguments into refs and a path: the second is a path unless `--to` is given. */
function wantedDownloads(
  words: readonly string[],
  flags: AsOfFlags & { to?: string },
): WantedDownloads {
  const { to: folder, asOf } = flags;
  const [first = "", path] = words;
  refuseUrlTarget(folder ?? path, `download "${first}"`);
  if (folder === "" || (folder === undefined && path === "")) {
    const hint = "Check for an unset shell variable. For the current folder, pass: .";
    throw invalid(`download "${first}"`, "the target path is empty", hint);
  }
  if (folder !== undefined || words.length === 1) return { refs: words, folder, asOf };
  if (words.length === 2 && !isPattern(first)) return { refs: [first], path, asOf };
  const hint = "Write: holdfast download REFS --to FOLDER. For some files of one version: " +
    "holdfast download REF FOLDER --include PATH, or holdfast cat REF PATH > FILE";
  throw invalid("download several versions", "the target folder is missing", hint);
}

/** Finds all versions and their paths before anything is written. Refuses equal paths. */
async function downloadTargets(
  registry: Registry,
  { refs, path: given, folder = ".", asOf }: WantedDownloads,
  io: CliIo,
): Promise<DownloadTarget[]> {
  const targets = new Map<string, DownloadTarget>();
  const taken = new Map<string, string>();
  for (const ref of await expandNames(registry, refs, io.signal)) {
    const opened = await withHints(
      openPages(registry, ref, refOptions({ asOf }, io)),
      lookUpThen(ref, { asOf }),
    );
    const { name, version, materializer } = opened.info;
    const exact = `${name}@${version}`;
    if (targets.has(exact)) continue;
    if (materializer.id === "folder" && given !== undefined) {
      const path = given.replace(/^(\.\/)+/, "");
      if (await hasFile(opened, path)) await refuseFileName(ref, path, io);
    }
    const path = resolve(io.cwd, given ?? join(folder, lastPart(name)));
    const other = taken.get(path.toLowerCase()); // the same path on a case-insensitive disk
    if (other !== undefined) {
      const hint = "Nothing was written. Download them one by one: holdfast download REF TO";
      throw invalid(`download ${other} and ${exact}`, `both would become "${path}"`, hint);
    }
    taken.set(path.toLowerCase(), exact);
    const to = /[/\\]$/.test(given ?? "") ? join(path, sep) : path;
    targets.set(exact, { exact, name, version, to });
  }
  return [...targets.values()];
}

async function hasFile({ pages }: PagedArtifact, path: string): Promise<boolean> {
  for await (const { info } of pages({ after: path })) {
    return info.files.some((file) => file.path === path); // the first page would have it
  }
  return false;
}

/** Refuses to write a new folder under the name of one of its files, which was meant alone. */
async function refuseFileName(ref: string, path: string, { cwd }: CliIo): Promise<void> {
  if (!/[^/.]\.\w+$/.test(path)) return; // as well the name of a folder
  if ((await stat(resolve(cwd, path)).catch(() => undefined))?.isDirectory()) return;
  const [version, file] = [shellWord(ref), shellWord(path)];
  throw invalid(
    `download "${ref}" to "${path}"`,
    "a file in it has that name, and the whole folder would be written there",
    `For the whole folder: holdfast download ${version} ${shellWord(`${path}/`)}. For that file ` +
      `alone: holdfast cat ${version} ${file} > ${shellWord(basename(path))}`,
  );
}

/** Returns the last part of a name: `model` of `team/my:model`. */
function lastPart(name: string): string {
  const [last = ""] = /[^/:\\]*$/.exec(name) ?? [];
  if (!["", ".", ".."].includes(last)) return last;
  const state = "the last part of its name is not a valid file name";
  throw invalid(`download "${name}"`, state, "Add a path: holdfast download REF TO");
}
