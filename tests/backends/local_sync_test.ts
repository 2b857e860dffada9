import fs from "node:fs";
import { relative } from "node:path";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../core/backend.ts";
import { RegistryError } from "../../core/errors.ts";
import { assertHolds, assertMissing, sampleBytes, text } from "../conformance/backend/samples.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import { fsError, withPatchedFs } from "./patched_fs.ts";

function test(name: string, run: (backend: Backend, root: TempRoot) => Promise<void>): void {
  Deno.test(name, async () => {
    const root = await tempRoot();
    try {
      await run(createLocalBackend({ path: root.join("store") }), root);
    } finally {
      await root.remove();
    }
  });
}

/** The calls to the disk, in order. `stage` stands for a stage file. */
async function watched(root: TempRoot, run: () => Promise<unknown>): Promise<string[]> {
  const events: string[] = [];
  const names = new Map<number, string>();
  const nameOf = (path: string) =>
    relative(root.path, path).replace(/^store\/\.stage\/.+/, "stage") || ".";
  await withPatchedFs((real) => ({
    openSync: (path: string, flags: string) => {
      const file = real.openSync(path, flags);
      names.set(file, nameOf(path));
      return file;
    },
    writeSync: (file: number, ...rest: [Uint8Array]) => {
      events.push(`write ${names.get(file)}`);
      return real.writeSync(file, ...rest);
    },
    fsync: (file: number, done: (error: Error | null) => void) => {
      if (!names.get(file)!.startsWith("..")) events.push(`sync ${names.get(file)}`);
      real.fsync(file, done);
    },
    linkSync: (from, to) => {
      events.push(`link ${nameOf(String(to))}`);
      real.linkSync(from, to);
    },
    renameSync: (from, to) => {
      events.push(`rename ${nameOf(String(to))}`);
      real.renameSync(from, to);
    },
  }), run);
  return events;
}

test("put() syncs the bytes, links them, and syncs new folders", async (backend, root) => {
  const events = await watched(root, () => backend.put("a/b/c", text("x"), { mode: "create" }));
  assertEquals(events, [
    "sync .", // the name of the root itself
    "write stage",
    "sync stage",
    "link store/a/b/c",
    "sync store/a/b",
    "sync store/a",
    "sync store",
  ]);
});
test("put() syncs folders that another process replaced", async (backend, root) => {
  await backend.put("a/b/c", text("x"));
  fs.rmSync(root.join("store", "a"), { recursive: true });
  fs.mkdirSync(root.join("other"), { recursive: true }); // takes the number of a removed folder
  fs.mkdirSync(root.join("store", "a", "b"), { recursive: true });
  const events = await watched(root, () => backend.put("a/b/d", text("x")));
  assertEquals(events.slice(3), ["sync store/a/b", "sync store/a", "sync store"]);
});

test("put() syncs folders that another process created", async (backend, root) => {
  await createLocalBackend({ path: root.join("store"), durability: "os" }).put("a/b/c", text("x"));
  const events = await watched(root, () => backend.put("a/b/d", text("x")));
  assertEquals(events.slice(4), ["sync store/a/b", "sync store/a", "sync store"]);
});

test("a create that loses syncs the folder of the winner", async (backend, root) => {
  await createLocalBackend({ path: root.join("store"), durability: "os" }).put("a/b", text("x"));
  const events = await watched(root, () => backend.put("a/b", text("y"), { mode: "create" }));
  assertEquals(events, ["sync .", "sync store/a", "sync store"]);
});

test("put() with durability os does not sync", async (_, root) => {
  const backend = createLocalBackend({ path: root.join("store"), durability: "os" });
  const events = await watched(root, () => backend.put("a/b", text("x"), { mode: "create" }));
  assertEquals(events, ["write stage", "link store/a/b"]);
});

test("put() syncs large bodies", async (backend, root) => {
  const events = await watched(
    root,
    () => backend.put("a/b", sampleBytes(3_000_000), { mode: "create" }),
  );
  assertEquals(events, ["sync .", "sync stage", "link store/a/b", "sync store/a", "sync store"]);
});

test("bytes that fail to sync get no key", async (backend, root) => {
  await backend.put("a/old", text("x"));
  const fail = (_: number, done: (error: Error) => void) => done(fsError("EIO"));
  const error = await withPatchedFs(
    () => ({ fsync: fail }),
    () => assertRejects(() => backend.put("a/b", text("x"), { mode: "create" }), RegistryError),
  );
  assertEquals([error.code, error.maybeWritten], ["Unavailable", undefined]);
  await assertMissing(backend, "a/b");
  assertEquals(fs.readdirSync(root.join("store", ".stage")), []);
});

for (const code of ["EINVAL", "EBADF", "ENOTSUP", "ENOSYS"]) {
  test(`a disk that answers ${code} to syncs of folders is used`, async (backend) => {
    const isFolder = (file: number) => fs.fstatSync(file).isDirectory();
    await withPatchedFs((real) => ({
      fsync: (file: number, done: (error: Error | null) => void) =>
        isFolder(file) ? done(fsError(code)) : real.fsync(file, done),
    }), async () => {
      await backend.put("a/b", text("x"), { mode: "create" });
      await backend.sync!(["a/b"]);
    });
    await assertHolds(backend, "a/b", text("x"));
  });
}

test("objects in an image, which syncs nothing, are durable", async (backend, root) => {
  await unsynced(root).put("a/b", text("x"));
  const refuse = (_: number, done: (error: Error) => void) => done(fsError("EINVAL"));
  await withPatchedFs(() => ({ fsync: refuse }), () => backend.sync!(["a/b"]));
});

test("a disk that syncs no files is Unsupported", async (backend) => {
  const refused = fsError("EINVAL");
  const error = await withPatchedFs(
    () => ({ fsync: (_: number, done: (error: Error) => void) => done(refused) }),
    () => assertRejects(() => backend.put("a/b", text("x"), { mode: "create" }), RegistryError),
  );
  assertEquals([error.code, error.maybeWritten], ["Unsupported", undefined]);
  assertStringIncludes(error.hint!, 'durability: "os"');
});

test("a name that fails to sync is maybe written", async (backend) => {
  await backend.put("a/old", text("x"));
  let calls = 0;
  const error = await withPatchedFs(
    (real) => ({
      fsync: (file: number, done: (error: Error | null) => void) =>
        ++calls === 2 ? done(fsError("EIO")) : real.fsync(file, done),
    }),
    () => assertRejects(() => backend.put("a/b", text("x"), { mode: "create" }), RegistryError),
  );
  assertEquals([error.code, error.maybeWritten, error.key], ["Unknown", true, "a/b"]);
  await assertHolds(backend, "a/b", text("x"));
});

test("a folder that vanishes before its sync is not a failure", async (backend, root) => {
  await withPatchedFs(
    (real) => ({
      linkSync: (from, to) => {
        real.linkSync(from, to);
        real.rmSync(root.join("store", "a"), { recursive: true });
      },
    }),
    () => backend.put("a/b/c", text("x"), { mode: "create" }),
  );
  await assertMissing(backend, "a/b/c");
});

/** The state after another process that ended before it synced. */
const unsynced = (root: TempRoot) =>
  createLocalBackend({ path: root.join("store"), durability: "os" });

test("sync() syncs objects, then folders, and new parents", async (backend, root) => {
  const other = unsynced(root);
  for (const key of ["a/b/c", "a/b/d", "e/f"]) await other.put(key, text("x"));
  const sync = (...keys: string[]) => watched(root, () => backend.sync!(keys));
  assertEquals(await sync("a/b/c", "a/b/missing"), [
    "sync store/a/b/c",
    "sync .",
    "sync store/a/b",
    "sync store/a",
    "sync store",
  ]);
  assertEquals(await sync("a/b/d", "a/b/c"), [
    "sync store/a/b/d",
    "sync store/a/b/c",
    "sync store/a/b",
  ]);
  assertEquals(await sync("e/f"), ["sync store/e/f", "sync store/e", "sync store"]);
  assertEquals(await sync(), []);
});

Deno.test("durability os has no sync()", () => {
  const backend = createLocalBackend({ path: "store", durability: "os" });
  assertEquals(backend.sync, undefined);
});

/** Fails the first sync of this path. */
async function failingOnce(path: string, run: () => Promise<void>): Promise<void> {
  const names = new Map<number, string>();
  let failed = false;
  await withPatchedFs((real) => ({
    openSync: (name: string, flags: string) => {
      const file = real.openSync(name, flags);
      names.set(file, name);
      return file;
    },
    fsync: (file: number, done: (error: Error | null) => void) => {
      if (failed || names.get(file) !== path) return real.fsync(file, done);
      failed = true;
      done(fsError("EIO"));
    },
  }), run);
}

test("sync() never succeeds after failed bytes", async (backend, root) => {
  const other = unsynced(root);
  await other.put("a/b", text("x"));
  await other.put("a/c", text("x"));
  await failingOnce(root.join("store", "a", "b"), async () => {
    for (let i = 0; i < 3; i++) {
      const error = await assertRejects(() => backend.sync!(["a/b", "a/c"]), RegistryError);
      assertEquals([error.code, error.key, error.retry], [
        "Unavailable",
        "a/b",
        i === 0 ? "later" : "never",
      ]);
    }
    await backend.sync!(["a/c"]);
    await other.delete("a/b");
    await other.put("a/c2", text("x")); // may take the number of the removed file
    await backend.sync!(["a/b", "a/c2"]);
  });
});

test("a folder that failed to sync is synced again", async (backend, root) => {
  await backend.put("a/old", text("x"));
  await failingOnce(root.join("store", "a", "b"), async () => {
    const error = await assertRejects(
      () => backend.put("a/b/c", text("x"), { mode: "create" }),
      RegistryError,
    );
    assertEquals([error.code, error.maybeWritten], ["Unknown", true]);
    const events = await watched(root, () => backend.sync!(["a/b/c"]));
    assertEquals(events, ["sync store/a/b/c", "sync store/a/b", "sync store/a"]);
  });
});
