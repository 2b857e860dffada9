// The folder of a local store, and the files of its keys.
import fs from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Layout, ObjectInfo } from "../../core/backend.ts";
import { type Fault, fault, invalid, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { checkLocalPath } from "../../core/urls/local_path.ts";
import { type FileLook, look } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { diskError, type FailedCall } from "./errors.ts";
import { type KeyLayout, keyLayout } from "./layout.ts";
import { createWays, isOrdinary, type Ways } from "./own_files.ts";
import { createOwner, type Owner } from "./owner.ts";

export interface LocalRoot {
  readonly path: string;
  readonly location: string;
  /** The folder of objects that have no key yet. Never listed. */
  readonly stageFolder: string;
  /** True once something was found or written in it, or if it was never to be created. */
  isKnown: boolean;
  /** Returns `found`, and notes that the root is there unless it is undefined. */
  known<T>(found: T): T;
  readonly lockFile: string;
  /** Modes of new files and folders, before the umask. */
  readonly modes: { readonly file: number; readonly folder: number };
  readonly owner: Owner;
  /** Returns the file of an object. Throws `Invalid` for an invalid key. */
  fileOf(key: string): string;
  /** Returns true if a path below the root is that of a key. Foreign files have no key. */
  isPlaceOf(key: string, path: string): boolean;
  readonly layout: KeyLayout;
  /**
   * Returns the folder of all keys with a prefix: a path below the root, empty or ending with `/`.
   */
  folderOf(prefix: string): string;
  pathOf(path: string): string;
  /** Checks for links, needed for the folder of each used key. */
  readonly ways: Ways;
  /** Returns true for the error of a path that does not exist. */
  isMissing(error: unknown): boolean;
  failure(error: unknown, call: Omit<FailedCall, "backend">): unknown;
  fault(
    action: string,
    key: string,
    fields: Omit<Fault, "action" | "subject" | "key" | "backend">,
  ): RegistryError;
}

export const LOCK_FILE = ".lock";

/** An empty segment, `.` or `..`, a beginning with `.`, a NUL or a backslash. */
const NO_KEY = /(^|\/)\.{0,2}(\/|$)|^\.|[\0\\]/;

type NewFolder = { ownerOnly?: boolean; layout?: Layout; create?: boolean };

export function parseRoot(
  location: string | URL,
  { ownerOnly = false, layout: kind = "plain", create = true }: NewFolder = {},
): LocalRoot {
  const path = resolve(pathOf(location));
  const url = pathToFileURL(path).href;
  const folder = path.endsWith("/") ? path : `${path}/`;
  const layout = keyLayout(kind);
  const find = (key: string, prefix = key) =>
    NO_KEY.test(key) || !key.isWellFormed() ? undefined : layout.pathOf(prefix);
  const locate = (key: string, prefix = key) => {
    const match = find(key, prefix);
    if (match !== undefined) return match;
    throw invalid("use", `${shown(prefix)} as a key`, "it is not a safe path on a disk", {
      hint: 'Use segments separated by "/", none of them empty, "." or "..", without NUL, "\\" ' +
        'and unpaired surrogates, no "." at the start, no "+" or "," below names/ and objects/.',
      key,
      backend: url,
    });
  };
  return {
    path,
    location: url,
    stageFolder: `${folder}.stage`,
    isKnown: !create,
    known(found) {
      if (found !== undefined) this.isKnown = true;
      return found;
    },
    lockFile: folder + LOCK_FILE,
    modes: ownerOnly ? { file: 0o600, folder: 0o700 } : { file: 0o666, folder: 0o777 },
    owner: createOwner(path),
    layout,
    fileOf: (key) => folder + locate(key),
    isPlaceOf: (key, path) => layout.isRecordOf(key, path) || find(key) === path,
    folderOf(prefix) {
      const complete = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      if (complete === "") return "";
      const way = locate(complete.slice(0, -1), complete);
      return way.slice(0, way.lastIndexOf("/") + 1);
    },
    pathOf: (below) => below === "" ? path : folder + below,
    ways: createWays(path, url),
    isMissing: (error) =>
      errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR" && isFolder(path),
    failure: (error, call) => diskError(error, { ...call, backend: url }),
    fault: (action, key, fields) =>
      fault({ ...fields, action, subject: `"${key}"`, key, backend: url }),
  };
}

export function objectInfo(key: string, { size, changedAt }: FileLook): ObjectInfo {
  return { key, size, modifiedAt: Math.floor(changedAt) }; // a hard link changes only this time
}

/** Returns undefined for a missing object. A path that is given was found in a checked folder. */
export function statObject(root: LocalRoot, key: string, found?: string): ObjectInfo | undefined {
  const path = found ?? root.fileOf(key);
  try {
    if (found === undefined) root.ways.check(dirname(path));
    const state = look(path);
    return isOrdinary(state, { key, backend: root.location }) ? objectInfo(key, state) : undefined;
  } catch (error) {
    if (root.isMissing(error)) return undefined;
    throw root.failure(error, { action: "look up", key });
  }
}

function pathOf(location: string | URL): string {
  const text = String(location);
  const isUrl = location instanceof URL || text.startsWith("file:");
  const noPath = (cause?: unknown) =>
    invalid("open", shown(text), "invalid folder path", {
      hint: "Use a path, or a file: URL with an absolute path: file:///data/models.",
      cause,
    });
  if (!(location instanceof URL || typeof location === "string")) throw noPath();
  if (!isUrl) checkLocalPath(text, "open a store at");
  if (text === "" || text.includes("\0") || isUrl && !/^file:(\/[^/]|\/\/.)/.test(text)) {
    throw noPath();
  }
  try {
    return isUrl ? fileURLToPath(text) : text;
  } catch (cause) {
    throw noPath(cause); // a host, or an invalid escape
  }
}

function isFolder(path: string): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false; // a parent is a file
  }
}
