// Commands and calls that users of other programs try first: they work, or the error names ours.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createLookup, openRegistry, RegistryError } from "../../../mod.ts";
import { createBackends, createS3Configs } from "../../../backends/mod.ts";
import { createS3Backend } from "../../../backends/s3.ts";
import { createFileManager, createFileStores } from "../../../files/mod.ts";
import { createFormats } from "../../../formats/mod.ts";
import { createOperators } from "../../../operators/mod.ts";
import {
  Behavior,
  createPlugins,
  type ScheduledJob,
  Storage,
} from "../../../extensions/plugins/mod.ts";

// deno-lint-ignore no-explicit-any -- the compiler refuses these spellings
const typed = (given: unknown) => given as any;

Deno.test("access_key and secret_key work in configurations of buckets and of storages", async () => {
  const configs = createS3Configs();
  configs.register("tos", "my-bucket", {
    endpoint: "https://tos-cn-beijing.volces.com",
    access_key: "your_access_key",
    secret_key: "your_secret_key",
    region: "cn-beijing",
  });
  const found = await configs.get("tos", "my-bucket");
  assertEquals(
    [found.accessKeyId, found.secretAccessKey],
    ["your_access_key", "your_secret_key"],
  );
  await using plugins = createPlugins();
  const settings = {
    endpoint: "localhost:9000",
    access_key: "your_access_key",
    secret_key: "your_secret_key",
    bucket: "my-bucket",
  };
  const storage = await plugins.create(Storage, "minio", settings);
  assertEquals(typeof storage.writeFile, "function");
  await storage[Symbol.asyncDispose]?.();
});

Deno.test("credentials with access_key: the hint names accessKeyId", () => {
  const credentials = typed({ access_key: "a", secret_key: "b" });
  const options = { bucket: "models", credentials, region: "eu" };
  const error = assertThrows(() => createS3Backend(options), RegistryError);
  assertEquals(error.hint!.startsWith("Pass accessKeyId and secretAccessKey"), true);
});

Deno.test("addBehavior(Behavior, { plugin }) names the behavior among its settings", async () => {
  await using plugins = createPlugins();
  const task = plugins.createTask(({ path }: { path: string }) => path)
    .addBehavior(Behavior, { plugin: "storage_write", backend: "memory" })
    .addBehavior<ScheduledJob>(Behavior, { plugin: "schedule_job", job_type: "fastapi" });
  const input = { path: "a.bin", data: new Uint8Array(3) };
  assertEquals((await task.submit(input)).scheduled, true);
  const stored = await (await plugins.shared(Storage, "memory")).readFile("a.bin");
  assertEquals(stored.length, 3);
  for (const wrong of [[Behavior], [Storage, { plugin: "retry" }], [Behavior, { plugin: 3 }]]) {
    const error = assertThrows(() => Reflect.apply(task.addBehavior, task, wrong), RegistryError);
    assertEquals(error.code, "Invalid");
  }
});

Deno.test("a Storage with two methods: the hint names the others, and ours for theirs", async () => {
  await using plugins = createPlugins();
  const two = { writeFile: () => {}, readFile: () => {} };
  plugins.register(Storage, "two", () => typed(two));
  const error = await assertRejects(() => plugins.create(Storage, "two"), RegistryError);
  assertEquals(error.message.includes("it has no openFile(), exists(), delete() and list()"), true);
  const { hint } = assertThrows(
    () =>
      plugins.register(
        Storage,
        "python",
        typed(
          class {
            write_file() {}
            read_file() {}
          },
        ),
      ),
    RegistryError,
  );
  assertEquals(
    hint,
    "Rename write_file() to writeFile() and read_file() to readFile(). Implement writeFile(), " +
      "readFile(), openFile(), exists(), delete() and list(); in a class as methods, not as fields.",
  );
});

Deno.test("sets iterate over their names, and a saved set is a set", async () => {
  await using stores = createFileStores();
  await using lookup = createLookup<number>("color", { red: 1, blue: 2 });
  await using backends = createBackends();
  await using operators = createOperators();
  const formats = createFormats();
  for (const set of [stores, lookup, backends, operators, formats]) {
    assertEquals([...set], set.names());
  }
  assertEquals([...stores].includes("memory"), true);
  const named = createFileManager({ mine: await stores.get("memory") }).stores;
  assertEquals([...named], named.names());
  await using registry = await openRegistry("memory:");
  await registry.save("sizes", new Set([3, 1]));
  assertEquals([...await registry.load("sizes") as Set<number>], [3, 1]);
});

Deno.test("a file of a version has text() and json()", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("config", { depth: 12 });
  const file = (await registry.open("config")).file("data.json");
  assertEquals(await file.text(), '{"depth":12}');
  assertEquals(await file.json(), { depth: 12 });
});
