// Checks of the rows "Said there, meant otherwise here" of file stores, buckets by name, operators,
// and plugins.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { mkdir, writeFile } from "node:fs/promises";
import { createS3Configs } from "@holdfast/holdfast/backends";
import { createFileManager, createFileStores, FileStore } from "@holdfast/holdfast/files";
import { createOperators, Operator, runOperator } from "@holdfast/holdfast/operators";
import type { OperatorContext } from "@holdfast/holdfast/operators";
import { Behavior, createPlugins, defineInterface, JobRunner } from "@holdfast/holdfast/plugins";
import { RegistryError } from "@holdfast/holdfast";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import type { TempRoot } from "../../support/temp_root.ts";

/** Checks by the first words of their rows. */
export type Checks = Readonly<Record<string, (root: TempRoot) => Promise<void>>>;

export const KEYS = { accessKeyId: "id", secretAccessKey: "a secret" };

export async function codeOf(action: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(action, RegistryError)).code;
}

export const PARTS_CHECKS: Checks = {
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
  async "`def save(self, data"() {
    await using stores = createFileStores();
    const calls: unknown[][] = [];
    stores.register("x", () => ({
      name: "x",
      location: "x:",
      save: (path: string, value: unknown) => {
        calls.push([path, value]);
        return Promise.resolve({ path, kind: "file" as const, size: 0 });
      },
      load: () => undefined,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }));
    const files = await createFileManager(stores).on("x");
    await files.save("a.json", 1);
    assertEquals(calls, [["a.json", 1]]);
    const error = await assertRejects(() => files.load("a.json"), RegistryError);
    assert(error.hint!.includes("the path"));
  },
  async "`def delete(self"() {
    const kept = new Map<string, unknown>();
    class Values {
      readonly name = "x";
      readonly location = "x:";
      save(path: string, value: unknown) {
        kept.set(path, value);
        return Promise.resolve({ path, kind: "file" as const, size: 0 });
      }
      load(path: string) {
        return kept.get(path);
      }
      remove(path: string) {
        return Promise.resolve(kept.delete(path));
      }
      [Symbol.asyncDispose]() {
        return Promise.resolve();
      }
    }
    class Deleting extends Values {
      override remove = undefined as never;
      delete(path: string) {
        return kept.delete(path);
      }
    }
    const manager = createFileManager({ values: new Values(), deleting: new Deleting() });
    for (const store of ["values", "deleting"]) await manager.save("a", 1, { store });
    const error = await assertRejects(
      () => manager.delete("a", { store: "deleting" }),
      RegistryError,
      "no remove",
    );
    assertEquals([error.code, kept.size], ["Unsupported", 1]);
    await manager.delete("a", { store: "values" });
    assertEquals(kept.size, 0);
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
  async "`job.schedule(fn, *args)`"() {
    await using plugins = createPlugins();
    const runner = await plugins.shared(JobRunner, "memory");
    const { code, hint } = await assertRejects(
      async () => void await runner.schedule(((x: number) => x) as never, 5 as never),
      RegistryError,
    );
    assertEquals([code, hint!.includes("createTask(fn)")], ["Invalid", true]);
    const task = plugins.createTask((x: number) => x + 1).addBehavior("schedule_job");
    assertEquals((await task.submit(5)).scheduled, true);
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
  async "`@define_interface class"() {
    assertThrows(() => defineInterface("jobs", {} as never), RegistryError, "methods are missing");

    @defineInterface("jobs", { methods: ["schedule"] })
    abstract class Jobs {
      abstract schedule(fn: () => unknown): string;
    }
    await using plugins = createPlugins();
    assertThrows(() => plugins.register(Jobs, "x", class {} as never), RegistryError, "schedule()");
    plugins.register(Jobs, "y", () => ({ schedule: () => "job" }));
    assertEquals((await plugins.create(Jobs, "y")).schedule(() => 1), "job");
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
