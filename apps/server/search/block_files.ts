// The files of a search index, which one process after another reads and adds to: blocks, and the
// list of those that count. Each process appends to a file of its own, and replaces the list as a
// whole. All of it can be made again: what is missing, damaged, or of another registry or another
// release is read from the store.
import { crc32 } from "node:zlib";
import { type FileHandle, mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { System } from "../../../mod.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { replaceFile } from "../../change_file.ts";
import { type Block, type KeptIndex, type StoredColumn, withoutDamaged } from "./stored_block.ts";

/** Another release that keeps something else has another format. */
const FORMAT = "holdfast-search/1";
const LIST = "index";
const FILE = /^[0-9a-f-]{36}\.blocks$/;
/** Blocks of smaller files are written again if there are many such files, those of others early. */
const MOST_FILES = 32;
const SMALL_FILE = 64 * 1024 * 1024;
/** A process that runs uses its files more often than this. */
const ABANDONED_MS = 60 * 60_000;

export class BlockFiles {
  readonly #folder: string;
  readonly #registry: string;
  readonly #system: Pick<System, "id" | "now">;
  readonly #open = new Map<string, Promise<FileHandle>>();
  /** Sizes of files of other processes. */
  readonly #sizes = new Map<string, number>();
  /** The file of this process. */
  #own: { name: string; handle: FileHandle; size: number } | undefined;
  #listed = "";

  /** @param registry identifies the registry, at its location */
  constructor(
    { folder, registry, system }: {
      folder: string;
      registry: string;
      system: Pick<System, "id" | "now">;
    },
  ) {
    this.#registry = sha256(registry);
    this.#folder = join(folder, this.#registry.slice(0, 32));
    this.#system = system;
  }

  /** Returns the index that was kept last, without blocks that are gone. */
  async load(): Promise<KeptIndex | undefined> {
    const text = await readFile(join(this.#folder, LIST), "utf8").catch(() => "");
    const end = text.indexOf("\n");
    const list = text.slice(end + 1);
    if (end < 0 || sha256(list) !== text.slice(0, end)) return undefined;
    const { format, registry, readAt, blocks } = JSON.parse(list);
    if (format !== FORMAT || registry !== this.#registry) return undefined;
    const sizes = this.#sizes;
    for (const { file } of blocks as Block[]) {
      if (file === undefined || sizes.has(file)) continue;
      const size = FILE.test(file) ? await this.#sizeOf(file) : 0;
      sizes.set(file, size);
    }
    const isThere = ({ file = "", at = 0, size }: Block) => at + size <= (sizes.get(file) ?? 0);
    return { blocks: withoutDamaged(blocks, (block) => !isThere(block)), readAt };
  }

  async #sizeOf(file: string): Promise<number> {
    return await stat(join(this.#folder, file)).then(({ size }) => size, () => 0);
  }

  /** Returns the bytes of columns; undefined if they are not those that were written. */
  async read(
    { file = "", at = 0 }: Block,
    columns: readonly StoredColumn[],
  ): Promise<Uint8Array[] | undefined> {
    const [first] = columns, last = columns.at(-1);
    if (first === undefined || last === undefined) return [];
    try {
      const handle = await this.#handleOf(file);
      const read = async (from: number, length: number) => {
        const bytes = new Uint8Array(length);
        for (let filled = 0; filled < length;) {
          const position = at + from + filled;
          const { bytesRead } = await handle.read(bytes, filled, length - filled, position);
          if (bytesRead === 0) return undefined;
          filled += bytesRead;
        }
        return bytes;
      };
      const span = last.at + last.length - first.at;
      const wanted = columns.reduce((sum, { length }) => sum + length, 0);
      const whole = wanted * 2 > span ? await read(first.at, span) : undefined;
      const parts: Uint8Array[] = [];
      for (const { at, length, sum } of columns) {
        const part = whole?.subarray(at - first.at, at - first.at + length) ??
          await read(at, length);
        if (part === undefined || crc32(part) !== sum) return undefined;
        parts.push(part);
      }
      return parts;
    } catch {
      return undefined; // an unreadable file is as good as none
    }
  }

  async #handleOf(file: string): Promise<FileHandle> {
    if (this.#own?.name === file) return this.#own.handle;
    let handle = this.#open.get(file);
    if (handle === undefined) {
      handle = open(join(this.#folder, file), "r");
      this.#open.set(file, handle);
      handle.catch(() => this.#open.delete(file));
    }
    return await handle;
  }

  /** Writes blocks that are in memory, and the list of all. Returns them without their bytes. */
  async keep(blocks: readonly Block[], readAt: number | undefined): Promise<readonly Block[]> {
    const crowded = await this.#crowdedBy(blocks);
    const kept: Block[] = [];
    for (const block of blocks) {
      const isMoved = block.file !== undefined && crowded.has(block.file);
      const bytes = isMoved ? await this.#bytesOf(block) : block.bytes;
      kept.push(bytes === undefined ? block : await this.#append(block, bytes));
    }
    await this.#own?.handle.datasync();
    await this.#replaceList(kept, readAt);
    return kept;
  }

  /**
   * Returns files whose blocks are written again: those with few that count, small ones of many, and
   * those that were removed, as when the cache is cleared.
   */
  async #crowdedBy(blocks: readonly Block[]): Promise<Set<string>> {
    const counted = new Map<string, number>();
    for (const { file, size } of blocks) {
      if (file !== undefined) counted.set(file, (counted.get(file) ?? 0) + size);
    }
    const isMany = counted.size > MOST_FILES;
    const own = this.#own;
    if (own !== undefined && !counted.has(own.name)) counted.set(own.name, 0);
    const names = new Set<string>();
    for (const [file, bytes] of counted) {
      const isOwn = file === own?.name;
      const size = (isOwn ? own.size : this.#sizes.get(file)) ?? bytes;
      const isCrowded = size < SMALL_FILE ? isMany && !isOwn : bytes * 2 < size;
      if (isCrowded || await this.#sizeOf(file) === 0) names.add(file);
    }
    if (own !== undefined && names.has(own.name)) {
      this.#open.set(own.name, Promise.resolve(own.handle)); // for running searches
      this.#sizes.set(own.name, own.size);
      this.#own = undefined;
    }
    return names;
  }

  async #bytesOf(block: Block): Promise<Uint8Array | undefined> {
    const parts = await this.read(block, block.columns);
    if (parts === undefined) return undefined; // the next read of it finds out
    const bytes = new Uint8Array(block.size);
    for (const [i, { at }] of block.columns.entries()) bytes.set(parts[i]!, at);
    return bytes;
  }

  async #append(block: Block, bytes: Uint8Array): Promise<Block> {
    const own = this.#own ??= await this.#begin();
    const { first, last, count } = block;
    for (let written = 0; written < bytes.byteLength;) {
      const { bytesWritten } = await own.handle.write(
        bytes,
        written,
        bytes.byteLength - written,
        own.size + written,
      );
      written += bytesWritten;
    }
    const columns = block.columns.map(({ path, at, length }) => ({
      path,
      at,
      length,
      sum: crc32(bytes.subarray(at, at + length)),
    }));
    own.size += bytes.byteLength;
    const at = own.size - bytes.byteLength;
    return { first, last, count, columns, size: bytes.byteLength, file: own.name, at };
  }

  async #begin(): Promise<{ name: string; handle: FileHandle; size: number }> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const name = `${this.#system.id()}.blocks`;
    return { name, handle: await open(join(this.#folder, name), "wx+", 0o600), size: 0 };
  }

  async #replaceList(blocks: readonly Block[], readAt: number | undefined): Promise<void> {
    const list = JSON.stringify({ format: FORMAT, registry: this.#registry, readAt, blocks });
    if (list === this.#listed) return;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const content = `${sha256(list)}\n${list}`;
    replaceFile("keep the search index", join(this.#folder, LIST), { content, mode: 0o600 });
    this.#listed = list;
    await this.#removeAbandoned(new Set(blocks.map(({ file }) => file)));
  }

  /** Removes files that no longer count, and which no process has used for long. */
  async #removeAbandoned(listed: ReadonlySet<string | undefined>): Promise<void> {
    const before = this.#system.now() - ABANDONED_MS;
    for (const name of await readdir(this.#folder)) {
      if (name === LIST || name === this.#own?.name || listed.has(name)) continue;
      const path = join(this.#folder, name);
      try {
        if ((await stat(path)).mtimeMs > before) continue;
        await unlink(path);
      } catch {
        continue; // another process was faster
      }
      const handle = this.#open.get(name);
      this.#open.delete(name);
      await handle?.then((opened) => opened.close(), () => {});
    }
  }

  async close(): Promise<void> {
    const handles = await Promise.allSettled(this.#open.values());
    for (const handle of handles) if (handle.status === "fulfilled") await handle.value.close();
    this.#open.clear();
    await this.#own?.handle.close();
    this.#own = undefined;
  }
}
