// Files and folders on disk.
import { defineMaterializer } from "../core/materializer.ts";
import type { ClassMaterializer, FilesToSave } from "../core/materializer.ts";
import { onlyFile } from "./only_file.ts";
import { absolutePath, fileOf, filesOf, kindOnDisk } from "./path/local_files.ts";
import { StoredPath } from "./path/stored_path.ts";
import { checkLocalPathOptions, type LocalPathOptions } from "./path/local_path_options.ts";

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
  const absolute = absolutePath(path);
  return new LocalPath(absolute, { ...checkLocalPathOptions(absolute, options) });
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

function kindOf(value: unknown): "file" | "folder" | undefined {
  if (value instanceof StoredPath) return value.kind;
  return value instanceof LocalPath ? kindOnDisk(value) : undefined;
}
