// deno-lint-ignore-file require-await -- a fault must be a rejection
/**
 * Files in memory, for tests and temporary data: the reference of a file store.
 *
 * @module
 */
import { compareEntries } from "./paths/entries.ts";
import { bytesFile, contentBytes } from "../formats/content/content.ts";
import { inTheWay, intoItself, missing, notEmpty, taken } from "./paths/path_errors.ts";
import type { PathPlace } from "./paths/path_errors.ts";
import { folderOf, joinPath, nameOf, parsePath } from "../core/naming/paths.ts";
import { movedText, relativeTarget, targetOf } from "./paths/links.ts";
import type { CallOptions } from "../core/backend.ts";
import type { FileEntry, FileStore, FileToDecode, WriteFileOptions } from "../core/file_store.ts";
import { realSystem, type System } from "../core/system.ts";

type Content = Parameters<FileStore["write"]>[1];

type Folder = { kind: "folder"; entries: Map<string, Node> };
type Node = Folder | { kind: "file"; bytes: Uint8Array; modifiedAt: number } | {
  kind: "link";
  text: string;
};

/**
 * Creates a file store that lives as long as the object.
 *
 * @example
 * ```ts
 * import { createMemoryFiles } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * const files = createMemoryFiles();
 * await files.write("plate/A01.raw", Uint8Array.of(1, 2, 3));
 * const names = await Array.fromAsync(files.list("plate"), ({ path, size }) => [path, size]);
 * assertEquals(names, [["plate/A01.raw", 3]]);
 * ```
 */
export function createMemoryFiles(
  { system = realSystem, id = system.id() }: {
    /** Distinguishes stores in messages. @default a new id */
    id?: string;
    system?: System;
  } = {},
): FileStore {
  return new MemoryFiles(`memory:${id}`, system);
}

class MemoryFiles implements FileStore {
  readonly name = "memory";
  readonly location: string;
  readonly #system: System;
  readonly #root: Folder = { kind: "folder", entries: new Map() };

  constructor(location: string, system: System) {
    this.location = location;
    this.#system = system;
  }

  async stat(rawPath: string, { signal }: CallOptions = {}): Promise<FileEntry | undefined> {
    signal?.throwIfAborted();
    const path = parsePath(rawPath);
    const node = this.#find(path);
    return node && entryOf(path, node);
  }

  async *list(rawPath: string, { signal }: CallOptions = {}): AsyncGenerator<FileEntry> {
    const path = parsePath(rawPath);
    const folder = this.#find(path);
    if (folder?.kind !== "folder") throw missing(this.#place("list", path), "folder", folder?.kind);
    const entries = [...folder.entries].map(([name, node]) => entryOf(joinPath(path, name), node));
    for (const entry of entries.sort(compareEntries)) {
      signal?.throwIfAborted();
      yield entry;
    }
  }

  async open(rawPath: string, { signal }: CallOptions = {}): Promise<FileToDecode> {
    signal?.throwIfAborted();
    const path = parsePath(rawPath);
    const node = this.#find(path);
    if (node?.kind !== "file") throw missing(this.#place("open", path), "file", node?.kind);
    return bytesFile(path, node.bytes);
  }

  async write(
    rawPath: string,
    content: Content,
    { mode, signal }: WriteFileOptions = {},
  ): Promise<FileEntry> {
    const path = parsePath(rawPath);
    const place = this.#place("write", path);
    const bytes = await contentBytes(content, { signal });
    signal?.throwIfAborted();
    const occupant = this.#find(path);
    if (occupant?.kind === "folder") throw inTheWay(place, path, occupant.kind);
    if (occupant !== undefined && mode === "create") throw taken(place, occupant.kind);
    const node: Node = { kind: "file", bytes, modifiedAt: this.#system.now() };
    this.#folderAt(folderOf(path), place).entries.set(nameOf(path), node);
    return entryOf(path, node);
  }

  async createFolder(rawPath: string, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const path = parsePath(rawPath);
    this.#folderAt(path, this.#place("create folder", path));
  }

  async createLink(rawPath: string, target: string, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const path = parsePath(rawPath);
    const text = relativeTarget(path, parsePath(target));
    this.#add(path, { kind: "link", text }, this.#place("create link", path));
  }

  async remove(rawPath: string, { signal }: CallOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    const path = parsePath(rawPath);
    const node = this.#find(path);
    if (node === undefined) return false;
    if (node === this.#root || node.kind === "folder" && node.entries.size > 0) {
      throw notEmpty(this.#place("remove", path));
    }
    (this.#find(folderOf(path)) as Folder).entries.delete(nameOf(path));
    return true;
  }

  async move(from: string, to: string, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const [path, target] = [parsePath(from), parsePath(to)];
    const place = this.#place("move", path);
    const node = this.#find(path);
    if (node === undefined || node === this.#root) throw missing(place, "anything", node?.kind);
    if (target.startsWith(`${path}/`)) throw intoItself(place);
    const isLink = node.kind === "link";
    this.#add(target, isLink ? { ...node, text: movedText(node.text, path, target) } : node, place);
    (this.#find(folderOf(path)) as Folder).entries.delete(nameOf(path));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #place(action: string, path: string): PathPlace {
    return { action, path, location: this.location };
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path === "" ? [] : path.split("/")) {
      node = node?.kind === "folder" ? node.entries.get(name) : undefined;
    }
    return node;
  }

  /** Returns the folder at a path, after creating missing ones. */
  #folderAt(path: string, place: PathPlace): Folder {
    if (path === "") return this.#root;
    const above = this.#folderAt(folderOf(path), place);
    const node = above.entries.get(nameOf(path)) ?? { kind: "folder", entries: new Map() };
    if (node.kind !== "folder") throw inTheWay(place, path, node.kind);
    above.entries.set(nameOf(path), node);
    return node;
  }

  #add(path: string, node: Node, place: PathPlace): void {
    const occupant = this.#find(path);
    if (occupant !== undefined) throw taken({ ...place, path }, occupant.kind);
    this.#folderAt(folderOf(path), place).entries.set(nameOf(path), node);
  }
}

function entryOf(path: string, node: Node): FileEntry {
  if (node.kind === "folder") return { path, kind: "folder", size: 0 };
  if (node.kind === "link") {
    const target = targetOf(path, node.text);
    return { path, kind: "link", size: 0, ...(target === undefined ? {} : { target }) };
  }
  return { path, kind: "file", size: node.bytes.byteLength, modifiedAt: node.modifiedAt };
}
