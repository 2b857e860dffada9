// deno run examples/own_plugin.ts (no permissions needed)
//
// A storage and a job runner of your own: plugins like those of the library, selected by name.
import { createPlugins, JobRunner, Storage } from "@holdfast/holdfast/plugins";
import type { ScheduledCall, ScheduleOptions } from "@holdfast/holdfast/plugins";

const plugins = createPlugins();

// A storage: files in a map.
plugins.register(Storage, "map", () => {
  const files = new Map<string, Blob>();
  const find = (path: string) => files.get(path) ?? fail(`There is no file ${path}`);
  return {
    async writeFile(path, data) {
      const file = await new Response(data as BodyInit).blob();
      files.set(path, file);
      return { path, size: file.size };
    },
    readFile: async (path) => await find(path).bytes(),
    openFile: async (path) => await Promise.resolve(find(path).stream()),
    exists: (path) => Promise.resolve(files.has(path)),
    delete: (path) => Promise.resolve(void files.delete(path)),
    async *list(folder = "") {
      for (const [path, { size }] of files) if (path.startsWith(folder)) yield { path, size };
    },
  };
});

function fail(message: string): never {
  throw new Error(message);
}

/** A runner, as a class: jobs one after the other. It tells of each. */
@plugins.register(JobRunner, "one_by_one")
export class OneByOne implements JobRunner, AsyncDisposable {
  readonly crossesProcess = false;
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;

  schedule(
    { task }: ScheduledCall,
    { run, idempotencyKey = `job-${++this.#count}` }: ScheduleOptions,
  ) {
    this.#last = this.#last.then(() => run({ jobId: idempotencyKey }))
      .then((result) => console.log(`${idempotencyKey}, ${task}:`, result))
      .catch((error) => console.error(`${idempotencyKey}, ${task} failed:`, error));
    return Promise.resolve(idempotencyKey);
  }
  async [Symbol.asyncDispose]() {
    await this.#last;
  }
}

const task = plugins.createTask(function count({ path, text }: { path: string; text: string }) {
  return `${path} has ${text.split(" ").length} words`;
}).addBehavior("storage_write", { backend: "map" }).addBehavior("schedule_job", {
  job_type: "one_by_one",
});

for (const [index, text] of ["one two three", "four five"].entries()) {
  const { jobId } = await task.submit({ path: `${index}.txt`, data: text, text }, {
    idempotencyKey: `words-${index}`,
  });
  console.log(`${jobId} is scheduled`);
}
const storage = await plugins.shared(Storage, "map");
for await (const { path, size } of storage.list()) console.log(`${path}: ${size} bytes`);
await plugins[Symbol.asyncDispose](); // waits for the runner
