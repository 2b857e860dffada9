// An endpoint that takes a file, writes it to a storage, and lets the next step run later. Where files lie and who runs
// what comes later are one line each. It serves, uploads a file to itself, and ends:
// `LOCAL_STORAGE_PATH=./uploaded deno run -A examples/upload.ts`
//
// With `redis` or `postgres` jobs can run on any machine: `holdfast worker --tasks
// examples/upload.ts --queue URL`.
import { createPlugins, JobRunner, Storage } from "@holdfast/holdfast/plugins";
import { createBackground, type QueueRunner, workTasks } from "@holdfast/holdfast/plugins/jobs";

const backend = Deno.args[0] ?? "local"; // or "minio", with MINIO_ENDPOINT, MINIO_ACCESS_KEY and MINIO_SECRET_KEY
const job_type = Deno.args[1] ?? "background"; // or "memory", "redis" with REDIS_PORT …, "postgres" with PGPORT …

/** What the worker of another process finds its tasks in. */
export const plugins = createPlugins();

// 1. What runs last, and later. It has a name, so that another process can run it.
plugins.defineTask("finalize", ({ path }: { path: string }) => {
  console.log(`SUCCESS: background processing for '${path}' is complete`);
  return { stored_path: path };
});

/** How the storage is reached. The environment has the rest; what only other storages understand is left aside. */
const storage = { bucket: "uploads", create_bucket: true };

/** The endpoint. */
async function upload(request: Request, { completed }: Deno.ServeHandlerInfo): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method !== "POST" || pathname !== "/upload") {
    return new Response("POST /upload", { status: 404 });
  }

  // 2. The chain, from top to bottom: the file is written as it comes, and the remainder is scheduled.
  const background = createBackground();
  const task = plugins.createTask("finalize")
    .addBehavior("storage_write", { backend, ...storage })
    .addBehavior("schedule_job", { job_type, background });

  // 3. The answer goes out at once; what runs in the background begins after it.
  completed.then(() => background.run(), () => background.run());
  return Response.json(await task.submit({ path: "uploads/file.bin", data: request.body ?? "" }), {
    status: 202,
  });
}

if (import.meta.main) {
  const stored = await plugins.shared(Storage, backend, storage);
  const runner = await plugins.shared(JobRunner, job_type) as QueueRunner;
  const worker = runner.crossesProcess ? await workTasks(plugins, runner.queue) : undefined; // else on any machine

  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, upload);
  const url = `http://127.0.0.1:${server.addr.port}/upload`;
  const response = await fetch(url, { method: "POST", body: new Uint8Array(1_000_000) });
  const { scheduled, jobId } = await response.json();
  console.log(`${response.status}: scheduled ${scheduled}`);
  for await (const { job } of runner.queue.watch(jobId)) {
    if (job.state === "done") console.log(`job ${job.state}:`, job.result);
  }
  console.log(`${backend} has ${(await stored.readFile("uploads/file.bin")).length} bytes`);

  await server.shutdown();
  await worker?.close();
  await plugins[Symbol.asyncDispose]();
}
