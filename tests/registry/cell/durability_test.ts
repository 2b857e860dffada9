import { assert, assertEquals, assertRejects } from "@std/assert";
import fs from "node:fs";
import { dirname } from "node:path";
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { keyFile } from "../../backends/local/key_file.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { fileSet } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";

/** The state after a power cut, derived from the calls to the file system. */
interface Disk {
  readonly calls: string[];
  /** Returns true if a file, its name and all its folders are durable. */
  isSafe(path: string): boolean;
  /** Called before a file gets its key. */
  beforeLink?: (path: string) => void;
  /** Called before a file or folder is synced. May throw. */
  beforeSync?: (path: string) => void;
}

interface Watched {
  readonly disk: Disk;
  readonly root: string;
  /** Opens the registry, with or without syncs. */
  open(durability?: "disk" | "os"): Promise<StoredRegistry>;
  /** Throws if a key would not survive a power cut. */
  assertAllSafe(backend: Backend): Promise<void>;
}

/** Runs a test in a folder whose file system calls are watched. */
function test(sentence: string, body: (watched: Watched) => Promise<void>): void {
  Deno.test(sentence, () =>
    watched((disk, root) =>
      body({
        disk,
        root,
        open: (durability = "disk") =>
          openRegistry(createLocalBackend({ path: root, durability }), {
            mutable: true,
            retryForMs: 10_000,
          }),
        async assertAllSafe(backend) {
          for (const key of await keysOf(backend)) assert(disk.isSafe(keyFile(root, key)), key);
        },
      })
    ));
}

async function watched(body: (disk: Disk, root: string) => Promise<void>): Promise<void> {
  const real = { ...fs };
  const temp = await tempRoot();
  const root = `${temp.path}/registry`;
  const open = new Map<number, string>();
  // each name below the root: whether its folder was synced since
  const names = new Map<string, boolean>();
  // each file, by its inode: whether it was synced since it was written
  const contents = new Map<string, boolean>();
  const inode = (path: string) => String(real.statSync(path).ino);
  const disk: Disk = {
    calls: [],
    isSafe(path) {
      for (let name = path; name !== root; name = dirname(name)) {
        if (names.get(name) !== true) return false;
      }
      return contents.get(inode(path)) === true;
    },
  };
  const note = (call: string, path: string) =>
    void disk.calls.push(`${call} ${path.slice(root.length + 1)}`);
  const patched: Partial<typeof fs> = {
    openSync: (path, ...rest) => {
      const file = real.openSync(path, ...rest);
      open.set(file, String(path));
      return file;
    },
    writeSync: ((file: number, bytes: Uint8Array, offset: number, length: number) => {
      contents.set(inode(open.get(file)!), false);
      return real.writeSync(file, bytes, offset, length);
    }) as typeof fs.writeSync,
    mkdirSync: ((path: string, options: { recursive: true }) => {
      for (let name = path; !real.existsSync(name); name = dirname(name)) names.set(name, false);
      return real.mkdirSync(path, options);
    }) as typeof fs.mkdirSync,
    linkSync: (from, to) => {
      disk.beforeLink?.(String(to));
      real.linkSync(from, to);
      names.set(String(to), false);
      note("link", String(to));
    },
    renameSync: (from, to) => {
      real.renameSync(from, to);
      names.set(String(to), false);
      note("rename", String(to));
    },
    fsync: ((file: number, done: (error: Error | null) => void) => {
      const path = open.get(file)!;
      try {
        disk.beforeSync?.(path);
      } catch (error) {
        return done(error as Error);
      }
      const covered = [...names.keys()].filter((name) => dirname(name) === path);
      real.fsync(file, (error) => {
        for (const name of covered) names.set(name, true);
        if (real.statSync(path, { throwIfNoEntry: false })?.isFile()) {
          contents.set(inode(path), true);
        }
        note("sync", path);
        done(error);
      });
    }) as typeof fs.fsync,
  };
  Object.assign(fs, patched);
  try {
    await body(disk, root);
  } finally {
    for (const name of Object.keys(patched) as (keyof typeof fs)[]) {
      Object.assign(fs, { [name]: real[name] });
    }
    await temp.remove();
  }
}

const FILES = { one: noise(300_000), two: noise(300_000, 2), small: noise(70_000, 3) };

test("acknowledged data survives a power cut", async ({ open, assertAllSafe }) => {
  const registry = await open();
  const acknowledged = async (action: () => Promise<unknown>) => {
    await action();
    await assertAllSafe(registry.backend);
  };
  await acknowledged(() => Promise.resolve());
  await acknowledged(() => registry.save("a", "small"));
  await acknowledged(() => registry.save("a", FILES, { as: fileSet }));
  await acknowledged(() => registry.save("a", FILES, { as: fileSet, version: "7.0.0-rc.1" }));
  await acknowledged(() => registry.save("deep/name:x", "keyed", { idempotencyKey: "k" }));
  await acknowledged(() => registry.setAlias("a", "live", "1"));
  await acknowledged(() => registry.save("a", "over", { version: "1", onConflict: "overwrite" }));
  await acknowledged(() => registry.delete("a@2"));
});

test("payload is on the disk before its record is visible", async ({ disk, root, open }) => {
  const registry = await open();
  let looked = 0;
  disk.beforeLink = (path) => {
    if (!path.startsWith(`${root}/names/`)) return;
    looked++;
    for (
      const file of fs.readdirSync(`${root}/objects`, { recursive: true, withFileTypes: true })
    ) {
      if (file.isFile()) assert(disk.isSafe(`${file.parentPath}/${file.name}`), file.name);
    }
  };
  await registry.save("a", FILES, { as: fileSet });
  await registry.save("a", { ...FILES, more: noise(300_000, 9) }, { as: fileSet });
  assertEquals(looked, 2);
});

test("a record is whole on the disk before it gets its name", async ({ disk, open }) => {
  const registry = await open();
  disk.calls.length = 0;
  await registry.save("a", "one", { version: "1" });
  const link = disk.calls.findIndex((call) => call.startsWith("link names/"));
  assert(
    disk.calls.slice(0, link).some((call) => call.startsWith("sync .stage/")),
    disk.calls.join("\n"),
  );
});

test("durable folders are not synced again", async ({ disk, open }) => {
  const registry = await open();
  await registry.save("a", "one", { version: "1" });
  disk.calls.length = 0;
  await registry.save("a", "two", { version: "2" });
  const synced = disk.calls.filter((call) => call.startsWith("sync ") && !call.includes(".stage/"));
  assertEquals(synced, ["sync names/a"]); // a record is a file in the folder of its name
});

test("a loser makes the existing record durable before reporting it", async ({ disk, open }) => {
  await (await open("os")).save("a", "one", { version: "1234.5.6" });
  const registry = await open();
  disk.calls.length = 0;
  await rejected("AlreadyExists", registry.save("a", "two", { version: "1234.5.6" }));
  const [record] = await keysOf(registry.backend, "names/a/");
  for (let at = dirname(keyFile("", record)); at !== "."; at = dirname(at)) {
    assert(disk.calls.includes(`sync ${at}`), `${at}\n${disk.calls.join("\n")}`);
  }
});

test(`durability "os" does not sync`, async ({ disk, open }) => {
  const registry = await open("os");
  await registry.save("a", FILES, { as: fileSet });
  assertEquals(disk.calls.filter((call) => call.startsWith("sync")), []);
});

test("a disk that fails to sync a record's name is Unknown", async ({ disk, root, open }) => {
  const registry = await open();
  disk.beforeSync = (path) => {
    if (path.startsWith(`${root}/names/`)) {
      throw Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" });
    }
  };
  for (const value of ["small", noise(300_000)]) {
    const error = await rejected(
      "Unknown",
      registry.save("a", value, { idempotencyKey: `of ${value.length}` }),
    );
    assertEquals(error.maybeWritten, true);
  }
  await rejected("Unknown", registry.save("b", "small", { version: "1" }));
});

test("a disk that fails to sync payload fails the save", async ({ disk, root, open }) => {
  const registry = await open();
  for (const part of [".stage/", "objects"]) {
    disk.beforeSync = (path) => {
      if (path.startsWith(`${root}/${part}`)) {
        throw Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" });
      }
    };
    const error = await assertRejects(() => registry.save("a", noise(300_000), { version: "1" }));
    assert(isRegistryError(error, "Unavailable") && !error.maybeWritten);
  }
  assertEquals(await keysOf(registry.backend, "names/"), []);
  disk.beforeSync = undefined;
  await registry.save("a", noise(300_000), { version: "1" });
});

test("a writer whose stage file was collected stops", async ({ disk, root, open }) => {
  const registry = await open();
  for (const value of ["small", noise(300_000)]) {
    let links = 0;
    disk.beforeLink = (path) => {
      if (!path.startsWith(`${root}/names/`)) return;
      links++;
      for (const name of fs.readdirSync(`${root}/.stage`)) fs.unlinkSync(`${root}/.stage/${name}`);
    };
    const error = await rejected("Unknown", registry.save("a", value, { version: "1" }));
    assertEquals(error.maybeWritten, true);
    assert(links <= 100, "only the folder may be made again");
    assertEquals(fs.readdirSync(`${root}/.stage`), []);
  }
  assertEquals(await keysOf(registry.backend, "names/a/"), []);
  assertEquals((await keysOf(registry.backend, "objects/")).length, 1);
  disk.beforeLink = undefined;
  assertEquals((await registry.save("a", "again", { version: "1" })).version, "1.0.0");
});

test("garbage collection leaves live data durable", async ({ open, assertAllSafe }) => {
  const registry = await open();
  await registry.save("a", FILES, { as: fileSet });
  await registry.save("a", "over", { version: "1", onConflict: "overwrite" });
  await collectGarbage(registry);
  await assertAllSafe(registry.backend);
});
