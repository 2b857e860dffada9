// A worker in its own process: prints the jobs that it starts, and stays in the first with "stay".
import { openQueue } from "../../../extensions/queues/mod.ts";

const [url, how] = Deno.args;
const queue = await openQueue(url);
await queue.work(async ({ id }, { signal }) => {
  console.log(`begun ${id}`);
  if (how === "stay") {
    await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal)));
  }
  return how;
}, { onEvent: (event) => event.event === "done" && console.log(`done ${event.id}`) });
console.log("ready");
