// The table "Said there, meant otherwise here" of docs/migrating_libraries.md: a check of each row.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { join } from "@std/path";
import { createS3Configs } from "@holdfast/holdfast/backends";
import { createS3Backend } from "@holdfast/holdfast/backends/s3";
import { createFileStores, FileStore } from "@holdfast/holdfast/files";
import { collectGarbage } from "@holdfast/holdfast/maintenance";
import { createOperators, Operator, runOperator } from "@holdfast/holdfast/operators";
import type { OperatorContext } from "@holdfast/holdfast/operators";
import { Behavior, createPlugins, defineInterface, JobRunner } from "@holdfast/holdfast/plugins";
import { asMap, defineMaterializer, isRegistryError, localPath } from "@holdfast/holdfast";
import { openRegistry, RegistryError } from "@holdfast/holdfast";
import { REPOSITORY } from "../../support/run_deno.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { type TempRoot, tempRoot } from "../../support/temp_root.ts";

const KEYS = { accessKeyId: "id", secretAccessKey: "a secret" };

async function codeOf(action: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(action, RegistryError)).code;
}

class Point {
  constructor(readonly x: number) {}
}
const point = defineMaterializer({
  id: "point",
  save: ({ x }: Point) => [{ path: "x", content: Uint8Array.of(x) }],
  load: async (artifact) => new Point((await artifact.file("x").bytes())[0]!),
});

/** A check by the first words of its row. */
const CHECKS: Readonly<Record<string, (root: TempRoot) => Promise<void>>> = {
  async "`Registry()` creates"(root) {
    const before = process.cwd();
    process.chdir(root.path);
    try {
      assertEquals(await codeOf(() => openRegistry()), "NotFound");
      await using registry = await openRegistry(undefined, { create: true });
      assert(registry.location.includes(".holdfast"));
    } finally {
      process.chdir(before);
    }
  },
  async "`Registry()` keeps"(root) {
    await using registry = await openRegistry(root.join("a"));
    assertEquals(registry.settings.versioned, true);
    await using scratch = await openRegistry(root.join("b"), { versioned: false, mutable: true });
    for (const value of [1, 2]) await scratch.save("model", value);
    assertEquals(await scratch.load("model"), 2);
  },
  async "`save` numbers"() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1);
    assertEquals((await registry.save("model", 2)).version, "2.0.0");
    assertEquals(await registry.load("model@2"), 2);
    assertEquals((await registry.save("other", 2, { version: "2" })).version, "2.0.0");
  },
  async "`list_versions` begins"() {
    await using registry = await openRegistry("memory:");
    for (const value of [1, 2]) await registry.save("model", value);
    const versions = (await Array.fromAsync(registry.versions("model"))).reverse();
    assertEquals(versions.map(({ version }) => version), ["1.0.0", "2.0.0"]);
  },
  async "`on_conflict="() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1, { version: "1" });
    assertEquals(await codeOf(() => registry.save("model", 2, { version: "1" })), "AlreadyExists");
    const saved = await registry.save("model", 2, { version: "1", onConflict: "skip" });
    assertEquals([saved.skipped, await registry.load("model")], [true, 1]);
  },
  async "`register_materializer("(root) {
    await using registry = await openRegistry(root.join("a"));
    registry.materializers.register(Point, point);
    await registry.save("point", new Point(3));
    await using again = await openRegistry(root.join("a"));
    assertEquals(await codeOf(() => again.load("point")), "Unsupported");
    again.materializers.register(Point, point);
    assertEquals(await again.load("point"), new Point(3));
  },
  async "`save` takes any object"() {
    await using registry = await openRegistry("memory:");
    assertEquals(await codeOf(() => registry.save("point", new Point(3))), "Unsupported");
    await registry.save("point", new Point(3), { as: point });
    assertEquals(await registry.load("point"), new Point(3));
  },
  async '`save("invalid_name"'() {
    await using registry = await openRegistry("memory:");
    await registry.save("invalid_name", 1);
    for (const name of ["a@b", "a\nb"]) {
      assert(await registry.save(name, 1).catch((error) => isRegistryError(error, "Invalid")));
    }
  },
  async "`except ValueError`"() {
    await using registry = await openRegistry("memory:");
    const error = await registry.load("nonexistent:model").catch((error) => error);
    assert(isRegistryError(error, "NotFound"));
  },
  async '`info["class"]`'() {
    await using registry = await openRegistry("memory:");
    registry.materializers.register(defineMaterializer({ ...point, class: Point }));
    await registry.save("point", new Point(3));
    const info = await registry.info("point");
    assertEquals(["class" in info, "path" in info], [false, false]);
    assertEquals(registry.materializers.get(info.materializer.id).class, Point);
  },
  async '`registry["model"]'() {
    await using registry = await openRegistry("memory:");
    await asMap(registry).set("model", 1);
    assertEquals(await asMap(registry).get("model"), 1);
  },
  async '`save("model", "path'(root) {
    await using registry = await openRegistry("memory:");
    const path = root.join("a.txt");
    await writeFile(path, "a");
    assertEquals(await codeOf(() => registry.save("model", path)), "Invalid");
    await registry.save("model", localPath(path));
  },
  async "`logging.basicConfig"(root) {
    const lines: unknown[] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const logger = { debug: note, info: note, warn: note, error: note };
    await using registry = await openRegistry(root.join("a"), { logger });
    await registry.save("model", 1);
    assert(lines.length > 0);
  },
  async "locks, and"() {
    await using registry = await openRegistry("memory:");
    const saves = [1, 2, 3, 4].map((value) => registry.save("model", value));
    const versions = new Set((await Promise.all(saves)).map(({ version }) => version));
    assertEquals(versions.size, 4);
  },
  async "what interrupted saves"() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1);
    await collectGarbage(registry);
    assertEquals(await registry.load("model"), 1);
  },
  async "a backend creates"() {
    const requests: string[] = [];
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => {
        requests.push(`${request.method} ${new URL(request.url).pathname}`);
        return new Response("<Error><Code>NoSuchBucket</Code></Error>", { status: 404 });
      },
    );
    const endpoint = `http://127.0.0.1:${server.addr.port}`;
    const open = async (createBucket?: boolean) => {
      const options = { endpoint, bucket: "models", credentials: KEYS, createBucket };
      await using backend = createS3Backend(options);
      return await codeOf(() => openRegistry(backend, { create: true }));
    };
    assertEquals([await open(), requests.includes("PUT /models/")], ["NotFound", false]);
    await open(true);
    assert(requests.includes("PUT /models/"));
  },
  async "a backend registers"() {
    await using stores = createFileStores();
    await using others = createFileStores();
    @stores.register
    class X {
      static storeName = "x";
      readonly name = "x";
      readonly location = "x:";
      save(path: string) {
        return Promise.resolve({ path, kind: "file" as const, size: 0 });
      }
      load(path: string) {
        return path;
      }
      [Symbol.asyncDispose]() {
        return Promise.resolve();
      }
    }
    void X;
    assertEquals([stores.has("x"), others.has("x")], [true, false]);
  },
  async "an abstract backend"() {
    await using stores = createFileStores();
    abstract class Base extends FileStore {
      static override storeName = "base";
    }
    assertThrows(() => stores.register(Base as never), RegistryError, "missing stat");
    assertEquals(stores.has("base"), false);
  },
  async "`registry['disk']`"() {
    await using stores = createFileStores();
    assert(stores.get("disk") instanceof Promise);
    assertEquals(await stores.get("disk"), await stores.get("disk"));
  },
  async "`list(registry.keys())`"() {
    await using stores = createFileStores();
    assertEquals([...stores.keys()], ["memory", "disk", "zarr", "s3", "gcs"]);
    assertEquals(await codeOf(() => stores.get("s3")), "Invalid");
  },
  async "`@register_s3_config`"() {
    const configs = createS3Configs();
    configs.register("tos", "bucket", () => ({ endpoint: "https://tos.example", ...KEYS }));
    assertEquals((await configs.get("tos", "bucket")).endpoint, "https://tos.example");
  },
  async "`print(config)`"() {
    const configs = createS3Configs();
    configs.register("tos", "bucket", { endpoint: "https://tos.example", ...KEYS });
    const config = await configs.get("tos", "bucket");
    assert(
      !Deno.inspect(config).includes("a secret") && !JSON.stringify(config).includes("a secret"),
    );
    assertEquals(config.secretAccessKey, "a secret");
  },
  async '`config["access_key"]`'() {
    const configs = createS3Configs();
    const keys = { access_key: "id", secret_key: "a secret" };
    configs.register("tos", "bucket", { endpoint: "https://tos.example", ...keys });
    const config = await configs.get("tos", "bucket");
    assertEquals([config.accessKeyId, "access_key" in config], ["id", false]);
  },
  async "`${NAME}`"(root) {
    const envFile = root.join("s3_aksk.env");
    await writeFile(envFile, "TOS_BUCKET_ACCESS_KEY=id\nTOS_BUCKET_SECRET_KEY=${VAULT}\n");
    const configsIn = (environment: Record<string, string>) =>
      createS3Configs({ envFile, system: createScriptedSystem({ environment }) });
    const configs = configsIn({ VAULT: "a secret" });
    assertEquals(await codeOf(() => configs.get("tos", "bucket")), "Invalid");
    const set = { TOS_BUCKET_ACCESS_KEY: "id", TOS_BUCKET_SECRET_KEY: "a secret" };
    const endpoint = { TOS_BUCKET_ENDPOINT: "https://tos.example" };
    const config = await configsIn({ ...set, ...endpoint }).get("tos", "bucket");
    assertEquals(config.secretAccessKey, "a secret");
  },
  async "`X(…) is X(…)`"() {
    const operators = createOperators();
    @operators.register("x")
    class X extends Operator {
      override run(): number {
        return 0;
      }
      override command(): string[] {
        return ["true"];
      }
    }
    assert(new X() !== new X());
    assert(await operators.instance("x", "id") === await operators.instance("x", "id"));
  },
  async "`@register_operator` demands"() {
    const operators = createOperators();
    class X {
      run() {
        return 0;
      }
      command() {
        return ["true"];
      }
    }
    operators.register("x", X);
    assertEquals((await runOperator(X)).exitCode, 0);
    assertThrows(() => operators.register("none", class {} as never), RegistryError, "no run()");
  },
  async "`self.input_root`"(root) {
    const seen: string[] = [];
    class X extends Operator {
      override run({ inputRoot }: OperatorContext) {
        seen.push(inputRoot);
      }
      override command() {
        return ["true"];
      }
    }
    const operator = new X();
    await Promise.all(["a", "b"].map((name) => mkdir(root.join(name))));
    for (const name of ["a", "b"]) await runOperator(operator, { inputRoot: root.join(name) });
    assertEquals(seen, [root.join("a"), root.join("b")]);
  },
  '`get_operator_class("none")`'() {
    const operators = createOperators();
    assertThrows(() => operators.get("none"), RegistryError);
    assertEquals(operators.find("none"), undefined);
    return Promise.resolve();
  },
  async "`Task(core_finalize)`"() {
    await using plugins = createPlugins();
    plugins.defineTask("finalize", ({ path }: { path: string }) => ({ stored_path: path }));
    const task = plugins.createTask("finalize").addBehavior("schedule_job", { job_type: "memory" });
    assertEquals((await task.submit({ path: "a" })).scheduled, true);
    assert(plugins.names(JobRunner).includes("redis"));
    const closure = () =>
      plugins.createTask(() => 1).addBehavior("schedule_job", { job_type: "redis" });
    assertThrows(closure, RegistryError);
  },
  async "`task.submit("() {
    await using plugins = createPlugins();
    const task = plugins.createTask(
      function finalize({ path, data }: { path: string; data: number }) {
        return `${path} ${data}`;
      },
    );
    assertEquals(await task.submit({ path: "a", data: 1 }), "a 1");
  },
  async '`{"scheduled": True'() {
    await using plugins = createPlugins();
    plugins.defineTask("finalize", () => 1);
    const task = plugins.createTask("finalize").addBehavior("schedule_job");
    const { scheduled, jobId } = await task.submit(undefined);
    assertEquals([scheduled, typeof jobId], [true, "string"]);
  },
  async "`@register_plugin` registers"() {
    const Shape = defineInterface<{ area(): number }>("shape", { methods: ["area"] });
    await using plugins = createPlugins();
    await using others = createPlugins();
    @plugins.register(Shape, "x")
    class X {
      area() {
        return 4;
      }
    }
    void X;
    assertEquals((await plugins.create(Shape, "x")).area(), 4);
    assertEquals(await codeOf(() => others.create(Shape, "x")), "NotFound");
  },
  async "`self.config.pop("() {
    await using plugins = createPlugins();
    const seen: unknown[] = [];
    let created = 0;
    plugins.register(Behavior, "x", () => ({
      created: ++created,
      execute: async (next, input, { config }) => {
        assertThrows(() => delete (config as Record<string, unknown>).backend, TypeError);
        seen.push(config.backend);
        return await next(input);
      },
    }));
    const task = plugins.createTask(function last() {}).addBehavior("x", { backend: "minio" });
    await task.submit({});
    await task.submit({});
    assertEquals([seen, created], [["minio", "minio"], 1]);
  },
};

Deno.test("each row of what is meant otherwise has a check", async () => {
  const page = await readFile(join(REPOSITORY, "docs/migrating_libraries.md"), "utf8");
  const [, table] = /^## Said there, meant otherwise here\n[^|]*((?:\|.*\n)+)/m.exec(page)!;
  const rows = table!.trim().split("\n").slice(2).map((line) => line.slice(2));
  const known = Object.keys(CHECKS);
  assertEquals(rows.map((row) => known.find((start) => row.startsWith(start))), known);
});

for (const [start, check] of Object.entries(CHECKS)) {
  Deno.test(`meant otherwise here: ${start}`, async () => {
    await using root = await tempRoot();
    await check(root);
  });
}
