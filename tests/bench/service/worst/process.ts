// A service over a folder whose requests are measured, with a queue of jobs. `POST /.restart` frees
// memory, begins a new peak, and returns the memory in use, MiB.
// Arguments: the folder. Prints its port.
import fs from "node:fs";
import process from "node:process";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { openQueue } from "../../../../queues/mod.ts";
import { metadata, numbers } from "./values.ts";

const [folder] = process.argv.slice(2);
await using registry = await openRegistry(folder!, { durability: "os" });
await using jobs = await openQueue("memory:");
for (const i of numbers(1000)) {
  await jobs.add({ id: `j${i}`, group: "g", kind: "k", data: metadata() as { text: string } });
}
await using handler = createHandler(registry, { hf: true, jobs });

function restart(): number {
  (globalThis as unknown as { gc(): void }).gc();
  fs.writeFileSync("/proc/self/clear_refs", "5");
  return process.memoryUsage.rss() / 1024 ** 2;
}

const server = Deno.serve(
  { port: 0, hostname: "127.0.0.1", onListen() {} },
  (request) => request.url.endsWith("/.restart") ? new Response(`${restart()}`) : handler(request),
);
console.log(server.addr.port);
await server.finished;
