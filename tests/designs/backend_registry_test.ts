// "Backend Registry" of polystore: stores by name.
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { createFileManager, createFileStores, createLocalFiles } from "@holdfast/holdfast/files";
import { createMemoryFiles, FileStore } from "@holdfast/holdfast/files";
import { RegistryError } from "@holdfast/holdfast";
import { tempRoot } from "../support/temp_root.ts";

Deno.test("the first example: names, a store, a file manager", async () => {
  await using registry = createFileStores();
  assertEquals([...registry.keys()].slice(0, 3), ["memory", "disk", "zarr"]);
  assertEquals((await registry.get("disk")).name, "disk");
  const fm = createFileManager(registry);
  await fm.save("a.json", 1, { store: "memory" });
  assertEquals(await fm.load("a.json", { store: "memory" }), 1);
});

class Values {
  readonly location: string = "values:";
  readonly kept = new Map<string, unknown>();
  save(path: string, value: unknown) {
    this.kept.set(path, value);
    return Promise.resolve({ path, kind: "file" as const, size: 0 });
  }
  load(path: string) {
    return this.kept.get(path);
  }
  [Symbol.asyncDispose]() {
    return Promise.resolve();
  }
}

Deno.test("a class with save and load is registered when it is defined", async () => {
  await using registry = createFileStores();
  @registry.register
  class MyBackend extends Values {
    static storeName = "my_backend";
    readonly name = "my_backend";
  }
  void MyBackend;
  assert(registry.has("my_backend"));
  const fm = createFileManager(registry);
  await fm.save("plate", { wells: 96 }, { store: "my_backend" });
  assertEquals(await fm.load("plate", { store: "my_backend" }), { wells: 96 });
});

Deno.test("a class that lacks methods is refused", async () => {
  await using registry = createFileStores();
  abstract class BaseBackend extends FileStore {
    static override storeName = "base";
  }
  assertThrows(() => registry.register(BaseBackend as never), RegistryError, "missing stat");
  assertEquals(registry.has("base"), false);
});

Deno.test("a class of another module is there once its module is imported", async () => {
  const source = `export default class MyBackend {
    static storeName = "my_backend";
    name = "my_backend";
    location = "my_backend:";
    async save(path) { return { path, kind: "file", size: 0 }; }
    load(path) { return path; }
    async [Symbol.asyncDispose]() {}
  }`;
  await using registry = createFileStores();
  registry.register((await import(`data:text/javascript,${encodeURIComponent(source)}`)).default);
  assert(registry.has("my_backend"));
  assertEquals(await createFileManager(registry).load("a", { store: "my_backend" }), "a");
});

Deno.test("lazy instantiation: a store is created at its first use, once", async () => {
  await using registry = createFileStores();
  let created = 0;
  registry.register("lazy", () => {
    created++;
    return createMemoryFiles();
  });
  assertEquals([registry.has("lazy"), created], [true, 0]);
  assertStrictEquals(await registry.get("lazy"), await registry.get("lazy"));
  assertEquals(created, 1);
  assertStrictEquals(await registry.get("disk"), await registry.get("disk"));
});

Deno.test("manual registration: an object or a map of stores", async () => {
  const registry = new Map();
  registry.set("memory", createMemoryFiles());
  registry.set("custom", createMemoryFiles());
  for (const stores of [registry, Object.fromEntries(registry)]) {
    const fm = createFileManager(stores);
    await fm.save("a.json", 1, { store: "custom" });
    assertEquals(await fm.exists("a.json", { store: "memory" }), false);
  }
});

Deno.test("shared and isolated state", async () => {
  await using registry = createFileStores();
  const [one, two] = [createFileManager(registry), createFileManager(registry)];
  await one.save("a.json", 1, { store: "memory" });
  assertEquals(await two.load("a.json", { store: "memory" }), 1);
  await using root = await tempRoot();
  const isolated = () =>
    createFileManager({
      memory: createMemoryFiles(),
      disk: createLocalFiles({ root: root.path }),
    });
  const [fm1, fm2] = [isolated(), isolated()];
  for (const store of ["memory", "disk"]) await fm1.save("b.json", 1, { store });
  assertEquals(await fm2.exists("b.json", { store: "memory" }), false);
  assertEquals(await fm2.load("b.json", { store: "disk" }), 1);
});
