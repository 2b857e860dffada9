/**
 * Files in a bucket, or in any other object store: each is an object whose key is its path.
 *
 * Beside the files lie, for what objects are not: `FOLDER/.holdfast-folder`, an empty object, where a folder was made
 * or became empty; and `FOLDER/.holdfast-link/NAME` with the relative path that a link leads to. Other programs see the
 * files as they are.
 *
 * @module
 */
import type { Backend, CallOptions, ObjectInfo } from "../core/backend.ts";
import { isPrefix } from "../core/backend.ts";
import { compareUtf8 } from "../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../core/errors.ts";
import { contentSize, contentStream } from "../core/files/content.ts";
import { inTheWay, intoItself, missing, notEmpty, taken } from "../core/files/path_errors.ts";
import type { PathPlace } from "../core/files/path_errors.ts";
import {
  folderOf,
  joinPath,
  movedText,
  nameOf,
  OWN_PREFIX,
  parsePath,
  relativeTarget,
  targetOf,
} from "../core/files/paths.ts";
import type { FileEntry, FileStore } from "../core/file_store.ts";
import { described } from "../core/materializer.ts";
import { forEachAtOnce, mapAtOnce } from "../core/work/at_once.ts";
import { mergeSorted } from "./bucket/merge_sorted.ts";
import {
  changedObject,
  findObject,
  isSame,
  maybeChanged,
  moveObject,
  removeBelow,
} from "./bucket/objects.ts";

export type * from "../core/file_store.ts";

/** Options of {@linkcode createBucketFiles}. */
export interface BucketFilesOptions {
  /** The objects; it is disposed of with the file store. */
  backend: Backend;
  /** What kind of store it is called. @default the kind of the backend */
  name?: string;
}

const FOLDER_MARK = `${OWN_PREFIX}folder`;
const LINKS = `${OWN_PREFIX}link`;

/** More than any link from one path to another takes. */
const MAX_LINK_BYTES = 4096;

const below = (folder: string) => folder === "" ? "" : `${folder}/`;
const linkKey = (path: string) => joinPath(folderOf(path), `${LINKS}/${nameOf(path)}`);

/**
 * Creates a file store over an object store. What takes one step in an object store takes one here: a write is whole or
 * not at all, and of several that create a file one wins. A move is a copy and a removal, file by file.
 *
 * @example
 * ```ts
 * import { createBucketFiles } from "@holdfast/holdfast/files/bucket";
 * import { openBackend } from "@holdfast/holdfast/backends";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = await openBackend("memory:"); // or "s3://bucket/prefix"
 * await using files = createBucketFiles({ backend });
 * await files.write("plate/A01.raw", Uint8Array.of(1, 2, 3));
 * assertEquals((await backend.head("plate/A01.raw"))?.size, 3);
 * ```
 */
export function createBucketFiles(
  { backend, name = backend?.kind }: BucketFilesOptions,
): FileStore {
  if (typeof backend?.get !== "function") throw noBackend(backend);
  const { location } = backend;
  const place = (action: string, path: string): PathPlace => ({ action, path, location });

  /** The text of a link. What is too long for one, as only other programs write it, leads nowhere. */
  async function readText(path: string, options: CallOptions): Promise<string | undefined> {
    const object = await backend.get(linkKey(path), options);
    if (object === undefined) return undefined;
    if (object.info.size <= MAX_LINK_BYTES) return new TextDecoder().decode(await object.bytes());
    await object.body.cancel();
    return "/";
  }

  async function readLink(path: string, options: CallOptions): Promise<FileEntry | undefined> {
    const text = await readText(path, options);
    if (text === undefined) return undefined;
    const target = targetOf(path, text);
    return { path, kind: "link", size: 0, ...(target === undefined ? {} : { target }) };
  }

  async function isFolder(path: string, { signal }: CallOptions): Promise<boolean> {
    if (path === "") return true;
    for await (const _ of backend.list(below(path), { limit: 1, signal })) return true;
    return false;
  }

  async function look(path: string, options: CallOptions): Promise<FileEntry | undefined> {
    if (path === "") return { path, kind: "folder", size: 0 };
    const [file, link, folder] = await Promise.all([
      backend.head(path, options),
      readLink(path, options),
      isFolder(path, options),
    ]);
    if (file !== undefined) return entryOf(file);
    return link ?? (folder ? { path, kind: "folder", size: 0 } : undefined);
  }

  /** Throws where something else than a folder is at a path or above it. */
  async function checkFolders(path: string, why: PathPlace, options: CallOptions): Promise<void> {
    const paths: string[] = [];
    for (let at = path; at !== ""; at = folderOf(at)) paths.push(at);
    await forEachAtOnce(paths, async (at) => {
      const [file, link] = await Promise.all([
        backend.head(at, options),
        backend.head(linkKey(at), options),
      ]);
      if (file !== undefined || link !== undefined) {
        throw inTheWay(why, at, file === undefined ? "link" : "file");
      }
    });
  }

  /** A folder stays until it is removed, also when nothing is in it any more. */
  async function keepFolder(path: string, { signal }: CallOptions): Promise<void> {
    if (path !== "") {
      await backend.put(joinPath(path, FOLDER_MARK), new Uint8Array(), { mode: "create", signal });
    }
  }

  async function writeLink(
    path: string,
    text: string,
    why: PathPlace,
    options: CallOptions,
  ): Promise<void> {
    const { written } = await backend.put(linkKey(path), new TextEncoder().encode(text), {
      mode: "create",
      ...options,
    });
    if (!written) throw taken(why, "link");
  }

  /** Removes a link that was replaced or moved, unless another program has saved a new one. */
  async function removeLink(link: ObjectInfo, why: PathPlace, options: CallOptions): Promise<void> {
    const now = await backend.head(link.key, options);
    if (now === undefined) return;
    if (!isSame(now, link)) throw changedObject(backend, why);
    await backend.delete(link.key, { ifEtag: link.etag, signal: options.signal });
  }

  async function* listLinks(folder: string, options: CallOptions): AsyncGenerator<FileEntry> {
    const prefix = `${joinPath(folder, LINKS)}/`;
    const paths = (async function* () {
      for await (const entry of backend.list(prefix, { delimiter: "/", ...options })) {
        if (!isPrefix(entry) && isPath(entry.key.slice(prefix.length))) {
          yield joinPath(folder, entry.key.slice(prefix.length));
        }
      }
    })();
    const running = new Set<Promise<unknown>>();
    const readNext = (path: string) => {
      const link = readLink(path, options);
      running.add(link);
      link.catch(() => {}).finally(() => running.delete(link));
      return link;
    };
    try {
      for await (const link of mapAtOnce(paths, readNext)) if (link !== undefined) yield link;
    } finally {
      await Promise.allSettled(running); // whatever ended this: nothing goes on behind the caller's back
    }
  }

  /** Files and folders of a folder, and whether it is one at all: then at least its mark is there. */
  async function* listObjects(
    folder: string,
    why: PathPlace,
    options: CallOptions,
  ): AsyncGenerator<FileEntry> {
    const prefix = below(folder);
    let isThere = folder === "";
    for await (const entry of backend.list(prefix, { delimiter: "/", ...options })) {
      isThere = true;
      const path = isPrefix(entry) ? entry.prefix.slice(0, -1) : entry.key;
      if (nameOf(path).startsWith(OWN_PREFIX) || !isPath(path)) continue;
      yield isPrefix(entry) ? { path, kind: "folder", size: 0 } : entryOf(entry);
    }
    if (!isThere) throw missing(why, "folder", (await look(folder, options))?.kind);
  }

  return {
    name,
    location,
    stat: async (path, options = {}) => {
      const parsed = parsePath(path);
      options.signal?.throwIfAborted();
      return await look(parsed, options);
    },

    async *list(given, options = {}) {
      const folder = parsePath(given);
      const objects = listObjects(folder, place("list", folder), options);
      let last: string | undefined;
      for await (const entry of mergeSorted(objects, listLinks(folder, options), compareEntries)) {
        if (entry.kind === "link" && entry.path === last) continue; // a file replaced it, and whoever wrote it died
        last = entry.path;
        yield entry;
      }
    },

    async open(given, { signal } = {}) {
      const path = parsePath(given);
      signal?.throwIfAborted();
      const file = path === "" ? undefined : await findObject(backend, path, { signal });
      if (file === undefined) {
        throw missing(place("open", path), "file", (await look(path, { signal }))?.kind);
      }
      return file;
    },

    async write(given, content, { mode = "overwrite", signal } = {}) {
      const path = parsePath(given);
      const why = place("write", path);
      signal?.throwIfAborted();
      if (path === "") throw inTheWay(why, path, "folder");
      const [link, isThere] = await Promise.all([
        backend.head(linkKey(path), { signal }),
        isFolder(path, { signal }),
        checkFolders(folderOf(path), why, { signal }),
      ]);
      if (isThere) throw inTheWay(why, path, "folder");
      if (link !== undefined && mode === "create") throw taken(why, "link");
      const body = content instanceof Uint8Array || content instanceof Blob
        ? content
        : contentStream(content);
      const put = await backend.put(path, body, { mode, size: contentSize(content), signal });
      if (!put.written) throw taken(why, "file");
      if (link !== undefined) await maybeChanged(removeLink(link, why, { signal }));
      return entryOf(put.info);
    },

    async createFolder(given, { signal } = {}) {
      const path = parsePath(given);
      await checkFolders(path, place("make folder", path), { signal });
      await keepFolder(path, { signal });
    },

    async createLink(given, target, options = {}) {
      const path = parsePath(given);
      const parsed = parsePath(target);
      const why = place("make link", path);
      const [found] = await Promise.all([
        look(path, options),
        checkFolders(folderOf(path), why, options),
      ]);
      if (found !== undefined) throw taken(why, found.kind);
      await writeLink(path, relativeTarget(path, parsed), why, options);
    },

    async remove(given, options = {}) {
      const path = parsePath(given);
      const found = await look(path, options);
      if (found === undefined) return false;
      let keys = [found.kind === "link" ? linkKey(path) : path];
      // Where a writer died, the link that its file replaced is there still, and would be seen again.
      if (found.kind === "file" && await backend.head(linkKey(path), options) !== undefined) {
        keys.unshift(linkKey(path));
      }
      if (found.kind === "folder") {
        // Other programs mark a folder by an object of its name with a "/" behind it.
        const marks = new Set([below(path), joinPath(path, FOLDER_MARK)]);
        keys = await firstKeys(backend, below(path), options);
        if (path === "" || keys.some((key) => !marks.has(key))) {
          throw notEmpty(place("remove", path));
        }
      }
      await keepFolder(folderOf(path), options);
      for (const key of keys) await maybeChanged(backend.delete(key, options));
      return true;
    },

    async removeFolder(given, options = {}) {
      const path = parsePath(given);
      options.signal?.throwIfAborted();
      await keepFolder(folderOf(path), options);
      await maybeChanged(removeBelow(backend, below(path), options));
    },

    async move(from, to, options = {}) {
      const [path, target] = [parsePath(from), parsePath(to)];
      const why = place("move", path);
      const found = await look(path, options);
      if (found === undefined || path === "") throw missing(why, "anything");
      if (target.startsWith(`${path}/`)) throw intoItself(why);
      const there = await look(target, options);
      if (there !== undefined) throw taken({ ...why, path: target }, there.kind);
      await checkFolders(folderOf(target), why, options);
      await keepFolder(folderOf(path), options);
      const at = { ...options, why: { ...why, path: target } };
      if (found.kind === "file") {
        if (!await moveObject(backend, path, { ...at, to: target })) throw missing(why, "anything");
        return;
      }
      if (found.kind === "link") {
        const info = await backend.head(linkKey(path), options);
        const text = await readText(path, options);
        if (info === undefined || text === undefined) throw missing(why, "anything");
        await writeLink(target, movedText(text, path, target), at.why, options);
        return await maybeChanged(removeLink(info, why, options));
      }
      const keys: string[] = [];
      for await (const entry of backend.list(below(path), options)) {
        if (!isPrefix(entry)) keys.push(entry.key);
      }
      await forEachAtOnce(
        keys,
        (key) =>
          moveObject(backend, key, { ...at, to: joinPath(target, key.slice(path.length + 1)) }),
      );
    },

    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

function entryOf({ key, size, modifiedAt }: ObjectInfo): FileEntry {
  return { path: key, kind: "file", size, modifiedAt };
}

/** A folder's name counts with its `/`, as in listings of objects. */
function compareEntries(a: FileEntry, b: FileEntry): number {
  const [x, y] = [a, b].map(({ path, kind }) => kind === "folder" ? `${path}/` : path);
  return compareUtf8(x, y);
}

/** What other programs put into the bucket may have no path here. */
function isPath(key: string): boolean {
  try {
    return key !== "" && parsePath(key) === key;
  } catch {
    return false;
  }
}

async function firstKeys(
  backend: Backend,
  prefix: string,
  options: CallOptions,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of backend.list(prefix, { limit: 3, ...options })) {
    if (!isPrefix(entry)) keys.push(entry.key);
  }
  return keys;
}

function noBackend(given: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "create file store",
    state: `${described(given)} is no backend`,
    hint: 'Give it { backend: await openBackend("s3://bucket/prefix") }.',
  });
}
