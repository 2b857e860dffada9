import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { createMemoryBackend } from "../../backends/memory.ts";
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import type { AnyFileStore } from "../../core/file_store.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import { createFileManager, createFileStores, FileStore } from "../../files/mod.ts";
import { tempRoot } from "../support/temp_root.ts";
import { withMembers } from "./kinds.ts";

function invalid(action: () => unknown): RegistryError {
  const error = assertThrows(action, RegistryError);
  assert(isRegistryError(error, "Invalid"), String(error));
  return error;
}

Deno.test("a store is made when it is first used, once for all who ask, and disposed of with the set", async () => {
  let made = 0, disposed = 0;
  const stores = createFileStores();
  stores.register("mine", () => {
    made++;
    return withMembers(createMemoryFiles(), {
      [Symbol.asyncDispose]: () => Promise.resolve(void disposed++),
    });
  });
  assertEquals([stores.names(), stores.has("mine"), stores.has("local"), stores.has("other")], [
    ["memory", "disk", "zarr", "s3", "gcs", "mine"],
    true,
    true,
    false,
  ]);
  assertEquals(made, 0);
  const [one, two] = await Promise.all([stores.get("mine"), stores.get("mine")]);
  assert(one === two);
  assert(await stores.get("local") === await stores.get("disk"));
  await stores[Symbol.asyncDispose]();
  assertEquals([made, disposed], [1, 1]);
});

Deno.test("zarr is the folder of disk, with arrays in zarr, each seen as one file", async () => {
  const root = await tempRoot();
  try {
    const stores = createFileStores({ root: root.path });
    const manager = createFileManager(stores);
    const plane = { data: Uint16Array.of(1, 2), shape: [2, 1], dtype: "uint16" };
    await manager.save("plate/A01", plane, { store: "zarr" });
    assertEquals(await manager.load("plate/A01", { store: "zarr" }), plane);
    const kinds = ["zarr", "disk"].map((store) => manager.isFile("plate/A01", { store }));
    assertEquals(await Promise.all(kinds), [true, false]);
    await stores[Symbol.asyncDispose]();
  } finally {
    await root.remove();
  }
});

Deno.test("s3 and gcs are buckets that are named when the set is made, opened at first use and closed with it", async () => {
  let closed = 0;
  const backend = createMemoryBackend();
  const close = () => Promise.resolve(void closed++);
  const stores = createFileStores({ s3: () => ({ ...backend, [Symbol.asyncDispose]: close }) });
  const files = await createFileManager(stores).on("s3");
  await files.save("a/b.txt", "in a bucket");
  assertEquals([
    files.store.name,
    new TextDecoder().decode(await (await backend.get("a/b.txt"))!.bytes()),
  ], ["s3", "in a bucket"]);
  await stores[Symbol.asyncDispose]();
  assertEquals(closed, 1);
});

Deno.test("a bucket that is not named, a folder, and the bucket of another store are Invalid", async () => {
  for (const options of [{}, { gcs: "data" }, { gcs: "s3://bucket" }, { gcs: 1 as never }]) {
    await using stores = createFileStores(options);
    const error = await assertRejects(() => stores.get("gcs"), RegistryError);
    assertEquals([error.code, error.hint], [
      "Invalid",
      'Name one: createFileStores({ gcs: "gs://bucket/prefix" }).',
    ]);
  }
  for (const s3 of ["./data", "data", "gs://bucket", "memory:", "file:///data"]) {
    await using stores = createFileStores({ s3 });
    assertMatch(
      (await assertRejects(() => stores.get("s3"), RegistryError)).message,
      /no URL of such a bucket/,
    );
  }
});

Deno.test("what fails to be made is made anew when it is asked for again", async () => {
  let times = 0;
  await using stores = createFileStores();
  stores.register("late", () => {
    if (times++ === 0) throw new Error("not yet");
    return createMemoryFiles();
  });
  await assertRejects(() => stores.get("late"), Error, "not yet");
  assertEquals((await stores.get("late")).name, "memory");
});

Deno.test("a taken name is AlreadyExists, another name of a store too, and a missing one lists what there is", async () => {
  await using stores = createFileStores();
  for (const name of ["memory", "local"]) {
    const error = assertThrows(
      () => stores.register(name, () => createMemoryFiles()),
      RegistryError,
    );
    assertEquals(error.code, "AlreadyExists");
  }
  const error = await assertRejects(() => stores.get("s4"), RegistryError);
  assertEquals(error.code, "NotFound");
  assertMatch(`${error.message} ${error.hint}`, /"memory", "disk"/);
  for (const name of ["Mine", "", "a b", "1a"]) {
    invalid(() => stores.register(name, () => createMemoryFiles()));
  }
});

Deno.test("a class is registered by its name, and refused with what it lacks", async () => {
  class Mine extends (createMemoryClass()) {
    static override storeName = "mine";
  }
  class Nameless extends (createMemoryClass()) {}
  abstract class Half extends FileStore {
    static override storeName = "half";
    override stat() {
      return Promise.resolve(undefined);
    }
  }
  await using stores = createFileStores();
  stores.register(Mine);
  assertEquals((await stores.get("mine")).name, "mine");
  assertMatch(invalid(() => stores.register(Nameless)).message, /no static storeName/);
  const error = invalid(() => stores.register(Half as never));
  assertMatch(error.message, /lacks list, open, write, createFolder, createLink, remove, move$/);
});
Deno.test("a read-only store refuses to be written to, and one for values only to be read", async () => {
  const memory = createMemoryFiles();
  await memory.write("a.json", new TextEncoder().encode("1"));
  const readOnly: AnyFileStore = {
    name: memory.name,
    location: memory.location,
    stat: (path, options) => memory.stat(path, options),
    list: (path, options) => memory.list(path, options),
    open: (path, options) => memory.open(path, options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const taken: unknown[] = [];
  const sink: AnyFileStore = {
    name: "viewer",
    location: "viewer:",
    save: (
      path,
      value,
    ) => (taken.push([path, value]), Promise.resolve({ path, kind: "file", size: 0 })),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const manager = createFileManager({ "read-only": readOnly, sink });
  assertEquals(await manager.load("a.json", { store: "read-only" }), 1);
  await manager.save("plate/a", new Map(), { store: "sink" });
  assertEquals(taken, [["plate/a", new Map()]]);
  const refusals = [
    manager.save("b.json", 1, { store: "read-only" }),
    manager.delete("a.json", { store: "read-only" }),
    manager.ensureDirectory("b", { store: "read-only" }),
    manager.load("plate/a", { store: "sink" }),
    manager.exists("plate/a", { store: "sink" }),
    manager.move("a", "b", { store: "sink" }),
  ];
  for (const refusal of refusals) {
    const error = await assertRejects(() => refusal, RegistryError);
    assertEquals(error.code, "Unsupported");
  }
});

Deno.test("a call without a store, or with one that is not there, says so; the same of a plain object of stores", async () => {
  const manager = createFileManager({ mine: createMemoryFiles() });
  assertEquals(manager.stores.names(), ["mine"]);
  const calls = [
    () => manager.load("a.json", undefined as never),
    () => (manager.load as (path: string) => Promise<unknown>)("a.json"),
  ];
  for (const call of calls) {
    assertEquals((await assertRejects(call, RegistryError)).code, "Invalid");
  }
  const error = await assertRejects(() => manager.exists("a", { store: "disc" }), RegistryError);
  assertEquals(error.code, "NotFound");
  assertMatch(`${error.message} ${error.hint}`, /mine/);
  invalid(() => createFileManager({ bad: {} as AnyFileStore }));
});

/** The memory store as a class that can be extended. */
function createMemoryClass() {
  const inner = createMemoryFiles();
  return class extends FileStore {
    override stat(path: string) {
      return inner.stat(path);
    }
    override list(folder: string) {
      return inner.list(folder);
    }
    override open(path: string) {
      return inner.open(path);
    }
    override write(...args: Parameters<typeof inner.write>) {
      return inner.write(...args);
    }
    override createFolder(path: string) {
      return inner.createFolder(path);
    }
    override createLink(path: string, target: string) {
      return inner.createLink(path, target);
    }
    override remove(path: string) {
      return inner.remove(path);
    }
    override move(from: string, to: string) {
      return inner.move(from, to);
    }
  };
}
