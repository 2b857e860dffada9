// "distributed-core": interfaces, plugins, behaviors, and a task of them.
import { assertEquals, assertMatch } from "@std/assert";
import { Behavior, createPlugins, defineInterface } from "@holdfast/holdfast/plugins";
import { createBackground, JobRunner, Storage } from "@holdfast/holdfast/plugins";

Deno.test("steps 1 and 2: contracts, and plugins that implement them", async () => {
  interface Jobs {
    schedule(fn: () => unknown): string;
  }
  const JobInterface = defineInterface<Jobs>("jobs", { methods: ["schedule"] });
  await using plugins = createPlugins();
  const later: (() => unknown)[] = [];
  plugins.register(JobInterface, "fastapi", () => ({
    schedule(fn) {
      later.push(fn);
      return `job-${later.length}`;
    },
  }));
  const jobs = await plugins.create(JobInterface, "fastapi");
  assertEquals([jobs.schedule(() => 1), later.length], ["job-1", 1]);
  const storage = await plugins.create(Storage, "memory");
  await storage.writeFile("a.txt", Uint8Array.of(1, 2));
  assertEquals(await storage.readFile("a.txt"), Uint8Array.of(1, 2));
});

Deno.test("step 3: behaviors control the flow of a task", async () => {
  await using plugins = createPlugins();
  const written: [string, number][] = [];
  plugins.register(Behavior, "own_storage_write", () => ({
    async execute(next, input) {
      const { path, data, ...rest } = input as { path: string; data: Uint8Array };
      const backend = await plugins.shared(Storage, "memory");
      await backend.writeFile(path, data);
      written.push([path, data.length]);
      return await next({ path, ...rest });
    },
  }));
  const task = plugins.createTask(function coreFinalize({ path }: { path: string }) {
    return { stored_path: path };
  }).addBehavior("own_storage_write");
  const input = { path: "uploads/file.bin", data: new Uint8Array(3) };
  assertEquals(await task.submit(input as never), { stored_path: "uploads/file.bin" });
  assertEquals(written, [["uploads/file.bin", 3]]);
});

Deno.test("step 4: the pipeline stores the file, schedules the rest, and answers at once", async () => {
  const processed: string[] = [];
  await using plugins = createPlugins();
  plugins.defineTask("core_finalize", ({ path }: { path: string }) => {
    processed.push(path);
    return { stored_path: path };
  });
  const background = createBackground();
  const task = plugins.createTask("core_finalize")
    .addBehavior("storage_write", { backend: "memory" })
    .addBehavior("schedule_job", { job_type: "fastapi", background });
  const input = { path: "uploads/file.bin", data: new Uint8Array(100) };
  const { scheduled, jobId } = await task.submit(input);
  assertEquals(scheduled, true);
  assertMatch(jobId, /./);
  assertEquals(processed, []);
  await background.run();
  assertEquals(processed, ["uploads/file.bin"]);
  const storage = await plugins.shared(Storage, "memory");
  assertEquals((await storage.readFile("uploads/file.bin")).length, 100);
});

Deno.test("a backend or a runner is swapped by one word", async () => {
  await using plugins = createPlugins();
  const storages = plugins.names(Storage);
  assertEquals(["minio", "local"].filter((name) => !storages.includes(name)), []);
  const runners = plugins.names(JobRunner);
  assertEquals(["fastapi", "redis", "celery"].filter((name) => !runners.includes(name)), []);
});
