// Lists everything in a folder that is to be saved.
import { type Dirent, lstatSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { fault, invalid, isRegistryError } from "../../core/errors.ts";
import type { Fault, RegistryError } from "../../core/errors.ts";
import { errorCode, onDisk } from "../../disk/file_errors.ts";
import type { LeftOutReason } from "../../core/registry/left_out.ts";
import { filePathProblem, foldersOf, linkTargetProblem } from "../../core/naming/file_paths.ts";
import type { MaterializeOptions } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import { isCacheFolder, isRegistryFolder, isStageName } from "../../core/naming/registry_folder.ts";
import type { FileMode } from "../../core/record.ts";
import { looksExecutable } from "../../disk/mounts/executable_bits.ts";
import { sourceChanged } from "../../core/work/source_change.ts";
import {
  checkFolderPlace,
  checkReadable,
  isSameState,
  lostFile,
  stateOf,
} from "../../disk/disk_file.ts";
import type { DiskFile } from "../../disk/disk_file.ts";
import { Choice } from "./choice.ts";
import { CHECK_EVERY, checkMemory, Entries, type FoundFile } from "./folder_entries.ts";
import { dropFalseBits } from "./false_bits.ts";
import type { LocalPathOptions } from "./local_path_options.ts";

interface FoundFolder {
  /** Files, links and empty folders, by the bytes of their names. The caller may drop them. */
  files: FoundFile[];
  /** Throws `Conflict` if entries to save were added, removed or replaced since. */
  checkUnchanged(): Promise<void>;
}

/** The type in the listing of a folder. Some file systems have none, pipes and devices neither. */
type ListedType = "file" | "folder" | "link";

interface FolderToWalk {
  /** Its path relative to the root, which is empty. */
  name: string;
  type?: ListedType;
  path: string;
  choice: Choice;
  /** The folders that contain it, links resolved, to detect cycles. */
  above: readonly string[];
}

/** Walks a folder. Its path must be absolute and without links. */
export async function walkFolder(
  root: string,
  options: LocalPathOptions & MaterializeOptions,
): Promise<FoundFolder> {
  const files: FoundFile[] = [];
  const folders: Omit<FoundFile, "target">[] = [];
  const empty = new Set<string>();
  const choice = await Choice.of(options);
  let toCheck = CHECK_EVERY;
  const waiting: FolderToWalk[] = [{ name: "", path: root, above: [], choice }];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    options.signal?.throwIfAborted();
    const { name, path } = folder;
    const walked = await walkOne(folder, options).catch((error) => {
      if (name !== "" && wasRemoved(path, error)) return undefined; // as if it had not been listed
      throw error;
    });
    if (walked === undefined) continue;
    folders.push(walked.folder);
    for (const entry of walked.entries) {
      if ("above" in entry) waiting.push(entry);
      else files.push(entry);
    }
    if (files.length >= toCheck) {
      checkMemory(root, files.length);
      toCheck = files.length + CHECK_EVERY;
    }
    if (walked.isEmpty) empty.add(name);
  }
  const emptyFolders = foldersKept(files, empty, options);
  files.push(...folders.filter(({ name }) => emptyFolders.has(name)));
  dropFalseBits(files);
  if (files.length === 0 && [options.include ?? []].flat().length > 0) throw nothingIncluded(root);
  if (files.length === 0 && options.empty === "refuse") throw nothingToSave(root);
  files.sort((a, b) => compareUtf8(a.name, b.name));
  const before = new Entries(root, files);
  return {
    files,
    async checkUnchanged() {
      if (folders.every(isUnchanged)) return;
      const now = await walkFolder(root, { ...options, onLeftOut: undefined });
      const other = before.differenceTo(new Entries(root, now.files));
      if (other !== undefined) throw sourceChanged(other);
    },
  };
}

/** Lists what is to be saved of a folder; undefined if it may not be read and is left out. */
async function walkOne({ choice: above, ...folder }: FolderToWalk, options: LocalPathOptions) {
  const { name, path } = folder;
  const stats = lookAgain(path);
  if (!stats.isDirectory() || options.allows?.(path) === false) throw sourceChanged(path);
  const mode: FileMode = "folder";
  const found = { name, path, state: stateOf(stats), mode, ...timesOf(path, stats, options) };
  const within = [...folder.above, identityOf(stats)];
  const listed = await list(path).catch((error) => leaveOut(error, `${name}/`, options));
  const choice = await above.within(folder, (listed ?? []).map(({ name }) => name));
  const entries = (listed ?? []).flatMap((entry) => {
    const own = entry.name;
    const place = { name: name === "" ? own : `${name}/${own}`, path: join(path, own) };
    return look({ ...place, type: typeOf(entry), above: within, choice }, options) ?? [];
  });
  if (listed !== undefined) checkFolderPlace(path, stats); // another may have replaced it meanwhile
  const isEmpty = listed !== undefined && entries.length === 0 && name !== "" &&
    choice.keepsEmpty(name);
  return { folder: found, entries, isEmpty };
}

function isUnchanged({ path, state }: DiskFile): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && isSameState(state, stateOf(stats));
}

function wasRemoved(path: string, error: unknown): boolean {
  if (!isRegistryError(error, "Conflict", "NotFound")) return false;
  return onDisk("read", path, () => lstatSync(path, { throwIfNoEntry: false })) === undefined;
}

/** Returns the folders to save: empty ones, and with preserved times also those of files. */
function foldersKept(
  files: FoundFile[],
  empty: Set<string>,
  { preserve = [] }: LocalPathOptions,
): Set<string> {
  if (!preserve.includes("times")) return empty;
  return empty.union(foldersOf([...files.map(({ name }) => name), ...empty]));
}

function nothingIncluded(root: string): RegistryError {
  return invalid("save folder", shown(root), "no file matches `include`", {
    hint: "Use .gitignore patterns: *.csv anywhere, /data at the root, raw/ a folder.",
  });
}

function nothingToSave(root: string): RegistryError {
  return invalid("save folder", shown(root), "there is nothing to save in it", {
    hint: "Check that its disk is mounted and its files are not left out.",
    reason: { kind: "folder_empty" },
  });
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`;
}

async function list(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (cause) {
    throw lostFile(path, cause);
  }
}

function typeOf(entry: Dirent): ListedType | undefined {
  if (entry.isDirectory()) return "folder";
  if (entry.isFile()) return "file";
  return entry.isSymbolicLink() ? "link" : undefined;
}

function nameProblem(name: string): string | undefined {
  // Runtimes replace invalid UTF-8 by U+FFFD, so that such names would be ambiguous.
  return name.includes("\ufffd") ? "its name is not UTF-8" : filePathProblem(name, sep === "\\");
}

/** Leaves out an entry that may not be read, if that is wanted. Rethrows other errors. */
function leaveOut(
  error: unknown,
  path: string,
  { unreadable, onLeftOut }: LocalPathOptions,
): undefined {
  const isRoot = path === "/";
  if (unreadable !== "skip" || isRoot || !isRegistryError(error, "Denied")) throw error;
  onLeftOut?.({ path, reason: "unreadable" });
}

/** Returns an entry to save, or a folder to walk, or undefined for what is left out. */
function look(
  entry: FolderToWalk,
  options: LocalPathOptions,
): FoundFile | FolderToWalk | undefined {
  try {
    return examine(entry, options);
  } catch (error) {
    if (wasRemoved(entry.path, error)) return undefined; // as if it had not been listed
    return leaveOut(error, entry.name, options);
  }
}

function examine(
  entry: FolderToWalk,
  options: LocalPathOptions,
): FoundFile | FolderToWalk | undefined {
  const { name, path, choice } = entry;
  const problem = nameProblem(name);
  if (problem !== undefined) {
    const reason = choice.reasonAgainst(name, false) ?? choice.reasonAgainst(name, true);
    if (reason !== undefined) return void options.onLeftOut?.({ path: name, reason });
    throw invalid("save", shown(path), problem, {
      hint: "Rename it so that it is valid on every system, or leave it out with exclude.",
      reason: { kind: "file_name_unsafe" },
    });
  }
  const unseen = reasonByName(entry, options);
  if (unseen !== undefined) {
    const listed = entry.type === "folder" ? `${name}/` : name;
    return void options.onLeftOut?.({ path: listed, reason: unseen });
  }
  const stats = lookAgain(path);
  if (!stats.isSymbolicLink()) return describe(entry, stats, options);
  if (options.links === "follow") return followLink(entry, options);
  const reason = choice.reasonAgainst(name, false);
  return reason === undefined
    ? lookAtLink(entry, stats, options)
    : void options.onLeftOut?.({ path: name, reason });
}

/**
 * Returns why an entry is left out, before it is inspected, or undefined: it may be a mount whose
 * server is gone, where every call fails or never returns.
 */
function reasonByName(
  { name, type, choice }: FolderToWalk,
  { links, all }: LocalPathOptions,
): LeftOutReason | undefined {
  const isSure = type === "folder" || type === "file" || (type === "link" && links !== "follow");
  const reason = choice.reasonAgainst(name, type === "folder");
  if (reason !== undefined && (isSure || reason !== "not included")) return reason;
  return type === "link" || type === undefined ? undefined : ownReason(name, all);
}

/** Returns why an entry of this name is left out without a pattern, or undefined. */
function ownReason(name: string, all = false): LeftOutReason | undefined {
  if (isStageName(basename(name))) return "unfinished";
  return !all && basename(name) === ".git" ? "git" : undefined;
}

/** Returns why an entry that is not a link is left out, or undefined. */
function reasonAgainst(
  { name, path, choice }: FolderToWalk,
  stats: Stats,
  all = false,
): LeftOutReason | undefined {
  const reason = choice.reasonAgainst(name, stats.isDirectory()) ?? ownReason(name, all);
  if (reason !== undefined || all) return reason;
  if (!stats.isDirectory()) return undefined;
  return isRegistryFolder(path) ? "registry" : isCacheFolder(path) ? "cache" : undefined;
}

function describe(
  entry: FolderToWalk,
  stats: Stats,
  options: LocalPathOptions,
): FoundFile | FolderToWalk | undefined {
  const { name, path } = entry;
  const reason = reasonAgainst(entry, stats, options.all);
  if (reason !== undefined) {
    return void options.onLeftOut?.({ path: stats.isDirectory() ? `${name}/` : name, reason });
  }
  if (stats.isDirectory()) return entry;
  const file: FoundFile = { name, path, state: stateOf(stats) };
  if (stats.isFile()) {
    if (options.unreadable === "skip") checkReadable(path);
    return { ...file, ...factsOf(path, stats, options) };
  }
  options.onLeftOut?.({ path: name, reason: "special" }); // a pipe, which is never opened
}

/** Returns the stored properties of an ordinary file. */
export function factsOf(
  path: string,
  stats: Stats,
  options: LocalPathOptions,
): Pick<FoundFile, "mode" | "modifiedAt"> {
  return {
    ...(looksExecutable(stats) ? { mode: "executable" } : {}),
    ...timesOf(path, stats, options),
  };
}

/** Rounds times to milliseconds, so that a restored file has the same. */
function timesOf(
  path: string,
  { mtimeMs }: Stats,
  { preserve = [] }: LocalPathOptions,
): Pick<FoundFile, "modifiedAt"> {
  if (!preserve.includes("times")) return {};
  const time = new Date(Math.round(mtimeMs));
  if (!Number.isNaN(time.getTime())) return { modifiedAt: time.toISOString() };
  const subject = shown(path);
  throw invalid("save", subject, "its modification time is more than 100 million days from 1970", {
    hint: "Set another time with `touch`, or do not preserve times.",
    reason: { kind: "time_unsupported", path },
  });
}

function lookAtLink(
  entry: FolderToWalk,
  stats: Stats,
  options: LocalPathOptions,
): FoundFile | FolderToWalk | undefined {
  const { name, path } = entry;
  const { links = "keep", onLeftOut } = options;
  if (links === "refuse") {
    const hint = "Keep links, or follow or skip them.";
    throw notSaved(path, "it is a symbolic link", hint, { kind: "link_refused" });
  }
  const target = targetOf(path);
  if (links === "skip") return void onLeftOut?.({ path: name, reason: "link", target });
  if (!target.includes("\ufffd")) {
    if (linkTargetProblem(name, target) !== undefined) {
      onLeftOut?.({ path: name, reason: "linked content", target });
    }
    return {
      name,
      path,
      state: stateOf(stats),
      mode: "link",
      target,
      ...timesOf(path, stats, options),
    };
  }
  throw notSaved(path, "its target is not UTF-8", "Recreate the link, or skip links.");
}

function targetOf(path: string): string {
  return onDisk("read", path, () => readlinkSync(path)).replaceAll(sep, "/");
}

/** Describes the target of a link, under the name of the link. */
function followLink(
  entry: FolderToWalk,
  options: LocalPathOptions,
): FoundFile | FolderToWalk | undefined {
  const { name, path, above } = entry;
  try {
    const stats = statSync(path);
    if (above.includes(identityOf(stats))) {
      const target = targetOf(path);
      return void options.onLeftOut?.({ path: name, reason: "looping link", target });
    }
    return describe({ ...entry, path: realpathSync.native(path) }, stats, options);
  } catch (cause) {
    const broken = BROKEN[errorCode(cause) ?? ""];
    const asFolder = entry.choice.reasonAgainst(name, true);
    if (broken === undefined && asFolder === undefined) throw lostFile(path, cause);
    const reason = entry.choice.reasonAgainst(name, false) ?? broken ?? asFolder!;
    options.onLeftOut?.({ path: name, reason, target: targetOf(path) });
  }
}

/** Error codes of links without a target. */
const BROKEN: Record<string, LeftOutReason> = {
  ENOENT: "broken link",
  ENOTDIR: "broken link",
  ELOOP: "looping link",
};

function notSaved(
  path: string,
  state: string,
  hint: string,
  reason?: Fault["reason"],
): RegistryError {
  return fault({ code: "Unsupported", action: "save", subject: shown(path), state, hint, reason });
}

/** Returns the state of a path that was found before: `Conflict` if it is gone. */
function lookAgain(path: string): Stats {
  try {
    return lstatSync(path);
  } catch (cause) {
    throw lostFile(path, cause);
  }
}
