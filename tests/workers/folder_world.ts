// A registry in a folder with a large file, which threads read.
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import type { OpenOptions } from "../../core/registry.ts";
import { localPath, openRegistry, type Registry } from "../../mod.ts";
import { verifyRegistry, type VerifyReport } from "../../apps/maintenance.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";

const MIB = 1024 * 1024;
/** Threads verify files of 64 MiB or more. Of 68 MiB the last piece, too, has more than a MiB. */
export const SIZE: number = 68 * MIB + 12_345;
/** Threads download versions of 128 MiB or more from a folder. */
export const DOWNLOADED: number = SIZE + 64 * MIB;
/** Pieces of files of {@linkcode SIZE}, each of 8 MiB. */
export const PIECES = 9;

/** Compares a large file a block at a time: memory for all of it costs more time than reading it. */
export function assertFileHas(path: string, bytes: Uint8Array): void {
  assertEquals(fs.statSync(path).size, bytes.byteLength);
  const block = Buffer.alloc(MIB);
  const file = fs.openSync(path, "r");
  try {
    for (let at = 0; at < bytes.byteLength;) {
      const read = fs.readSync(file, block, 0, MIB, at);
      const isSame = block.subarray(0, read).equals(bytes.subarray(at, at + read));
      assert(isSame && read > 0, `bytes from ${at} on are others`);
      at += read;
    }
  } finally {
    fs.closeSync(file);
  }
}

/** A registry in a folder with one large file. */
export class FolderWorld implements AsyncDisposable {
  readonly root: TempRoot;
  readonly folder: string;
  /** The file of the object. */
  object = "";
  readonly bytes: Uint8Array;

  private constructor(root: TempRoot, size: number) {
    this.root = root;
    this.bytes = new Uint8Array(size);
    this.folder = root.join("registry");
  }

  static async create(size = SIZE): Promise<FolderWorld> {
    const world = new FolderWorld(await tempRoot(), size);
    randomFillSync(world.bytes).fill(0, 20 * MIB, 23 * MIB);
    fs.writeFileSync(world.root.join("source"), world.bytes);
    await using registry = await world.open();
    await registry.save("big", localPath(world.root.join("source")));
    for (const path of fs.readdirSync(world.folder, { recursive: true, encoding: "utf8" })) {
      const file = join(world.folder, path);
      if (fs.statSync(file).size === size) world.object = file;
    }
    return world;
  }

  /** Gives the object its bytes again. */
  reset(): void {
    const intact = this.root.join("intact");
    fs.writeFileSync(intact, this.bytes);
    fs.renameSync(intact, this.object);
  }

  /** Replaces the object by one with a wrong byte. */
  replace(at: number): void {
    const other = this.root.join("other");
    fs.copyFileSync(this.object, other);
    const file = fs.openSync(other, "r+");
    fs.writeSync(file, Uint8Array.of(this.bytes[at]! ^ 1), 0, 1, at);
    fs.closeSync(file);
    fs.renameSync(other, this.object);
  }

  async open(options: OpenOptions = {}): Promise<Registry> {
    return await openRegistry(this.folder, { durability: "os", threads: 2, ...options });
  }

  async verify(threads: number): Promise<VerifyReport> {
    await using registry = await this.open({ threads });
    return await verifyRegistry(registry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.root.remove();
  }
}
