// Files and whole folders on disk.
import { lstatSync, realpathSync, statSync } from "node:fs";
import { basename, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { fault } from "../core/errors.ts";
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

/** A file or folder on disk, as a value to be saved. */
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
 * Names a file or a whole folder on disk, to be saved: its bytes, not this path. It is read when it is saved, with
 * bounded memory. What is kept: names, bytes, the executable bit, empty folders, and symbolic links with the text of
 * their target, wherever that leads; not kept: times, owners, other permissions. So the same folder gives the same
 * digest; `preserve: ["times"]` keeps when files, links and folders were modified, too. Left out are pipes, sockets and devices, and in a
 * folder `.git`, registries, and what a `.holdfastignore` says, unless `all` is asked for. `Conflict` where the folder
 * changes meanwhile.
 *
 * A path that is itself a symbolic link is refused, unless links are followed: name its target. So are names which
 * other systems would read otherwise: with a backslash, or beginning with a drive letter (`c:`). Names that only Windows
 * cannot store (`aux.c`, `a?`) are kept; writing them to a disk there is `Invalid`.
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
  const problem = path instanceof URL
    ? (path.protocol === "file:" ? undefined : "it is not a file: URL")
    : typeof path !== "string"
    ? `it is ${described(path)}`
    : path === "" || path.includes("\0")
    ? "it is empty or has a NUL character"
    : undefined;
  if (problem === undefined) return path instanceof URL ? fileURLToPath(path) : path as string;
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(String(path))} as a local path`,
    state: problem,
    hint: "Give the path of a file or folder on this machine.",
  });
}

/** Saves a {@linkcode localPath} that is a file, under its own name; loads a {@linkcode StoredPath}. */
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

/** Saves a {@linkcode localPath} that is a folder, with everything in it; loads a {@linkcode StoredPath}. */
export function folder(): ClassMaterializer<StoredPath, StoredPath | LocalPath> {
  return defineMaterializer<StoredPath, StoredPath | LocalPath>({
    id: "folder",
    accepts: (value) => kindOf(value) === "folder",
    save: (value, options): FilesToSave =>
      value instanceof LocalPath ? filesOf(value, options) : value.filesToSave(),
    load: (artifact) => new StoredPath("folder", artifact),
  });
}

/** What a path leads to. One that cannot be looked at counts as a file: saving it then says why. */
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
  const stats = lookAt(path);
  if (!stats.isFile()) {
    throw fault({
      code: "Unsupported",
      action: "save",
      subject: shown(path),
      state: "it is not a file or folder",
      hint:
        "Pipes, sockets and devices have no content of their own; read one as a stream and save that.",
    });
  }
  const name = basename(named);
  const problem = name.includes("\ufffd")
    ? "its name is not UTF-8"
    : filePathProblem(name, sep === "\\");
  if (problem !== undefined) {
    throw fault({
      code: "Invalid",
      action: "save",
      subject: shown(path),
      state: problem,
      hint: "Rename it, or save its bytes.",
    });
  }
  const content = new DiskContent({ path, state: stateOf(stats) });
  return { path: name, content, ...factsOf(stats, options) };
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
      content: contentOf(file),
      ...fileFacts({ path: file.name, mode: file.mode, modifiedAt: file.modifiedAt }),
      ...(i === 0 ? { check: found.checkUnchanged } : {}), // some may be read when all have been given
    };
  }
  found.checkUnchanged();
}

function contentOf(file: FoundFile): FileToSave["content"] {
  if (file.mode === "folder") return new Uint8Array(0);
  return file.target === undefined ? new DiskContent(file) : new TextEncoder().encode(file.target);
}

/** The path, or where it leads if it is a link that is to be followed. */
function followed(path: string, { links }: LocalPathOptions): string {
  if (!lookAt(path).isSymbolicLink()) return path;
  if (links === "follow") return realPath(path);
  throw fault({
    code: "Unsupported",
    action: "save",
    subject: shown(path),
    state: "it is a symbolic link",
    hint: `Name its target: localPath(${shown(realPath(path))}).`,
  });
}

/** A path without links in it, so that one that appears later is noticed. */
function realPath(path: string): string {
  return onDisk("read", path, () => realpathSync.native(path));
}
