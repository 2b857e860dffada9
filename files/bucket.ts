/**
 * Files in a bucket, or in any other object store: each is an object whose key is its path.
 *
 * Two kinds of objects represent what buckets lack: `FOLDER/.holdfast-folder`, empty, marks a
 * folder that was created or became empty; `FOLDER/.holdfast-link/NAME` contains the relative
 * target of a link. Other programs see the files as they are.
 *
 * @module
 */
import { type Backend, type CallOptions, isPrefix, type ObjectInfo } from "../core/backend.ts";
import { invalid } from "../core/errors.ts";
import { contentSize, contentStream } from "../formats/content/content.ts";
import { inTheWay, intoItself, missing, notEmpty, taken } from "./paths/path_errors.ts";
import type { PathPlace } from "./paths/path_errors.ts";
import { folderOf, joinPath, nameOf, OWN_PREFIX, parsePath } from "../core/naming/paths.ts";
import { movedText, relativeTarget, targetOf } from "./paths/links.ts";
import type { FileEntry, FileStore, FileToDecode, WriteFileOptions } from "../core/file_store.ts";
import { described } from "../core/text/described.ts";
import { forEachAtOnce, mapAtOnce } from "../core/work/at_once.ts";
import { inStep } from "../core/work/in_step.ts";
import { compareEntries, isPath } from "./paths/entries.ts";
import {
  changedObject,
  fileOf,
  isSame,
  maybeChanged,
  moveObject,
  removeBelow,
} from "./bucket/objects.ts";

type Content = Parameters<FileStore["write"]>[1];

/** Options of {@linkcode createBucketFiles}. */
export interface BucketFilesOptions {
  /** The objects. The file store disposes of it. */
  backend: Backend;
  /** The kind of the store. @default the kind of the backend */
  name?: string;
  /** Receives the keys that a listing leaves out, because they are not paths; none without content. */
  onIgnored?(key: string): void;
}

const FOLDER_MARK = `${OWN_PREFIX}folder`;
const LINKS = `${OWN_PREFIX}link`;

/** Longer than any link between two paths. */
const MAX_LINK_BYTES = 4096;

const below = (folder: string) => folder === "" ? "" : `${folder}/`;
const linkKey = (path: string) => joinPath(folderOf(path), `${LINKS}/${nameOf(path)}`);

/**
 * Creates a file store over an object store. A write is atomic, and of several programs that create
 * a file one succeeds. A move copies and removes file by file.
 *
 * @example
 * ```ts
 * import { createBucketFiles } from "@holdfast/holdfast/files";
 * import { openBackend } from "@holdfast/holdfast/backends";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = await openBackend("memory:"); // or "s3://bucket/prefix"
 * await using files = createBucketFiles({ backend });
 * await files.write("plate/A01.raw", Uint8Array.of(1, 2, 3));
 * assertEquals((await backend.head("plate/A01.raw"))?.size, 3);
 * ```
 */
export function createBucketFiles(options: BucketFilesOptions): FileStore {
  const { backend } = options;
  if (typeof backend?.get === "function") return new BucketFiles(options);
  throw invalid("create file store", undefined, `${described(backend)} is not a backend`, {
    hint: 'Pass { backend: await openBackend("s3://bucket/prefix") }.',
  });
}

class BucketFiles implements FileStore {
  readonly name: string;
  readonly location: string;
  readonly #backend: Backend;
  readonly #onIgnored: BucketFilesOptions["onIgnored"];

  constructor({ backend, name = backend.kind, onIgnored }: BucketFilesOptions) {
    this.#onIgnored = onIgnored;
    this.name = name;
    this.location = backend.location;
    this.#backend = backend;
  }

  async stat(path: string, options: CallOptions = {}): Promise<FileEntry | undefined> {
    const parsed = parsePath(path);
    options.signal?.throwIfAborted();
    return await this.#find(parsed, options);
  }

  async *list(rawPath: string, options: CallOptions = {}): AsyncGenerator<FileEntry> {
    const folder = parsePath(rawPath);
    const objects = this.#listObjects(folder, this.#place("list", folder), options);
    const links = this.#listLinks(folder, options);
    for await (const [object, link] of inStep(objects, links, compareEntries)) {
      yield (object ?? link)!; // a file has replaced a link of the same path
    }
  }

  async open(rawPath: string, { signal }: CallOptions = {}): Promise<FileToDecode> {
    const path = parsePath(rawPath);
    signal?.throwIfAborted();
    const object = path === "" ? undefined : await this.#backend.head(path, { signal });
    if (object !== undefined) return fileOf(this.#backend, object, { signal });
    throw missing(this.#place("open", path), "file", (await this.#find(path, { signal }))?.kind);
  }

  async write(
    rawPath: string,
    content: Content,
    { mode = "overwrite", signal }: WriteFileOptions = {},
  ): Promise<FileEntry> {
    const path = parsePath(rawPath);
    const place = this.#place("write", path);
    signal?.throwIfAborted();
    if (path === "") throw inTheWay(place, path, "folder");
    const [link, isThere] = await Promise.all([
      this.#backend.head(linkKey(path), { signal }),
      this.#isFolder(path, { signal }),
      this.#checkFolders(folderOf(path), place, { signal }),
    ]);
    if (isThere) throw inTheWay(place, path, "folder");
    if (link !== undefined && mode === "create") throw taken(place, "link");
    const body = content instanceof Uint8Array || content instanceof Blob
      ? content
      : contentStream(content);
    const result = await this.#backend.put(path, body, {
      mode,
      size: contentSize(content),
      signal,
    });
    if (!result.written) throw taken(place, "file");
    if (link !== undefined) await maybeChanged(this.#removeLink(link, place, { signal }));
    return entryOf(result.info);
  }

  async createFolder(rawPath: string, options: CallOptions = {}): Promise<void> {
    const path = parsePath(rawPath);
    await this.#checkFolders(path, this.#place("create folder", path), options);
    await this.#keepFolder(path, options);
  }

  async createLink(rawPath: string, target: string, options: CallOptions = {}): Promise<void> {
    const path = parsePath(rawPath);
    const parsed = parsePath(target);
    const place = this.#place("create link", path);
    const [occupant] = await Promise.all([
      this.#find(path, options),
      this.#checkFolders(folderOf(path), place, options),
    ]);
    if (occupant !== undefined) throw taken(place, occupant.kind);
    await this.#writeLink(place, relativeTarget(path, parsed), options);
  }

  async remove(rawPath: string, options: CallOptions = {}): Promise<boolean> {
    const path = parsePath(rawPath);
    const entry = await this.#find(path, options);
    if (entry === undefined) return false;
    let keys = [entry.kind === "link" ? linkKey(path) : path];
    // A link that the file replaced reappears if its writer died before it removed the link.
    if (entry.kind === "file" && await this.#backend.head(linkKey(path), options) !== undefined) {
      keys.unshift(linkKey(path));
    }
    if (entry.kind === "folder") {
      // Other programs mark a folder by an object with its name and a "/".
      const marks = new Set([below(path), joinPath(path, FOLDER_MARK)]);
      keys = await firstKeys(this.#backend, below(path), options);
      if (path === "" || keys.some((key) => !marks.has(key))) {
        throw notEmpty(this.#place("remove", path));
      }
    }
    await this.#keepFolder(folderOf(path), options);
    for (const key of keys) await maybeChanged(this.#backend.delete(key, options));
    return true;
  }

  async removeFolder(rawPath: string, options: CallOptions = {}): Promise<void> {
    const path = parsePath(rawPath);
    options.signal?.throwIfAborted();
    await this.#keepFolder(folderOf(path), options);
    await maybeChanged(removeBelow(this.#backend, below(path), options));
  }

  async move(from: string, to: string, options: CallOptions = {}): Promise<void> {
    const [path, target] = [parsePath(from), parsePath(to)];
    const place = this.#place("move", path);
    const source = await this.#find(path, options);
    if (source === undefined || path === "") throw missing(place, "anything");
    if (target.startsWith(`${path}/`)) throw intoItself(place);
    const targetPlace = { ...place, path: target };
    const occupant = await this.#find(target, options);
    if (occupant !== undefined) throw taken(targetPlace, occupant.kind);
    await this.#checkFolders(folderOf(target), place, options);
    await this.#keepFolder(folderOf(path), options);
    if (source.kind === "link") return await this.#moveLink(place, targetPlace, options);
    if (source.kind === "folder") return await this.#moveFolder(place, targetPlace, options);
    const isMoved = await moveObject(this.#backend, path, {
      to: target,
      place: targetPlace,
      ...options,
    });
    if (!isMoved) throw missing(place, "anything");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend[Symbol.asyncDispose]();
  }

  #place(action: string, path: string): PathPlace {
    return { action, path, location: this.location };
  }

  async #moveLink(place: PathPlace, targetPlace: PathPlace, options: CallOptions): Promise<void> {
    const { path } = place;
    const info = await this.#backend.head(linkKey(path), options);
    const text = await this.#readText(path, options);
    if (info === undefined || text === undefined) throw missing(place, "anything");
    await this.#writeLink(targetPlace, movedText(text, path, targetPlace.path), options);
    await maybeChanged(this.#removeLink(info, place, options));
  }

  async #moveFolder({ path }: PathPlace, place: PathPlace, options: CallOptions): Promise<void> {
    const keys: string[] = [];
    for await (const entry of this.#backend.list(below(path), options)) {
      if (!isPrefix(entry)) keys.push(entry.key);
    }
    await forEachAtOnce(keys, async (key) => {
      await moveObject(this.#backend, key, {
        to: joinPath(place.path, key.slice(path.length + 1)),
        place,
        ...options,
      });
    });
  }

  /** Returns the text of a link. Longer objects, from other programs, are broken links. */
  async #readText(path: string, options: CallOptions): Promise<string | undefined> {
    const object = await this.#backend.get(linkKey(path), options);
    if (object === undefined) return undefined;
    if (object.info.size <= MAX_LINK_BYTES) return new TextDecoder().decode(await object.bytes());
    await object.body.cancel();
    return "/";
  }

  async #readLink(path: string, options: CallOptions): Promise<FileEntry | undefined> {
    const text = await this.#readText(path, options);
    if (text === undefined) return undefined;
    const target = targetOf(path, text);
    return { path, kind: "link", size: 0, ...(target === undefined ? {} : { target }) };
  }

  async #isFolder(path: string, { signal }: CallOptions): Promise<boolean> {
    if (path === "") return true;
    for await (const _ of this.#backend.list(below(path), { limit: 1, signal })) return true;
    return false;
  }

  async #find(path: string, options: CallOptions): Promise<FileEntry | undefined> {
    if (path === "") return { path, kind: "folder", size: 0 };
    const [file, link, folder] = await Promise.all([
      this.#backend.head(path, options),
      this.#readLink(path, options),
      this.#isFolder(path, options),
    ]);
    if (file !== undefined) return entryOf(file);
    return link ?? (folder ? { path, kind: "folder", size: 0 } : undefined);
  }

  /** Throws if a path or one of its parents is not a folder. */
  async #checkFolders(path: string, place: PathPlace, options: CallOptions): Promise<void> {
    const paths: string[] = [];
    for (let at = path; at !== ""; at = folderOf(at)) paths.push(at);
    await forEachAtOnce(paths, async (at) => {
      const [file, link] = await Promise.all([
        this.#backend.head(at, options),
        this.#backend.head(linkKey(at), options),
      ]);
      if (file !== undefined || link !== undefined) {
        throw inTheWay(place, at, file === undefined ? "link" : "file");
      }
    });
  }

  /** Marks a folder, so that it stays when it becomes empty. */
  async #keepFolder(path: string, { signal }: CallOptions): Promise<void> {
    if (path === "") return;
    const mark = joinPath(path, FOLDER_MARK);
    await this.#backend.put(mark, new Uint8Array(), { mode: "create", signal });
  }

  async #writeLink(place: PathPlace, text: string, options: CallOptions): Promise<void> {
    const { written } = await this.#backend.put(
      linkKey(place.path),
      new TextEncoder().encode(text),
      { mode: "create", ...options },
    );
    if (!written) throw taken(place, "link");
  }

  /** Removes a link that was replaced or moved, unless another program has saved a new one. */
  async #removeLink(link: ObjectInfo, place: PathPlace, options: CallOptions): Promise<void> {
    const now = await this.#backend.head(link.key, options);
    if (now === undefined) return;
    if (!isSame(now, link)) throw changedObject(this.#backend, place);
    await this.#backend.delete(link.key, { ifEtag: link.etag, signal: options.signal });
  }

  async *#listLinks(folder: string, options: CallOptions): AsyncGenerator<FileEntry> {
    const paths = this.#linkPaths(folder, options);
    const running = new Set<Promise<unknown>>();
    const readNext = (path: string) => {
      const link = this.#readLink(path, options);
      running.add(link);
      link.catch(() => {}).finally(() => running.delete(link));
      return link;
    };
    try {
      for await (const link of mapAtOnce(paths, readNext)) if (link !== undefined) yield link;
    } finally {
      await Promise.allSettled(running); // no request outlives the listing
    }
  }

  async *#linkPaths(folder: string, options: CallOptions): AsyncGenerator<string> {
    const prefix = `${joinPath(folder, LINKS)}/`;
    for await (const entry of this.#backend.list(prefix, { delimiter: "/", ...options })) {
      const name = isPrefix(entry) ? "" : entry.key.slice(prefix.length);
      if (isPath(name)) yield joinPath(folder, name);
    }
  }

  /** Lists files and folders. Throws if the folder does not exist: then it has not even a mark. */
  async *#listObjects(
    folder: string,
    place: PathPlace,
    options: CallOptions,
  ): AsyncGenerator<FileEntry> {
    const prefix = below(folder);
    let isThere = folder === "";
    for await (const entry of this.#backend.list(prefix, { delimiter: "/", ...options })) {
      isThere = true;
      const path = isPrefix(entry) ? entry.prefix.slice(0, -1) : entry.key;
      if ([FOLDER_MARK, LINKS].includes(nameOf(path))) continue;
      if (!isPath(path)) {
        if (isPrefix(entry)) this.#onIgnored?.(entry.prefix);
        else if (entry.size > 0) this.#onIgnored?.(path);
        continue;
      }
      yield isPrefix(entry) ? { path, kind: "folder", size: 0 } : entryOf(entry);
    }
    if (!isThere) throw missing(place, "folder", (await this.#find(folder, options))?.kind);
  }
}

function entryOf({ key, size, modifiedAt }: ObjectInfo): FileEntry {
  return { path: key, kind: "file", size, modifiedAt };
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
