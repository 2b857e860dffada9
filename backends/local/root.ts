// Where a local store lies, and which of its files a key means.
import fs from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Layout, ObjectInfo } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { type FileLook, look } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { diskError, type FailedCall } from "./errors.ts";
import { type KeyLayout, keyLayout } from "./layout.ts";
import { createWays, isOrdinary, type Ways } from "./own_files.ts";
import { realSystem, type System } from "../../core/system.ts";

export interface LocalRoot {
  /** Its absolute path. */
  readonly path: string;
  /** The same as a `file:` URL. */
  readonly location: string;
  /** Where objects are written before they get their key. Never listed. */
  readonly stageFolder: string;
  /** The file whose lock makes writers take turns, where they need one. Never listed. */
  readonly lockFile: string;
  /** With which modes files and folders are made, before the umask. */
  readonly modes: { readonly file: number; readonly folder: number };
  /** The file of an object. Throws `Invalid` for what cannot be a key here. */
  fileOf(key: string): string;
  /** Whether an object with this key lies at this path below the root. No key leads to what somebody else put there. */
  isPlaceOf(key: string, path: string): boolean;
  readonly layout: KeyLayout;
  /** The folder that holds all keys with a prefix, as a path below the root that is empty or ends with `/`. */
  folderOf(prefix: string): string;
  /** The absolute path of one below the root. */
  pathOf(path: string): string;
  /** Whether links are on the way to a path. Needed for the folder of each key that is used. */
  readonly ways: Ways;
  /** True for the error of a path that leads nowhere. */
  isMissing(error: unknown): boolean;
  failure(error: unknown, call: Omit<FailedCall, "backend">): unknown;
}

/** The name of the file whose lock makes writers take turns. */
export const LOCK_FILE = ".lock";

/** An empty segment, `.` or `..`, a beginning with `.`, a NUL or a backslash. */
const NO_KEY = /(^|\/)\.{0,2}(\/|$)|^\.|[\0\\]/;

export function parseRoot(
  location: string | URL,
  { ownerOnly = false, layout: kind = "plain", system = realSystem }: {
    ownerOnly?: boolean;
    layout?: Layout;
    system?: Pick<System, "monotonic">;
  } = {},
): LocalRoot {
  const path = resolve(pathOf(location));
  const url = pathToFileURL(path).href;
  const folder = path.endsWith("/") ? path : `${path}/`;
  const layout = keyLayout(kind);
  const find = (key: string, prefix = key) =>
    NO_KEY.test(key) || !key.isWellFormed() ? undefined : layout.pathOf(prefix);
  const locate = (key: string, prefix = key) => {
    const found = find(key, prefix);
    if (found !== undefined) return found;
    throw fault({
      code: "Invalid",
      action: "use",
      subject: `${shown(prefix)} as a key`,
      state: "it has no safe place on a disk",
      hint:
        'A key is made of segments with "/" between them; none is empty, "." or "..", or has NUL, "\\" or half a ' +
        'surrogate pair; the first does not begin with "."; below names/ and objects/ none has "+" or ",".',
      key,
      backend: url,
    });
  };
  return {
    path,
    location: url,
    stageFolder: `${folder}.stage`,
    lockFile: folder + LOCK_FILE,
    modes: ownerOnly ? { file: 0o600, folder: 0o700 } : { file: 0o666, folder: 0o777 },
    layout,
    fileOf: (key) => folder + locate(key),
    isPlaceOf: (key, path) => find(key) === path,
    folderOf(prefix) {
      const complete = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      if (complete === "") return "";
      const way = locate(complete.slice(0, -1), complete);
      return way.slice(0, way.lastIndexOf("/") + 1);
    },
    pathOf: (below) => below === "" ? path : folder + below,
    ways: createWays(path, url, system),
    isMissing: (error) =>
      errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR" && isFolder(path),
    failure: (error, call) => diskError(error, { ...call, backend: url }),
  };
}

export function objectInfo(key: string, { size, changedAt }: FileLook): ObjectInfo {
  return { key, size, modifiedAt: Math.floor(changedAt) }; // a hard link keeps the time of modification, and sets this
}

/** What the file system says about an object, or undefined where there is none. */
export function headObject(root: LocalRoot, key: string): ObjectInfo | undefined {
  try {
    if (!root.ways.find(dirname(root.fileOf(key)))) return undefined;
  } catch (error) {
    if (root.isMissing(error)) return undefined;
    throw root.failure(error, { action: "look up", key });
  }
  return statObject(root, key);
}

export function statObject(
  root: LocalRoot,
  key: string,
  path: string = root.fileOf(key),
): ObjectInfo | undefined {
  try {
    const found = look(path);
    return isOrdinary(found, { key, backend: root.location }) ? objectInfo(key, found) : undefined;
  } catch (error) {
    if (root.isMissing(error)) return undefined;
    throw root.failure(error, { action: "look up", key });
  }
}

function pathOf(location: string | URL): string {
  const text = String(location);
  const isUrl = location instanceof URL || text.startsWith("file:");
  const invalid = (cause?: unknown) =>
    fault({
      code: "Invalid",
      action: "open",
      subject: shown(text),
      state: "not the path of a folder",
      hint: "Give a path, or a file: URL with the whole path: file:///data/models.",
      cause,
    });
  if (!(location instanceof URL || typeof location === "string")) throw invalid();
  if (text === "" || text.includes("\0") || isUrl && !/^file:(\/[^/]|\/\/.)/.test(text)) {
    throw invalid();
  }
  try {
    return isUrl ? fileURLToPath(text) : text;
  } catch (cause) {
    throw invalid(cause); // a host, or an escape that is none
  }
}

function isFolder(path: string): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false; // a file is above it: the failure that made somebody ask says so
  }
}
