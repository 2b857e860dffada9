// A worker for tasks as a process of its own, which stays in the middle of its jobs where it is
// told to.
import { openRegistry } from "../../../../mod.ts";
import { workTasks } from "../../../../extensions/plugins/mod.ts";
import { createPlugins } from "../../../../extensions/plugins/mod.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";

const [url, folder, stay] = Deno.args;
const registry = await openRegistry(folder);
const plugins = createPlugins({ registry });
const forever = new Promise<never>(() => {});

plugins.defineTask("note", async ({ name }: { name: string }, { jobId }) => {
  console.log(`begun ${name}`);
  if (stay === "before") await forever;
  const { version } = await registry.save(name, `by ${Deno.pid}`, { idempotencyKey: jobId });
  console.log(`saved ${name}`);
  if (stay === "after") await forever;
  return { version };
});

await workTasks(plugins, await openQueue(url), { concurrency: 4 });
