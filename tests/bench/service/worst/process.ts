// A service over a folder whose requests are measured, with a queue of jobs. `/.restart` frees
// memory, begins new peaks, and returns the memory in use, MiB; `/.turn` returns the longest turn of
// the event loop since then, milliseconds of processor time.
// Arguments: the folder. Prints its port.
import fs from "node:fs";
import process from "node:process";
import { setImmediate } from "node:timers";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { metadata, numbers } from "./values.ts";
import { openAllGateways } from "../../../extensions/gateways/all_gateways.ts";

const [folder] = process.argv.slice(2);
await using registry = await openRegistry(folder!, { durability: "os" });
await using all = await openAllGateways();
for (const i of numbers(1000)) {
  await all.queue.add({ id: `j${i}`, group: "g", kind: "k", data: metadata() as { text: string } });
}
await using handler = createHandler(registry, { gateways: all.gateways });

/** Processor time of this thread, milliseconds: other programs do not add to it. */
function busyMs(): number {
  return Number(fs.readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;
}

let longestMs = 0, since = busyMs();

function turn(): void {
  const now = busyMs();
  longestMs = Math.max(longestMs, now - since);
  since = now;
  setImmediate(turn);
}
turn();

function restart(): number {
  (globalThis as unknown as { gc(): void }).gc();
  fs.writeFileSync("/proc/self/clear_refs", "5");
  setImmediate(() => longestMs = 0); // without this turn
  return process.memoryUsage.rss() / 1024 ** 2;
}

const server = Deno.serve(
  { port: 0, hostname: "127.0.0.1", onListen() {} },
  (request) => {
    if (request.url.endsWith("/.restart")) return new Response(`${restart()}`);
    return request.url.endsWith("/.turn") ? new Response(`${longestMs}`) : handler(request);
  },
);
console.log(server.addr.port);
await server.finished;
