// A worker as a process of its own: says each job that it begins, and stays in the first where it
// is told to.
import { openQueue } from "../../queues/mod.ts";

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
