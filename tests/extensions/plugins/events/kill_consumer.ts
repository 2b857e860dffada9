// A member of a group as a process of its own: saves each event in a registry of files by its id,
// says so, and is killed at some moment.
import { openRegistry } from "../../../../mod.ts";
import { openRedisBus } from "../../../../extensions/plugins/events/redis.ts";

const [url, folder] = Deno.args;
const bus = await openRedisBus(url, { takeOverAfterMs: 500 });
const registry = await openRegistry(folder);
await bus.subscribe("count", async ({ id, payload }) => {
  await registry.save(`event:${payload}`, payload, { idempotencyKey: id });
  console.log(`handled ${payload}`);
}, { group: "counters", concurrency: 4 });
console.log("ready");
