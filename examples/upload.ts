// LOCAL_STORAGE_PATH=./uploaded deno run -A examples/upload.ts
//
// An upload from the browser: open the printed address and choose a file. It is streamed into a
// storage, and the next step runs later. Storage and queue are the two arguments, `local` and
// `background` by default: `minio` needs MINIO_ENDPOINT, MINIO_ACCESS_KEY and MINIO_SECRET_KEY,
// `redis` and `postgres` REDIS_PORT or PGPORT. Jobs on a server can run on other machines too:
// `holdfast worker --tasks examples/upload.ts --queue URL`.
import process from "node:process";
import { createPlugins, JobRunner, Storage } from "@holdfast/holdfast/plugins";
import { createBackground, type QueueRunner, workTasks } from "@holdfast/holdfast/plugins";

const [backend = "local", job_type = "background"] = process.argv.slice(2);
const storage = { bucket: "uploads", create_bucket: true };

/** The tasks that a worker can run. */
export const plugins = createPlugins();

// 1. The next step. It has a name, so that another process can run it.
plugins.defineTask("finalize", ({ path }: { path: string }) => {
  console.log(`"${path}" is processed`);
  return { stored_path: path };
});

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Upload</title>
<label>A file: <input type="file" id="file"></label> <output id="state"></output>
<script type="module">
  const state = document.getElementById("state");
  document.getElementById("file").onchange = async ({ target: { files: [file] } }) => {
    state.textContent = "sending …";
    const to = "/upload?name=" + encodeURIComponent(file.name);
    const response = await fetch(to, { method: "POST", body: file });
    const { path, jobId } = await response.json();
    state.textContent = response.ok ? path + ": job " + jobId : "failed: " + response.status;
  };
</script>
</html>`;

async function answer(request: Request, { completed }: Deno.ServeHandlerInfo): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== "/upload") {
    return new Response(PAGE, { headers: { "content-type": "text/html; charset=utf-8" } });
  }
  const path = `uploads/${(searchParams.get("name") ?? "file").replace(/[^\w.-]|^\.+/g, "_")}`;

  // 2. The chain, from top to bottom: write the file as it arrives, then schedule the rest.
  const background = createBackground();
  const task = plugins.createTask("finalize")
    .addBehavior("storage_write", { backend, ...storage })
    .addBehavior("schedule_job", { job_type, background });
  completed.then(() => background.run(), () => background.run()); // after the answer

  // 3. The answer does not wait for the job.
  const { jobId } = await task.submit({ path, data: request.body ?? "" }) as { jobId: string };
  return Response.json({ path, jobId }, { status: 202 });
}

if (import.meta.main) {
  await plugins.shared(Storage, backend, storage); // fails now if it cannot be reached
  const runner = await plugins.shared(JobRunner, job_type) as QueueRunner;
  const worker = runner.crossesProcess ? await workTasks(plugins, runner.queue) : undefined;
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  const onListen = ({ port }: { port: number }) => console.log(`http://127.0.0.1:${port}/`);
  const options = { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen };
  await Deno.serve(options, answer).finished;
  await worker?.close();
  await plugins[Symbol.asyncDispose]();
}
