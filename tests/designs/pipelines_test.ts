// "distributed-core": interfaces, plugins, behaviors, and a task of them.
import { assertEquals, assertMatch } from "@std/assert";
import { Behavior, createPlugins, defineInterface } from "@holdfast/holdfast/plugins";
import { createBackground, EventBus, JobRunner, Storage } from "@holdfast/holdfast/plugins";
import { createScriptedSystem } from "../support/scripted_system.ts";
import { tempRoot } from "../support/temp_root.ts";

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

Deno.test("step 2: a storage of one's own, with its configuration", async () => {
  interface StorageInterface {
    writeFile(path: string, data: Uint8Array): void;
    readFile(path: string): Uint8Array;
  }
  const StorageInterface = defineInterface<StorageInterface>("own_storage", {
    methods: ["writeFile", "readFile"],
  });
  await using plugins = createPlugins();
  const lines: string[] = [];
  @plugins.register(StorageInterface, "minio")
  class MinioStorage {
    constructor({ bucket }: { endpoint: string; bucket: string }) {
      lines.push(`client configured for bucket '${bucket}'`);
    }
    writeFile(path: string, data: Uint8Array) {
      lines.push(`writing ${data.length} bytes at path '${path}'`);
    }
    readFile(path: string) {
      lines.push(`reading at path '${path}'`);
      return new TextEncoder().encode("dummy file content");
    }
  }
  void MinioStorage;
  const config = { endpoint: "MINIO_ENDPOINT", bucket: "my-bucket" };
  const storage = await plugins.create(StorageInterface, "minio", config);
  storage.writeFile("uploads/file.bin", new Uint8Array(3));
  assertEquals(new TextDecoder().decode(storage.readFile("a")), "dummy file content");
  assertEquals(lines, [
    "client configured for bucket 'my-bucket'",
    "writing 3 bytes at path 'uploads/file.bin'",
    "reading at path 'a'",
  ]);
});

Deno.test("step 3: a behavior of one's own schedules the rest of the chain", async () => {
  interface Jobs {
    schedule(fn: () => unknown): string;
  }
  const JobInterface = defineInterface<Jobs>("jobs", { methods: ["schedule"] });
  await using plugins = createPlugins();
  const later: (() => unknown)[] = [];
  plugins.register(JobInterface, "fastapi", () => ({ schedule: (fn) => `job-${later.push(fn)}` }));
  plugins.register(Behavior, "own_schedule_job", () => ({
    async execute(next, input, { config }) {
      const jobType = String(config.job_type ?? "fastapi");
      const scheduler = await plugins.create(JobInterface, jobType);
      return { scheduled: true, job_id: scheduler.schedule(() => next(input)) };
    },
  }));
  const processed: string[] = [];
  const task = plugins.createTask(function coreFinalize({ path }: { path: string }) {
    processed.push(path);
  }).addBehavior(Behavior, { plugin: "own_schedule_job", job_type: "fastapi" });
  const answer: unknown = await task.submit({ path: "uploads/file.bin" });
  assertEquals([answer, processed], [{ scheduled: true, job_id: "job-1" }, []]);
  await later[0]!();
  assertEquals(processed, ["uploads/file.bin"]);
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

Deno.test("step 4: an endpoint takes a file and answers with the id of a job", async () => {
  const processed: string[] = [];
  await using plugins = createPlugins();
  plugins.defineTask("core_finalize", ({ path }: { path: string }) => {
    processed.push(path);
    return { stored_path: path };
  });
  const background_tasks = createBackground();
  const upload = async (request: Request) => {
    const task = plugins.createTask("core_finalize")
      .addBehavior(Behavior, { plugin: "storage_write", backend: "memory" })
      .addBehavior(Behavior, { plugin: "schedule_job", job_type: "fastapi", background_tasks });
    const input = { path: "uploads/file.bin", data: await request.bytes() };
    return Response.json(await task.submit(input));
  };
  const request = new Request("http://localhost/upload", { method: "POST", body: "content" });
  const { scheduled, jobId } = await (await upload(request)).json();
  assertEquals([scheduled, typeof jobId, processed], [true, "string", []]);
  await background_tasks.run();
  assertEquals(processed, ["uploads/file.bin"]);
  const stored = await (await plugins.shared(Storage, "memory")).readFile("uploads/file.bin");
  assertEquals(new TextDecoder().decode(stored), "content");
});

Deno.test("a backend or a runner is swapped by one word", async () => {
  await using root = await tempRoot();
  const processed: string[] = [];
  const environment = { LOCAL_STORAGE_PATH: root.path };
  await using plugins = createPlugins({ system: createScriptedSystem({ environment }) });
  plugins.defineTask("core_finalize", ({ path }: { path: string }) => void processed.push(path));
  const background_tasks = createBackground();
  for (const job_type of ["redis", "postgres", "celery"]) { // their settings are checked here
    plugins.createTask("core_finalize").addBehavior("schedule_job", { job_type, background_tasks });
  }
  for (const backend of ["memory", "local", "local_file_storage"]) {
    for (const job_type of ["fastapi", "in_memory"]) {
      const path = `uploads/${backend}/${job_type}.bin`;
      const { scheduled, jobId } = await plugins.createTask("core_finalize")
        .addBehavior(Behavior, { plugin: "storage_write", backend })
        .addBehavior("schedule_job", { job_type, background_tasks })
        .submit({ path, data: Uint8Array.of(1) });
      assertEquals([scheduled, typeof jobId], [true, "string"]);
      const storage = await plugins.shared(Storage, backend);
      assertEquals(await storage.readFile(path), Uint8Array.of(1));
    }
  }
});

Deno.test("core services: the names of storages, events and jobs", async () => {
  await using plugins = createPlugins();
  const missing = (known: string[], names: string[]) => names.filter((n) => !known.includes(n));
  assertEquals(missing(plugins.names(Storage), ["minio", "local_file_storage"]), []);
  assertEquals(missing(plugins.names(EventBus), ["redis"]), []);
  const runners = ["fastapi", "in_memory", "redis", "celery"];
  assertEquals(missing(plugins.names(JobRunner), runners), []);
});
