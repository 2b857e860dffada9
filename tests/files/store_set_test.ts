import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { createMemoryBackend } from "../../backends/memory.ts";
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import type { AnyFileStore } from "../../core/file_store.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import {
  createFileManager,
  createFileStores,
  type FileManager,
  FileStore,
  type FileStoreContract,
} from "../../files/mod.ts";
import { bytes } from "../../formats/bytes.ts";
import type { NDArray } from "../../formats/arrays/ndarray.ts";
import { npy } from "../../formats/npy.ts";
import { refused } from "../support/refused.ts";
import { testInRoot } from "../support/temp_root.ts";
import { withMembers } from "./kinds.ts";
import { ndarrayOf } from "./samples.ts";

// deno-lint-ignore no-explicit-any -- calls of programs without types
type Untyped = any;

function invalid(action: () => unknown): RegistryError {
  const error = assertThrows(action, RegistryError);
  assert(isRegistryError(error, "Invalid"), String(error));
  return error;
}

Deno.test("a store is created at its first use, once, and disposed of with the set", async () => {
  let made = 0, disposed = 0;
  const stores = createFileStores();
  stores.register("mine", () => {
    made++;
    return withMembers(createMemoryFiles(), {
      [Symbol.asyncDispose]: () => Promise.resolve(void disposed++),
    });
  });
  assertEquals(stores.names(), ["memory", "disk", "zarr", "s3", "gcs", "mine"]);
  assertEquals(["mine", "local", "other"].map((name) => stores.has(name)), [true, true, false]);
  assertEquals(made, 0);
  const [one, two] = await Promise.all([stores.get("mine"), stores.get("mine")]);
  assert(one === two);
  assert(await stores.get("local") === await stores.get("disk"));
  await stores[Symbol.asyncDispose]();
  assertEquals([made, disposed], [1, 1]);
});

testInRoot("zarr is the folder of disk, with arrays as files", async (root) => {
  await using stores = createFileStores({ root: root.path });
  const manager = createFileManager(stores);
  const plane = { data: Uint16Array.of(1, 2), shape: [2, 1], dtype: "uint16" };
  await manager.save("plate/A01", plane, { store: "zarr" });
  assertEquals(await manager.load("plate/A01", { store: "zarr" }), plane);
  const kinds = ["zarr", "disk"].map((store) => manager.isFile("plate/A01", { store }));
  assertEquals(await Promise.all(kinds), [true, false]);
});

Deno.test("a bucket is opened at its first use, and closed with the set", async () => {
  let closed = 0;
  const backend = createMemoryBackend();
  const close = () => Promise.resolve(void closed++);
  const stores = createFileStores({ s3: () => ({ ...backend, [Symbol.asyncDispose]: close }) });
  const files = await createFileManager(stores).on("s3");
  await files.save("a/b.txt", "in a bucket");
  assertEquals(files.store.name, "s3");
  const stored = await (await backend.get("a/b.txt"))!.bytes();
  assertEquals(new TextDecoder().decode(stored), "in a bucket");
  await stores[Symbol.asyncDispose]();
  assertEquals(closed, 1);
});

Deno.test("a missing bucket, a folder, and the bucket of another store are Invalid", async () => {
  for (const gcs of [undefined, "data", "s3://bucket", 1 as never]) {
    await using stores = createFileStores({ gcs });
    await refused("Invalid", () => stores.get("gcs"), /gcs: "gs:\/\/bucket\/prefix"/);
  }
  for (const s3 of ["./data", "data", "gs://bucket", "memory:", "file:///data"]) {
    await using stores = createFileStores({ s3 });
    await refused("Invalid", () => stores.get("s3"), /invalid bucket URL/);
  }
});

Deno.test("a store that cannot be created is created again at the next use", async () => {
  let times = 0;
  await using stores = createFileStores();
  stores.register("late", () => {
    if (times++ === 0) throw new Error("not yet");
    return createMemoryFiles();
  });
  await assertRejects(() => stores.get("late"), Error, "not yet");
  assertEquals((await stores.get("late")).name, "memory");
});

Deno.test("a name in use is AlreadyExists, an unknown one NotFound", async () => {
  await using stores = createFileStores();
  for (const name of ["memory", "local"]) {
    await refused("AlreadyExists", () => stores.register(name, () => createMemoryFiles()));
  }
  await refused("NotFound", () => stores.get("s4"), /"memory", "disk"/);
  for (const name of ["Mine", "", "a b", "1a"]) {
    invalid(() => stores.register(name, () => createMemoryFiles()));
  }
});

Deno.test("a class is registered by its name, or refused with what it lacks", async () => {
  const inner = createMemoryFiles();
  class Memory extends (FileStore as unknown as new () => FileStoreContract) {}
  for (const name of ["stat", "list", "open", "write", "createFolder", "createLink", "remove"]) {
    const member = inner[name as "stat"].bind(inner);
    Object.defineProperty(Memory.prototype, name, { value: member });
  }
  Object.defineProperty(Memory.prototype, "move", { value: inner.move.bind(inner) });
  class Mine extends Memory {
    static storeName = "mine";
  }
  abstract class Half extends FileStore {
    static override storeName = "half";
    override stat() {
      return Promise.resolve(undefined);
    }
  }
  await using stores = createFileStores();
  stores.register(Mine);
  assertEquals((await stores.get("mine")).name, "mine");
  assertMatch(invalid(() => stores.register(Memory)).message, /no static storeName/);
  const error = invalid(() => stores.register(Half as never));
  assertMatch(error.message, /missing list, open, write, createFolder, createLink, remove, move$/);
});

Deno.test("a read-only store rejects changes, and a write-only one rejects reads", async () => {
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
    save(path, value) {
      taken.push([path, value]);
      return Promise.resolve({ path, kind: "file", size: 0 });
    },
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
  for (const refusal of refusals) await refused("Unsupported", refusal);
});

Deno.test("a call without a store is Invalid, whatever its value contains", async () => {
  const memory = createMemoryFiles();
  const manager: Untyped = createFileManager({ mine: memory });
  assertEquals(manager.stores.names(), ["mine"]);
  const value = { store: "mine", depth: 1 };
  const save = () => manager.save("a.json", value);
  await refused("Invalid", save, /save\(path, value, \{ store: "disk" \}\)/);
  assertEquals(await memory.stat("a.json"), undefined);
  await manager.save("a.json", value, { store: "mine" });
  assertEquals(await manager.load("a.json", { store: "mine" }), value);
  for (const options of ["mine", undefined]) {
    await refused("Invalid", () => manager.load("a.json", options), /load\(path, \{ store/);
  }
  await refused("Invalid", () => manager.walkFiles("").next(), /walkFiles\(folder, \{ store/);
  for (const name of [undefined, { store: "mine" }]) {
    await refused("Invalid", () => manager.on(name), /on\("disk"\)/);
  }
  await refused("NotFound", () => manager.exists("a", { store: "disc" }), /mine/);
  invalid(() => createFileManager({ bad: {} as AnyFileStore }));
});

Deno.test("the types of loaded values follow from the format", async () => {
  const manager: FileManager = createFileManager({ mine: createMemoryFiles() });
  const plane = ndarrayOf(2, 2);
  await manager.save("a.npy", plane, { store: "mine" });
  const one: NDArray = await manager.load("a.npy", { store: "mine", as: npy() });
  const { results: [first] } = await manager.loadBatch(["a.npy"], { store: "mine", as: npy() });
  const shape: readonly number[] | undefined = first.ok ? first.value.shape : undefined;
  const { dtype } = await manager.load<{ dtype: string }>("a.npy", { store: "mine" });
  const raw = await manager.load("a.npy", { store: "mine", as: bytes() });
  const size: number = raw.byteLength;
  assertEquals([one, shape, dtype, size > 8], [plane, [2, 2], "uint16", true]);
});
