// Files and folders on disk.
import { lstatSync, realpathSync, statSync } from "node:fs";
import { basename, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { fault, invalid, unsupported } from "../core/errors.ts";
import { onDisk } from "../disk/file_errors.ts";
import { filePathProblem } from "../core/naming/file_paths.ts";
import { defineMaterializer } from "../core/materializer.ts";
import { described } from "../core/text/described.ts";
import type {
  ClassMaterializer,
  FilesToSave,
  FileToSave,
  MaterializeOptions,
} from "../core/materializer.ts";
import { shown } from "../core/naming/names.ts";
import { DiskContent, lookAt, stateOf } from "../disk/disk_file.ts";
import { onlyFile } from "./only_file.ts";
import { StoredPath } from "./path/stored_path.ts";
import { checkLocalPathOptions, type LocalPathOptions } from "./path/local_path_options.ts";
import { factsOf, type FoundFile, walkFolder } from "./path/walk_folder.ts";
import { fileFacts } from "../core/registry/file_facts.ts";

/** A file or folder on disk that can be saved. */
export class LocalPath {
  readonly path: string;
  readonly options: Readonly<LocalPathOptions>;

  /** Use {@linkcode localPath}. */
  constructor(path: string, options: LocalPathOptions) {
    this.path = path;
    this.options = options;
  }
}

/**
 * Refers to a file or folder on disk whose content is to be saved. It is read during the save,
 * with bounded memory. Stored are names, bytes, the executable bit, empty folders, and symbolic
 * links with their target, wherever it leads; not stored are times, owners and other permissions,
 * so that the same folder has the same digest. `preserve: ["times"]` stores modification times
 * too. Pipes, sockets and devices are left out, and from a folder also `.git`, registries, and
 * paths that match a `.holdfastignore`, unless `all` is set. If something
 * changes during the save, it is read once more; a second change is a `Conflict`. Paths that are
 * left out may change.
 *
 * Refused are a path that is a symbolic link, unless links are followed, and names that other
 * systems misread: with a backslash, or with a leading drive letter (`c:`). Names that only
 * Windows cannot store (`aux.c`, `a?`) are saved; writing them to a disk there is `Invalid`.
 *
 * @example
 * ```ts
 * import { localPath, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile({ suffix: ".csv" });
 * await Deno.writeTextFile(path, "a,b");
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("data:raw", localPath(path));
 * assertEquals((await registry.open("data:raw")).info.size, 3);
 * await Deno.remove(path);
 * ```
 */
export function localPath(path: string | URL, options: LocalPathOptions = {}): LocalPath {
  const absolute = resolve(pathText(path));
  return new LocalPath(absolute, { ...checkLocalPathOptions(absolute, options) });
}

function pathText(path: string | URL): string {
  const problem = pathProblem(path);
  if (problem === undefined) return path instanceof URL ? fileURLToPath(path) : path;
  throw invalid("use", `${shown(String(path))} as a local path`, problem, {
    hint: "Pass the path of a file or folder on this machine.",
  });
}

function pathProblem(path: unknown): string | undefined {
  if (path instanceof URL) return path.protocol === "file:" ? undefined : "it is not a file: URL";
  if (typeof path !== "string") return `it is ${described(path)}`;
  return path === "" || path.includes("\0") ? "it is empty or has a NUL character" : undefined;
}

/** Saves a {@linkcode localPath} to a file, under its own name. Loads a {@linkcode StoredPath}. */
export function file(): ClassMaterializer<StoredPath, StoredPath | LocalPath> {
  return defineMaterializer<StoredPath, StoredPath | LocalPath>({
    id: "file",
    accepts: (value) => kindOf(value) === "file",
    save: (value) => value instanceof LocalPath ? [fileOf(value)] : value.filesToSave(),
    load(artifact) {
      onlyFile(artifact);
      return new StoredPath("file", artifact);
    },
  });
}

/** Saves a {@linkcode localPath} to a folder with its content. Loads a {@linkcode StoredPath}. */
export function folder(): ClassMaterializer<StoredPath, StoredPath | LocalPath> {
  return defineMaterializer<StoredPath, StoredPath | LocalPath>({
    id: "folder",
    accepts: (value) => kindOf(value) === "folder",
    save: (value, options): FilesToSave =>
      value instanceof LocalPath ? filesOf(value, options) : value.filesToSave(),
    load: (artifact) => new StoredPath("folder", artifact),
  });
}

/**
 * Returns the kind of a path. An unreadable one is a file, so that saving it reports the reason.
 */
function kindOf(value: unknown): "file" | "folder" | undefined {
  if (value instanceof StoredPath) return value.kind;
  if (!(value instanceof LocalPath)) return undefined;
  try {
    const look = value.options.links === "follow" ? statSync : lstatSync;
    return look(value.path).isDirectory() ? "folder" : "file";
  } catch {
    return "file";
  }
}

function fileOf({ path: named, options }: LocalPath): FileToSave {
  const path = followed(named, options);
  const failed = (code: "Invalid" | "Unsupported", state: string, hint: string) =>
    fault({ code, action: "save", subject: shown(path), state, hint });
  const stats = lookAt(path);
  if (!stats.isFile()) {
    const hint = "Read a pipe, socket or device as a stream, and save that.";
    throw failed("Unsupported", "it is not a file or folder", hint);
  }
  const name = basename(named);
  const problem = name.includes("\ufffd")
    ? "its name is not UTF-8"
    : filePathProblem(name, sep === "\\");
  if (problem !== undefined) throw failed("Invalid", problem, "Rename it, or save its bytes.");
  const content = new DiskContent({ path, state: stateOf(stats) }, options.readAll);
  return { path: name, content, ...factsOf(path, stats, options) };
}

async function* filesOf(
  { path, options }: LocalPath,
  { signal }: MaterializeOptions,
): AsyncIterable<FileToSave> {
  const found = await walkFolder(realPath(followed(path, options)), { ...options, signal });
  for (const [i, file] of found.files.entries()) {
    signal?.throwIfAborted();
    yield {
      path: file.name,
      content: contentOf(file, options),
      ...fileFacts({ path: file.name, mode: file.mode, modifiedAt: file.modifiedAt }),
      ...(i === 0 ? { check: found.checkUnchanged } : {}), // runs after all files are stored
    };
  }
  await found.checkUnchanged();
}

function contentOf(file: FoundFile, { readAll }: LocalPathOptions): FileToSave["content"] {
  if (file.mode === "folder") return new Uint8Array(0);
  return file.target === undefined
    ? new DiskContent(file, readAll)
    : new TextEncoder().encode(file.target);
}

/** Returns the path, or the target of a link that is to be followed. */
function followed(path: string, { links }: LocalPathOptions): string {
  if (!lookAt(path).isSymbolicLink()) return path;
  if (links === "follow") return realPath(path);
  throw unsupported("save", shown(path), "it is a symbolic link", {
    hint: `Use its target: localPath(${shown(realPath(path))}).`,
  });
}

/** Returns a path without links, so that a link that appears later is detected. */
function realPath(path: string): string {
  return onDisk("read", path, () => realpathSync.native(path));
}
