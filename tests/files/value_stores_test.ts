// Stores of values: `save` and `load` in a form of their own, without files.
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { createFileManager, createFileStores } from "../../files/mod.ts";

class Values {
  static storeName = "values";
  readonly name = "values";
  readonly location = "values:";
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

class Listed extends Values {
  static override storeName = "listed";
  stat(path: string) {
    const entry = { path, kind: "file" as const, size: 0 };
    return Promise.resolve(this.kept.has(path) ? entry : undefined);
  }
  async *list(folder: string) {
    for (const path of this.kept.keys()) {
      if (folder === "" && !path.includes("/")) yield { path, kind: "file" as const, size: 0 };
    }
  }
  remove(path: string) {
    return Promise.resolve(this.kept.delete(path));
  }
}

Deno.test("a store with save and load gives back what it saved", async () => {
  const stores = createFileStores();
  stores.register(Values);
  const files = await createFileManager(stores).on("values");
  await files.save("plate/a", { wells: 96 });
  assertEquals(await files.load("plate/a"), { wells: 96 });
  const batch = await files.loadBatch(["plate/a", "plate/b"]);
  assertEquals([batch.succeeded, batch.failed], [[0], [1]]);
  const missing = await assertRejects(() => files.load("plate/b"), RegistryError);
  assertEquals([missing.code, missing.message], [
    "NotFound",
    'Cannot load "plate/b": values has no such value',
  ]);
});

Deno.test("a store of values refuses the methods that it lacks by name", async () => {
  const stores = createFileStores();
  stores.register(Values);
  const files = await createFileManager(stores).on("values");
  await files.save("a", 1);
  for (
    const [call, state] of [
      [() => files.listFiles(""), /values has no list/],
      [() => files.exists("a"), /values has no stat/],
      [() => files.open("a"), /values has no/],
      [() => files.delete("a"), /values has no remove/],
      [() => files.load("a", { as: "bytes" }), /no format/],
      [() => files.save("a", 2, { as: "json" }), /no format/],
      [() => files.deleteAll(""), /values has no remove/],
    ] as const
  ) {
    const error = await assertRejects(call as () => Promise<unknown>, RegistryError);
    assertEquals(error.code, "Unsupported");
    assertMatch(error.message, state);
  }
});

Deno.test("a store of values lists, inspects and removes where it can", async () => {
  const stores = createFileStores();
  stores.register(Listed);
  const files = await createFileManager(stores).on("listed");
  await files.save("a", 1);
  await files.save("b", 2);
  assertEquals(await files.listFiles(""), ["a", "b"]);
  assertEquals([await files.exists("a"), await files.exists("c")], [true, false]);
  assertEquals([await files.delete("a"), await files.delete("a")], [true, false]);
  assertEquals(await files.listFiles(""), ["b"]);
  await files.deleteAll("");
  assertEquals(await files.listFiles(""), []);
});

Deno.test("a class with save and load alone is named by its storeName", async () => {
  class MyBackend {
    static storeName = "my_backend";
    save() {}
    load() {}
  }
  const stores = createFileStores();
  stores.register(MyBackend as never);
  const files = await createFileManager(stores).on("my_backend");
  await files.save("a", 1);
  await assertRejects(() => files.load("a"), RegistryError, "my_backend has no such value");
  await assertRejects(() => files.copy("a", "b"), RegistryError, "my_backend accepts only values");
});

Deno.test("an aborted call does not reach a store of values", async () => {
  const stores = createFileStores();
  stores.register(Values);
  const files = await createFileManager(stores).on("values");
  const signal = AbortSignal.abort(new Error("stop"));
  await assertRejects(() => files.save("a", 1, { signal }), Error, "stop");
  await assertRejects(() => files.load("a", { signal }), Error, "stop");
  assertEquals((await stores.get("values") as Values).kept.size, 0);
});

Deno.test("a class is registered by a decorator, when its static fields are there", () => {
  const stores = createFileStores();
  @stores.register
  class Camera extends Values {
    static override storeName = "camera";
  }
  assertEquals([...stores.keys()].at(-1), "camera");
  void Camera;
  const register = stores.register as unknown as (Class: unknown, context: unknown) => void;
  assertThrows(
    () => {
      @register
      class Unnamed {
        readonly name = "unnamed";
      }
      void Unnamed;
    },
    RegistryError,
    "it has no static storeName",
  );
});
