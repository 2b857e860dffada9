// A save does not read what the last one has read, and still stores exactly what is there.
import { assert, assertEquals } from "@std/assert";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { StoredFile } from "../../../core/record.ts";
import type { Registry, SaveOptions } from "../../../core/registry.ts";
import { realSystem } from "../../../core/system.ts";
import { DiskContent } from "../../../disk/disk_file.ts";
import type { LocalPathOptions } from "../../../materializers/mod.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import { SeenFiles, showsChanges } from "../../../registry/payload/seen_files.ts";
import type { NoteKeeper } from "../../../registry/payload/unfinished.ts";
import { createRandom } from "../../simulate/random.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { seedRange } from "../../support/seeds.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { noise } from "../registries.ts";

const MIB = 2 ** 20;

/** In memory (tmpfs) each save reads everything. */
const ON_DISK = { ignore: !showsChanges(tmpdir()) };

/** A clock ten minutes ahead: everything on the disk looks old. */
const LATER = { ...realSystem, now: () => realSystem.now() + 600_000 };

/** Saves a folder, and returns the files that were read for it. */
async function readIn(
  registry: Registry,
  path: string,
  options: LocalPathOptions = {},
  how: SaveOptions = {},
): Promise<string[]> {
  const read = new Set<string>();
  const { bytes, chunks } = DiskContent.prototype;
  Object.assign(DiskContent.prototype, {
    bytes(this: DiskContent) {
      read.add(basename(this.file.path));
      return bytes.call(this);
    },
    chunks(this: DiskContent, options?: Parameters<typeof chunks>[0]) {
      read.add(basename(this.file.path));
      return chunks.call(this, options);
    },
  });
  try {
    await registry.save("data", localPath(path, options), how);
  } finally {
    Object.assign(DiskContent.prototype, { bytes, chunks });
  }
  return [...read].sort();
}

async function fill(folder: string): Promise<void> {
  for (const n of [1, 2, 3]) await fs.writeFile(join(folder, `large${n}`), noise(5 * MIB, n));
  for (const n of [4, 5, 6]) await fs.writeFile(join(folder, `small${n}`), noise(100_000, n));
}

testInRoot("a save reads only the files that changed", async (root) => {
  for (const where of ["memory", "folder"]) {
    const folder = root.join(where);
    await fs.mkdir(folder);
    await fill(folder);
    const registry = await openRegistry(
      where === "memory" ? createMemoryBackend() : root.join("registry"),
      { system: LATER, cache: { path: root.join("cache") } },
    );
    const all = ["large1", "large2", "large3", "small4", "small5", "small6"];
    assertEquals(await readIn(registry, folder), all);
    assertEquals(await readIn(registry, folder), []);
    await fs.writeFile(join(folder, "large2"), noise(5 * MIB, 22));
    await fs.rename(join(folder, "small5"), join(folder, "small9"));
    assertEquals(await readIn(registry, folder), ["large2", "small9"]);
    assertEquals(await readIn(registry, folder), []);
    const again = await readIn(registry, folder, { readAll: true });
    assertEquals(again, all.with(4, "small6").with(5, "small9"));
    for (const { path, sha256: digest } of (await registry.info("data")).files) {
      assertEquals(digest, sha256(await fs.readFile(join(folder, path))), path);
    }
    await registry[Symbol.asyncDispose]();
  }
}, ON_DISK);

testInRoot("a save that is skipped remembers what it has read", async (root) => {
  const folder = root.join("data");
  await fs.mkdir(folder);
  await fill(folder);
  const options = { system: LATER, cache: { path: root.join("cache") } };
  const registry = await openRegistry(root.join("registry"), options);
  await registry.save("data", localPath(folder));
  await registry.clearCache();
  const skipped = { skipIfUnchanged: true };
  assertEquals((await readIn(registry, folder, {}, skipped)).length, 6);
  assertEquals(await readIn(registry, folder, {}, skipped), []);
  await registry[Symbol.asyncDispose]();
}, ON_DISK);

testInRoot("a note that cannot be written or read costs nothing else", async (root) => {
  const folder = root.join("data");
  await fs.mkdir(folder);
  await fill(folder);
  const { stringify, parse } = JSON;
  const registry = await openRegistry(root.join("registry"), {
    system: LATER,
    cache: { path: root.join("cache") },
  });
  const isNote = (value: unknown) => Object.hasOwn(Object(value), "root");
  try {
    JSON.stringify = (value: unknown, ...rest: []) => {
      if (isNote(value)) throw new RangeError("Invalid string length");
      return stringify(value, ...rest);
    };
    await registry.save("data", localPath(folder));
    JSON.stringify = stringify;
    await registry.save("data", localPath(folder));
    JSON.parse = (text: string, ...rest: []) => {
      const value = parse(text, ...rest);
      return isNote(value) ? { of: "another release", files: [1] } : value;
    };
    await registry.save("data", localPath(folder));
  } finally {
    Object.assign(JSON, { stringify, parse });
  }
  for (const version of ["1.0.0", "2.0.0", "3.0.0"]) {
    const to = root.join(version);
    await registry.download(`data@${version}`, { to });
    assertEquals(await fs.readFile(join(to, "large1")), await fs.readFile(join(folder, "large1")));
  }
  await registry[Symbol.asyncDispose]();
}, ON_DISK);

testInRoot("files that changed just now are read again", async (root) => {
  const folder = root.join("data");
  await fs.mkdir(folder);
  await fill(folder);
  const options = { cache: { path: root.join("cache") } };
  const registry = await openRegistry(createMemoryBackend(), options);
  const first = await readIn(registry, folder);
  assertEquals(await readIn(registry, folder), first);
  await registry[Symbol.asyncDispose]();
});

testInRoot("whatever happens to files, a save stores what is there", async (root) => {
  const random = createRandom(7);
  const folder = root.join("data");
  await fs.mkdir(folder);
  await fill(folder);
  const registry = await openRegistry(createMemoryBackend(), {
    system: LATER,
    cache: { path: root.join("cache") },
  });
  let time = 1_000_000_000; // seconds, of modifications: no two are equal
  const write = async (path: string, size: number) => {
    await fs.writeFile(path, noise(size, time));
    await fs.utimes(path, time, time++);
  };
  const changes: ((path: string, other: string) => Promise<unknown>)[] = [
    async (path) => await write(path, (await fs.stat(path)).size),
    (path) => write(path, 100_000 + random.int(MIB)),
    (path) => fs.truncate(path, random.int(100_000)),
    (path, other) => path === other ? fs.rm(path) : fs.rename(path, other),
    async (path, other) => {
      const { mtime } = await fs.stat(path);
      await fs.copyFile(path, `${other}.copy`);
      await fs.utimes(`${other}.copy`, mtime!, mtime!);
    },
    async (path) => {
      await fs.rm(path);
      await fs.symlink("large1", path);
    },
    (path) => fs.link(path, `${path}.link`).catch(() => {}),
    (path) => write(`${path}.new`, 3 * MIB),
  ];
  let unread = 0;
  for (let save = 0; save < 25; save++) {
    for (let n = random.int(4); n > 0; n--) {
      const names = await fs.readdir(folder);
      if (names.length < 3) await fill(folder);
      const path = () => join(folder, random.pick(names));
      await random.pick(changes)(path(), path()).catch((error) => {
        if (!["ENOENT", "EEXIST"].includes(error.code)) throw error; // of a link without target
      });
    }
    const read = await readIn(registry, folder);
    const { files } = await registry.info("data");
    unread += files.length - read.length;
    for (const { path, sha256: digest, mode } of files) {
      const bytes = mode === "link"
        ? new TextEncoder().encode(await fs.readlink(join(folder, path)))
        : await fs.readFile(join(folder, path));
      assertEquals(digest, sha256(bytes), path);
    }
  }
  await registry[Symbol.asyncDispose]();
  assert(unread > 50, "hardly any file was left unread");
}, ON_DISK);

/** A file of a disk in a model: a change time in whole seconds, and delayed times of mapped files. */
interface ModelFile {
  ino: number;
  size: number;
  mtimeMs: number;
  ctimeMs: number;
  content: string;
  /** Linux has not written its mapped pages yet. */
  dirtyUntil: number;
}

/** A disk of the model. Its note lies on it if the cache does. */
interface ModelDisk {
  files: Map<string, ModelFile>;
  note?: Uint8Array;
}

/** Places of the notes; the system shows which disk is mounted, or does not. */
const CACHES = ["another disk", "the same disk", "an unknown disk"] as const;

for (const cache of CACHES) {
  Deno.test(`a remembered digest is that of the file, whatever is mounted (${cache})`, async () => {
    const { firstSeed, seeds } = seedRange(200);
    let found = 0;
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      found += await playDisks(seed, cache);
    }
    if (cache === "an unknown disk") assertEquals(found, 0);
    else assert(found > seeds / 2, `hardly any file was remembered: ${found}`);
  });
}

/** Changes, swaps and saves disks; returns how many files a save need not have read. */
async function playDisks(seed: number, cache: typeof CACHES[number]): Promise<number> {
  const random = createRandom(seed);
  const { dev } = await fs.lstat(REPOSITORY); // of the bay: all disks have this number
  let now = 1e12, edits = 0, found = 0, mounts = 0, outside: Uint8Array | undefined;
  const disks: ModelDisk[] = [{ files: new Map() }];
  let disk = disks[0]!;
  const isOnDisk = cache === "the same disk";
  const keeper: NoteKeeper = {
    read: () => Promise.resolve(isOnDisk ? disk.note : outside),
    write(bytes) {
      if (isOnDisk) disk.note = bytes;
      else outside = bytes;
      return Promise.resolve();
    },
    remove: () => Promise.resolve(),
  };
  const diskOf = () =>
    isOnDisk ? "that of the note" : cache === "another disk" ? `mount ${mounts}` : undefined;
  /** Mounts a disk of the same bay: one of before, or an image with the same inodes and times. */
  const swap = () => {
    mounts++;
    if (random.chance(0.5)) return disk = random.pick(disks);
    const files = structuredClone(disk.files);
    for (const file of files.values()) if (random.chance(0.7)) file.content = `${edits++}`;
    return disks.push(disk = { files });
  };
  const touched = () => ({ mtimeMs: now, ctimeMs: Math.floor(now / 1000) * 1000 });
  const edit = (name: string) => {
    const { files } = disk;
    const old = files.get(name) ?? { ino: 1 + random.int(3), size: 0, dirtyUntil: 0, ...touched() };
    const content = `${edits++}`;
    const sameSize = { ...old, size: old.size || 2 ** 24, content };
    const isMapped = now < old.dirtyUntil;
    files.set(
      name,
      random.pick<() => ModelFile>([
        () => ({ ...sameSize, ...touched() }),
        () => ({ ...sameSize, ...touched(), mtimeMs: old.mtimeMs }),
        () => ({ ...sameSize, ...touched(), size: 2 ** 24 + random.int(2) }),
        () => ({ ...sameSize, ...touched(), ino: 1 + random.int(3), mtimeMs: old.mtimeMs }),
        () => isMapped ? sameSize : { ...sameSize, ...touched(), dirtyUntil: now + 35_000 },
      ])(),
    );
  };
  const wait = () => void (now += random.pick([0, 1, 300, 1000, 20_000, 61_000, 3_600_000]));
  for (let step = 0; step < 30; step++) {
    while (random.chance(0.6)) {
      edit(random.pick(["a", "b", "c"]));
      wait();
    }
    if (random.chance(0.3)) swap();
    const seen = (await SeenFiles.open(keeper, now, diskOf))!;
    wait();
    const looked = structuredClone([...disk.files]);
    if (random.chance(0.2) && disk.files.size > 0) edit(random.pick([...disk.files.keys()]));
    if (!isOnDisk && random.chance(0.1)) swap(); // a cache on it would be swapped with it
    wait();
    let failed = false;
    for (const [path, { ino, size, mtimeMs, ctimeMs, content }] of looked) {
      const state = { dev: path === "c" ? dev + 1 : dev, ino, size, mtimeMs, ctimeMs };
      const file: StoredFile = { path, size, sha256: "" };
      const source = new DiskContent({ path: `${REPOSITORY}${path}`, state });
      const digest = seen.find(source, file);
      if (digest !== undefined) {
        assertEquals(digest, content, `seed ${seed}`);
        assert(path !== "c", "a file on another disk was remembered");
        found++;
      }
      const real = disk.files.get(path);
      const isSame = real?.ino === ino && real.size === size && real.mtimeMs === mtimeMs &&
        real.ctimeMs === ctimeMs;
      if (digest === undefined && !isSame) failed = true; // "it changed while it was read"
      file.sha256 = digest ?? real?.content ?? "";
      if (!isOnDisk && random.chance(0.05)) swap(); // while files are read
    }
    if (!failed) await seen.end();
    wait();
  }
  return found;
}
