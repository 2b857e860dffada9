// Reads the files of a path that is to be saved.
import { lstatSync, realpathSync, statSync } from "node:fs";
import { basename, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { checkFileCount, checkFileList } from "../../core/calls/file_limit.ts";
import { fault, invalid, unsupported } from "../../core/errors.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { FileToSave, MaterializeOptions } from "../../core/materializer.ts";
import { filePathProblem } from "../../core/naming/file_paths.ts";
import { shown } from "../../core/naming/names.ts";
import { fileFacts } from "../../core/registry/file_facts.ts";
import { described } from "../../core/text/described.ts";
import { DiskContent, stateOf } from "../../disk/disk_file.ts";
import { lookAt } from "../../disk/disk_calls.ts";
import { onDisk } from "../../disk/file_errors.ts";
import { dropFalseBits } from "./false_bits.ts";
import type { LocalPathOptions } from "./local_path_options.ts";
import type { FoundFile } from "./folder_entries.ts";
import { factsOf, walkFolder } from "./walk_folder.ts";

interface PathToSave {
  readonly path: string;
  readonly options: Readonly<LocalPathOptions>;
}

export function absolutePath(path: string | URL): string {
  const problem = pathProblem(path);
  if (problem === undefined) return resolve(path instanceof URL ? fileURLToPath(path) : path);
  throw invalid("use", `${shown(String(path))} as a local path`, problem, {
    hint: "Pass the path of a file or folder on this machine.",
  });
}

function pathProblem(path: unknown): string | undefined {
  if (path instanceof URL) return path.protocol === "file:" ? undefined : "it is not a file: URL";
  if (typeof path !== "string") return `it is ${described(path)}`;
  return path === "" || path.includes("\0") ? "it is empty or has a NUL character" : undefined;
}

/**
 * Returns the kind of a path. An unreadable one is a file, so that saving it reports the reason.
 */
export function kindOnDisk({ path, options }: PathToSave): "file" | "folder" {
  try {
    const look = options.links === "follow" ? statSync : lstatSync;
    return look(path).isDirectory() ? "folder" : "file";
  } catch {
    return "file";
  }
}

/** Opens a file for a save. A `given` one may become the object. */
export function fileOf(
  { path: named, options, given }: PathToSave & { given?: boolean },
): FileToSave {
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
  const found = { path, state: stateOf(stats), ...factsOf(path, stats, options) };
  dropFalseBits([found]);
  const { state: _, ...facts } = found;
  return { ...facts, path: name, content: new DiskContent({ ...found, given }, options) };
}

export async function* filesOf(
  { path, options }: PathToSave,
  { signal, mostFiles }: MaterializeOptions,
): AsyncIterable<FileToSave> {
  const walked = await walkFolder(realPath(followed(path, options)), { ...options, signal });
  const { files } = walked;
  checkFileCount(files.length, mostFiles);
  if (mostFiles !== undefined) {
    checkFileList(
      files.values().map(({ name, mode, state: { size } }) => ({
        path: name,
        size: mode === "folder" ? 0 : size,
      })),
    );
  }
  for (let i = 0; i < files.length; i++) {
    signal?.throwIfAborted();
    const { name, mode, modifiedAt } = itemAt(files, i);
    const content = contentOf(itemAt(files, i), options);
    files[i] = undefined as never; // of a million files, each takes some hundred bytes
    yield {
      path: name,
      content,
      ...fileFacts({ path: name, mode, modifiedAt }),
      ...(i === 0 ? { check: walked.checkUnchanged } : {}), // runs after all files are stored
    };
  }
  await walked.checkUnchanged();
}

function contentOf(file: FoundFile, options: LocalPathOptions): FileToSave["content"] {
  if (file.mode === "folder") return new Uint8Array(0);
  return file.target === undefined
    ? new DiskContent(file, options)
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
